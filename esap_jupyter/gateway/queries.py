"""Asynchronous ADQL as a job: the service's UWS job is remembered, so another process can wait for it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from esap_jupyter.errors import (
    Cancelled,
    EsapError,
    InputError,
    ServiceTimeout,
    ServiceUnreachable,
    StateError,
)
from esap_jupyter.gateway.discovery import AdqlOptions, Discovery, Search
from esap_jupyter.gateway.jobs import Jobs
from esap_jupyter.gateway.leases import RunningJob
from esap_jupyter.models import Progress, Query

log = logging.getLogger(__name__)

KIND = "query"

_TITLE_LENGTH = 100


class RemoteQuery:
    """Follows one service's UWS job on behalf of a search; made inside the task that asks the service.

    Parameters
    ----------
    service : str
        The service that is asked.
    search : Search
        The search for which it is asked.
    jobs : Jobs
        Where a job is made as soon as the service has made one.
    running : RunningJob, optional
        The job that the search is run for, if there is one already.
    """

    def __init__(self, service: str, search: Search, jobs: Jobs, running: RunningJob | None = None) -> None:
        self._service = service
        self._search = search
        self._jobs = jobs
        self._running = running
        self._adopts = running is None
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._noting: asyncio.Task[None] | None = None

    @property
    def job_url(self) -> str:
        """The UWS job to be waited for instead of a new one."""
        return str(self._running.results.get("job_url", "")) if self._running else ""

    def on_job(self, url: str) -> None:
        """Keep the URL of the service's job; from any thread."""
        self._loop.call_soon_threadsafe(self._note, url)

    def keep_job(self) -> bool:
        """Whether the service's job is to stay as it is: this process ends, or another has taken over."""
        if self._running is not None and self._running.is_lost:
            return True
        # What was not kept as a job, nobody finds again.
        is_kept = self._running is not None or (self._noting is not None and not self._noting.done())
        return self._search.interrupted and is_kept

    async def end(self, error: EsapError | asyncio.CancelledError | None = None) -> None:
        """Write how the job ended, if there was one; one whose service's job was kept is interrupted."""
        await asyncio.sleep(0)  # what `on_job` said last is noted now
        if self._noting is not None:
            await asyncio.wait([self._noting])
        if self._running is None:
            return
        # A connection that failed leaves the service's job as it was, too; in all other cases it is gone.
        if not isinstance(error, ServiceUnreachable | ServiceTimeout | asyncio.CancelledError):
            self._running.results.pop("job_url", None)
        report = self._search.reports[self._service]
        self._running.results["table"] = self._search.table.id
        self._running.report(Progress(done=report.rows, unit="rows"))
        if self._adopts:
            await self._running.end(error)

    def _note(self, url: str) -> None:
        self._noting = asyncio.create_task(self._keep(url), name=f"esap query {self._service}")

    async def _keep(self, url: str) -> None:
        try:
            if self._running is None and self._task is not None:
                query = self._search.query
                parameters: dict[str, Any] = {
                    "service": self._service,
                    "adql": query.adql,
                    "row_limit": query.row_limit,
                    "uploads": sorted(self._search.options.uploads),
                }
                title = f"{self._service}: {query.describe()}"[:_TITLE_LENGTH]
                self._running = await self._jobs.adopt(KIND, title, parameters, self._task)
                self._search.jobs[self._service] = self._running.job.id
            if self._running is not None:
                await self._running.keep(job_url=url, table=self._search.table.id)
        except StateError:
            # The query goes on; it only will not survive this process.
            log.exception("The query at %s could not be kept as a job", self._service)


async def run(discovery: Discovery, jobs: Jobs, running: RunningJob) -> None:
    """Run a query's job: go on waiting for the service's job, or send the query anew."""
    parameters: dict[str, Any] = running.job.parameters
    if parameters["uploads"] and not running.results.get("job_url"):
        raise InputError(
            "The tables uploaded with this query are not kept, so it cannot be sent again.",
            hint="Send it again from where the tables are.",
        )
    service = str(parameters["service"])
    query = Query(services=(service,), adql=parameters["adql"], row_limit=parameters["row_limit"])

    def remote(service: str, search: Search) -> RemoteQuery:
        return RemoteQuery(service, search, jobs, running)

    search = discovery.search(query, AdqlOptions("async", remote=remote))
    try:
        async for report in search:
            running.report(Progress(done=report.rows, unit="rows", message=report.message))
        await search.finished()
    except asyncio.CancelledError:
        if running.stopped_by_person:
            search.cancel()
        else:
            search.interrupt()
        await search.finished()
        raise
    if search.interrupted:
        raise asyncio.CancelledError
    if search.errors:
        raise search.errors[service]
    if search.reports[service].state == "cancelled":
        raise Cancelled("The query was cancelled.")
