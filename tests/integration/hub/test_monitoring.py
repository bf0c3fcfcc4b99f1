"""What an operator sees of a hub: metrics, health, and who did what."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.services.hub import Hub
from tests.services.oidc_provider import OidcProvider

STORAGE = "https://storage.example.org"
OFFER = {
    "facilities": {"here": {"spawner": "local"}},
    "sizes": {"small": {"title": "Small", "memory": "2G", "cpu": 1}},
    "profiles": {"lab": {"title": "JupyterLab", "facility": "here", "sizes": ["small"]}},
}


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, provider: OidcProvider) -> Iterator[Hub]:
    """A hub whose metrics Prometheus may read."""
    directory = tmp_path_factory.mktemp("monitored")
    token = directory / "metrics_token"
    token.touch(0o600)
    token.write_text("a-token-for-prometheus")
    more = (
        f"c.Spawner.cmd = [{sys.executable!r}, '-m', 'jupyterhub.singleuser', '--allow-root']\n"
        f"c.SimpleLocalProcessSpawner.home_dir_template = {str(directory / 'homes/{username}')!r}\n"
    )
    hub = Hub(directory, provider, more=more, monitor={"metrics_token_file": "metrics_token"}, **OFFER)
    hub.start()
    yield hub
    hub.stop()


def audited(hub: Hub) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (hub.directory / "audit.jsonl").read_text().splitlines()]


def test_who_did_what_is_written_and_no_token(site: Hub) -> None:
    alice = site.sign_in("alice")
    refused = requests.Session()
    site.provider.sign_in(refused, f"{site.url}/hub/oauth_login?next=/hub/home", "mallory")
    server = site.server_token(alice)
    tokens = [
        site.ask("GET", "/esap/token", token=server, params=wanted).json()["access_token"]
        for wanted in ({}, {"audience": STORAGE})
    ]
    site.ask("GET", "/esap/token", token=server, params={"audience": "https://elsewhere.example.org"})
    site.start_server(alice, "alice")
    assert site.ask("DELETE", "/users/alice/server", browser=alice).ok
    site.wait(lambda: not site.servers(alice, "alice"))

    lines = audited(site)
    told = [
        {key: line[key] for key in ("username", "outcome", "audience", "action", "profile") if key in line}
        for line in lines
    ]
    assert {"username": "alice", "outcome": "signed-in"} in told
    assert {"username": "mallory", "outcome": "refused"} in told
    assert {"username": "alice", "outcome": "given", "audience": ""} in told
    assert {"username": "alice", "outcome": "given", "audience": STORAGE} in told
    assert {
        "username": "alice",
        "outcome": "not-allowed",
        "audience": "https://elsewhere.example.org",
    } in told
    assert {"username": "alice", "action": "starting", "profile": "lab"} in told
    assert [line["action"] for line in lines if "action" in line] == ["starting", "start", "stop"]
    assert all(line["__timestamp__"] for line in lines)
    kept = site.directory / "audit.jsonl"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not [token for token in tokens if token in kept.read_text()]


def test_prometheus_reads_the_metrics_and_others_do_not(site: Hub) -> None:
    alice = site.sign_in("alice")
    server = site.server_token(alice)
    site.ask("GET", "/esap/token", token=server, params={"audience": STORAGE}).raise_for_status()
    by_prometheus = {"Authorization": "Bearer a-token-for-prometheus"}
    metrics = requests.get(f"{site.url}/hub/metrics", headers=by_prometheus, timeout=30).text
    assert f'esap_token_exchanges_total{{audience="{STORAGE}",outcome="exchanged"}} 1.0' in metrics
    assert 'esap_sign_ins_total{outcome="signed-in"} 1.0' in metrics
    assert 'esap_token_refreshes_total{outcome="sign-in-needed"} 0.0' in metrics
    assert "jupyterhub_running_servers" in metrics
    assert requests.get(f"{site.url}/hub/metrics", timeout=30).status_code == 403
    assert requests.get(f"{site.url}/hub/api/users", headers=by_prometheus, timeout=30).status_code == 403
    assert requests.get(f"{site.url}/hub/health", timeout=30).ok
