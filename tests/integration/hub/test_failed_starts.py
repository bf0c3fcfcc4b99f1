"""A server that does not start: the person reads why and what to do, the log has the detail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
import requests

from tests.services.hub import Hub
from tests.services.oidc_provider import OidcProvider

OFFER = {
    "facilities": {"here": {"spawner": "local"}},
    "sizes": {"small": {"title": "Small", "memory": "2G", "cpu": 1}},
    "profiles": {"lab": {"title": "JupyterLab", "facility": "here", "sizes": ["small"]}},
}


@pytest.fixture
def make_hub(tmp_path: Path, provider: OidcProvider) -> Iterator[Callable[..., Hub]]:
    """Start a hub whose servers are started by a command that fails."""
    hubs = []

    def make(*command: str) -> Hub:
        more = f"c.Spawner.cmd = {list(command)!r}\nc.Spawner.http_timeout = 2\n"
        hub = Hub(tmp_path, provider, more=more, site={"contact": "support@example.org"}, **OFFER)
        hubs.append(hub)
        hub.start()
        return hub

    yield make
    for hub in hubs:
        hub.stop()


def page_of_failed_start(hub: Hub, person: requests.Session) -> str:
    """Start a server as a person does, and return what the page says when that has failed."""
    page = person.get(f"{hub.url}/hub/spawn", timeout=60)
    name = hub.ask("GET", "/user", browser=person).json()["name"]
    hub.wait(lambda: not hub.ask("GET", f"/users/{name}", browser=person).json()["pending"])
    if page.ok:
        page = person.get(f"{hub.url}/hub/spawn-pending/{name}", timeout=30)
    return " ".join(unescape(page.text).split())


@pytest.mark.parametrize(
    ("command", "message", "detail"),
    [
        (["false"], "Your server ended while it started.", "status: 1"),
        (
            ["sh", "-c", "kill -9 $$"],
            "it took more memory than its size has. Choose a larger size.",
            "status",
        ),
        (["sleep", "60"], "Your server was not up after 2 s. Try again", "does not answer"),
        (["no-such-command"], "Your server could not be started. Try again.", "FileNotFoundError"),
    ],
)
def test_why_is_told(make_hub: Callable[..., Hub], command: list[str], message: str, detail: str) -> None:
    hub = make_hub(*command)
    page = page_of_failed_start(hub, hub.sign_in("alice"))
    assert message in page
    assert "If that does not help, write to support@example.org." in page
    assert "Traceback" not in page
    assert detail in hub.log
