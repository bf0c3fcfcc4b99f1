"""Nothing that a person asks of the gateway holds up the event loop, and with it everybody else."""

import asyncio
import contextlib
import gc
import time

import pytest

from esap_jupyter.models import Phase, Position, Query
from tests.services.fault_server import FaultServer
from tests.unit.gateway.test_staging import a_file, a_lake, an_item

CPU_SECONDS = 0.05
"""Of one step of the loop: what it works itself, however busy the machine is."""

SECONDS = 0.5
"""Of one step of the loop: what it waits for would take longer by far."""


@pytest.fixture
def loop_stays_free(monkeypatch):
    """A context in which every step of the event loop is measured."""
    steps = []
    run = asyncio.Handle._run

    def measured(handle):
        cpu, wall = time.thread_time(), time.monotonic()
        run(handle)
        steps.append((time.thread_time() - cpu, time.monotonic() - wall, repr(handle)))

    @contextlib.contextmanager
    def check():
        gc.collect()
        gc.freeze()  # what other tests left is not to be looked through in one of our steps
        try:
            with monkeypatch.context() as patch:
                patch.setattr(asyncio.Handle, "_run", measured)
                yield
        finally:
            gc.unfreeze()
        assert [step for step in steps if step[0] > CPU_SECONDS or step[1] > SECONDS] == []
        assert steps

    return check


@pytest.fixture
def server():
    with FaultServer(delay=0.3) as running:
        yield running


async def test_searches_and_their_first_use_of_a_connector(make_gateway, server, loop_stays_free):
    services = {
        name: {"connector": "vo", "scs": server.cone(name), "deadline": 1} for name in ("ok", "slow", "hang")
    }
    gateway = await make_gateway(services)
    with loop_stays_free():
        table = await gateway.search(Query(product="sources", position=Position(ra=10, dec=-20.5))).done()
    assert {name: report.state for name, report in table.reports.items()} == {
        "ok": "complete",
        "slow": "complete",
        "hang": "failed",
    }


async def test_a_hundred_thousand_rows(make_gateway, server, loop_stays_free):
    server.rows = 100_000
    gateway = await make_gateway({"archive": {"connector": "vo", "tap": server.tap()}})
    with loop_stays_free():
        table = await gateway.adql("archive", "SELECT * FROM cat.main", row_limit=None).done()
        assert len(await gateway.history()) == 1
    assert len(table) == server.rows


async def test_services_that_hang_while_they_are_checked(make_gateway, server, loop_stays_free):
    services = {
        f"hung{number}": {"connector": "vo", "tap": server.tap("hang"), "deadline": 0.5}
        for number in range(20)
    }
    gateway = await make_gateway(services)
    begun = time.monotonic()
    with loop_stays_free():
        found = await gateway.services(check=True)
    assert not any(status.answers for status in found)
    assert time.monotonic() - begun < 10 * 0.5


async def test_a_thousand_small_files(make_gateway, storage, loop_stays_free):
    files = {f"item{number}": [a_file(storage, f"{number}.fits", b"A" * 1000)] for number in range(1000)}
    gateway = await make_gateway(a_lake(storage, **files))
    items = [an_item(name) for name in files]
    with loop_stays_free():
        await gateway.basket.add(items)
        handle = await gateway.stage()
        async for job in handle.watch():
            last = job
        assert len(await gateway.jobs.list()) == 1
    assert (last.phase, len(last.results["files"])) == (Phase.COMPLETED, 1000)


async def test_very_many_items(make_gateway, loop_stays_free):
    gateway = await make_gateway({"lake": {"fault": "unreachable"}})
    await asyncio.to_thread(gateway.connector, "lake")
    items = [an_item(f"item{number}") for number in range(20_000)]
    with loop_stays_free():
        handle = await gateway.stage(items)
        job = await handle.wait()
    assert (job.error_code, len(job.results["failed"])) == ("service-unreachable", 20_000)
