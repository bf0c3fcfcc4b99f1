"""Jobs as UWS 1.1 has them, for asynchronous TAP: kept in memory, bounded in number and in time."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from tornado.httputil import HTTPFile

from esap_jupyter.archive.web import QueryPlan, element, now, timestamp
from esap_jupyter.errors import EsapError, InputError, NotFound, ServiceFailed
from esap_jupyter.models import ENDED_PHASES, Phase

if TYPE_CHECKING:
    from esap_jupyter.archive.database import Database, Rows
    from esap_jupyter.archive.model import Limits

LONGEST_WAIT = 60.0
"""Seconds that one WAIT may block; the client asks again."""

_NAMESPACES = (
    'version="1.1" xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


@dataclass(eq=False)
class Job:
    """A job (UWS 1.1, section 2.1).

    Attributes
    ----------
    parameters : list of (str, str)
        As the client gave them.
    files : dict
        Uploaded tables, until it runs.
    plan : QueryPlan, optional
        What they amount to, once it runs.
    duration : float
        Seconds that it may run.
    changed : asyncio.Event
        Set, and replaced, at each change of the phase.
    """

    directory: Path
    duration: float
    destruction: datetime
    parameters: list[tuple[str, str]] = field(default_factory=list)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    phase: Phase = Phase.PENDING
    created: datetime = field(default_factory=now)
    started: datetime | None = None
    ended: datetime | None = None
    plan: QueryPlan | None = None
    error: str = ""
    rows: Rows | None = None
    files: dict[str, HTTPFile] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def result(self) -> Path:
        """The file with the result."""
        return self.directory / self.id

    @property
    def is_executing(self) -> bool:
        """Whether it runs right now; another thread may ask."""
        return self.phase is Phase.EXECUTING

    @property
    def run_id(self) -> str:
        """The client's own name for the job."""
        return next((value for name, value in self.parameters if name == "RUNID"), "")

    def move_to(self, phase: Phase) -> None:
        """Change the phase, and wake those who wait for it."""
        self.phase = phase
        if phase is Phase.EXECUTING:
            self.started = now()
        if phase in ENDED_PHASES:
            self.ended = now()
        before, self.changed = self.changed, asyncio.Event()
        before.set()


