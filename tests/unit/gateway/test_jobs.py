"""Jobs: phases, leases, cancelling and resuming, also across processes."""

import asyncio
import contextlib
import sys
import textwrap
import threading

import pytest

from esap_jupyter.errors import (
    Cancelled,
    ChecksumMismatch,
    InputError,
    NotFound,
    NotOffered,
    StateError,
)
from esap_jupyter.gateway.jobs import Jobs, error_of
from esap_jupyter.gateway.leases import Timing
from esap_jupyter.models import Phase, Progress
from esap_jupyter.storage.state import State
from esap_jupyter.storage.state_jobs import JobRows

FAST = Timing(lease=5.0, renew=0.05, tick=0.01)


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state.sqlite")


@pytest.fixture
async def make_jobs(state):
    """Make `Jobs` as separate processes would have them: they share nothing but the state."""
    async with contextlib.AsyncExitStack() as stack:

        def make(runner, timing=FAST):
            jobs = Jobs(state, timing=timing)
            jobs.runners["work"] = runner
            stack.push_async_callback(jobs.close)
            return jobs

        yield make


async def succeed(running):
    running.report(Progress(done=7, total=7))
    running.results["answer"] = running.job.parameters["question"]


async def hang(running):
    running.report(Progress(done=1, total=7))
    await asyncio.Event().wait()


async def until(condition):
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - the condition is in another process's hands
            await asyncio.sleep(0.01)


class TestOutcome:
    async def test_completed(self, make_jobs):
        handle = await make_jobs(succeed).submit("work", "A title", {"question": 42})
        job = await handle.wait()
        assert job.phase is Phase.COMPLETED
        assert (job.title, job.results, job.progress.done) == ("A title", {"answer": 42}, 7)
        assert job.ended_at >= job.started_at
        assert error_of(job) is None

    async def test_error_of_ours(self, make_jobs):
        async def fail(running):
            running.results["failed"] = ["one"]
            raise ChecksumMismatch("The bytes are wrong.", hint="Try another replica.", service="lake")

        job = await (await make_jobs(fail).submit("work", "t", {})).wait()
        assert job.phase is Phase.ERROR
        assert (job.error_code, job.error_hint) == ("checksum-mismatch", "Try another replica.")
        assert job.error_message == "lake: The bytes are wrong."
        assert job.results == {"failed": ["one"]}
        error = error_of(job)
        assert isinstance(error, ChecksumMismatch)
        assert error.message == "lake: The bytes are wrong."

    async def test_unforeseen_error(self, make_jobs, caplog):
        async def fail(_):
            raise ZeroDivisionError("secret detail")

        job = await (await make_jobs(fail).submit("work", "t", {})).wait()
        assert job.phase is Phase.ERROR
        assert "ZeroDivisionError" in job.error_message
        assert "secret" not in job.error_message
        assert "secret detail" in caplog.text

    async def test_unknown_kind(self, make_jobs):
        with pytest.raises(NotOffered):
            await make_jobs(succeed).submit("from-the-future", "t", {})

    async def test_unknown_job(self, make_jobs):
        jobs = make_jobs(succeed)
        for ask in (jobs.get, jobs.wait, jobs.cancel, jobs.delete, jobs.resume, jobs.rerun):
            with pytest.raises(NotFound):
                await ask("nothing")


class TestWatching:
    async def test_every_stage_is_seen(self, make_jobs):
        go_on = asyncio.Event()

        async def work(running):
            running.report(Progress(done=1, total=2))
            await go_on.wait()
            running.report(Progress(done=2, total=2))

        handle = await make_jobs(work).submit("work", "t", {})
        seen = []
        async for job in handle.watch():
            seen.append((job.phase, job.progress.done))
            if job.progress.done == 1:
                go_on.set()
        assert seen[-1] == (Phase.COMPLETED, 2)
        assert (Phase.EXECUTING, 1) in seen

    async def test_from_another_process(self, make_jobs):
        go_on = asyncio.Event()

        async def work(running):
            running.report(Progress(done=1, total=2))
            await go_on.wait()

        handle = await make_jobs(work).submit("work", "t", {})
        seen = []
        async for job in make_jobs(succeed).watch(handle.id):
            seen.append((job.phase, job.progress.done))
            if job.progress.done == 1:
                go_on.set()
        assert seen[-1] == (Phase.COMPLETED, 1)

    async def test_watching_ends_when_the_owner_dies(self, make_jobs):
        dead = make_jobs(hang, Timing(lease=0.05, renew=60, tick=60))
        handle = await dead.submit("work", "t", {})
        job = await make_jobs(succeed).wait(handle.id)
        assert job.interrupted
        assert job.phase is Phase.EXECUTING

    async def test_progress_is_written_once_a_tick(self, make_jobs, state, monkeypatch):
        writes = []
        go_on = asyncio.Event()

        async def work(running):
            for done in range(1000):
                running.report(Progress(done=done))
                await asyncio.sleep(0)
            go_on.set()
            await asyncio.Event().wait()

        jobs = make_jobs(work, Timing(lease=60, renew=30, tick=0.05))
        renew = jobs._rows.renew
        monkeypatch.setattr(
            jobs._rows, "renew", lambda *args, **kwargs: writes.append(1) or renew(*args, **kwargs)
        )
        started = asyncio.get_running_loop().time()
        handle = await jobs.submit("work", "t", {})
        other = make_jobs(succeed)
        await go_on.wait()

        async def written():
            return (await other.get(handle.id)).progress.done == 999

        await until(written)
        assert len(writes) <= (asyncio.get_running_loop().time() - started) / 0.05 + 1


