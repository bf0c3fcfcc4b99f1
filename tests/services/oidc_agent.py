"""A real oidc-agent (https://github.com/indigo-dc/oidc-agent), with accounts at the tests' provider."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path
from typing import ClassVar

import requests

from tests.services.oidc_provider import OidcProvider
from tests.services.processes import Process
from tests.services.service import Service, Tell

_SECONDS = 60


class OidcAgent(Service):
    """A running agent; what its accounts were granted it keeps in memory only."""

    name: ClassVar[str] = "oidc-agent"
    packages: ClassVar[tuple[str, ...]] = ("oidc-agent-cli",)
    port_names: ClassVar[tuple[str, ...]] = ()
    recipe: ClassVar[tuple[Path, ...]] = (Path(__file__),)

    def set_up(self, tell: Tell) -> None:
        tell("making its directory")
        (self.directory / "accounts").mkdir(mode=0o700)

    def processes(self) -> list[Process]:
        command = ("oidc-agent", "--console", "--no-autoreauthenticate", f"--socket-path={self.socket}")
        return [Process("agent", command, self.directory, self._answers, environment=self._environment)]

    def addresses(self) -> dict[str, str]:
        return {"OIDC_SOCK": str(self.socket)}

    @property
    def socket(self) -> Path:
        return self.directory / "socket"

    def sign_in(self, provider: OidcProvider, account: str, person: str) -> None:
        """Make an account as a person does: by the code that `oidc-gen` shows, confirmed in a browser."""
        command = ["oidc-gen", account, f"--iss={provider.issuer}", "--flow=device", "--prompt=none"]
        command += ["--client-id=agent", "--client-secret=agent-secret", "--pw-env", "--no-save"]
        command += ["--scope=openid profile offline_access"]
        generating = subprocess.Popen(
            ["timeout", str(_SECONDS), *command],
            env=os.environ | self._environment | {"OIDC_ENCRYPTION_PW": "any"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert generating.stdout is not None
        told = ""
        while not (code := re.search(r"enter the code: (\S+)", told)):
            line = generating.stdout.readline()
            assert line, told
            told += line
        provider.sign_in(requests.Session(), f"{provider.issuer}/device?user_code={code[1]}", person)
        rest, _ = generating.communicate(timeout=_SECONDS)
        assert generating.returncode == 0, told + rest

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.directory),
            "OIDC_CONFIG_DIR": str(self.directory / "accounts"),
            "OIDC_SOCK": str(self.socket),
        }

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as asking:
            return asking.connect_ex(str(self.socket)) == 0
