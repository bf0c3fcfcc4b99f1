"""Searches and jobs as the server watches them: changes become events, and versions for who polls."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from esap_jupyter.errors import EsapError, NotFound
from esap_jupyter.handlers.changes import Changes
from esap_jupyter.handlers.envelope import ErrorEnvelope, envelope_of, unforeseen
from esap_jupyter.handlers.metrics import count_job, count_search
from esap_jupyter.models import Job, Query, ServiceReport

if TYPE_CHECKING:
    from esap_jupyter.gateway import Gateway, Search

log = logging.getLogger(__name__)

JOB_CHANGED = "https://events.esap-jupyter.org/job_changed/v1"
SEARCH_CHANGED = "https://events.esap-jupyter.org/search_changed/v1"

Announce = Callable[[str, dict[str, Any]], None]
"""Sends an event: the schema's id, and what it says. Every subscriber gets it: no query text, no token."""

MOST_JOBS = 200

_KEPT_SEARCHES = 100
_BETWEEN_EVENTS = 0.2
_LOOK_SECONDS = 1.0
_IDLE_LOOK_SECONDS = 5.0


class SearchState(BaseModel):
    """How a search or query fares; its id is that of the table it fills.

    Attributes
    ----------
    reports : tuple of ServiceReport
        One for each service, or only those that changed since the version that was given.
    rows : int
        Of all services, received so far.
    begun_at : datetime
        When it was begun.
    seconds : float
        Since then, or until the last service ended if this server did not begin it.
    ended : bool
        Nothing more comes.
    interrupted : bool
        It ended because its server did; what had arrived is in the table.
    jobs : dict
        By service, the id of the job that follows its asynchronous query.
    error : ErrorEnvelope, optional
        Why nothing was asked (the target is not known), or why the only service failed.
    version : int
        For the next request's ``since``; 0 if this server did not begin it, as after a restart.
    """

    id: str
    query: Query | None
    reports: tuple[ServiceReport, ...]
    rows: int
    begun_at: datetime
    seconds: float
    ended: bool
    interrupted: bool
    jobs: dict[str, str]
    error: ErrorEnvelope | None
    version: int


class JobList(BaseModel):
    """The last jobs, newest first.

    Attributes
    ----------
    jobs : tuple of Job
        All, or those that changed since the version that was given; see `Job.left_out`.
    ids : tuple of str
        Of all, so that one that was deleted is noticed.
    version : int
        For the next request's ``since``.
    """

    jobs: tuple[Job, ...]
    ids: tuple[str, ...]
    version: int


