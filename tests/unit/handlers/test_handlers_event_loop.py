"""A service that hangs keeps nobody waiting but those who asked it."""

import asyncio
import threading

import pytest
from tornado.httpclient import AsyncHTTPClient

from esap_jupyter.storage.workspace import Workspace
from tests.services.fault_server import FaultServer
from tests.services.jupyter_server import until

IN_FLIGHT = 200


@pytest.fixture
def fault_server():
    with FaultServer() as server:
        yield server


@pytest.fixture
def services(fault_server):
    return {
        "hung": {
            "connector": "vo",
            "tap": fault_server.tap("hang"),
            "scs": fault_server.cone("hang"),
            "deadline": 60.0,
        },
        "one": {},
    }


def working(name: str) -> int:
    return sum(task.get_name() == f"esap {name}" for task in asyncio.all_tasks())


async def test_others_are_answered_while_200_wait(
    ask, ended, http_server_client, jp_base_url, jp_auth_header, jp_fetch, fault_server
) -> None:
    client = AsyncHTTPClient(force_instance=True, max_clients=IN_FLIGHT)
    url = http_server_client.get_url(f"{jp_base_url}esap/api/services/hung/tables")
    waiting = [
        asyncio.ensure_future(client.fetch(url, headers=jp_auth_header, request_timeout=120))
        for _ in range(IN_FLIGHT)
    ]

    async def all_wait():
        return working("list_service_tables") == IN_FLIGHT

    await until(all_wait)

    for _ in range(20):
        await jp_fetch("api", "status")
        await ask("GET", "status")
    body = {"target": "1 2", "services": ["one"]}
    state = await ended((await ask("POST", "searches", json=body)).json["id"])

    # How quickly is measured in benchmarks/; here it counts that nobody waited for the 200 to end.
    assert state["rows"] == 3
    assert not any(task.done() for task in waiting)

    client.close()
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


class TestEverythingIsFrozen:
    """Every remote service takes requests and answers none."""

    @pytest.fixture
    def services(self, fault_server, tmp_path):
        hung = f"{fault_server.url}/hang"
        patient = {"deadline": 600.0}
        password = tmp_path / "password"
        password.touch(0o600)
        password.write_text("secret")
        lake = {"auth_type": "userpass", "username": "me", "password_file": str(password)}
        return {
            "archive": {"connector": "vo", "tap": f"{hung}/archive", "scs": f"{hung}/archive/scs", **patient},
            "names": {"connector": "sesame", "urls": [f"{hung}/names"], **patient},
            "register": {"connector": "registry", "tap": f"{hung}/register", **patient},
            "lake": {"connector": "rucio", "url": f"{hung}/lake", **lake, **patient},
        }

    @pytest.fixture
    def hub(self, fault_server, monkeypatch):
        monkeypatch.setenv("JUPYTERHUB_API_URL", f"{fault_server.url}/hang/hub/api")
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")

    async def test_who_asks_for_nothing_remote_is_answered(
        self, hub, ask, http_server_client, jp_base_url, jp_auth_header, jp_fetch, fault_server
    ) -> None:
        client = AsyncHTTPClient(force_instance=True, max_clients=IN_FLIGHT)

        def begin(path: str) -> asyncio.Future:
            url = http_server_client.get_url(f"{jp_base_url}esap/api/{path}")
            return asyncio.ensure_future(client.fetch(url, headers=jp_auth_header, request_timeout=600))

        asked = (
            "services/archive/tables",
            "resolve?target=M+31",
            "registry?keywords=x-ray",
            "datalakes/lake/scopes",
            "sign-in",
            "session",
        )
        waiting = [begin(path) for path in asked for _ in range(20)]

        async def all_hold_one():
            held = {request.path.split("/")[2] for request in list(fault_server.requests)}
            return held >= {"archive", "names", "register", "lake", "hub"}

        await until(all_hold_one)

        for _ in range(20):
            await jp_fetch("api", "status")
            assert (await ask("GET", "status")).status == 200
        assert (await ask("GET", "jobs")).json["jobs"] == []
        assert (await ask("GET", "basket")).json == []
        assert not any(task.done() for task in waiting)

        client.close()
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_work_for_who_has_gone_is_stopped(
    http_server_client, jp_base_url, jp_auth_header, fault_server
) -> None:
    port = http_server_client.get_http_port()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET {jp_base_url}esap/api/services/hung/tables HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {jp_auth_header['Authorization']}\r\n\r\n".encode()
    )

    async def works():
        return working("list_service_tables")

    async def rests():
        return not working("list_service_tables")

    await until(works)
    writer.close()
    await writer.wait_closed()
    await until(rests)


async def test_paths_are_looked_at_beside_the_event_loop(ask, ended, jp_root_dir, monkeypatch) -> None:
    """A home on a network may take its time for each part of a path."""
    (jp_root_dir / "targets.txt").write_text("10.5 20.5\n")
    table = (await ended((await ask("POST", "searches", json={"target": "1 2"})).json["id"]))["id"]
    in_loop = []

    def noted(look):
        def note(*args):
            in_loop.append(threading.current_thread() is threading.main_thread())
            return look(*args)

        return note

    for name in ("resolve", "readable"):
        monkeypatch.setattr(Workspace, name, noted(getattr(Workspace, name)))
    listed = await ask("POST", "targets", json={"path": "targets.txt"})
    saved = await ask("POST", f"tables/{table}/save", json={"path": "saved.vot"})

    assert len(listed.json["targets"]) == 1
    assert saved.json["path"] == "saved.vot"
    assert in_loop
    assert not any(in_loop)