class TestCancelling:
    async def test_in_this_process(self, make_jobs):
        handle = await make_jobs(hang).submit("work", "t", {})
        await handle.cancel()
        job = await handle.wait()
        assert job.phase is Phase.ABORTED
        assert isinstance(error_of(job), Cancelled)

    async def test_from_another_process(self, make_jobs):
        handle = await make_jobs(hang).submit("work", "t", {})
        await make_jobs(hang).cancel(handle.id)
        assert (await handle.wait()).phase is Phase.ABORTED

    async def test_runner_cleans_up_and_keeps_what_it_has(self, make_jobs):
        async def work(running):
            try:
                await asyncio.Event().wait()
            finally:
                running.results["files"] = ["a"]

        handle = await make_jobs(work).submit("work", "t", {})
        await handle.cancel()
        assert (await handle.wait()).results == {"files": ["a"]}

    async def test_what_has_ended_stays_as_it_is(self, make_jobs):
        handle = await make_jobs(succeed).submit("work", "t", {"question": 1})
        await handle.wait()
        await handle.cancel()
        assert (await handle.get()).phase is Phase.COMPLETED


class TestWhoAskedGoesAway:
    """A browser that is closed cancels its request; what has been written down is done all the same."""

    @pytest.fixture
    def written(self, monkeypatch):
        """Holds a job's row between its writing and the start: set once it is written, and to go on."""
        is_written, go_on = threading.Event(), threading.Event()

        def held(write):
            def write_and_wait(*args, **kwargs):
                done = write(*args, **kwargs)
                is_written.set()
                go_on.wait(10)
                return done

            return write_and_wait

        for name in ("insert", "claim"):
            monkeypatch.setattr(JobRows, name, held(getattr(JobRows, name)))
        yield is_written, go_on
        go_on.set()

    async def test_while_a_job_is_begun(self, make_jobs, written):
        is_written, go_on = written
        jobs = make_jobs(succeed)
        asking = asyncio.create_task(jobs.submit("work", "t", {"question": 1}))
        await asyncio.to_thread(is_written.wait, 10)
        asking.cancel()
        await asyncio.wait([asking])
        go_on.set()

        [job] = await jobs.list()
        assert (await jobs.wait(job.id)).phase is Phase.COMPLETED

    async def test_while_a_job_is_resumed(self, make_jobs, written):
        is_written, go_on = written
        go_on.set()
        jobs = make_jobs(hang)
        handle = await jobs.submit("work", "t", {"question": 1})
        await handle.cancel()
        await handle.wait()
        jobs.runners["work"] = succeed
        is_written.clear()
        go_on.clear()
        asking = asyncio.create_task(jobs.resume(handle.id))
        await asyncio.to_thread(is_written.wait, 10)
        asking.cancel()
        await asyncio.wait([asking])
        go_on.set()

        assert (await handle.wait()).phase is Phase.COMPLETED


