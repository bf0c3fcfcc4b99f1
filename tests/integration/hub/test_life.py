"""How long people's servers live: idle ones are stopped, those that work stay, an end can be put off."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import tomli_w

from tests.services.fault_server import FaultServer
from tests.services.hub import Hub
from tests.services.oidc_provider import OidcProvider

OFFER = {
    "facilities": {"here": {"spawner": "local"}},
    "sizes": {"small": {"title": "Small", "memory": "2G", "cpu": 1}},
    "profiles": {"lab": {"title": "JupyterLab", "facility": "here", "sizes": ["small"]}},
}


@pytest.fixture
def archive() -> Iterator[FaultServer]:
    """A service that never answers."""
    with FaultServer() as server:
        yield server


@pytest.fixture
def make_hub(tmp_path: Path, provider: OidcProvider, archive: FaultServer) -> Iterator[Callable[..., Hub]]:
    """Start a hub that lets servers live as it is told."""
    hubs = []
    config = tmp_path / "esap.toml"
    slow = {"connector": "vo", "tap": archive.tap("hang"), "deadline": 600}
    config.write_text(tomli_w.dumps({"services": {"slow": slow}}))

    def make(*, keeps_servers: bool = False, **life: float) -> Hub:
        more = (
            f"c.JupyterHub.cleanup_servers = {not keeps_servers}\n"
            f"c.Spawner.cmd = [{sys.executable!r}, '-m', 'jupyterhub.singleuser', '--allow-root']\n"
            f"c.SimpleLocalProcessSpawner.home_dir_template = {str(tmp_path / 'homes/{username}')!r}\n"
            f"c.Spawner.environment.update({{'ESAP_CONFIG': {str(config)!r}}})\n"
        )
        hub = Hub(tmp_path, provider, more=more, life=life, homes={"limit": "1M"}, **OFFER)
        hubs.append(hub)
        hub.start()
        return hub

    yield make
    for hub in hubs:
        hub.stop()


class Person:
    """Somebody with a server."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub = hub
        self.name = name
        self.browser = hub.sign_in(name)
        self.token = hub.server_token(self.browser, "access:servers!user")
        hub.start_server(self.browser, name)

    @property
    def runs(self) -> bool:
        return bool(self.hub.servers(self.browser, self.name))

    def ask(self, method: str, path: str, **further: Any) -> Any:
        """Ask the extension in the person's server."""
        url = f"{self.hub.url}/user/{self.name}/esap/api/{path}"
        headers = {"Authorization": f"token {self.token}"}
        answer = requests.request(method, url, headers=headers, timeout=30, **further)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


def test_an_idle_server_goes_and_one_that_works_stays(make_hub: Callable[..., Hub]) -> None:
    idle_seconds = 8.0
    hub = make_hub(idle_minutes=idle_seconds / 60, hours=0)
    idle, busy = Person(hub, "alice"), Person(hub, "bob")
    query = {"service": "slow", "adql": "SELECT 1", "row_limit": 1, "mode": "sync"}
    search = busy.ask("POST", "queries", json=query)
    asked = time.monotonic()
    hub.wait(lambda: not idle.runs)
    hub.wait(lambda: time.monotonic() > asked + 2 * idle_seconds)
    assert busy.runs
    busy.ask("POST", f"searches/{search['id']}/cancel")
    hub.wait(lambda: not busy.runs)


def test_the_end_is_told_can_be_put_off_and_comes(make_hub: Callable[..., Hub]) -> None:
    seconds = 20.0
    hub = make_hub(keeps_servers=True, idle_minutes=0, hours=seconds / 3600, most_hours=3 * seconds / 3600)
    alice = Person(hub, "alice")
    told = alice.ask("GET", "session")["life"]
    started, ends = (datetime.fromisoformat(told[key]) for key in ("started_at", "ends_at"))
    assert ends - started == timedelta(seconds=seconds)
    kept = datetime.fromisoformat(alice.ask("POST", "session")["life"]["ends_at"])
    assert ends < kept <= datetime.now(UTC) + timedelta(seconds=seconds)
    hub.stop()
    hub.start()
    assert datetime.fromisoformat(alice.ask("GET", "session")["life"]["ends_at"]) == kept
    hub.wait(lambda: datetime.now(UTC) > ends + timedelta(seconds=2))
    assert alice.runs
    hub.wait(lambda: not alice.runs)
    assert datetime.now(UTC) > kept


def test_what_a_home_holds_is_told_and_no_browser_asks_the_hub(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    bob = Person(hub, "bob")

    def used() -> Any:
        return bob.ask("GET", "session")["storage"]["used"]

    hub.wait(used)
    storage = bob.ask("GET", "session")["storage"]
    assert storage["limit"] == 10**6
    assert storage["free"] == max(10**6 - storage["used"], 0)
    for refused in (
        hub.ask("GET", "/esap/session", browser=bob.browser),
        hub.ask("POST", "/esap/session", browser=bob.browser, json={}),
        hub.ask("GET", "/esap/session", token=hub.server_token(bob.browser)),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
