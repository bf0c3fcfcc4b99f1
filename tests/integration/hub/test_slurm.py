"""One hub, two facilities: processes of its own machine, and jobs of a real Slurm cluster."""

from __future__ import annotations

import pwd
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import running
from tests.services.hub import Hub
from tests.services.oidc_provider import OidcProvider
from tests.services.processes import run
from tests.services.slurm import Slurm

OFFER: dict[str, Any] = {
    "sizes": {
        "small": {"title": "Small", "memory": "1G", "cpu": 1},
        "large": {"title": "Large", "memory": "3G", "cpu": 1.5},
        "huge": {"title": "Huge", "memory": "900G", "cpu": 1},
    },
    "profiles": {
        "here": {"title": "This machine", "facility": "here", "sizes": ["small"]},
        "there": {"title": "The cluster", "facility": "cluster", "sizes": ["small", "large", "huge"]},
    },
}


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    with running(Slurm()) as service:
        yield service


@pytest.fixture
def site(
    tmp_path_factory: pytest.TempPathFactory,
    provider: OidcProvider,
    slurm: Slurm,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Hub]:
    """A hub whose people choose between the two."""
    monkeypatch.setenv("SLURM_CONF", str(slurm.configuration))
    hub_api = f"http://127.0.0.1:{provider.ports['hub_api']}"
    cluster = {
        "spawner": "slurm",
        "hub": hub_api,
        "environment": str(slurm.environment),
        "user": "esap-{name}",
        "users": {"user01": "root"},
        "partition": "interactive",
        "time_limit": "0:30:00",
        "directory": "{home}/work",
        "node_address": "127.0.0.1",
    }
    more = (
        f"c.LocalSpawner.cmd = [{sys.executable!r}, '-m', 'jupyterhub.singleuser', '--allow-root']\n"
        "c.JupyterHub.log_level = 'DEBUG'\n"
    )
    facilities = {"here": {"spawner": "local"}, "cluster": cluster}
    hub = Hub(tmp_path_factory.mktemp("slurm"), provider, more=more, facilities=facilities, **OFFER)
    hub.start()
    try:
        yield hub
    finally:
        slurm.cancel_all()
        hub.stop()


def test_one_person_has_a_server_here_and_one_on_the_cluster(site: Hub, slurm: Slurm) -> None:
    alice = site.sign_in("alice")
    assert site.ask("POST", "/users/alice/servers/near", browser=alice, json={"profile": "here"}).ok
    chosen = {"profile": "there", "size": "large"}
    site.start_server(alice, "alice", **chosen)
    site.wait(lambda: site.servers(alice, "alice")["near"]["ready"])

    [job] = [job for job in slurm.jobs() if job["job_state"] == "RUNNING"]
    assert job["user_name"] == "esap-alice"
    assert (job["memory_per_node"], job["cpus"], job["time_limit"]) == (3072, 2, 30)
    (slurm.home("alice") / "work/mine.txt").touch()
    seen = alice.get(f"{site.url}/user/alice/api/contents", timeout=30).json()["content"]
    assert [file["name"] for file in seen] == ["mine.txt"]

    token = _token_in_the_job()
    told = [slurm.ask("scontrol", "show", "job", "--details", str(job["job_id"]))]
    told.append(slurm.ask("scontrol", "write", "batch_script", str(job["job_id"]), "-"))
    assert "esap-server" in told[0]
    assert "exec batchspawner-singleuser jupyterhub-singleuser" in told[1]
    assert token not in site.log + "".join(told)
    assert _found_by("esap-alice", token, slurm.directory) != ""
    assert _found_by("esap-bob", token, slurm.directory) == ""

    # The job may tell its port once, and nothing else of what the hub does.
    for sent, status in (({"batch_cancel_cmd": "reboot"}, 400), ({"port": 22}, 400), ({"port": 8888}, 404)):
        assert site.ask("POST", "/batchspawner", token=token, json=sent).status_code == status

    site.stop()
    site.start()
    assert {name: server["ready"] for name, server in site.servers(alice, "alice").items()} == {
        "": True,
        "near": True,
    }
    assert alice.get(f"{site.url}/user/alice/api/status", timeout=30).ok
    assert site.ask("DELETE", "/users/alice/server", browser=alice).ok
    site.wait(lambda: "" not in site.servers(alice, "alice"))
    assert [each["job_state"] for each in slurm.jobs() if each["job_id"] == job["job_id"]] == ["CANCELLED"]
    assert site.servers(alice, "alice")["near"]["ready"]
    assert site.ask("DELETE", "/users/alice/servers/near", browser=alice).ok
    site.wait(lambda: not site.servers(alice, "alice"))


def test_waiting_is_told_and_ends_when_one_has_enough_of_it(site: Hub, slurm: Slurm) -> None:
    bob = site.sign_in("bob")
    other = slurm.ask(
        "sbatch", "--parsable", "--uid=esap-alice", "--chdir=/tmp", "--exclusive", "--wrap=sleep 300"
    )
    site.wait(lambda: _states(slurm)[int(other)] == "RUNNING")
    assert site.ask("POST", "/users/bob/server", browser=bob, json={"profile": "there"}).status_code == 202
    words = "Waiting in the queue of partition interactive, place 1 of 1, no node is free"
    with site.ask("GET", "/users/bob/server/progress", browser=bob, stream=True) as answer:
        assert any(words in line for line in answer.iter_lines(decode_unicode=True))
    [mine] = [job["job_id"] for job in slurm.jobs() if job["job_state"] == "PENDING"]
    # One who changes their mind stops what has not begun.
    site.wait(lambda: site.ask("DELETE", "/users/bob/server", browser=bob).ok)
    site.wait(lambda: _states(slurm)[mine] == "CANCELLED")


def test_what_the_cluster_refuses_is_told(site: Hub) -> None:
    bob, stranger = site.sign_in("bob"), site.sign_in("user01")
    refused = site.ask("POST", "/users/bob/server", browser=bob, json={"profile": "there", "size": "huge"})
    assert (refused.status_code, "Memory specification can not be satisfied" in refused.text) == (503, True)
    refused = site.ask("POST", "/users/user01/server", browser=stranger, json={"profile": "there"})
    words = "user01 has no account at this cluster (root)."
    assert (refused.status_code, words in refused.text) == (403, True)


def _states(slurm: Slurm) -> dict[int, str]:
    return {job["job_id"]: job["job_state"] for job in slurm.jobs()}


def _token_in_the_job() -> str:
    """The hub's token in the only place where it may be: the memory of what runs as the person."""
    person = pwd.getpwnam("esap-alice").pw_uid
    mine = [process for process in Path("/proc").glob("[0-9]*") if process.stat().st_uid == person]
    variables = [each for process in mine for each in (process / "environ").read_bytes().split(b"\0")]
    [token] = {each for each in variables if each.startswith(b"JUPYTERHUB_API_TOKEN=")}
    return token.decode().partition("=")[2]


def _found_by(person: str, token: str, directory: Path) -> str:
    """Where somebody finds it who looks at all processes and all files of the cluster."""
    home = pwd.getpwnam("esap-alice").pw_dir
    places = f"/proc/[0-9]*/environ /proc/[0-9]*/cmdline {home} spool state log munge slurm.conf"
    look = f'cd {directory}; read -r token; echo "$token" | grep -rlsaF -f - {places}; true'
    return run("sh", "-c", look, user=person, input_text=token)
