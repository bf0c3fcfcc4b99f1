"""The jobs' rows, and the lease under which exactly one process runs a job.

Every change by the process that runs a job names that process as owner, and every take-over is one UPDATE
whose condition only one process can meet.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from esap_jupyter.models import ENDED_PHASES, Job, Phase, Progress
from esap_jupyter.storage.state import State

KEPT = 1000
"""Jobs remembered; of those that have ended, the oldest are forgotten."""

_SHORT = 10_000
"""Characters of parameters and results beyond which a list leaves them out."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What the owner learns when it renews its lease.

    Attributes
    ----------
    held : bool
        It still owns the job.
    cancel_wanted : bool
        Somebody asked for the job to stop.
    """

    held: bool
    cancel_wanted: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job ended in ERROR."""

    code: str = ""
    message: str = ""
    hint: str = ""


class JobRows:
    """Reads and writes jobs; every call is one transaction. Times are seconds since 1970, UTC."""

    def __init__(self, state: State) -> None:
        self._state = state

    def insert(self, job: Job, *, lease_until: float) -> None:
        """Keep a new job, owned from the start by ``job.owner``."""
        with self._state.writing() as connection:
            connection.execute(
                "INSERT INTO jobs"
                " (id, kind, title, phase, owner, lease_until, parameters, created_at, started_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job.id,
                    job.kind,
                    job.title,
                    job.phase,
                    job.owner,
                    lease_until,
                    json.dumps(job.parameters),
                    job.created_at.timestamp(),
                    job.started_at and job.started_at.timestamp(),
                ),
            )
            connection.execute(
                "DELETE FROM jobs WHERE ended_at IS NOT NULL AND created_at <"
                " (SELECT created_at FROM jobs ORDER BY created_at DESC LIMIT 1 OFFSET ?)",
                (KEPT - 1,),
            )

    def claim(self, job_id: str, *, owner: str, now: float, lease_until: float) -> bool:
        """Take over a job that failed, was stopped or is interrupted. True for one process only."""
        with self._state.writing() as connection:
            cursor = connection.execute(
                "UPDATE jobs SET phase = ?, owner = ?, lease_until = ?, cancel_wanted = 0, progress = '{}',"
                " error_code = '', error_message = '', error_hint = '', started_at = ?, ended_at = NULL"
                " WHERE id = ? AND phase != ? AND lease_until <= ?",
                (Phase.EXECUTING, owner, lease_until, now, job_id, Phase.COMPLETED, now),
            )
            return cursor.rowcount == 1

    def renew(
        self, job_id: str, *, owner: str, lease_until: float, progress: Progress | None = None
    ) -> Renewal:
        """Keep the job for longer, and say how far it is."""
        with self._state.writing() as connection:
            connection.execute(
                "UPDATE jobs SET lease_until = ?, progress = coalesce(?, progress)"
                " WHERE id = ? AND owner = ? AND ended_at IS NULL",
                (lease_until, progress and progress.model_dump_json(), job_id, owner),
            )
            return _renewal(connection, job_id, owner)

    def look(self, job_id: str, *, owner: str) -> Renewal:
        """What `renew` tells, without renewing."""
        with self._state.reading() as connection:
            return _renewal(connection, job_id, owner)

    def keep(self, job_id: str, *, owner: str, results: Mapping[str, Any]) -> bool:
        """Replace the results of a job that goes on; False if it is no longer the owner's."""
        with self._state.writing() as connection:
            cursor = connection.execute(
                "UPDATE jobs SET results = ? WHERE id = ? AND owner = ?",
                (json.dumps(results), job_id, owner),
            )
            return cursor.rowcount == 1

    def end(
        self,
        job_id: str,
        *,
        owner: str,
        phase: Phase,
        now: float,
        results: Mapping[str, Any],
        progress: Progress,
        failure: Failure,
    ) -> bool:
        """Write how a job ended; False, and nothing written, if it is no longer the owner's."""
        with self._state.writing() as connection:
            cursor = connection.execute(
                "UPDATE jobs SET phase = ?, lease_until = 0, ended_at = ?, results = ?, progress = ?,"
                " error_code = ?, error_message = ?, error_hint = ?"
                " WHERE id = ? AND owner = ? AND ended_at IS NULL",
                (
                    phase,
                    now,
                    json.dumps(results),
                    progress.model_dump_json(),
                    failure.code,
                    failure.message,
                    failure.hint,
                    job_id,
                    owner,
                ),
            )
            return cursor.rowcount == 1

    def release(self, job_id: str, *, owner: str, results: Mapping[str, Any]) -> None:
        """Give up a job that is not ended: it is interrupted at once, and whoever wants may resume it."""
        with self._state.writing() as connection:
            connection.execute(
                "UPDATE jobs SET lease_until = 0, results = ?"
                " WHERE id = ? AND owner = ? AND ended_at IS NULL",
                (json.dumps(results), job_id, owner),
            )

    def cancel(self, job_id: str, *, now: float) -> None:
        """Ask the owner to stop; a job that nobody runs is ABORTED at once."""
        with self._state.writing() as connection:
            connection.execute(
                "UPDATE jobs SET cancel_wanted = 1 WHERE id = ? AND ended_at IS NULL",
                (job_id,),
            )
            connection.execute(
                "UPDATE jobs SET phase = ?, ended_at = ?"
                " WHERE id = ? AND ended_at IS NULL AND lease_until <= ?",
                (Phase.ABORTED, now, job_id, now),
            )

    def delete(self, job_id: str, *, now: float) -> bool:
        """Forget a job that nobody runs."""
        with self._state.writing() as connection:
            cursor = connection.execute(
                "DELETE FROM jobs WHERE id = ? AND (ended_at IS NOT NULL OR lease_until <= ?)",
                (job_id, now),
            )
            return cursor.rowcount == 1

    def get(self, job_id: str, *, now: float) -> Job | None:
        """One job."""
        with self._state.reading() as connection:
            row = connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return None if row is None else _job(row, now)

    def list(self, limit: int, *, now: float) -> list[Job]:
        """The last jobs, newest first; `get` has what `Job.left_out` says is too long for a list."""
        with self._state.reading() as connection:
            rows = connection.execute(
                "SELECT id, kind, title, phase, owner, lease_until, progress, created_at, started_at,"
                " ended_at, error_code, error_message, error_hint,"
                " CASE WHEN length(parameters) <= :short THEN parameters END AS parameters,"
                " CASE WHEN length(results) <= :short THEN results END AS results"
                " FROM jobs ORDER BY created_at DESC, rowid DESC LIMIT :limit",
                {"short": _SHORT, "limit": limit},
            ).fetchall()
        return [_job(row, now) for row in rows]


