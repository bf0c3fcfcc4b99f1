"""`esap serve`: the resources without JupyterLab, and nothing that runs code."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.processes import free_ports


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """Where it serves, started as a hub would."""
    (port,) = free_ports(1)
    environment = {
        **os.environ,
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}",
        "JUPYTERHUB_SERVICE_PREFIX": "/services/esap/",
        "JUPYTER_TOKEN": "s3cret",
        "HOME": str(tmp_path),
    }
    command = [sys.executable, "-c", "from esap_jupyter.cli import main; main()", "serve"]
    process = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}/services/esap"
    try:
        deadline = time.monotonic() + 60
        while status(f"{address}/esap/api/status") == 0:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    assert "s3cret" not in log
    assert process.returncode == 0


def status(url: str, token: str = "") -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"token {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_serves_the_resources_to_who_has_the_token(served: str) -> None:
    assert status(f"{served}/esap/api/status") == 403
    assert status(f"{served}/esap/api/status", "wrong") == 403
    assert status(f"{served}/esap/api/status", "s3cret") == 200
    assert status(f"{served}/esap/openapi.json", "s3cret") == 200
    assert status(f"{served}/esap/api/services", "s3cret") == 200


def test_runs_no_code(served: str) -> None:
    for path in ("api/kernels", "api/terminals", "api/sessions", "lab"):
        assert status(f"{served}/{path}", "s3cret") == 404, path


def test_installing_enables_the_extension() -> None:
    import esap_jupyter.handlers

    enabled = json.loads(
        Path(esap_jupyter.handlers.__file__).with_name("jupyter_server_config.json").read_text()
    )

    assert enabled == {"ServerApp": {"jpserver_extensions": {"esap_jupyter": True}}}
