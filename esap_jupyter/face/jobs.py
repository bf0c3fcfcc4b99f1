"""`esap.jobs`: searches, queries and stagings that outlive a call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from esap_jupyter.face.background import Verbs, gateway, run, verb
from esap_jupyter.face.listing import Listing
from esap_jupyter.face.progress import progress_bar
from esap_jupyter.models import Job


async def _listing() -> Listing[Job]:
    return Listing(await (await gateway()).jobs.list(), nothing="There are no jobs.")


class Jobs(Verbs):
    """The person's jobs, with the phases of UWS 1.1; those of other processes too.

    Examples
    --------
    >>> esap.jobs
    >>> job = esap.jobs.list()[0]
    >>> esap.jobs.resume(job.id)
    """

    @verb
    async def list(self) -> Listing[Job]:
        """List the last jobs, newest first.

        Returns
        -------
        Listing of Job
            Long parameters and results are left out, as their `left_out` says; `get` has them.

        Raises
        ------
        StateError
            If the saved state cannot be used.
        """
        return await _listing()

    @verb
    async def get(self, job: str) -> Job:
        """Return one job as it is now.

        Parameters
        ----------
        job : str
            Its id.

        Returns
        -------
        Job
            With its parameters and results.

        Raises
        ------
        NotFound
            If there is no such job.
        """
        return await (await gateway()).jobs.get(job)

    @verb
    async def wait(self, job: str) -> Job:
        """Wait until a job has ended or is interrupted, showing its progress.

        Ctrl-C ends the waiting, not the job.

        Parameters
        ----------
        job : str
            Its id.

        Returns
        -------
        Job
            As it ended, or as it is while nobody runs it.

        Raises
        ------
        NotFound
            If there is no such job.
        """
        try:
            return await _followed(job)
        except asyncio.CancelledError:
            raise asyncio.CancelledError(
                f"Job {job} goes on. esap.jobs.wait({job!r}) waits again, esap.jobs.cancel({job!r}) stops it."
            ) from None

    @verb
    async def cancel(self, job: str) -> None:
        """Ask for a job to stop, whichever process runs it.

        Parameters
        ----------
        job : str
            Its id.

        Raises
        ------
        NotFound
            If there is no such job.
        """
        await (await gateway()).jobs.cancel(job)

    @verb
    async def resume(self, job: str) -> Job:
        """Go on with a job that failed, was stopped or is interrupted; wait for its end.

        Parameters
        ----------
        job : str
            Its id.

        Returns
        -------
        Job
            As it ended.

        Raises
        ------
        Conflict
            If it is running, in this process or another, or complete.
        NotFound
            If there is no such job.
        """
        jobs = (await gateway()).jobs
        handle = await jobs.resume(job)
        try:
            return await _followed(handle.id)
        except asyncio.CancelledError:
            await jobs.cancel(job)
            await jobs.wait(job)
            raise asyncio.CancelledError(
                f"Job {job} was stopped. esap.jobs.resume({job!r}) goes on."
            ) from None

    @verb
    async def delete(self, job: str) -> None:
        """Forget a job; its files and tables stay.

        Parameters
        ----------
        job : str
            Its id.

        Raises
        ------
        Conflict
            If it is running.
        NotFound
            If there is no such job.
        """
        await (await gateway()).jobs.delete(job)

    def __iter__(self) -> Iterator[Job]:
        return iter(run(_listing()))

    def __repr__(self) -> str:
        return repr(run(_listing()))

    def _repr_html_(self) -> str:
        return run(_listing())._repr_html_()


async def _followed(job_id: str) -> Job:
    jobs = (await gateway()).jobs
    job = await jobs.get(job_id)
    with progress_bar(job.title) as show:
        async for job in jobs.watch(job_id):
            show(job.progress)
    return job
