"""A Docker Swarm of two machines: the tests' engine, and another one in a network namespace of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tests.services.docker_engine import DockerEngine
from tests.services.docker_hub import SWARM_NETWORKS, USER_IMAGE, ContainerServer, DockerHub
from tests.services.processes import Process, ServiceFailed, run

_NAMESPACE, _OUTSIDE, _INSIDE = "esap-swarm", "esap-swarm0", "esap-swarm1"
_MANAGER, _WORKER = "10.99.77.1", "10.99.77.2"
# What Docker before 25 does not read of a service.
_OPTIONS = ("--no-new-privileges",)
_LOAD_SECONDS = 300
_LEAVE_SECONDS = 30


class Swarm:
    """The two machines; the other one reaches nothing but the first.

    Parameters
    ----------
    site : DockerHub
        On whose machine the hub is, and whose shared directory both machines have.
    directory : Path
        Is the other machine's.
    """

    def __init__(self, site: DockerHub, directory: Path) -> None:
        self.manager = site.engine
        self.worker = _Worker(directory)
        self.shared = site.shared

    def start(self) -> None:
        """Have the other machine join the tests' engine, with the image of people's servers on it."""
        self.shared.mkdir()
        os.chown(self.shared, 1000, 1000)
        _make_network()
        (worker,) = self.worker.processes()
        worker.start()
        worker.wait_until_ready()
        with subprocess.Popen(
            ["docker", "save", USER_IMAGE],
            stdout=subprocess.PIPE,
            env={**os.environ, **self.manager.environment},
        ) as saved:
            subprocess.run(
                ["docker", "load", "--quiet"],
                stdin=saved.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
                timeout=_LOAD_SECONDS,
                env={**os.environ, **self.worker.environment},
            )
        self.manager.docker("swarm", "init", "--advertise-addr", _MANAGER, "--listen-addr", _MANAGER)
        token = self.manager.docker("swarm", "join-token", "--quiet", "worker")
        self.worker.docker("swarm", "join", "--token", token, "--advertise-addr", _WORKER, _MANAGER)

    def stop(self) -> None:
        """End it; the tests' engine goes on."""
        (worker,) = self.worker.processes()
        for engine in (self.worker, self.manager):
            with suppress(ServiceFailed):  # it has not joined
                engine.docker("swarm", "leave", "--force", seconds=_LEAVE_SECONDS)
        worker.stop()
        for command in (f"ip netns delete {_NAMESPACE}", f"ip route delete unreachable {SWARM_NETWORKS}"):
            with suppress(ServiceFailed):
                run(*command.split())

    @contextmanager
    def only_here(self) -> Iterator[None]:
        """Let servers start on the hub's machine only; otherwise the machine with fewer is preferred."""
        worker = self.manager.docker("node", "ls", "--quiet", "--filter", "role=worker")
        self.manager.docker("node", "update", "--availability", "drain", worker)
        yield
        self.manager.docker("node", "update", "--availability", "active", worker)


class _Worker(DockerEngine):
    """The other machine's engine."""

    def processes(self) -> list[Process]:
        (engine,) = super().processes()
        # Not `ip netns exec`: it hides the control groups.
        return [
            replace(engine, command=("nsenter", f"--net=/run/netns/{_NAMESPACE}", *engine.command, *_OPTIONS))
        ]


class SwarmServer(ContainerServer):
    """A person's server, on whichever machine the Swarm has it."""

    def __init__(self, site: DockerHub, swarm: Swarm, account: str, **chosen: str) -> None:
        self.swarm = swarm
        super().__init__(site, account, profile="swarm", **chosen)

    @property
    def machine(self) -> str:
        """Where it runs: ``manager`` or ``worker``."""
        return next(name for name in ("manager", "worker") if self._on(getattr(self.swarm, name)))

    @property
    def engine(self) -> DockerEngine:
        return self.swarm.manager if self.machine == "manager" else self.swarm.worker

    @property
    def container(self) -> str:
        return self._on(self.engine)

    def _on(self, engine: DockerEngine) -> str:
        return engine.docker("ps", "--quiet", "--filter", f"name=^jupyter-{self.account}\\.")


def _make_network() -> None:
    for command in (
        f"ip netns add {_NAMESPACE}",
        f"ip link add {_OUTSIDE} type veth peer name {_INSIDE} netns {_NAMESPACE}",
        f"ip address add {_MANAGER}/30 dev {_OUTSIDE}",
        f"ip link set {_OUTSIDE} up",
        f"ip -n {_NAMESPACE} address add {_WORKER}/30 dev {_INSIDE}",
        f"ip -n {_NAMESPACE} link set {_INSIDE} up",
        f"ip -n {_NAMESPACE} link set lo up",
        # What a server tries to reach of other people's networks goes nowhere else.
        f"ip route add unreachable {SWARM_NETWORKS}",
    ):
        run(*command.split())
