"""Work that outlives a request: UWS phases in the person's state, a lease under which one process runs it.

The owner renews its lease. A lease that ran out means that the process died: the job is *interrupted*, and
whoever claims it first may resume it. To stop a job is to set a flag that its owner watches, whichever
process that is.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from esap_jupyter.errors import Cancelled, Conflict, EsapError, NotFound, NotOffered
from esap_jupyter.gateway.leases import USUAL_TIMING, RunningJob, Timing
from esap_jupyter.models import Job, Phase
from esap_jupyter.storage.state import State
from esap_jupyter.storage.state_jobs import JobRows

log = logging.getLogger(__name__)

_LOCAL_LOOK_SECONDS = 0.2

Runner = Callable[[RunningJob], Awaitable[None]]
"""Does the work of one kind of job; returning is COMPLETED, raising is ERROR."""


class JobHandle:
    """One job, to be waited for."""

    def __init__(self, jobs: Jobs, job_id: str) -> None:
        self._jobs = jobs
        self.id = job_id

    async def get(self) -> Job:
        """The job as it is now."""
        return await self._jobs.get(self.id)

    async def wait(self) -> Job:
        """Wait until it has ended or is interrupted."""
        return await self._jobs.wait(self.id)

    def watch(self) -> AsyncIterator[Job]:
        """Yield the job each time something of it has changed, until it has ended or is interrupted."""
        return self._jobs.watch(self.id)

    async def cancel(self) -> None:
        """Ask for it to stop."""
        await self._jobs.cancel(self.id)


class Jobs:
    """The person's jobs, of this process and of all others.

    Parameters
    ----------
    state : State
        Where they are kept.
    timing : Timing, optional
        The lease.
    clock : callable, optional
        Seconds since 1970.

    Attributes
    ----------
    runners : dict
        Who does the work, by kind of job.
    owner : str
        What the jobs of this process have as their owner.
    """

    def __init__(
        self, state: State, *, timing: Timing = USUAL_TIMING, clock: Callable[[], float] = time.time
    ) -> None:
        self.runners: dict[str, Runner] = {}
        self._rows = JobRows(state)
        self._timing = timing
        self._clock = clock
        # For people who look; what counts is that no two are the same.
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._running: dict[str, RunningJob] = {}
        self._beginning: set[asyncio.Task[JobHandle]] = set()

    # What anyone may ask

    @property
    def working(self) -> bool:
        """Whether a job runs in this process."""
        return bool(self._running)

    async def list(self, limit: int = 200) -> list[Job]:
        """The last jobs, newest first; what of each is too long (`Job.left_out`) `get` has."""
        jobs = await asyncio.to_thread(self._rows.list, limit, now=self._clock())
        return [self._with_local_progress(job) for job in jobs]

    async def get(self, job_id: str) -> Job:
        """One job.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        job = await asyncio.to_thread(self._rows.get, job_id, now=self._clock())
        if job is None:
            raise _no_such_job(job_id)
        return self._with_local_progress(job)

    async def watch(self, job_id: str) -> AsyncIterator[Job]:
        """Yield a job each time something of it has changed, until it has ended or is interrupted.

        Raises
        ------
        NotFound
            If there is none of this id (any more).
        """
        last: Job | None = None
        while True:
            running = self._running.get(job_id)
            if running is None or last is None:
                job = await self.get(job_id)
            else:
                job = self._with_local_progress(last)
            if job != last:
                yield job
                last = job
            if job.ended or job.interrupted:
                return
            if running is None:
                await asyncio.sleep(self._timing.tick)
            else:
                await running.ended(_LOCAL_LOOK_SECONDS)

    async def wait(self, job_id: str) -> Job:
        """Wait until a job has ended or is interrupted.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        job = await self.get(job_id)
        async for changed in self.watch(job_id):
            job = changed
        return job

    async def cancel(self, job_id: str) -> None:
        """Ask for a job to stop, whichever process runs it; one that nobody runs is ABORTED at once.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        await self.get(job_id)
        await asyncio.to_thread(self._rows.cancel, job_id, now=self._clock())
        running = self._running.get(job_id)
        if running is not None:
            running.stop()

    async def delete(self, job_id: str) -> None:
        """Forget a job; what it produced stays.

        Raises
        ------
        Conflict
            If it is running.
        NotFound
            If there is none of this id.
        """
        if not await asyncio.to_thread(self._rows.delete, job_id, now=self._clock()):
            await self.get(job_id)
            raise Conflict(f"Job {job_id} is running.", hint="Cancel it first.", field="job")

    async def resume(self, job_id: str) -> JobHandle:
        """Go on with a job that failed, was stopped or is interrupted, in this process.

        Raises
        ------
        Conflict
            If it is running or complete.
        NotFound
            If there is none of this id.
        """
        job = await self.get(job_id)
        self._runner(job.kind)
        return await self._begin(self._claim_and_start(job_id))

    async def rerun(self, job_id: str) -> JobHandle:
        """Start a new job that does the same again.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        job = await self.get(job_id)
        return await self.submit(job.kind, job.title, job.parameters)

    # What the rest of the gateway asks

    async def submit(self, kind: str, title: str, parameters: Mapping[str, JsonValue]) -> JobHandle:
        """Start a job that the runner of its kind does, in this process."""
        self._runner(kind)
        return await self._begin(self._insert_and_start(kind, title, parameters))

    async def adopt(
        self, kind: str, title: str, parameters: Mapping[str, JsonValue], task: asyncio.Task[Any]
    ) -> RunningJob:
        """Make a job of work that `task` is already doing; whoever does it must call ``end``."""
        job, lease_until = await self._insert(kind, title, parameters)
        return self._hold(job, lease_until, task)

    async def close(self) -> None:
        """Stop the jobs of this process; they stay as interrupted and can be resumed."""
        if self._beginning:
            await asyncio.wait(self._beginning)
        await asyncio.gather(*(running.give_up() for running in list(self._running.values())))

    # How a job is run

    def _runner(self, kind: str) -> Runner:
        try:
            return self.runners[kind]
        except KeyError:
            raise NotOffered(
                f"This version of ESAP does not know how to run a job of kind {kind!r}.",
                hint="Upgrade esap-jupyter.",
            ) from None

    async def _begin(self, work: Coroutine[Any, Any, JobHandle]) -> JobHandle:
        """Write that this process runs a job, and start it: whole, even if who asked for it goes away."""
        beginning = asyncio.create_task(work, name="esap job begins")
        self._beginning.add(beginning)
        beginning.add_done_callback(self._beginning.discard)
        return await asyncio.shield(beginning)

    async def _insert_and_start(
        self, kind: str, title: str, parameters: Mapping[str, JsonValue]
    ) -> JobHandle:
        job, lease_until = await self._insert(kind, title, parameters)
        return self._start(job, lease_until)

    async def _claim_and_start(self, job_id: str) -> JobHandle:
        now = self._clock()
        claimed = await asyncio.to_thread(
            self._rows.claim, job_id, owner=self.owner, now=now, lease_until=now + self._timing.lease
        )
        if not claimed:
            job = await self.get(job_id)
            if job.phase is Phase.COMPLETED:
                raise Conflict(f"Job {job_id} is complete.", hint="Rerun it instead.", field="job")
            raise Conflict(
                f"Job {job_id} is already running ({job.owner}).", hint="Watch it, or cancel it.", field="job"
            )
        return self._start(await self.get(job_id), now + self._timing.lease)

    async def _insert(self, kind: str, title: str, parameters: Mapping[str, JsonValue]) -> tuple[Job, float]:
        # In a thread altogether: the parameters of a staging may be those of 100,000 items.
        return await asyncio.to_thread(self._insert_now, kind, title, parameters)

    def _insert_now(self, kind: str, title: str, parameters: Mapping[str, JsonValue]) -> tuple[Job, float]:
        now = self._clock()
        job = Job(
            id=secrets.token_hex(6),
            kind=kind,
            title=title,
            phase=Phase.EXECUTING,
            owner=self.owner,
            parameters=dict(parameters),
            created_at=datetime.fromtimestamp(now, UTC),
            started_at=datetime.fromtimestamp(now, UTC),
        )
        lease_until = now + self._timing.lease
        self._rows.insert(job, lease_until=lease_until)
        return job, lease_until

    def _start(self, job: Job, lease_until: float) -> JobHandle:
        started = asyncio.Event()

        async def run() -> None:
            await started.wait()
            await self._run(running)

        task = asyncio.create_task(run(), name=f"esap job {job.id}")
        running = self._hold(job, lease_until, task)
        started.set()
        return JobHandle(self, job.id)

    def _hold(self, job: Job, lease_until: float, task: asyncio.Task[Any]) -> RunningJob:
        running = RunningJob(
            job,
            self._rows,
            task=task,
            timing=self._timing,
            clock=self._clock,
            lease_until=lease_until,
            on_end=self._forget,
        )
        self._running[job.id] = running
        return running

    async def _run(self, running: RunningJob) -> None:
        try:
            await self._runner(running.job.kind)(running)
        except (EsapError, asyncio.CancelledError) as error:
            await running.end(error)
        except Exception as error:
            log.exception("Job %s failed unexpectedly", running.job.id)
            await running.end(error)
        else:
            await running.end()

    def _forget(self, job_id: str) -> None:
        self._running.pop(job_id, None)

    def _with_local_progress(self, job: Job) -> Job:
        """Our own jobs' progress is known here sooner than on disk."""
        running = self._running.get(job.id)
        if running is None or job.ended:
            return job
        return job.model_copy(update={"progress": running.progress})


def error_of(job: Job) -> EsapError | None:
    """The error with which a job ended, to be raised by who waited for it; None if there is none."""
    if job.phase is Phase.ABORTED:
        return Cancelled(f"Job {job.id} was stopped.", hint="Resume it to go on where it was.")
    if job.phase is Phase.ERROR:
        return error_from(job.error_code, job.error_message, job.error_hint)
    return None


def error_from(code: str, message: str, hint: str) -> EsapError:
    """Make an error again of what was written down of it (in a job, in a service's report)."""
    kinds = [EsapError]
    for kind in kinds:  # grows while it is walked: every subclass, breadth first
        if kind.code == code:
            return kind(message, hint=hint)
        kinds.extend(kind.__subclasses__())
    return EsapError(message, hint=hint)


def _no_such_job(job_id: str) -> NotFound:
    return NotFound(f"There is no job {job_id!r}.", hint="List the jobs to see those there are.", field="job")
