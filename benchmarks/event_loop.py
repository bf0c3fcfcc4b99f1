"""How soon a server answers `/api/status` while 200 requests hang on services that stand still.

Rucio is the demo's, stopped by a signal; a VO service takes requests and never answers. `floor` is the same
server when nobody asks anything. `peer` is rucio-jupyterlab, in an environment of its own, with as many
listings of the same Rucio; `peer_signing_in` is the slowest answer of it while one person signs in to that
Rucio, which it does on its event loop (Rucio stands still for `STALL_SECONDS`). The load comes from a process
of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import platformdirs

from benchmarks.figure import Figure, medians, tell
from benchmarks.served import TOKEN, Served, esap_serving, serving
from esap_jupyter.demo.data import make_demo_data
from esap_jupyter.demo.rucio import SERVICE, RunningRucio, start_rucio
from tests.services.fault_server import FaultServer
from tests.services.service import services_directory

IN_FLIGHT = 200
ASKED = 200
ROUNDS = 3
SETTLE_SECONDS = 3.0
STALL_SECONDS = 3.0
PATHS = (
    "/esap/api/datalakes/demo-lake/scopes",
    "/esap/api/datalakes/demo-lake/dids?scope=demo",
    "/esap/api/services/hung/tables",
    "/esap/api/services/hung/check",
)

PEER = "rucio-jupyterlab==41.0.0"
PEER_PATHS = (
    "/rucio-jupyterlab/list-scopes?namespace=demo",
    "/rucio-jupyterlab/did-search?namespace=demo&type=all&did=demo:*",
)

# Sends so many requests at once, says so, waits until its standard input is closed, and says how many of them
# were answered.
_LOAD = """
import asyncio, sys
port, token, count, *paths = sys.argv[1:]
REQUEST = "GET {} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nAuthorization: token {}\\r\\n\\r\\n"

async def ask(path):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    writer.write(REQUEST.format(path, token).encode())
    await writer.drain()
    return asyncio.create_task(reader.read(1)), writer

