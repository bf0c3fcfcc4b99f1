"""Every remote service stands still, and the server goes on answering."""

import asyncio
import os
import signal

import pytest
from tornado.httpclient import AsyncHTTPClient

from tests.services.fault_server import FaultServer
from tests.services.jupyter_server import until

IN_FLIGHT = 200
PATHS = (
    "datalakes/demo-lake/scopes",
    "datalakes/demo-lake/dids?scope=demo",
    "services/hung/tables",
    "services/hung/check",
)


@pytest.fixture
def services():
    with FaultServer() as server:
        yield {"hung": {"connector": "vo", "tap": server.tap("hang"), "deadline": 60.0}}


@pytest.fixture
def frozen_rucio(demo_rucio):
    """Rucio and its storages, stopped by a signal as a machine in trouble is; all go on afterwards."""
    groups = [child.pid for child in demo_rucio._children]
    for group in groups:
        os.killpg(group, signal.SIGSTOP)
    yield
    for group in groups:
        os.killpg(group, signal.SIGCONT)


async def test_status_is_answered_while_all_services_are_frozen(
    ask, frozen_rucio, http_server_client, jp_base_url, jp_auth_header, jp_fetch
) -> None:
    client = AsyncHTTPClient(force_instance=True, max_clients=IN_FLIGHT)
    waiting = [
        asyncio.ensure_future(
            client.fetch(
                http_server_client.get_url(f"{jp_base_url}esap/api/{PATHS[number % len(PATHS)]}"),
                headers=jp_auth_header,
                request_timeout=120,
            )
        )
        for number in range(IN_FLIGHT)
    ]

    async def all_wait():
        return sum(task.get_name().startswith("esap ") for task in asyncio.all_tasks()) >= IN_FLIGHT

    try:
        await until(all_wait)
        for _ in range(20):
            for answer in (jp_fetch("api", "status"), ask("GET", "status"), ask("GET", "basket")):
                await answer
        # How quickly is measured in benchmarks/; here it counts that nobody waited for the services.
        assert not any(task.done() for task in waiting)
    finally:
        client.close()
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
