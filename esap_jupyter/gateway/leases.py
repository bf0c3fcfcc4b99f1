"""A job in the hands of its owner: the lease is kept, progress written, the wish to stop heard."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import JsonValue

from esap_jupyter.errors import Cancelled, EsapError, StateError
from esap_jupyter.models import Job, Phase, Progress
from esap_jupyter.storage.state_jobs import Failure, JobRows, Renewal

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """How often the owner of a job touches the state, in seconds.

    Attributes
    ----------
    lease : float
        After so long without renewal the job counts as interrupted.
    renew : float
        How often the lease is renewed.
    tick : float
        How often, at most, progress is written and the wish to cancel is looked for.
    """

    lease: float = 30.0
    renew: float = 10.0
    tick: float = 1.0


USUAL_TIMING = Timing()


class RunningJob:
    """A job that this process owns.

    Parameters
    ----------
    job : Job
        Its parameters say what to do; its results are those of earlier attempts.
    task : asyncio.Task
        Does the work; it is cancelled when the job is to stop.
    lease_until : float
        Until when the job is ours, seconds since 1970.
    on_end : callable
        Told when the job is out of our hands.

    Attributes
    ----------
    results : dict
        What came out so far.
    progress : Progress
        How far it is.
    """

    def __init__(
        self,
        job: Job,
        rows: JobRows,
        *,
        task: asyncio.Task[Any],
        timing: Timing,
        clock: Callable[[], float],
        lease_until: float,
        on_end: Callable[[str], None],
    ) -> None:
        self.job = job
        self.results: dict[str, JsonValue] = dict(job.results)
        self.progress = Progress()
        self._rows = rows
        self._task = task
        self._timing = timing
        self._clock = clock
        self._lease_until = lease_until
        self._on_end = on_end
        self._stopped_for: Literal["", "person", "process", "lost lease"] = ""
        self._ending = False
        self._ended = asyncio.Event()
        # The keeper's thread must not renew what has just been written as ended.
        self._writing = threading.Lock()
        self._written = self.progress
        self._keeper = asyncio.create_task(self._keep_lease(), name=f"esap lease {job.id}")

    def report(self, progress: Progress) -> None:
        """Say how far it is, as often as convenient and from any thread; it is written once a second."""
        self.progress = progress

    async def keep(self, **results: JsonValue) -> None:
        """Add to the results, durably."""
        self.results.update(results)
        await asyncio.to_thread(self._rows.keep, self.job.id, owner=self.job.owner, results=self.results)

    @property
    def stopped_by_person(self) -> bool:
        """Whether a person wants it to stop; else a cancelled job is to be gone on with."""
        return self._stopped_for == "person"

    @property
    def is_lost(self) -> bool:
        """Whether another process may have taken it over: the lease was not renewed in time."""
        return self._stopped_for == "lost lease"

    def stop(self) -> None:
        """End as ABORTED."""
        self._stop("person")

    async def give_up(self) -> None:
        """Let go of the job because this process ends: it is interrupted, and can be resumed."""
        self._stop("process")
        await self._ended.wait()

    async def ended(self, seconds: float) -> None:
        """Wait until the job is out of our hands, but only so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    async def end(self, error: BaseException | None = None) -> None:
        """Write how it ended: COMPLETED without an error, ABORTED if it was to stop, else ERROR."""
        self._ending = True
        self._keeper.cancel()
        try:
            await asyncio.to_thread(self._write_end, error)
        except StateError:
            # The lease runs out by itself; the job then shows as interrupted.
            log.exception("How job %s ended could not be written", self.job.id)
        finally:
            self._ended.set()
            self._on_end(self.job.id)

    def _write_end(self, error: BaseException | None) -> None:
        if self._stopped_for == "lost lease":
            return
        phase, failure = Phase.COMPLETED, Failure()
        if isinstance(error, Cancelled | asyncio.CancelledError):
            phase = Phase.ABORTED
        elif error is not None:
            phase, failure = Phase.ERROR, _failure(error)
        with self._writing:
            if isinstance(error, asyncio.CancelledError) and self._stopped_for != "person":
                self._rows.release(self.job.id, owner=self.job.owner, results=self.results)
                return
            self._rows.end(
                self.job.id,
                owner=self.job.owner,
                phase=phase,
                now=self._clock(),
                results=self.results,
                progress=self.progress,
                failure=failure,
            )

    def _stop(self, reason: Literal["person", "process", "lost lease"]) -> None:
        if not self._stopped_for and not self._ending:
            self._stopped_for = reason
            # Not before the task has begun: a task that never begins never ends its job.
            asyncio.get_running_loop().call_soon(self._task.cancel)

    async def _keep_lease(self) -> None:
        while self._stopped_for != "lost lease":
            await asyncio.sleep(self._timing.tick)
            try:
                renewal = await asyncio.to_thread(self._renew)
            except StateError:
                if self._clock() < self._lease_until:
                    continue
                log.exception("The lease of job %s could not be renewed in time", self.job.id)
                self._stop("lost lease")
            else:
                if not renewal.held:
                    log.warning("Job %s has been taken over by another process", self.job.id)
                    self._stop("lost lease")
                elif renewal.cancel_wanted:
                    self._stop("person")

    def _renew(self) -> Renewal:
        """Renew if it is time or there is progress to tell; else only look."""
        progress, now = self.progress, self._clock()
        with self._writing:
            if self._ending:
                return Renewal(held=True, cancel_wanted=False)
            due = now >= self._lease_until - self._timing.lease + self._timing.renew
            if not due and progress is self._written:
                return self._rows.look(self.job.id, owner=self.job.owner)
            lease_until = now + self._timing.lease
            renewal = self._rows.renew(
                self.job.id, owner=self.job.owner, lease_until=lease_until, progress=progress
            )
            self._lease_until, self._written = lease_until, progress
            return renewal


def _failure(error: BaseException) -> Failure:
    if isinstance(error, EsapError):
        where = f"{error.service}: " if error.service else ""
        return Failure(error.code, where + error.message, error.hint)
    return Failure(
        EsapError.code,
        f"Something unforeseen happened ({type(error).__name__}).",
        "The log has the details; please report it.",
    )
