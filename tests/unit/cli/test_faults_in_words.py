"""What the command says when something goes wrong: a sentence, a hint, an exit code, no stack trace."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services.fault_server import FaultServer, refused_url

ESAP = [sys.executable, "-c", "from esap_jupyter.cli import main; main()"]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def environment(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """The environment in which there is one TAP service, at this address."""

    def make(tap: str) -> dict[str, str]:
        config = tmp_path / "esap.toml"
        config.write_text(
            f"""
[storage]
state_directory = "{tmp_path}/state"
cache_directory = "{tmp_path}/cache"
workspace = "{tmp_path}/workspace"

[services.archive]
connector = "vo"
tap = "{tap}"
deadline = 2
sync_seconds = 1
"""
        )
        return {**os.environ, "ESAP_CONFIG": str(config)}

    return make


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("down", "archive: 127.0.0.1"),
        ("hang", "archive: "),
        ("html", "Welcome to the archive"),
        ("bomb", "entities"),
        ("malformed", "not well-formed"),
        ("error-400", "Column parallex does not exist (at char 7), (line:1, col:8)"),
        ("redirect-private", "private address"),
    ],
)
def test_a_query_that_fails(
    server: FaultServer, environment: Callable[[str], dict[str, str]], fault: str, says: str
) -> None:
    server.rows = 1
    tap = f"{refused_url()}/tap" if fault == "down" else server.tap(fault)

    answer = subprocess.run(
        [*ESAP, "adql", "SELECT parallex FROM cat.main", "-s", "archive"],
        env=environment(tap),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: archive: ")
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not answer.stdout


def test_a_table_that_is_cut_says_so(
    server: FaultServer, environment: Callable[[str], dict[str, str]]
) -> None:
    answer = subprocess.run(
        [*ESAP, "adql", "SELECT * FROM cat.main", "-s", "archive"],
        env=environment(server.tap("overflow")),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "5 rows (cut by archive" in answer.stdout


def test_ctrl_c_during_a_query_deletes_the_services_job(
    server: FaultServer, environment: Callable[[str], dict[str, str]]
) -> None:
    process = subprocess.Popen(
        [*ESAP, "adql", "SELECT * FROM cat.main", "-s", "archive", "--mode", "async"],
        env=environment(server.tap("job-queued")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    server.wait_for("POST", "/phase", seconds=30)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in said
    assert time.monotonic() - begun < 10
    assert all(job.deleted.is_set() for job in server.jobs.values())