def _renewal(connection: sqlite3.Connection, job_id: str, owner: str) -> Renewal:
    row = connection.execute(
        "SELECT cancel_wanted FROM jobs WHERE id = ? AND owner = ? AND ended_at IS NULL",
        (job_id, owner),
    ).fetchone()
    return Renewal(held=row is not None, cancel_wanted=row is not None and bool(row["cancel_wanted"]))


def _job(row: sqlite3.Row, now: float) -> Job:
    phase = Phase(row["phase"])
    left_out: list[Literal["parameters", "results"]] = []
    if row["parameters"] is None:
        left_out.append("parameters")
    if row["results"] is None:
        left_out.append("results")
    return Job(
        id=row["id"],
        kind=row["kind"],
        title=row["title"],
        phase=phase,
        interrupted=phase not in ENDED_PHASES and row["lease_until"] <= now,
        owner=row["owner"],
        progress=Progress.model_validate_json(row["progress"]),
        parameters=json.loads(row["parameters"] or "{}"),
        results=json.loads(row["results"] or "{}"),
        left_out=tuple(left_out),
        error_code=row["error_code"],
        error_message=row["error_message"],
        error_hint=row["error_hint"],
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
        started_at=_time(row["started_at"]),
        ended_at=_time(row["ended_at"]),
    )


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
