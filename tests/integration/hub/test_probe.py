"""`esap probe`: synthetic users who do at a real hub what people do there, and leave nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tomli_w

from tests.services.hub import Hub
from tests.services.oidc_provider import OidcProvider

OFFER = {
    "facilities": {"here": {"spawner": "local"}},
    "sizes": {"small": {"title": "Small", "memory": "2G", "cpu": 1}},
    "profiles": {"lab": {"title": "JupyterLab", "facility": "here", "sizes": ["small"]}},
}
TOKEN = "0123456789abcdef0123456789abcdef"
M51 = "demo-archive=13:29:52.7 +47:11:43"
STEPS = ["sign-in", "provider", "spawn", "page", "search", "staging", "stop", "removal"]


class Probed(Hub):
    """A hub that may be probed."""

    def probe(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from esap_jupyter.cli import main; main()", "probe", *arguments]
        return subprocess.Popen(
            [*command, "--site", str(self.directory / "site.toml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def probed(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Probe to the end; the exit code, and the report."""
        with self.probe("--json", *arguments) as probing:
            said, errors = probing.communicate(timeout=240)
        assert not errors, errors
        return probing.returncode, json.loads(said)

    def synthetic_users(self) -> dict[str, Any]:
        """Those whom the hub knows, and their servers."""
        users = self.ask("GET", "/users", token=self.operator).json()
        return {user["name"]: user["servers"] for user in users if user["name"].startswith("esap-probe")}

    @property
    def operator(self) -> str:
        if not hasattr(self, "_operator"):
            self._operator = self.server_token(self.sign_in("alice"), "list:users", "read:servers")
        return self._operator


@pytest.fixture(scope="module")
def site(
    _provider: OidcProvider,
    demo_archive: Any,
    demo_rucio: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Probed]:
    """A hub whose people have the demo's services, and one that is away."""
    _provider.settings(ttl=3600, away=False)
    directory = tmp_path_factory.mktemp("probe")
    away = {"away": {"connector": "vo", "scs": "http://127.0.0.1:9/scs", "deadline": 5}}
    services = {**demo_archive.services, **demo_rucio.services, **away}
    (directory / "esap.toml").write_text(tomli_w.dumps({"services": services}))
    (directory / "probe_token").touch(0o600)
    (directory / "probe_token").write_text(TOKEN)
    more = (
        f"c.Spawner.cmd = [{sys.executable!r}, '-m', 'jupyterhub.singleuser', '--allow-root']\n"
        f"c.SimpleLocalProcessSpawner.home_dir_template = {str(directory / 'homes/{username}')!r}\n"
        f"c.Spawner.environment.update({{'ESAP_CONFIG': {str(directory / 'esap.toml')!r}}})\n"
    )
    probe = {"token_file": "probe_token", "users": 3, "search": M51}
    hub = Probed(directory, _provider, more=more, probe=probe, **OFFER)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


@pytest.fixture(scope="module")
def file(demo_data: Any) -> str:
    """A file of the demo's data lake."""
    smallest = min(demo_data.files, key=lambda each: each.size)
    return f"demo-lake=demo:{smallest.name}"


def test_a_user_does_it_all_and_is_gone(site: Probed, file: str) -> None:
    code, report = site.probed("--stage", file)
    assert report["failures"] == []
    assert (code, report["ok"]) == (0, True)
    assert [step["step"] for step in report["steps"]] == STEPS
    assert site.synthetic_users() == {}
    assert not list(site.directory.glob("homes/*/esap-probe-*"))


def test_three_users_at_once_search_and_are_gone(site: Probed, tmp_path: Path) -> None:
    # They stage nothing: the demo's Rucio, on SQLite, does not always bear several sign-ins at once.
    metrics = tmp_path / "esap.prom"
    code, report = site.probed("--users", "3", "--metrics", str(metrics))
    assert report["failures"] == []
    assert (code, report["ok"]) == (0, True)
    assert [step["step"] for step in report["steps"]] == [step for step in STEPS if step != "staging"]
    assert {step["n"] for step in report["steps"] if step["step"] != "provider"} == {3}
    assert all(0 < step["p50"] <= step["p95"] <= step["max"] for step in report["steps"])
    assert site.synthetic_users() == {}
    written = metrics.read_text()
    assert "esap_probe_success 1.0" in written
    assert 'esap_probe_step_seconds{quantile="0.95",step="spawn"}' in written