async def main():
    asked = [await ask(paths[number % len(paths)]) for number in range(int(count))]
    print("asked", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(sum(answer.done() for answer, _ in asked), flush=True)

asyncio.run(main())
"""


def event_loop() -> Figure:
    """The 95th percentile of `/api/status`, busy and idle."""
    python = _peer_environment()
    with (
        tempfile.TemporaryDirectory() as name,
        FaultServer() as hung,
        _rucio(Path(name) / "rucio") as rucio,
    ):
        # Longer than a round: no request ends by itself.
        vo = {"connector": "vo", "tap": hung.tap("hang"), "deadline": 120.0}
        lake = {**rucio.services[SERVICE], "deadline": 120.0}
        with (
            esap_serving({SERVICE: lake, "hung": vo}, Path(name)) as ours,
            _peer_serving(python, rucio, Path(name) / "peer") as peer,
        ):
            ours.ask("/esap/api/services")
            taken = medians(
                ROUNDS,
                ours=lambda: _while_frozen(ours, rucio, PATHS),
                peer=lambda: _while_frozen(peer, rucio, PEER_PATHS),
                floor=lambda: _percentile(ours),
            )
            stalled = _while_signing_in(peer, rucio)
    more = {
        "in_flight": IN_FLIGHT,
        "percentile": 95,
        "peer_version": PEER,
        "peer_signing_in": stalled,
    }
    return Figure("event-loop", "ms", ours=taken["ours"], peer=taken["peer"], floor=taken["floor"], more=more)


def _peer_environment() -> Path:
    """Make the peer's environment, once; returns its Python."""
    version = f"py{sys.version_info.major}.{sys.version_info.minor}"
    directory = platformdirs.user_cache_path("esap") / f"{PEER}-{version}"
    python = directory / "bin" / "python"
    made = directory / "made"
    if not made.exists():
        tell(f"Installing {PEER} into {directory} (once; about a minute)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(directory)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEER]
        subprocess.run(install, check=True)
        made.touch()
    return python


@contextlib.contextmanager
def _peer_serving(python: Path, rucio: RunningRucio, directory: Path) -> Iterator[Served]:
    """A Jupyter server with the peer only, signed in to Rucio."""
    directory.mkdir()
    instance = {
        "name": "demo",
        "display_name": "demo",
        "rucio_base_url": rucio.url,
        "rucio_ca_cert": str(rucio.ca_file),
        "mode": "download",
        "wildcard_enabled": True,
    }
    settings = {
        "RucioConfig": {"instances": [instance]},
        "ServerApp": {
            "jpserver_extensions": {"rucio_jupyterlab": True},
            "allow_root": True,
            "port_retries": 0,
        },
    }
    config = directory / "peer.json"
    config.write_text(json.dumps(settings))
    command = [str(python), "-m", "jupyter_server", "--no-browser", "--ip=127.0.0.1", "--port={port}"]
    with serving([*command, f"--config={config}"], directory, {"HOME": str(directory)}) as served:
        served.ask("/rucio-jupyterlab/auth", "PUT", _sign_in(rucio))
        served.ask("/rucio-jupyterlab/instances", "PUT", json.dumps({"instance": "demo", "auth": "userpass"}))
        for path in PEER_PATHS:
            served.ask(path)
        yield served


def _sign_in(rucio: RunningRucio) -> str:
    table = rucio.services[SERVICE]
    password = Path(table["password_file"]).read_text(encoding="utf-8").strip()
    who = {"username": table["username"], "password": password, "account": table["account"]}
    return json.dumps({"namespace": "demo", "type": "userpass", "params": who})


def _percentile(served: Served) -> float:
    """Milliseconds, of requests one after the other with a little pause."""
    taken = []
    for _ in range(ASKED):
        taken.append(1000 * served.seconds("/api/status"))
        time.sleep(0.005)
    return sorted(taken)[ASKED * 95 // 100]


def _while_frozen(served: Served, rucio: RunningRucio, paths: Sequence[str]) -> float:
    with _stopped(rucio), _load(served, paths):
        return _percentile(served)


def _while_signing_in(peer: Served, rucio: RunningRucio) -> float:
    """Milliseconds of one `/api/status` of the peer while it signs in to the Rucio that stands still."""
    beside = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=60)
    waking = threading.Timer(STALL_SECONDS, lambda: _signal(rucio, signal.SIGCONT))
    try:
        with _stopped(rucio):
            waking.start()
            headers = {"Authorization": f"token {TOKEN}"}
            beside.request("PUT", "/rucio-jupyterlab/auth", _sign_in(rucio), headers)
            time.sleep(0.2)  # the request is there before the next one
            return 1000 * peer.seconds("/api/status")
    finally:
        waking.join()
        beside.close()


@contextlib.contextmanager
def _load(served: Served, paths: Sequence[str]) -> Iterator[None]:
    command = [sys.executable, "-c", _LOAD, str(served.port), TOKEN, str(IN_FLIGHT), *paths]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"asked\n"
        yield
    finally:
        process.stdin.close()
        answered = int(process.stdout.readline())
        process.wait()
        process.stdout.close()
    assert not answered, f"{answered} of the requests did not wait"


@contextlib.contextmanager
def _stopped(rucio: RunningRucio) -> Iterator[None]:
    """Rucio and its storages, as if their machine stood still."""
    _signal(rucio, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(rucio, signal.SIGCONT)
        # What has piled up is worked off before anything else is measured.
        time.sleep(SETTLE_SECONDS)


def _signal(rucio: RunningRucio, number: signal.Signals) -> None:
    for child in rucio._children:  # noqa: SLF001 - each leads a session of its own
        os.killpg(child.pid, number)


@contextlib.contextmanager
def _rucio(directory: Path) -> Iterator[RunningRucio]:
    data = make_demo_data(services_directory() / "demo-data")
    with asyncio.Runner() as runner:
        rucio = runner.run(start_rucio(directory, data, tell))
        try:
            yield rucio
        finally:
            runner.run(rucio.stop())


BENCHMARKS = {"event-loop": event_loop}
