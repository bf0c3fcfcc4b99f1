"""Processes that outlive the command that started them: one pid file and one log each."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


class ServiceFailed(Exception):
    """A service could not be set up, started or stopped; the message says which, why and where its log is."""


@dataclass(frozen=True)
class Process:
    """A long-running program of a service.

    Attributes
    ----------
    user : str
        Who it runs as when we are root (PostgreSQL and XRootD refuse to run as root); "" is ourselves.
    ready : callable
        Whether it serves.
    stop_signal : int
        What makes it end soon and cleanly.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    ready: Callable[[], bool]
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM

    @property
    def log(self) -> Path:
        return self.directory / "log" / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        return self.directory / "run" / f"{self.name}.json"

    @property
    def pid(self) -> int | None:
        """Its process id, or None if it does not run. A later process with that id is not taken for it."""
        try:
            noted = json.loads(self.pid_file.read_text())
        except FileNotFoundError:
            return None
        return noted["pid"] if _started_at(noted["pid"]) == noted["started_at"] else None

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.pid is not None:
            return
        for file in (self.log, self.pid_file):
            file.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **run_as(self.user),
            )
        self.pid_file.write_text(json.dumps({"pid": process.pid, "started_at": _started_at(process.pid)}))
        # Not ours to wait for: it is to outlive us, and whoever stops it watches /proc.
        process.returncode = 0

    def wait_until_ready(self, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not self.ready():
            if self.pid is None:
                raise ServiceFailed(f"{self.name} ended at once. {self._last_words()}")
            if time.monotonic() > deadline:
                raise ServiceFailed(f"{self.name} does not serve after {seconds:.0f} s. {self._last_words()}")
            time.sleep(0.05)

    def signal(self, number: int) -> None:
        """Send a signal to it and its children."""
        if (pid := self.pid) is not None:
            os.killpg(pid, number)

    def stop(self, seconds: float = 20) -> None:
        """Ask it to end, insist after a while; does nothing if it does not run."""
        if (pid := self.pid) is not None:
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, self.stop_signal)
            deadline = time.monotonic() + seconds
            while self.pid is not None:
                if time.monotonic() > deadline:
                    os.killpg(pid, signal.SIGKILL)
                time.sleep(0.05)
        self.pid_file.unlink(missing_ok=True)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-5:]
        return f"{self.log} ends with: " + " / ".join(lines)


def run_as(user: str) -> dict[str, object]:
    """Arguments for `subprocess` that run a program as `user`, if we are root."""
    if not user or os.geteuid() != 0:
        return {}
    return {"user": user, "group": _group_of(user), "extra_groups": []}


def run(
    *command: str,
    user: str = "",
    input_text: str = "",
    directory: Path = Path("/"),
    seconds: float | None = None,
    **environment: str,
) -> str:
    """Run a program to its end and return what it said.

    Raises
    ------
    ServiceFailed
        If it fails, with the end of what it said, or takes longer than allowed.
    """
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            input=input_text,
            capture_output=True,
            text=True,
            check=False,
            cwd=directory,
            timeout=seconds,
            **run_as(user),
        )
    except subprocess.TimeoutExpired as late:
        raise ServiceFailed(f"`{' '.join(command)[:200]}` did not end in {late.timeout:.0f} s") from None
    if done.returncode:
        said = " / ".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise ServiceFailed(f"`{' '.join(command)[:200]}` failed ({done.returncode}): {said}")
    return done.stdout


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below the range that the kernel gives to outgoing connections."""
    found = []
    for port in range(21_000, 32_000):
        if not listens(port):
            found.append(port)
        if len(found) == count:
            return found
    raise ServiceFailed("there are no free ports between 21000 and 32000")


def listens(port: int) -> bool:
    """Whether somebody on this machine listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def _started_at(pid: int) -> int | None:
    """When a process started, in clock ticks since boot (proc(5)); None if there is none but a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *rest = stat.rpartition(")")[2].split()
    return None if state == "Z" else int(rest[18])
