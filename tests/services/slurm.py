"""A Slurm cluster of one node: munged, slurmctld and slurmd of Debian, with Unix users of its own.

The Unix users are esap-alice and esap-bob. The environment that jobs run in has JupyterLab and batchspawner.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from tests.services.processes import Process, run
from tests.services.service import HERE, Service, Tell

RECIPE = HERE / "slurm_recipe"
PEOPLE = ("alice", "bob")
# Debian's own, which other users can execute wherever that of the tests lives.
_PYTHON = "/usr/bin/python3"
_IN_THE_ENVIRONMENT = ("jupyterhub", "jupyterlab", "batchspawner")


class Slurm(Service):
    """A running cluster, and what a test asks it."""

    name: ClassVar[str] = "slurm"
    packages: ClassVar[tuple[str, ...]] = ("munge", "slurmctld", "slurmd", "slurm-client", "python3-venv")
    port_names: ClassVar[tuple[str, ...]] = ("slurmctld", "slurmd")
    recipe: ClassVar[tuple[Path, ...]] = (RECIPE, Path(__file__))

    def set_up(self, tell: Tell) -> None:
        for name in ("state", "spool", "munge", "log"):
            (self.directory / name).mkdir()
        # Slurm's state has the environments of the jobs, in which there are tokens.
        (self.directory / "state").chmod(0o700)
        self._make_users()
        key = self.directory / "munge" / "key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(128))
        text = (RECIPE / "slurm.conf").read_text()
        for name, value in {
            "DIRECTORY": str(self.directory),
            "SOCKET": str(self._socket),
            **self._ports(),
        }.items():
            text = text.replace(f"@{name}@", value)
        self.configuration.write_text(text)
        tell("installing JupyterLab for the jobs")
        run(_PYTHON, "-m", "venv", str(self.environment))
        wanted = [f"{package}=={version(package)}" for package in _IN_THE_ENVIRONMENT]
        run(str(self.environment / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", *wanted)

    def processes(self) -> list[Process]:
        munged = (
            *("munged", "--foreground", "--force", f"--socket={self._socket}"),
            *(f"--{kind}-file={self.directory}/munge/{kind}" for kind in ("key", "pid", "seed", "log")),
        )
        conf = str(self.configuration)
        return [
            Process("munged", munged, self.directory, self._socket.exists),
            Process("slurmctld", ("slurmctld", "-D", "-f", conf), self.directory, self._controller_answers),
            Process(
                "slurmd", ("slurmd", "-D", "-N", "localhost", "-f", conf), self.directory, self._node_is_idle
            ),
        ]

    def addresses(self) -> dict[str, str]:
        return {"configuration": str(self.configuration), "environment": str(self.environment)}

    @property
    def configuration(self) -> Path:
        """What ``SLURM_CONF`` names."""
        return self.directory / "slurm.conf"

    @property
    def environment(self) -> Path:
        """The environment that jobs run in."""
        return self.directory / "environment"

    def home(self, person: str) -> Path:
        """The home of a Unix user; the machine's clusters share the users."""
        return Path(pwd.getpwnam(f"esap-{person}").pw_dir)

    def ask(self, command: str, *arguments: str) -> str:
        """Ask the cluster by one of its commands, as its administrator."""
        return run(command, *arguments, SLURM_CONF=str(self.configuration))

    def jobs(self) -> list[dict[str, Any]]:
        """What the cluster knows of its jobs, those that have ended included."""
        return json.loads(self.ask("squeue", "--json"))["jobs"]

    def cancel_all(self) -> None:
        """Cancel every job."""
        for person in PEOPLE:
            self.ask("scancel", f"--user=esap-{person}")

    @property
    def _socket(self) -> Path:
        return self.directory / "munge" / "socket"

    def _ports(self) -> dict[str, str]:
        return {f"{name.upper()}_PORT": str(self.ports[name]) for name in self.port_names}

    def _make_users(self) -> None:
        for person in PEOPLE:
            name = f"esap-{person}"
            try:
                pwd.getpwnam(name)
            except KeyError:
                run("useradd", "--create-home", "--shell", "/bin/bash", name)
            self.home(person).chmod(0o700)

    def _controller_answers(self) -> bool:
        return self._says("scontrol", "ping", word="is UP")

    def _node_is_idle(self) -> bool:
        return self._says("sinfo", "--noheader", "--format=%T", word="idle")

    def _says(self, *command: str, word: str) -> bool:
        environment = {**os.environ, "SLURM_CONF": str(self.configuration)}
        told = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=30, check=False
        )
        return word in told.stdout
