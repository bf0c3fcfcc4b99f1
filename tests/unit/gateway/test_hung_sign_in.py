"""A hub or an identity provider that hangs keeps nobody waiting but those who want its tokens."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from esap_jupyter.config import origin_of
from esap_jupyter.gateway.hub import HubAPI
from esap_jupyter.gateway.tokens.device import DeviceSignIn
from esap_jupyter.gateway.tokens.grant_store import GrantStore
from esap_jupyter.gateway.tokens.hub import HubTokenSource
from esap_jupyter.transfer.access import Access
from tests.services.fault_server import FaultServer

AUDIENCES = 6


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def hub(server):
    return HubTokenSource(HubAPI(f"{server.url}/hang/hub/api", "secret"))


@pytest.fixture
def provider(server, tmp_path, monkeypatch):
    monkeypatch.setattr("esap_jupyter.gateway.tokens.grant_store._keyring", lambda: None)
    issuer = f"{server.url}/hang/provider"
    GrantStore(tmp_path, f"{issuer} client").write("granted")
    access = Access(named_origins=frozenset({origin_of(issuer)}))
    return DeviceSignIn(issuer, "client", (), (), tmp_path, access)


@pytest.mark.parametrize("source", ["hub", "provider"])
async def test_the_state_is_read_while_it_hangs(source, request, server) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    tokens = request.getfixturevalue(source)
    waiting = [asyncio.create_task(tokens.token(f"audience-{number}")) for number in range(AUDIENCES)]
    while not server.requests:  # noqa: ASYNC110 - the server is in another thread
        await asyncio.sleep(0.01)

    async with asyncio.timeout(10):
        assert await asyncio.to_thread(lambda: "read") == "read"
    assert not any(task.done() for task in waiting)

    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