class WatchedSearches:
    """The searches that this server started."""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce
        self._kept: OrderedDict[str, _WatchedSearch] = OrderedDict()

    async def start(self, search: Search) -> SearchState:
        """Watch a search that has just been started; returns when its table is there."""
        try:
            table = await search.begun()
        except asyncio.CancelledError:
            search.cancel()
            raise
        watched = _WatchedSearch(table.id, search, self._announce)
        self._kept[table.id] = watched
        self._announce(SEARCH_CHANGED, {"search": table.id, "ended": False})
        ended = [search_id for search_id, each in self._kept.items() if each.ended]
        for search_id in ended[: max(len(self._kept) - _KEPT_SEARCHES, 0)]:
            del self._kept[search_id]
        return watched.state(0)

    async def state(self, gateway: Gateway, search_id: str, since: int) -> SearchState:
        """Say how a search fares; one of an earlier server or another process from what its table says.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        watched = self._kept.get(search_id)
        if watched is not None:
            return watched.state(since)
        table = await asyncio.to_thread(_opened, gateway, search_id)
        reports = tuple(table.reports.values())
        interrupted = await asyncio.to_thread(lambda: table.interrupted)
        return SearchState(
            id=search_id,
            query=table.query,
            reports=reports,
            rows=table.num_rows,
            begun_at=table.created_at,
            seconds=max((report.seconds for report in reports), default=0.0),
            ended=table.complete or interrupted,
            interrupted=interrupted,
            jobs={},
            error=None,
            version=0,
        )

    def cancel(self, search_id: str) -> None:
        """Stop a search of this server; what arrived stays.

        Raises
        ------
        NotFound
            If this server runs none of this id.
        """
        watched = self._kept.get(search_id)
        if watched is None:
            raise _no_search(search_id)
        watched.search.cancel()

    def running(self) -> list[SearchState]:
        """The searches that have not ended, newest first."""
        return [watched.state(0) for watched in reversed(self._kept.values()) if not watched.ended]

    async def close(self) -> None:
        """Stop watching."""
        for watched in self._kept.values():
            await _stopped(watched.task)


class _WatchedSearch:
    def __init__(self, search_id: str, search: Search, announce: Announce) -> None:
        self.id = search_id
        self.search = search
        self.error: ErrorEnvelope | None = None
        self.ended = False
        self._seconds = 0.0
        self._announce = announce
        self._changes = Changes()
        self._announced: dict[str, float] = {}
        self.task = asyncio.create_task(self._watch(), name=f"esap watch {search_id}")

    def state(self, since: int) -> SearchState:
        reports = dict(self.search.reports)
        for name, report in reports.items():
            self._changes.note(name, report)
        # That it ended is a change of its own: the last report may have come before.
        self._changes.note("", self.ended)
        return SearchState(
            id=self.id,
            query=self.search.query,
            reports=tuple(each for name, each in reports.items() if self._changes.version(name) > since),
            rows=sum(report.rows for report in reports.values()),
            begun_at=self.search.begun_at,
            seconds=self._seconds if self.ended else self.search.seconds,
            ended=self.ended,
            interrupted=False,
            jobs=dict(self.search.jobs),
            error=self.error,
            version=self._changes.latest,
        )

    async def _watch(self) -> None:
        try:
            async for report in self.search:
                self._tell(report)
            await self.search.done()
        except EsapError as error:
            self.error = envelope_of(error)
        except Exception as error:
            log.exception("The search %s failed unexpectedly", self.id)
            self.error = unforeseen(error)
        self.ended = True
        self._seconds = self.search.seconds
        count_search(self.search.reports.values())
        self._announce(SEARCH_CHANGED, {"search": self.id, "ended": True})

    def _tell(self, report: ServiceReport) -> None:
        """Announce a change, but rows that keep coming only now and then."""
        now = time.monotonic()
        if report.state == "receiving" and now - self._announced.get(report.service, 0.0) < _BETWEEN_EVENTS:
            return
        self._announced[report.service] = now
        self._announce(
            SEARCH_CHANGED,
            {
                "search": self.id,
                "ended": False,
                "service": report.service,
                "state": report.state,
                "rows": report.rows,
                "seconds": report.seconds,
                "code": report.code,
            },
        )


class WatchedJobs:
    """The person's jobs, those of other processes too."""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce
        self._changes = Changes()
        self._look_now = asyncio.Event()
        self._counted: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self, gateway: Gateway) -> None:
        """Begin to watch."""
        if self._task is None:
            self._task = asyncio.create_task(self._watch(gateway), name="esap watch jobs")

    def look(self) -> None:
        """Look at once, since something was done."""
        self._look_now.set()

    async def changed(self, gateway: Gateway, since: int) -> JobList:
        """List the jobs, all or those that changed since a version."""
        jobs = await self._looked_at(gateway)
        # Nothing is waited for from the look on: jobs and version are of one moment.
        return JobList(
            jobs=tuple(job for job in jobs if self._changes.version(job.id) > since),
            ids=tuple(job.id for job in jobs),
            version=self._changes.latest,
        )

    async def close(self) -> None:
        """Stop watching."""
        if self._task is not None:
            await _stopped(self._task)

    async def _looked_at(self, gateway: Gateway) -> list[Job]:
        jobs = await gateway.jobs.list(MOST_JOBS)
        await self._count(gateway, jobs)
        for job in jobs:
            if self._changes.note(job.id, job):
                self._announce(JOB_CHANGED, _said_of(job))
        self._changes.keep_only({job.id for job in jobs})
        return jobs

    async def _count(self, gateway: Gateway, jobs: list[Job]) -> None:
        """Count those of this process that have ended."""
        own = {job.id for job in jobs if job.ended and job.owner == gateway.jobs.owner}
        new, self._counted = own - self._counted, own
        for job_id in new:
            job = await gateway.jobs.get(job_id)
            # One of 100,000 files.
            await asyncio.to_thread(count_job, job)

    async def _watch(self, gateway: Gateway) -> None:
        while True:
            self._look_now.clear()
            busy = False
            try:
                busy = any(not (job.ended or job.interrupted) for job in await self._looked_at(gateway))
            except EsapError:
                log.exception("The jobs could not be looked at")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), _LOOK_SECONDS if busy else _IDLE_LOOK_SECONDS)


def _said_of(job: Job) -> dict[str, Any]:
    progress = job.progress
    return {
        "job": job.id,
        "kind": job.kind,
        "phase": str(job.phase),
        "interrupted": job.interrupted,
        "done": progress.done,
        "total": progress.total,
        "unit": progress.unit,
        "files_done": progress.files_done,
        "files_total": progress.files_total,
        "rate": progress.rate,
        "code": job.error_code,
    }


def _opened(gateway: Gateway, search_id: str) -> Any:
    try:
        return gateway.tables.open(search_id)
    except NotFound:
        raise _no_search(search_id) from None


def _no_search(search_id: str) -> NotFound:
    return NotFound(f"There is no search {search_id!r}.", hint="Search again.", field="search")


async def _stopped(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])