class Jobs:
    """All jobs. Its methods are called on the event loop; only the queries run in threads."""

    def __init__(self, database: Database, limits: Limits, directory: Path) -> None:
        self._database = database
        self._limits = limits
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self._directory = directory
        self._pool = ThreadPoolExecutor(limits.jobs_at_once, thread_name_prefix="job")
        self._places = asyncio.Semaphore(limits.jobs_at_once)
        self._jobs: dict[str, Job] = {}
        self._running: set[asyncio.Task[None]] = set()

    def create(self, parameters: list[tuple[str, str]]) -> Job:
        """Make a job.

        Raises
        ------
        ServiceFailed
            If there are too many that have not ended.
        """
        self._expire()
        if len(self._jobs) >= self._limits.jobs:
            self._make_room()
        job = Job(
            directory=self._directory,
            duration=self._limits.job_seconds,
            destruction=now() + timedelta(seconds=self._limits.job_lifetime),
            parameters=parameters,
        )
        self._jobs[job.id] = job
        return job

    def all(self) -> list[Job]:
        """All jobs, the newest first."""
        self._expire()
        return sorted(self._jobs.values(), key=lambda job: job.created, reverse=True)

    def get(self, job_id: str) -> Job:
        """The job of this identifier.

        Raises
        ------
        NotFound
            If there is none (any more).
        """
        self._expire()
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound("There is no such job.", hint="Jobs are destroyed after a time.")
        return job

    def keep_uploads(self, job: Job, files: Mapping[str, HTTPFile]) -> None:
        """Keep a pending job's uploaded tables in memory until it runs.

        Raises
        ------
        ServiceFailed
            If those of all jobs would take too much of it.
        """
        waiting = [file for each in self._jobs.values() for file in each.files.values()]
        if sum(len(file.body) for file in (*waiting, *files.values())) > self._limits.waiting_uploads:
            raise ServiceFailed(
                "Too many uploaded tables wait for their jobs to run.", hint="Run some first."
            )
        job.files.update(files)

    def run(self, job: Job, plan: QueryPlan) -> None:
        """Let a pending job run as soon as there is a place."""
        if job.phase is not Phase.PENDING:
            raise InputError(f"The job is {job.phase}, not PENDING.", field="PHASE")
        job.plan = plan
        job.move_to(Phase.QUEUED)
        task = asyncio.get_running_loop().create_task(self._run(job, plan))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    @staticmethod
    def abort(job: Job) -> None:
        """Stop a job, unless it has ended."""
        if job.phase in ENDED_PHASES:
            return
        job.move_to(Phase.ABORTED)
        if job.rows is not None:
            job.rows.cancel()

    def delete(self, job: Job) -> None:
        """Stop and forget a job and its result."""
        self.abort(job)
        self._jobs.pop(job.id, None)
        job.result.unlink(missing_ok=True)

    @staticmethod
    async def wait(job: Job, seconds: float, phase: str) -> None:
        """Block until the phase changes, for at most so long (UWS 1.1, section 2.2.1.1).

        Parameters
        ----------
        seconds : float
            Negative means as long as the service allows.
        phase : str
            Do not block if the job has left this phase already; empty means any.
        """
        if job.phase in ENDED_PHASES or (phase and phase != job.phase):
            return
        limit = LONGEST_WAIT if seconds < 0 else min(seconds, LONGEST_WAIT)
        try:
            await asyncio.wait_for(job.changed.wait(), limit)
        except TimeoutError:
            return

    def delete_all(self) -> None:
        """Stop and forget all."""
        for job in list(self._jobs.values()):
            self.delete(job)

    def close(self) -> None:
        """Wait until the last has stopped, and remove the directory; blocks."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self._directory, ignore_errors=True)

    async def _run(self, job: Job, plan: QueryPlan) -> None:
        async with self._places:
            if job.phase is not Phase.QUEUED:
                return
            job.move_to(Phase.EXECUTING)
            try:
                await asyncio.get_running_loop().run_in_executor(self._pool, self._execute, job, plan)
            except EsapError as error:
                self._failed(job, f"{error.message} {error.hint}".strip())
            except Exception:
                self._failed(job, "The archive failed; its log says why.")
                raise
            else:
                if job.is_executing:
                    job.move_to(Phase.COMPLETED)
                else:
                    job.result.unlink(missing_ok=True)

    @staticmethod
    def _failed(job: Job, message: str) -> None:
        job.result.unlink(missing_ok=True)
        if job.is_executing:
            job.error = message
            job.move_to(Phase.ERROR)

    def _execute(self, job: Job, plan: QueryPlan) -> None:
        """Run and write the query; in a thread."""
        job.rows = self._database.query(
            plan.adql, row_limit=plan.row_limit, seconds=job.duration, uploads=plan.uploads
        )
        if not job.is_executing:  # aborted while it was being prepared
            job.rows.cancel()
        with job.rows as rows, job.result.open("wb") as file:
            plan.format.write(file, rows.schema, rows, lambda: rows.truncated, plan.infos)
        job.rows = None
        plan.uploads.clear()

    def _expire(self) -> None:
        moment = now()
        for job in [job for job in self._jobs.values() if job.destruction <= moment]:
            self.delete(job)

    def _make_room(self) -> None:
        ended = [job for job in self._jobs.values() if job.phase in ENDED_PHASES]
        if not ended:
            raise ServiceFailed("There are too many jobs.", hint="Delete some, or try again later.")
        self.delete(min(ended, key=lambda job: job.created))


def job_list(jobs: list[Job], url: str) -> str:
    """The document of the job list (UWS 1.1, section 2.2.2.1)."""
    lines = []
    for job in jobs:
        run_id = element("uws:runId", job.run_id) if job.run_id else ""
        lines.append(
            f"<uws:jobref id={quoteattr(job.id)} xlink:href={quoteattr(f'{url}/{job.id}')}>"
            f"{element('uws:phase', job.phase)}{run_id}"
            f"{element('uws:creationTime', timestamp(job.created))}</uws:jobref>"
        )
    return _document("jobs", "\n".join(lines))


def job_document(job: Job, url: str) -> str:
    """The document of a job."""
    parts = [element("uws:jobId", job.id)]
    if job.run_id:
        parts.append(element("uws:runId", job.run_id))
    parts += [
        '<uws:ownerId xsi:nil="true"/>',
        element("uws:phase", job.phase),
        element("uws:quote", timestamp(_quote(job))),
        element("uws:creationTime", timestamp(job.created)),
        _moment("uws:startTime", job.started),
        _moment("uws:endTime", job.ended),
        element("uws:executionDuration", str(int(job.duration))),
        element("uws:destruction", timestamp(job.destruction)),
        _parameters(job),
        _results(job, url),
    ]
    if job.phase is Phase.ERROR:
        message = element("uws:message", job.error)
        parts.append(f'<uws:errorSummary type="fatal" hasDetail="true">{message}</uws:errorSummary>')
    return _document("job", "\n".join(parts))


def parameters_document(job: Job) -> str:
    """The parameters alone."""
    return _document("parameters", "", whole=_parameters(job))


def results_document(job: Job, url: str) -> str:
    """The results alone."""
    return _document("results", "", whole=_results(job, url))


def quote_text(job: Job) -> str:
    """When the job will have ended, at the latest."""
    return timestamp(_quote(job))


def _quote(job: Job) -> datetime:
    return job.ended or (job.started or now()) + timedelta(seconds=job.duration)


def _moment(name: str, moment: datetime | None) -> str:
    return element(name, timestamp(moment)) if moment else f'<{name} xsi:nil="true"/>'


def _parameters(job: Job) -> str:
    inside = "".join(element("uws:parameter", value, id=name.lower()) for name, value in job.parameters)
    return f"<uws:parameters>{inside}</uws:parameters>"


def _results(job: Job, url: str) -> str:
    if job.phase is not Phase.COMPLETED or job.plan is None:
        return "<uws:results/>"
    size = job.result.stat().st_size
    return (
        f'<uws:results><uws:result id="result" xlink:type="simple" size="{size}" '
        f"mime-type={quoteattr(job.plan.format.media_type)} "
        f"xlink:href={quoteattr(f'{url}/{job.id}/results/result')}/></uws:results>"
    )


def _document(name: str, inside: str, whole: str = "") -> str:
    root = (
        whole.replace(f"<uws:{name}", f"<uws:{name} {_NAMESPACES}", 1)
        if whole
        else (f"<uws:{name} {_NAMESPACES}>\n{inside}\n</uws:{name}>")
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n'
