"""Asynchronous jobs: promoted, found again, never lost, never left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pyarrow as pa
import pytest
import requests

from esap_jupyter.connectors.base import AdqlRequest
from esap_jupyter.connectors.vo import VOConnector
from esap_jupyter.errors import InputError, NotOffered, QueryRejected, ServiceTimeout
from tests.services.context import context_for, gathered
from tests.services.fault_server import FaultServer


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(delay=0.5) as running:
        yield running


def connector(url: str, deadline: float = 10.0, **settings: float) -> VOConnector:
    made = VOConnector.Settings(tap=url, **({"sync_seconds": 0.2} | settings))
    return VOConnector(made, context_for(url, deadline=deadline))


def deleted(server: FaultServer) -> bool:
    return bool(server.jobs) and all(job.deleted.is_set() for job in server.jobs.values())


async def test_what_takes_too_long_goes_on_as_a_job(server: FaultServer) -> None:
    urls: list[str] = []
    phases: list[str] = []
    request = AdqlRequest("SELECT * FROM cat.main", row_limit=3, on_job=urls.append, on_phase=phases.append)

    table, notices = await gathered(connector(server.tap("async-only")).adql(request))

    assert table.num_rows == 3
    assert [notice.kind for notice in notices] == ["truncated"]
    assert urls == [f"{server.tap('async-only')}/async/1"]
    assert phases == ["EXECUTING", "COMPLETED"]
    assert server.jobs["1"].parameters["QUERY"] == "SELECT * FROM cat.main"
    assert deleted(server)


async def test_what_a_proxy_gives_up_goes_on_as_a_job(server: FaultServer) -> None:
    request = AdqlRequest("SELECT * FROM cat.main", row_limit=None)

    table, _ = await gathered(connector(server.tap("504"), sync_seconds=10).adql(request))

    assert table.num_rows == server.rows
    assert deleted(server)


async def test_a_quick_query_makes_no_job(server: FaultServer) -> None:
    request = AdqlRequest("SELECT * FROM cat.main", row_limit=3)

    await gathered(connector(server.tap("ok"), sync_seconds=10).adql(request))

    assert server.jobs == {}


async def test_sync_stays_sync(server: FaultServer) -> None:
    with pytest.raises(ServiceTimeout):
        await gathered(connector(server.tap("async-only"), 0.5).adql(AdqlRequest("SELECT 1", 3, "sync")))

    assert server.jobs == {}


async def test_a_service_without_jobs_says_so(server: FaultServer) -> None:
    with pytest.raises(NotOffered, match="no asynchronous queries"):
        await gathered(connector(server.tap("no-async")).adql(AdqlRequest("SELECT 1", 3)))


async def test_the_reason_of_a_failed_job_reaches_the_person(server: FaultServer) -> None:
    with pytest.raises(QueryRejected) as caught:
        await gathered(connector(server.tap("job-error")).adql(AdqlRequest("SELECT parallex", 3)))

    assert caught.value.message == server.complaint
    assert (caught.value.line, caught.value.column) == (1, 8)
    assert deleted(server)


@pytest.mark.parametrize("fault", ["poll-timeout", "poll-500"])
async def test_one_poll_that_fails_does_not_lose_the_job(server: FaultServer, fault: str) -> None:
    table, _ = await gathered(connector(server.tap(fault), 1.0).adql(AdqlRequest("SELECT 1", None, "async")))

    assert table.num_rows == server.rows
    assert deleted(server)


@pytest.mark.parametrize("fault", ["job-queued", "job-held"])
async def test_a_job_that_does_not_end_is_given_up_and_deleted(server: FaultServer, fault: str) -> None:
    with pytest.raises(ServiceTimeout, match="did not finish"):
        await gathered(
            connector(server.tap(fault), job_seconds=0.5).adql(AdqlRequest("SELECT 1", 3, "async"))
        )

    assert deleted(server)


async def test_cancelling_deletes_the_job(server: FaultServer) -> None:
    request = AdqlRequest("SELECT 1", 3, "async")
    task = asyncio.create_task(gathered(connector(server.tap("job-queued")).adql(request)))
    await asyncio.to_thread(server.wait_for, "POST", "/async/1/phase")

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert deleted(server)


async def test_a_job_is_left_for_another_process_that_goes_on_with_it(server: FaultServer) -> None:
    request = AdqlRequest("SELECT 1", 3, "async", keep_job=lambda: True)
    task = asyncio.create_task(gathered(connector(server.tap("job-queued")).adql(request)))
    await asyncio.to_thread(server.wait_for, "POST", "/async/1/phase")

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert not deleted(server)


async def test_a_job_that_nobody_was_told_of_is_not_left(server: FaultServer) -> None:
    request = AdqlRequest("SELECT 1", 3, "async", keep_job=lambda: True)
    task = asyncio.create_task(gathered(connector(server.tap("create-slow")).adql(request)))
    await asyncio.to_thread(server.wait_for, "POST", "/async")

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(server.wait_for, "DELETE", "/async/1")


async def test_cancelling_while_the_job_is_being_made_deletes_it(server: FaultServer) -> None:
    request = AdqlRequest("SELECT 1", 3, "async")
    task = asyncio.create_task(gathered(connector(server.tap("create-slow")).adql(request)))
    await asyncio.to_thread(server.wait_for, "POST", "/async")

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(server.wait_for, "DELETE", "/async/1")


async def test_closing_the_stream_early_deletes_the_job(server: FaultServer) -> None:
    stream = connector(server.tap("async-only")).adql(AdqlRequest("SELECT 1", None, "async"))
    first = await anext(stream)
    assert isinstance(first, pa.RecordBatch)

    await stream.aclose()

    assert deleted(server)


async def test_a_job_is_found_again_by_its_url(server: FaultServer) -> None:
    # A job made by a process that died before it could start it.
    url = server.tap("async-only")
    made = {"QUERY": "SELECT 1", "MAXREC": "4"}
    job_url = (await asyncio.to_thread(requests.post, f"{url}/async", data=made, timeout=5)).url

    table, _ = await gathered(connector(url).adql(AdqlRequest("", None, job_url=job_url)))

    assert table.num_rows == 4
    assert deleted(server)


async def test_a_job_elsewhere_is_not_touched(server: FaultServer) -> None:
    request = AdqlRequest("", 3, job_url="https://elsewhere.example/tap/async/1")

    with pytest.raises(InputError, match="no job of"):
        await gathered(connector(server.tap("ok")).adql(request))


async def test_uploads_go_along_inline(server: FaultServer) -> None:
    mine = pa.table({"id": pa.array([1, 2], pa.int64()), "ra": pa.array([10.0, 11.5])})
    request = AdqlRequest("SELECT * FROM TAP_UPLOAD.mine", 3, uploads={"mine": mine})

    await gathered(connector(server.tap("ok"), sync_seconds=10).adql(request))

    sent = server.wait_for("POST", "/tap/sync").body.decode("utf-8", "replace")
    assert "mine,param:mine" in sent
    assert "<VOTABLE" in sent
    assert "11.5" in sent


async def test_an_upload_needs_a_proper_name(server: FaultServer) -> None:
    request = AdqlRequest("SELECT 1", 3, uploads={"my table;": pa.table({"a": [1]})})

    with pytest.raises(InputError, match="no name for an uploaded table"):
        await gathered(connector(server.tap("ok")).adql(request))
