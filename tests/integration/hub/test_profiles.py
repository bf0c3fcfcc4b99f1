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
    },
}


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, provider: OidcProvider) -> Iterator[Hub]:
    """A hub with two profiles; the second is for a group that alice is in and bob is not."""
    command = f"c.Spawner.cmd = [{sys.executable!r}, '-m', 'jupyterhub.singleuser', '--allow-root']"
    hub = Hub(tmp_path_factory.mktemp("profiles"), provider, more=command, **OFFER)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def test_the_form_shows_what_is_for_a_person(site: Hub) -> None:
    page = site.sign_in("alice").get(f"{site.url}/hub/spawn", timeout=30).text
    assert "LOFAR &lt;files&gt;" in page
    assert "Large: 4GB memory, 2.5 CPUs" in unescape(page)
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
