"""What people may start, and a hub that finds their servers again: with processes, the simplest facility."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html import unescape

import pytest

from tests.services.hub import Hub
from tests.services.oidc_provider import OidcProvider

OFFER = {
    "facilities": {"here": {"spawner": "local"}},
    "sizes": {
        "small": {"title": "Small", "memory": "2G", "cpu": 1},
        "large": {"title": "Large", "memory": "4G", "cpu": 2.5},
    },
    "profiles": {
        "lab": {"title": "JupyterLab", "facility": "here", "sizes": ["small", "large"]},
        "tree": {"title": "LOFAR <files>", "facility": "here", "sizes": ["large"], "page": "/tree"}
        | {"groups": ["/escape/lofar"]},
        "viewer": {"title": "Viewer", "facility": "here", "sizes": ["small"], "page": "/viewer/"},
    },
}
# A web application that is no part of Jupyter, as an image brings it.
VIEWER = """
import sys
c.ServerProxy.servers = {
    "viewer": {"command": [sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1", "-d", %r]}
}
"""


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, provider: OidcProvider) -> Iterator[Hub]:
    """A hub with three profiles; the second is for a group that alice is in and bob is not."""
    pages = tmp_path_factory.mktemp("viewer")
    (pages / "index.html").write_text("<h1>A viewer of its own</h1>")
    (pages / "jupyter_server_config.py").write_text(VIEWER % str(pages))
    more = (
        f"c.Spawner.cmd = [{sys.executable!r}, '-m', 'jupyterhub.singleuser', '--allow-root']\n"
        f"c.LocalSpawner.environment = {{'JUPYTER_CONFIG_DIR': {str(pages)!r}}}\n"
    )
    hub = Hub(tmp_path_factory.mktemp("profiles"), provider, more=more, **OFFER)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def test_the_form_shows_what_is_for_a_person(site: Hub) -> None:
    page = site.sign_in("alice").get(f"{site.url}/hub/spawn", timeout=30).text
    assert "LOFAR &lt;files&gt;" in page
    assert "Large: 4 GB memory, 2.5 CPUs" in unescape(page)
    assert "LOFAR" not in site.sign_in("bob").get(f"{site.url}/hub/spawn", timeout=30).text


def test_a_profile_of_others_and_a_wrong_size_are_refused_in_words(site: Hub) -> None:
    bob = site.sign_in("bob")
    refused = site.ask("POST", "/users/bob/server", browser=bob, json={"profile": "tree"})
    assert (refused.status_code, "no profile 'tree' for you" in refused.text) == (400, True)
    refused = site.ask("POST", "/users/bob/server", browser=bob, json={"size": "huge"})
    assert (refused.status_code, "Choose: small, large." in refused.text) == (400, True)


def test_a_server_is_what_was_chosen_and_a_hub_made_anew_finds_it(site: Hub) -> None:
    alice = site.sign_in("alice")
    server = site.start_server(alice, "alice", profile="tree")
    assert alice.get(f"{site.url}/user/alice/", timeout=30).url.endswith("/tree")
    started = server["started"]
    site.stop()
    site.start()
    found = site.servers(alice, "alice")[""]
    assert (found["ready"], found["started"]) == (True, started)
    assert alice.get(f"{site.url}/user/alice/esap/api/status", timeout=30).json()["api"] == 1
    assert site.ask("DELETE", "/users/alice/server", browser=alice).ok
    site.wait(lambda: not site.servers(alice, "alice"))


def test_a_profile_may_be_another_application(site: Hub) -> None:
    bob = site.sign_in("bob")
    site.start_server(bob, "bob", profile="viewer")
    page = bob.get(f"{site.url}/user/bob/", timeout=60)
    assert (page.url, page.text) == (f"{site.url}/user/bob/viewer/", "<h1>A viewer of its own</h1>")
    assert site.sign_in("user01").get(page.url, timeout=30).status_code in {403, 404}
    assert site.ask("DELETE", "/users/bob/server", browser=bob).ok
    site.wait(lambda: not site.servers(bob, "bob"))
