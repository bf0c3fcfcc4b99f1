"""Work that outlives a request, with the phases of UWS 1.1."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Phase(StrEnum):
    """The phases of UWS 1.1, section 2.1.3."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"
    HELD = "HELD"
    SUSPENDED = "SUSPENDED"


ENDED_PHASES = frozenset({Phase.COMPLETED, Phase.ERROR, Phase.ABORTED})
"""The phases after which nothing more happens to a job by itself."""


class FileProgress(BaseModel):
    """How far one file is; `total` is None while its size is not known. Bytes."""

    model_config = ConfigDict(frozen=True)

    path: str
    done: int
    total: int | None = None


class Progress(BaseModel):
    """How far a job is.

    Attributes
    ----------
    done, total : int
        In `unit`; `total` is None while it is not known.
    files_done, files_total : int
        For stagings.
    rate : float
        `unit` per second, over the last seconds.
    active : tuple of FileProgress
        For stagings: the files under way.
    """

    model_config = ConfigDict(frozen=True)

    done: int = 0
    total: int | None = None
    unit: Literal["bytes", "rows", "steps"] = "bytes"
    files_done: int = 0
    files_total: int | None = None
    rate: float = 0.0
    active: tuple[FileProgress, ...] = ()
    message: str = ""


class Job(BaseModel):
    """A job as anyone may see it.

    Attributes
    ----------
    kind : str
        Which part of the gateway runs it: ``staging``, ``query``.
    owner : str
        Identifies the process that runs it; meaningful only together with the lease.
    interrupted : bool
        EXECUTING, but its owner's lease ran out: the process died, and the job can be resumed.
    results : dict
        What came out: ``path`` of a staging, ``table`` of a query, or what failed, file by file.
    left_out : tuple of str
        ``parameters`` and ``results`` if they are too long for a list; asked for alone, a job is whole.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    title: str
    phase: Phase
    interrupted: bool = False
    owner: str = ""
    progress: Progress = Progress()
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    results: dict[str, JsonValue] = Field(default_factory=dict)
    left_out: tuple[Literal["parameters", "results"], ...] = ()
    error_code: str = ""
    error_message: str = ""
    error_hint: str = ""
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.phase in ENDED_PHASES
