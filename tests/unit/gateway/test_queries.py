"""Asynchronous ADQL as a job that another process can go on with."""

import asyncio
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pytest

from esap_jupyter.gateway import error_of
from esap_jupyter.models import Phase

REMOTE = {"makes_job": True}
JOB_URL = "https://one.test/async/1"


async def the_job(gateway):
    """The one job there is, as soon as it has the service's URL."""
    async with asyncio.timeout(10):
        while not (jobs := await gateway.jobs.list()) or "job_url" not in jobs[0].results:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return jobs[0]


async def test_synchronous_query_is_no_job(make_gateway):
    gateway = await make_gateway({"one": {}})
    found = gateway.adql("one", "SELECT 1")
    await found.done()
    assert found.jobs == {}
    assert await gateway.jobs.list() == []


async def test_services_job_is_a_job_here_while_it_runs(make_gateway):
    gateway = await make_gateway({"one": {**REMOTE, "seconds": 0.3}})
    found = gateway.adql("one", "SELECT 1", row_limit=2)
    job = await the_job(gateway)
    assert found.jobs == {"one": job.id}
    assert (job.kind, job.phase, job.title) == ("query", Phase.EXECUTING, "one: SELECT 1")
    assert job.results == {"job_url": JOB_URL, "table": found.table.id}
    assert job.parameters == {"service": "one", "adql": "SELECT 1", "row_limit": 2, "uploads": []}
    assert found.reports["one"].message == "The service's job is EXECUTING."
    table = await found.done()
    job = await gateway.jobs.wait(job.id)
    assert job.phase is Phase.COMPLETED
    assert job.results == {"table": table.id}
    assert (job.progress.done, job.progress.unit) == (2, "rows")


async def test_failure(make_gateway):
    gateway = await make_gateway({"one": {**REMOTE, "fault": "rejected"}})
    found = gateway.adql("one", "SELECT 1")
    await found.finished()
    job = await gateway.jobs.wait(found.jobs["one"])
    assert (job.phase, job.error_code) == (Phase.ERROR, "query-rejected")
    assert job.error_message == "one: Unknown table foo."
    assert "job_url" not in job.results, "asking the same job again would give the same answer"


async def test_lost_connection_leaves_the_services_job_to_be_waited_for(make_gateway):
    gateway = await make_gateway({"one": {**REMOTE, "fault": "unreachable"}})
    found = gateway.adql("one", "SELECT 1")
    await found.finished()
    job = await gateway.jobs.wait(found.jobs["one"])
    assert (job.phase, job.results["job_url"]) == (Phase.ERROR, JOB_URL)

    back = await make_gateway({"one": REMOTE})
    job = await (await back.jobs.resume(job.id)).wait()
    assert job.phase is Phase.COMPLETED
    assert [request.job_url for request in back.connector("one").asked] == [JOB_URL]
    assert back.tables.open(job.results["table"]).num_rows == 3


class TestCancelling:
    @pytest.mark.parametrize("how", ["search", "job", "job from elsewhere"])
    async def test_deletes_the_services_job(self, make_gateway, how):
        gateway = await make_gateway({"one": {**REMOTE, "fault": "hang"}})
        found = gateway.adql("one", "SELECT 1")
        job = await the_job(gateway)
        match how:
            case "search":
                found.cancel()
            case "job":
                await gateway.jobs.cancel(job.id)
            case "job from elsewhere":
                await (await make_gateway()).jobs.cancel(job.id)
        await found.finished()
        job = await gateway.jobs.wait(job.id)
        assert job.phase is Phase.ABORTED
        assert "job_url" not in job.results
        assert found.reports["one"].state == "cancelled"
        assert gateway.connector("one").cancelled == 1

    async def test_of_a_resumed_one(self, make_gateway):
        first = await make_gateway({"one": {**REMOTE, "fault": "unreachable"}})
        found = first.adql("one", "SELECT 1")
        await found.finished()
        second = await make_gateway({"one": {**REMOTE, "fault": "hang"}})
        handle = await second.jobs.resume(found.jobs["one"])
        async with asyncio.timeout(10):
            while not second.connector("one").asked:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await handle.cancel()
        job = await handle.wait()
        assert job.phase is Phase.ABORTED
        assert "job_url" not in job.results
        assert second.connector("one").cancelled == 1


