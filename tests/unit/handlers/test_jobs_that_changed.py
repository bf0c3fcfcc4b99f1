"""The list of jobs for who asks for what changed since."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace

from esap_jupyter.handlers.watching import WatchedJobs
from esap_jupyter.models import Job, Phase, Progress


def a_job(name: str, **fields) -> Job:
    return Job(id=name, kind="staging", title="t", created_at=datetime.now(UTC), **fields)


class KeptJobs:
    """The jobs of a gateway, of which one that has ended is read only when the test lets it."""

    owner = "me"

    def __init__(self, *jobs: Job) -> None:
        self.jobs = list(jobs)
        self.is_read, self.go_on = asyncio.Event(), asyncio.Event()

    async def list(self, limit: int) -> list[Job]:
        return list(self.jobs)

    async def get(self, job_id: str) -> Job:
        self.is_read.set()
        await self.go_on.wait()
        return next(job for job in self.jobs if job.id == job_id)


async def test_an_answer_that_took_its_time_hides_no_change_from_the_next() -> None:
    ended = a_job("ended", phase=Phase.COMPLETED, owner="me")
    kept = KeptJobs(ended, a_job("running", phase=Phase.EXECUTING))
    gateway = SimpleNamespace(jobs=kept)
    watched = WatchedJobs(lambda *_: None)

    slow = asyncio.create_task(watched.changed(gateway, 0))
    await kept.is_read.wait()
    kept.jobs[1] = kept.jobs[1].model_copy(update={"progress": Progress(done=7)})
    await watched.changed(gateway, 0)
    kept.go_on.set()
    answer = await slow
    later = await watched.changed(gateway, answer.version)

    known = {job.id: job.progress.done for job in (*answer.jobs, *later.jobs)}
    assert known == {"ended": 0, "running": 7}
