"""A Docker engine of the tests' own, and a base image made from Debian's packages, not from a registry.

The base stands for ``debian:12``: it also trusts the certificates that this machine trusts, and installs from
where this machine installs.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import ClassVar

from tests.services.processes import Process, run
from tests.services.service import Service, Tell

BASE = "esap-test/debian:12"
_BUILD_SECONDS = 500
_IN_BASE = "ca-certificates,python3,python3-venv,tini"


class DockerEngine(Service):
    """A running engine; `environment` makes the client, and docker-compose, talk to it."""

    name: ClassVar[str] = "docker"
    packages: ClassVar[tuple[str, ...]] = (
        "docker.io",
        "docker-compose",
        "iproute2",
        "iptables",
        "nftables",
        "debootstrap",
    )
    port_names: ClassVar[tuple[str, ...]] = ()
    recipe: ClassVar[tuple[Path, ...]] = (Path(__file__),)

    @property
    def socket(self) -> Path:
        return self.directory / "docker.sock"

    @property
    def environment(self) -> dict[str, str]:
        return {"DOCKER_HOST": f"unix://{self.socket}"}

    def set_up(self, tell: Tell) -> None:
        tell("making a base image from Debian's packages")
        root = self.directory / "base"
        run("debootstrap", "--variant=minbase", f"--include={_IN_BASE}", "bookworm", str(root))
        self._trust_what_we_trust(root)
        self._keep_small(root)
        (engine,) = self.processes()
        engine.start()
        engine.wait_until_ready()
        archive = subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE)
        subprocess.run(
            ["docker", "import", "-", BASE],
            stdin=archive.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
            env={**os.environ, **self.environment},
        )
        shutil.rmtree(root)

    def processes(self) -> list[Process]:
        command = (
            "dockerd",
            *("--host", f"unix://{self.socket}", "--data-root", str(self.directory / "data")),
            *("--exec-root", str(self.directory / "exec"), "--pidfile", str(self.directory / "docker.pid")),
        )
        return [Process("dockerd", command, self.directory, self._answers)]

    def addresses(self) -> dict[str, str]:
        return self.environment

    def docker(self, *arguments: str, seconds: float = 60) -> str:
        """Run the client and return what it said."""
        return run("docker", *arguments, seconds=seconds, **self.environment).strip()

    def build(self, context: Path, tag: str, *, dockerfile: Path | None = None, **arguments: str) -> None:
        """Build an image by a Dockerfile; what has not changed is taken from the engine's cache."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        file = ["--file", str(dockerfile)] if dockerfile else []
        self.docker("build", "--quiet", "--tag", tag, *given, *file, str(context), seconds=_BUILD_SECONDS)

    def _trust_what_we_trust(self, root: Path) -> None:
        bundle = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
        if bundle:
            shutil.copy(bundle, root / "etc/ssl/certs/ca-certificates.crt")
        known = "/etc/ssl/certs/ca-certificates.crt"
        (root / "etc/pip.conf").write_text(f"[global]\ncert = {known}\ntimeout = 180\n")
        (root / "root/.npmrc").write_text(f"cafile={known}\n")

    def _keep_small(self, root: Path) -> None:
        """As the image of Debian is: apt keeps no lists, packages and caches of them."""
        (root / "etc/apt/apt.conf.d/docker-clean").write_text('Dir::Cache { pkgcache ""; srcpkgcache ""; }\n')
        for directory in ("var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(root / directory)
            (root / directory).mkdir()

    def _answers(self) -> bool:
        done = subprocess.run(
            ["docker", "version"], capture_output=True, check=False, env={**os.environ, **self.environment}
        )
        return done.returncode == 0
