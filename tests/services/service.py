"""What DaCHS and Rucio have in common here: a directory, a recipe, packages, processes.

The directory is ``$ESAP_SERVICES/<name>`` or ``.services/<name>`` in the project's root. What was set up
there is used again as long as the recipe (the files that say how) is the same.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from tests.services.processes import Process, ServiceFailed, free_ports, listens, run

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
# PostgreSQL and XRootD refuse to run as root; when we are root they run as this user of Debian's packages.
UNPRIVILEGED = "postgres"

Tell = Callable[[str], None]


def services_directory() -> Path:
    """Where the services live: a place that an unprivileged user can reach, too, when we are root."""
    if named := os.environ.get("ESAP_SERVICES"):
        return Path(named).resolve()
    if os.geteuid() == 0 and not all(parent.stat().st_mode & 0o001 for parent in [PROJECT, *PROJECT.parents]):
        return Path("/var/tmp/esap-services") / hashlib.sha256(bytes(PROJECT)).hexdigest()[:8]
    return PROJECT / ".services"


class Service(ABC):
    """A service that nobody here wrote.

    Attributes
    ----------
    packages : tuple of str
        The Debian packages that it needs.
    port_names : tuple of str
        What it listens on; the ports are chosen when it is set up.
    recipe : tuple of Path
        The files that say how it is set up.
    """

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    port_names: ClassVar[tuple[str, ...]]
    recipe: ClassVar[tuple[Path, ...]]

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or services_directory() / self.name
        self.ports: dict[str, int] = {}
        if self.is_set_up:
            self.ports = self._noted()["ports"]

    @abstractmethod
    def set_up(self, tell: Tell) -> None:
        """Make everything in the empty directory; the ports are chosen."""

    @abstractmethod
    def processes(self) -> list[Process]:
        """Its programs, in the order in which they start."""

    @abstractmethod
    def addresses(self) -> dict[str, str]:
        """Where it is, for people."""

    @property
    def missing_packages(self) -> list[str]:
        return [package for package in self.packages if not _is_installed(package)]

    @property
    def is_set_up(self) -> bool:
        return self._noted().get("recipe") == self._recipe_hash()

    @property
    def is_running(self) -> bool:
        return self.is_set_up and all(process.pid is not None for process in self.processes())

    def install(self, tell: Tell) -> None:
        """Set it up, unless that is done; the packages must be there. It is left stopped."""
        with self._locked():
            if self.is_set_up:
                tell("is set up already")
                return
            started = time.monotonic()
            if self._noted():
                tell("the recipe changed: setting up anew")
                self.ports = self._noted()["ports"]
                self._stop_all()
            for entry in self.directory.iterdir():
                if entry.name != "lock":
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            self.directory.chmod(0o755)
            self.ports = dict(zip(self.port_names, self._choose_ports(), strict=True))
            try:
                self.set_up(tell)
            finally:
                self._stop_all()
            self._note_file.write_text(json.dumps({"recipe": self._recipe_hash(), "ports": self.ports}))
            tell(f"set up in {time.monotonic() - started:.0f} s")

    def start(self, tell: Tell) -> None:
        """Start what does not run yet, and wait until all of it serves."""
        with self._locked():
            if not self.is_set_up:
                raise ServiceFailed(f"{self.name} is not set up; `python -m tests.services install` does it")
            if self.is_running:
                return
            started = time.monotonic()
            self.ports = self._noted()["ports"]
            for process in self.processes():
                process.start()
                process.wait_until_ready()
            tell(f"serving after {time.monotonic() - started:.1f} s")

    def stop(self, tell: Tell) -> None:
        """Stop whatever runs of it."""
        with self._locked():
            if self._noted():
                self.ports = self._noted()["ports"]
                self._stop_all()
                tell("stopped")

    def give(self, path: Path) -> None:
        """Give a directory to the unprivileged user, if we are root."""
        if os.geteuid() == 0:
            run("chown", "-R", f"{UNPRIVILEGED}:", str(path))

    @property
    def unprivileged(self) -> str:
        """The user that programs run as that refuse to run as root."""
        return UNPRIVILEGED if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

    def _stop_all(self) -> None:
        for process in reversed(self.processes()):
            process.stop()

    def _choose_ports(self) -> list[int]:
        # Two services that are set up side by side must not choose the same ports.
        with _lock(self.directory.parent / "ports.lock"):
            taken_file = self.directory.parent / "ports.json"
            taken = json.loads(taken_file.read_text()) if taken_file.exists() else {}
            mine = taken.get(self.name, [])
            if len(mine) != len(self.port_names) or any(map(listens, mine)):
                others = {port for name, ports in taken.items() if name != self.name for port in ports}
                candidates = free_ports(len(self.port_names) + len(others))
                mine = [port for port in candidates if port not in others][: len(self.port_names)]
            taken_file.write_text(json.dumps({**taken, self.name: mine}))
            return mine

    @property
    def _note_file(self) -> Path:
        return self.directory / "service.json"

    def _noted(self) -> dict:
        return json.loads(self._note_file.read_text()) if self._note_file.exists() else {}

    def _recipe_hash(self) -> str:
        digest = hashlib.sha256()
        for path in self.recipe:
            files = sorted(path.rglob("*")) if path.is_dir() else [path]
            for file in files:
                if file.is_file() and "__pycache__" not in file.parts:
                    digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with _lock(self.directory / "lock"):
            yield


def install_packages(packages: list[str], tell: Tell) -> None:
    """Install Debian packages; as an ordinary person, say what to ask the administrator for.

    Raises
    ------
    ServiceFailed
        If it is not ours to do, or apt-get fails.
    """
    if not packages:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        raise ServiceFailed(f"packages are missing; run as root: {' '.join(command)}")
    tell(f"installing {' '.join(packages)}")
    apt = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    run("apt-get", "-o", "DPkg::Lock::Timeout=900", "--quiet", "update", **apt)
    run(command[0], "-o", "DPkg::Lock::Timeout=900", "--quiet", *command[1:], **apt)


def _is_installed(package: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    status = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return status.stdout == "installed"


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