class TestLease:
    async def test_is_kept_for_as_long_as_the_work_takes(self, make_jobs):
        handle = await make_jobs(hang, Timing(lease=1.0, renew=0.1, tick=0.02)).submit("work", "t", {})
        other = make_jobs(succeed)
        end = asyncio.get_running_loop().time() + 1.3
        while asyncio.get_running_loop().time() < end:
            assert not (await other.get(handle.id)).interrupted
            await asyncio.sleep(0.05)

    async def test_running_job_is_not_resumed(self, make_jobs):
        handle = await make_jobs(hang).submit("work", "t", {})
        with pytest.raises(InputError, match="already running"):
            await make_jobs(succeed).resume(handle.id)

    async def test_one_of_many_resumes(self, make_jobs):
        ran = []

        async def count(running):
            ran.append(running.job.owner)

        dead = make_jobs(hang, Timing(lease=0.01, renew=60, tick=60))
        handle = await dead.submit("work", "t", {})
        assert (await make_jobs(hang).wait(handle.id)).interrupted
        results = await asyncio.gather(
            *(make_jobs(count).resume(handle.id) for _ in range(5)), return_exceptions=True
        )
        handles = [result for result in results if not isinstance(result, Exception)]
        assert len(handles) == 1
        assert all(isinstance(result, InputError) for result in results if result is not handles[0])
        assert (await handles[0].wait()).phase is Phase.COMPLETED
        assert len(ran) == 1

    async def test_who_lost_it_stops(self, make_jobs):
        stopped = asyncio.Event()

        async def work(_):
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        asleep = make_jobs(work, Timing(lease=0.05, renew=60, tick=0.3))
        handle = await asleep.submit("work", "t", {"question": 1})
        other = make_jobs(succeed)
        assert (await other.wait(handle.id)).interrupted
        await other.resume(handle.id)
        async with asyncio.timeout(10):
            await stopped.wait()
        assert (await other.wait(handle.id)).phase is Phase.COMPLETED

    async def test_who_cannot_renew_in_time_stops(self, make_jobs, monkeypatch):
        stopped = asyncio.Event()

        async def work(_):
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        jobs = make_jobs(work, Timing(lease=0.2, renew=0.01, tick=0.01))
        handle = await jobs.submit("work", "t", {})

        def busy(*_, **__):
            raise StateError("busy")

        monkeypatch.setattr(jobs._rows, "renew", busy)
        async with asyncio.timeout(10):
            await stopped.wait()
        assert (await jobs.wait(handle.id)).interrupted


class TestResuming:
    async def test_results_of_the_first_attempt_are_there(self, make_jobs):
        async def work(running):
            if "job_url" not in running.results:
                await running.keep(job_url="https://x.test/1")
                raise ChecksumMismatch("Broken.")
            running.results["seen"] = running.results["job_url"]

        jobs = make_jobs(work)
        handle = await jobs.submit("work", "t", {})
        assert (await handle.wait()).phase is Phase.ERROR
        job = await (await jobs.resume(handle.id)).wait()
        assert job.phase is Phase.COMPLETED
        assert job.results["seen"] == "https://x.test/1"
        assert job.error_message == ""

    async def test_complete_job_is_rerun_instead(self, make_jobs):
        jobs = make_jobs(succeed)
        handle = await jobs.submit("work", "t", {"question": 1})
        await handle.wait()
        with pytest.raises(InputError, match="is complete"):
            await jobs.resume(handle.id)
        again = await jobs.rerun(handle.id)
        assert again.id != handle.id
        assert (await again.wait()).results == {"answer": 1}

    async def test_closing_leaves_it_interrupted(self, make_jobs):
        jobs = make_jobs(hang)
        handle = await jobs.submit("work", "t", {"question": 1})
        await jobs.close()
        other = make_jobs(succeed)
        assert (await other.get(handle.id)).interrupted
        assert (await (await other.resume(handle.id)).wait()).phase is Phase.COMPLETED


class TestList:
    async def test_newest_first(self, make_jobs):
        jobs = make_jobs(succeed)
        for number in range(3):
            await (await jobs.submit("work", f"job {number}", {"question": 1})).wait()
        assert [job.title for job in await jobs.list(2)] == ["job 2", "job 1"]

    async def test_delete(self, make_jobs):
        jobs = make_jobs(hang)
        handle = await jobs.submit("work", "t", {})
        with pytest.raises(InputError, match="is running"):
            await jobs.delete(handle.id)
        await handle.cancel()
        await handle.wait()
        await jobs.delete(handle.id)
        assert await jobs.list() == []


async def test_process_that_was_killed_leaves_an_interrupted_job(state, make_jobs):
    program = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from esap_jupyter.gateway.jobs import Jobs
        from esap_jupyter.gateway.leases import Timing
        from esap_jupyter.storage.state import State

        async def hang(running):
            await running.keep(begun=True)
            print(running.job.id, flush=True)
            await asyncio.Event().wait()

        async def main():
            jobs = Jobs(State(Path(sys.argv[1])), timing=Timing(lease=2.0, renew=0.1, tick=0.05))
            jobs.runners["work"] = hang
            await (await jobs.submit("work", "t", {"question": 1})).wait()

        asyncio.run(main())
    """)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(state.path), stdout=asyncio.subprocess.PIPE
    )
    try:
        job_id = (await process.stdout.readline()).decode().strip()
        jobs = make_jobs(succeed)
        assert not (await jobs.get(job_id)).interrupted
    finally:
        process.kill()
        await process.communicate()
    job = await jobs.wait(job_id)
    assert job.interrupted
    assert job.results == {"begun": True}
    job = await (await jobs.resume(job_id)).wait()
    assert job.phase is Phase.COMPLETED
    assert job.results == {"begun": True, "answer": 1}
