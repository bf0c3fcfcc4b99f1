"""A server in a process of its own, and how fast it answers."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from benchmarks.figure import Unavailable
from tests.services.processes import free_ports

TOKEN = "benchmark"
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """A server that runs; asked over one connection that stays open."""

    port: int
    connection: http.client.HTTPConnection

    def seconds(self, path: str) -> float:
        """How long one answer takes."""
        began = time.perf_counter()
        self.ask(path)
        return time.perf_counter() - began

    def ask(self, path: str, method: str = "GET", body: str | None = None) -> bytes:
        self.connection.request(method, path, body, {"Authorization": f"token {TOKEN}"})
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status < 400, (path, answer.status, content[:300])
        return content


@contextlib.contextmanager
def serving(command: list[str], directory: Path, environment: Mapping[str, str]) -> Iterator[Served]:
    """Run a server; ``{port}`` in the command is where it listens."""
    (port,) = free_ports(1)
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=directory,
            env={**os.environ, "JUPYTER_TOKEN": TOKEN, **environment},
            stdout=log,
            stderr=log,
        )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                connection.connect()
                break
            except OSError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    said = (directory / "server.log").read_text()[-1000:]
                    raise Unavailable(f"the server did not start: {said}") from error
                time.sleep(0.1)
        yield Served(port, connection)
    finally:
        connection.close()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def esap_serving(services: Mapping[str, Mapping[str, Any]], directory: Path) -> Iterator[Served]:
    """`esap serve`, with these services and a state of its own."""
    config = directory / "esap.toml"
    config.write_text(tomli_w.dumps({"services": services, "storage": storage(directory)}))
    program = "from esap_jupyter.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", "{port}"]
    with serving(command, directory, {"ESAP_CONFIG": str(config)}) as served:
        yield served


def storage(directory: Path) -> dict[str, str]:
    """The configuration's section for state, cache and workspace in a directory."""
    return {
        "state_directory": str(directory / "state"),
        "cache_directory": str(directory / "cache"),
        "workspace": str(directory),
    }
