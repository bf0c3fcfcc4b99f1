"""How long a person's server lives: until it is idle for long, or until its time is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

KEPT_UNTIL = "esap_kept_until"
"""In a spawner's state: until when the person has kept the server alive, in seconds since 1970."""

_LONGEST = 10 * 365 * 24  # h


class LifeSettings(BaseModel):
    """How long people's servers live.

    Attributes
    ----------
    idle_minutes : float
        A server is stopped that did nothing for so long: nobody asked it for anything, no kernel computed, no
        search and no job ran. 0: never.
    hours : float
        How long a server lives, and by how much its person may keep it alive at a time. 0: without end.
    most_hours : float
        How long it may be kept alive in all.
    warn_minutes : float
        How long before the end the person is asked whether to keep it alive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    idle_minutes: float = Field(default=60, ge=0, le=60 * _LONGEST)
    hours: float = Field(default=24, ge=0, le=_LONGEST)
    most_hours: float = Field(default=168, ge=0, le=_LONGEST)
    warn_minutes: float = Field(default=15, gt=0)

    @model_validator(mode="after")
    def _most_is_most(self) -> Self:
        if self.hours > self.most_hours:
            msg = "most_hours must be at least hours"
            raise ValueError(msg)
        return self

    def ends_at(self, started: datetime, kept_until: float = 0.0) -> datetime | None:
        """Return when a server ends; None if it has no end.

        Parameters
        ----------
        started : datetime
            When it started.
        kept_until : float
            Until when it was kept alive, in seconds since 1970.
        """
        if not self.hours:
            return None
        usual = started + timedelta(hours=self.hours)
        return min(max(usual, datetime.fromtimestamp(kept_until, UTC)), self.at_most(started))

    def at_most(self, started: datetime) -> datetime:
        """Return until when a server may be kept alive."""
        return started + timedelta(hours=self.most_hours)

    def kept_alive(self, started: datetime, now: datetime) -> float:
        """Return until when a server lives that is kept alive now, in seconds since 1970."""
        return min(now + timedelta(hours=self.hours), self.at_most(started)).timestamp()


def is_over(
    life: LifeSettings, server: Mapping[str, Any], *, inactive: timedelta | None, now: datetime
) -> bool:
    """Whether a server is to be stopped.

    Parameters
    ----------
    server : mapping
        As JupyterHub's API describes it, with its state.
    inactive : timedelta, optional
        How long it has done nothing.
    """
    if life.idle_minutes and inactive is not None and inactive >= timedelta(minutes=life.idle_minutes):
        return True
    if not server.get("started"):
        return False
    started = datetime.fromisoformat(server["started"])
    end = life.ends_at(started, float((server.get("state") or {}).get(KEPT_UNTIL) or 0))
    return end is not None and now >= end
