"""What `site.toml` says of facilities, and what they make of an order."""

from __future__ import annotations

import pwd
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import tomli_w

from esap_jupyter.errors import ConfigError, NotAllowed
from esap_jupyter.hub.facilities import Order
from esap_jupyter.hub.facilities.settings import SlurmFacility
from esap_jupyter.hub.facilities.slurm import JobSpawner
from esap_jupyter.hub.site import Site, load_site

ROOT = Path(__file__).resolve().parents[3]
SITE = {
    "site": {"url": "https://jupyter.example.org"},
    "sign_in": {"issuer": "https://iam.example.org/", "client_id": "hub", "allowed_groups": ["/escape"]},
    "images": {"esap": {"title": "ESAP", "image": "esap/user:0.1.0"}},
    "sizes": {name: {"title": name, "memory": "4G", "cpu": 2} for name in ("small", "large")},
}


def load(directory: Path, text: str) -> Site:
    given = tomllib.loads(text)
    path = directory / "site.toml"
    path.write_text(tomli_w.dumps({**SITE, **given, "sizes": SITE["sizes"] | given.get("sizes", {})}))
    return load_site(path)


def examples() -> list[str]:
    page = (ROOT / "docs/operate/facilities.md").read_text()
    parts = sorted(ROOT.glob("hub_config/*/site.toml"))
    return re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE) + [
        part.read_text() for part in parts
    ]


@pytest.mark.parametrize("text", examples(), ids=lambda text: text.splitlines()[0])
def test_the_examples_are_right(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).profiles


class Submitted(JobSpawner):
    """A job whose submission is looked at."""

    command = script = ""

    async def run_command(self, command: str, *, input: str, env: dict[str, str]) -> str:  # noqa: A002
        self.command, self.script = command, input
        assert env["JUPYTERHUB_API_TOKEN"] == "hub-token"
        return "17"

    def get_env(self) -> dict[str, str]:
        return {"JUPYTERHUB_API_TOKEN": "hub-token", "JUPYTERHUB_USER": "alice"}


async def test_an_image_is_a_job_that_runs_by_apptainer(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = pwd.struct_passwd(("a-alice", "x", 2001, 2001, "", "/home/a alice", "/bin/bash"))
    monkeypatch.setattr(pwd, "getpwnam", {"a-alice": alice}.__getitem__)
    job = Submitted(user=SimpleNamespace(name="alice", url="/user/alice/"), mem_limit="4G", cpu_limit=1.5)
    job.facility = SlurmFacility(
        spawner="slurm",
        hub="http://10.0.0.5:8081",
        user="a-{name}",
        directory="/scratch/{user}",
        setup=("module load cuda",),
        options=("--qos=interactive",),
    )
    job.order = Order("esap/user:0.1.0", gpus=2)
    job.cmd = ["jupyterhub-singleuser"]
    await job.submit_batch_script()
    assert job.job_id == "17"
    assert job.command == (
        "umask 077; runuser -u a-alice -- sbatch --parsable --job-name=esap-server '--chdir=/home/a alice' "
        "'--output=/home/a alice/.esap-server-default.log' --time=8:00:00 --mem=4096M --cpus-per-task=2 "
        "--gres=gpu:2 --export=JUPYTERHUB_API_TOKEN,JUPYTERHUB_USER --qos=interactive"
    )
    assert job.script.splitlines()[2:] == [
        "module load cuda",
        "mkdir -p /scratch/a-alice && cd /scratch/a-alice",
        "exec apptainer exec --nv docker://esap/user:0.1.0 batchspawner-singleuser jupyterhub-singleuser",
    ]


def test_a_cluster_needs_an_environment_or_images(tmp_path: Path) -> None:
    text = """
        facilities.cluster = {spawner = "slurm", hub = "http://10.0.0.5:8081"}
        profiles.cluster = {title = "Cluster", facility = "cluster", sizes = ["small"]}
    """
    with pytest.raises(ConfigError, match="containers need images"):
        load(tmp_path, text)


SAID = {
    "echo 'RUNNING|None|2026-11-22T10:00:00|node1'": None,
    "echo 'SUSPENDED|None|2026-11-22T10:00:00|node1'": None,
    "echo 'slurm_load_jobs error: Slurm backup controller in standby mode' >&2; exit 1": None,
    "echo 'runuser: user alice does not exist' >&2; exit 1": None,
    "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1": 1,
    "echo 'TIMEOUT|TimeLimit|2026-11-22T10:00:00|node1'": 1,
    "true": 1,
}


@pytest.mark.parametrize(("asked", "status"), SAID.items(), ids=SAID)
async def test_a_job_is_given_up_only_when_slurm_says_that_it_is_over(asked: str, status: int | None) -> None:
    job = JobSpawner(exec_prefix="", batch_query_cmd=asked, job_id="17")
    assert await job.poll() == status
    assert job.job_id == ("17" if status is None else "")


async def test_a_query_has_nothing_of_the_hubs_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIGPROXY_AUTH_TOKEN", "secret")
    assert "CONFIGPROXY" not in await JobSpawner(exec_prefix="").run_command("env")


@pytest.mark.parametrize(
    ("number", "shell"), [(0, "/bin/bash"), (64030, "/bin/bash"), (65534, "/bin/sh"), (1005, "/sbin/nologin")]
)
async def test_the_systems_own_users_start_nothing(
    monkeypatch: pytest.MonkeyPatch, number: int, shell: str
) -> None:
    entry = pwd.struct_passwd(("slurm", "x", number, number, "", "/nonexistent", shell))
    monkeypatch.setattr(pwd, "getpwnam", lambda _: entry)
    job = Submitted(user=SimpleNamespace(name="slurm", url="/user/slurm/"))
    job.facility = SlurmFacility(spawner="slurm", hub="http://10.0.0.5:8081")
    with pytest.raises(NotAllowed, match="no account at this cluster"):
        await job.submit_batch_script()
