"""Staged files as people see them, and following a staging to its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from esap_jupyter.errors import (
    Conflict,
    NotAllowed,
    QuotaExceeded,
    SignInNeeded,
    TransferError,
)
from esap_jupyter.face.background import gateway
from esap_jupyter.face.listing import Listing, format_bytes, show_as
from esap_jupyter.face.progress import progress_bar
from esap_jupyter.models import Job, Phase

if TYPE_CHECKING:
    from esap_jupyter.models import Progress

_AS_THEY_ARE = (TransferError, Conflict, NotAllowed, QuotaExceeded, SignInNeeded)
"""What a person may want to catch; all else that makes a file not arrive is a `TransferError`."""


class StagedFile(BaseModel):
    """A file that was brought into the workspace; may be given to `open` and its like.

    Attributes
    ----------
    path : Path
        Where it is.
    item : str
        Id of the item it belongs to.
    size : int
        Bytes.
    verified : str
        The checksum algorithm by which it was verified; empty if the service told no checksum.
    """

    model_config = ConfigDict(frozen=True)

    path: Path
    item: str
    size: int = Field(validation_alias="bytes")
    verified: str = ""

    def __fspath__(self) -> str:
        return str(self.path)


def _from_here(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


show_as(
    StagedFile,
    ("path", lambda f: str(_from_here(f.path))),
    ("size", lambda f: format_bytes(f.size)),
    ("verified", lambda f: f.verified or "no checksum"),
)


async def follow_staging(job_id: str, on_progress: Callable[[Progress], None] | None) -> Listing[StagedFile]:
    """Wait for a staging, showing its progress; being cancelled cancels the job.

    Raises
    ------
    EsapError
        If it did not bring every file.
    """
    return files_of(await follow(job_id, "Staging", on_progress))


async def follow(job_id: str, title: str, on_progress: Callable[[Progress], None] | None) -> Job:
    """Wait for a job with files, showing its progress; being cancelled cancels the job.

    Raises
    ------
    EsapError
        If it did not do its work for every file.
    """
    jobs = (await gateway()).jobs
    shown: Any = contextlib.nullcontext(on_progress) if on_progress else progress_bar(title)
    job: Job | None = None
    try:
        with shown as show:
            async for job in jobs.watch(job_id):
                show(job.progress)
            assert job is not None
            _check_complete(job, title)
    except asyncio.CancelledError:
        await _stop(job_id)
        raise asyncio.CancelledError(
            f"The {title.lower()} was stopped. esap.jobs.resume({job_id!r}) goes on where it was."
        ) from None
    except BaseException:
        if job is None or not (job.ended or job.interrupted):
            await _stop(job_id)
        raise
    return job


async def _stop(job_id: str) -> None:
    jobs = (await gateway()).jobs
    await jobs.cancel(job_id)
    await jobs.wait(job_id)


def files_of(job: Job) -> Listing[StagedFile]:
    """List the files that a staging has brought so far."""
    arrived: Any = job.results.get("files", [])
    rules: Any = job.results.get("rules", [])
    where = ", ".join(sorted({rule["rse_expression"] for rule in rules}))
    nothing = f"The replicas are on {where}, which is not mounted here." if rules else "No files."
    return Listing((StagedFile.model_validate(file) for file in arrived), nothing=nothing)


def _check_complete(job: Job, title: str) -> None:
    if job.phase is Phase.COMPLETED:
        return
    from esap_jupyter.gateway import error_of

    message = job.error_message or f"The {title.lower()} was {job.phase.lower()}."
    hint = f"{job.error_hint} esap.jobs.resume({job.id!r}) does what is missing.".strip()
    failed = error_of(job)
    kind = type(failed) if isinstance(failed, _AS_THEY_ARE) else TransferError
    raise kind(message, hint=hint)