def test_what_fails_is_told_in_words_and_everything_is_removed_all_the_same(site: Probed) -> None:
    code, report = site.probed("--users", "2", "--search", "away=10 20")
    assert code == 1
    assert {each["user"] for each in report["failures"]} == {"esap-probe-001", "esap-probe-002"}
    assert {(each["step"], each["code"]) for each in report["failures"]} == {
        ("search", "service-unreachable")
    }
    code, report = site.probed("--profile", "lap")
    (failure,) = report["failures"]
    assert (code, failure["step"]) == (1, "spawn")
    assert "There is no profile 'lap' for you. Choose: lab." in failure["message"]
    assert site.synthetic_users() == {}


def test_people_read_a_table_and_what_failed(site: Probed) -> None:
    with site.probe("--profile", "lap", "--users", "2") as probing:
        said, _ = probing.communicate(timeout=120)
    lines = said.splitlines()
    assert lines[2].split() == ["step", "n", "failed", "p50", "s", "p95", "s", "max", "s"]
    assert any(line.split()[:5] == ["spawn", "2", "2", "-", "-"] for line in lines)
    assert lines[-1].startswith("spawn failed 2 x, input: There is no profile 'lap' for you.")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_is_stopped_removes_what_it_made(site: Probed, number: int) -> None:
    with site.probe("--users", "3") as probing:
        try:
            site.wait(lambda: len(site.synthetic_users()) == 3 and any(site.synthetic_users().values()))
            probing.send_signal(number)
            _, words = probing.communicate(timeout=120)
        finally:
            probing.kill()
    assert probing.returncode == 130
    assert words.split("\n", 1)[0] == "Stopping: servers and users are being removed."
    assert words.rstrip().endswith("Stopped.")
    assert site.synthetic_users() == {}


def test_the_token_is_good_for_synthetic_users_only(site: Probed) -> None:
    alice = site.sign_in("alice")
    for method, path in (("GET", ""), ("POST", "/server"), ("DELETE", "")):
        assert site.ask(method, f"/users/alice{path}", token=TOKEN).status_code in {403, 404}
    assert site.ask("POST", "/users/esap-probe-004", token=TOKEN).status_code == 404
    # Renamed like a person who has not come yet, it would be that person's account.
    assert site.ask("POST", "/users/esap-probe-001", token=TOKEN).status_code == 201
    renamed = site.ask("PATCH", "/users/esap-probe-001", token=TOKEN, json={"name": "bob"})
    assert renamed.status_code == 403
    assert site.ask("DELETE", "/users/esap-probe-001", token=TOKEN).status_code == 204
    assert site.ask("GET", "/user", browser=alice).json()["name"] == "alice"
    refused = requests.Session()
    page = site.provider.sign_in(refused, f"{site.url}/hub/oauth_login?next=/hub/home", "esap-probe-001")
    assert page.status_code == 403


def test_one_that_may_do_too_much_or_finds_too_few_users_does_not_begin(site: Probed, tmp_path: Path) -> None:
    metrics = tmp_path / "esap.prom"
    with site.probe("--users", "4", "--metrics", str(metrics)) as probing:
        assert "This hub has 3 synthetic users." in probing.communicate(timeout=60)[1]
    assert probing.returncode == 1
    assert "esap_probe_success 0.0" in metrics.read_text()
    mighty = tmp_path / "token"
    mighty.touch(0o600)
    mighty.write_text(site.server_token(site.sign_in("alice"), "admin:users", "read:users"))
    with site.probe("--token-file", str(mighty)) as probing:
        assert "may administer everybody" in probing.communicate(timeout=60)[1]
    assert site.ask("POST", "/users/esap-probe-001", token=TOKEN).status_code == 201
    with site.probe("--users", "3") as probing:
        assert "Only 2 of this hub's 3 synthetic users are free." in probing.communicate(timeout=60)[1]
    assert list(site.synthetic_users()) == ["esap-probe-001"]
    assert site.ask("DELETE", "/users/esap-probe-001", token=TOKEN).status_code == 204