class TestClosing:
    """The server is stopped, or the kernel."""

    async def test_leaves_the_services_job_for_another_process(self, make_gateway):
        gateway = await make_gateway({"one": {**REMOTE, "fault": "hang"}})
        found = gateway.adql("one", "SELECT 1")
        await the_job(gateway)
        await gateway.close()
        assert [asked.keep_job() for asked in gateway.connector("one").asked] == [True]

        back = await make_gateway({"one": REMOTE})
        [job] = await back.jobs.list()
        assert job.interrupted
        assert job.results == {"job_url": JOB_URL, "table": found.table.id}
        job = await (await back.jobs.resume(job.id)).wait()
        assert job.phase is Phase.COMPLETED
        assert [asked.job_url for asked in back.connector("one").asked] == [JOB_URL]

    async def test_again_and_again(self, make_gateway):
        first = await make_gateway({"one": {**REMOTE, "fault": "hang"}})
        first.adql("one", "SELECT 1")
        job = await the_job(first)
        await first.close()
        second = await make_gateway({"one": {**REMOTE, "fault": "hang"}})
        await second.jobs.resume(job.id)
        async with asyncio.timeout(10):
            while not second.connector("one").asked:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await second.close()
        [asked] = second.connector("one").asked
        assert (asked.job_url, asked.keep_job()) == (JOB_URL, True)

        third = await make_gateway({"one": REMOTE})
        assert (await third.jobs.get(job.id)).interrupted
        job = await (await third.jobs.resume(job.id)).wait()
        assert job.phase is Phase.COMPLETED

    async def test_deletes_the_services_job_that_a_person_cancels(self, make_gateway):
        gateway = await make_gateway({"one": {**REMOTE, "fault": "hang"}})
        found = gateway.adql("one", "SELECT 1")
        await the_job(gateway)
        found.cancel()
        await found.finished()
        assert [asked.keep_job() for asked in gateway.connector("one").asked] == [False]


async def test_rerun_sends_the_query_anew(make_gateway):
    gateway = await make_gateway({"one": REMOTE})
    found = gateway.adql("one", "SELECT 1", row_limit=2)
    await found.done()
    handle = await gateway.jobs.rerun(found.jobs["one"])
    job = await handle.wait()
    assert job.phase is Phase.COMPLETED
    first, second = gateway.connector("one").asked
    assert (second.adql, second.row_limit, second.job_url) == (first.adql, first.row_limit, "")
    assert job.results["table"] != found.table.id


async def test_uploads_are_not_kept(make_gateway):
    gateway = await make_gateway({"one": REMOTE})
    found = gateway.adql("one", "SELECT 1", uploads={"mine": pa.table({"a": [1]})})
    await found.done()
    assert list(gateway.connector("one").asked[0].uploads) == ["mine"]
    job = await (await gateway.jobs.rerun(found.jobs["one"])).wait()
    assert job.phase is Phase.ERROR
    assert "uploaded with this query" in error_of(job).message


async def test_process_is_killed_and_another_goes_on_with_the_services_job(
    make_gateway, make_config, tmp_path
):
    config = make_config({"one": {**REMOTE, "fault": "hang"}})
    (tmp_path / "config.json").write_text(config.model_dump_json())
    program = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from esap_jupyter.config import Config
        from esap_jupyter.gateway import Gateway
        from esap_jupyter.gateway import leases

        async def main(config):
            async with Gateway(config) as gateway:
                gateway.jobs._timing = leases.Timing(lease=1.0, renew=0.2, tick=0.05)
                found = gateway.adql("one", "SELECT 1", mode="async")
                await found.done()

        asyncio.run(main(Config.model_validate_json(Path(sys.argv[1]).read_bytes())))
    """)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        str(tmp_path / "config.json"),
        env={"PYTHONPATH": f"{Path(__file__).parents[3]}:{tmp_path / 'site-packages'}"},
    )
    gateway = await make_gateway({"one": REMOTE})
    try:
        job = await the_job(gateway)
    finally:
        process.kill()
        await process.communicate()
    job = await gateway.jobs.wait(job.id)
    assert job.interrupted
    job = await (await gateway.jobs.resume(job.id)).wait()
    assert job.phase is Phase.COMPLETED
    assert [request.job_url for request in gateway.connector("one").asked] == [JOB_URL]
