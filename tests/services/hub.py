"""A JupyterHub configured as a site does it, signing people in at the tests' provider."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests
import tomli_w

from tests.services.oidc_provider import NODE, OidcProvider

_START_SECONDS = 60.0
_STOP_SECONDS = 45.0
_WAIT_SECONDS = 120.0

_CONFIG = """\
import sys
from esap_jupyter.hub import configure

c = get_config()
site = configure(c, {site!r})
c.JupyterHub.bind_url = {url!r}
c.JupyterHub.hub_bind_url = {hub_api!r}
c.ConfigurableHTTPProxy.command = [{node!r}, {proxy!r}]
c.ConfigurableHTTPProxy.api_url = {proxy_api!r}
{more}
"""

LOCAL = (
    "c.JupyterHub.spawner_class = 'simple'\nc.Spawner.cmd = [sys.executable, '-m', 'jupyterhub.singleuser']\n"
)


class HubClient:
    """Asks a hub as a person or a server does.

    Parameters
    ----------
    ca_file : Path, optional
        What an https hub is trusted by.
    """

    def __init__(self, url: str, provider: OidcProvider, ca_file: Path | None = None) -> None:
        self.url = url
        self.provider = provider
        self.ca_file = ca_file

    def browser(self) -> requests.Session:
        """A browser in which nobody is signed in."""
        session = requests.Session()
        if self.ca_file:
            # A bundle that the environment names would win over this one.
            session.trust_env = False
            session.verify = str(self.ca_file)
        return session

    def answers(self) -> bool:
        """Whether the hub answers through its proxy."""
        try:
            return self.browser().get(f"{self.url}/hub/health", timeout=2).ok
        except requests.RequestException:
            return False

    def sign_in(self, account: str) -> requests.Session:
        """Sign a person in; the session holds the hub's cookies."""
        browser = self.browser()
        self.provider.sign_in(browser, f"{self.url}/hub/oauth_login?next=/hub/home", account)
        return browser

    def server_token(self, browser: requests.Session, *scopes: str) -> str:
        """Make a token of the hub as a person's server has it, or with other scopes."""
        wanted = list(scopes) or ["custom:esap:token!user", "read:users:name!user"]
        name = self.ask("GET", "/user", browser=browser).json()["name"]
        answer = self.ask("POST", f"/users/{name}/tokens", browser=browser, json={"scopes": wanted})
        answer.raise_for_status()
        return str(answer.json()["token"])

    def ask(
        self,
        method: str,
        path: str,
        *,
        browser: requests.Session | None = None,
        token: str = "",
        **further: Any,
    ) -> requests.Response:
        """Ask the hub's API, with a person's cookies or by a token."""
        headers = {"Authorization": f"token {token}"} if token else {}
        if browser is not None:
            headers["X-XSRFToken"] = next(
                (c.value or "" for c in browser.cookies if c.name == "_xsrf" and c.path == "/hub/"), ""
            )
            headers["Referer"] = f"{self.url}/hub/home"
        asker = browser or self.browser()
        return asker.request(method, f"{self.url}/hub/api{path}", headers=headers, timeout=60, **further)

    def servers(self, browser: requests.Session, name: str) -> dict[str, Any]:
        """What the hub says of a person's servers, by their names; the default one's is empty."""
        answer = self.ask("GET", f"/users/{name}", browser=browser)
        assert answer.ok, answer.text
        return dict(answer.json()["servers"])

    def start_server(self, browser: requests.Session, name: str, **chosen: str) -> dict[str, Any]:
        """Start a person's server by what was chosen, wait until it is ready, and show its page."""
        started = self.ask("POST", f"/users/{name}/server", browser=browser, json=chosen)
        assert started.status_code in {201, 202}, started.text
        self.wait(lambda: self.servers(browser, name).get("", {}).get("ready"))
        # The page signs this browser in at the server.
        assert browser.get(f"{self.url}/user/{name}/lab", timeout=60).ok
        return dict(self.servers(browser, name)[""])

    def wait(self, true: Callable[[], Any]) -> None:
        """Wait until something is so."""
        end = time.monotonic() + _WAIT_SECONDS
        while not true():
            assert time.monotonic() < end
            time.sleep(0.2)


class Hub(HubClient):
    """Writes `site.toml`, and starts the hub as a process.

    Parameters
    ----------
    more : str
        Python at the end of `jupyterhub_config.py`.
    settings : dict
        Tables of `site.toml`, merged with those that the tests need.
    """

    def __init__(
        self, directory: Path, provider: OidcProvider, *, more: str = LOCAL, **settings: dict[str, Any]
    ) -> None:
        super().__init__(provider.hub_url, provider)
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._write_secret("crypt_key", secrets.token_hex(32))
        self._write_secret("client_secret", "hub-secret")
        site = {
            "site": {"url": self.url, "directory": str(directory), "crypt_key_file": "crypt_key"},
            "sign_in": {
                "issuer": provider.issuer,
                "client_id": "hub",
                "client_secret_file": "client_secret",
                "allowed_groups": ["/escape"],
                "admin_groups": ["/operators"],
                "audiences": {
                    "https://storage.example.org": {"scope": "storage.read:/"},
                    "https://forbidden.example.org": {"scope": "storage.read:/"},
                },
            },
        }
        for table, values in settings.items():
            site[table] = site.get(table, {}) | values
        (directory / "site.toml").write_text(tomli_w.dumps(site))
        (directory / "jupyterhub_config.py").write_text(
            _CONFIG.format(
                site=str(directory / "site.toml"),
                url=self.url,
                hub_api=f"http://127.0.0.1:{provider.ports['hub_api']}",
                node=str(NODE / "node"),
                proxy=provider.proxy,
                proxy_api=f"http://127.0.0.1:{provider.ports['proxy']}",
                more=more,
            )
        )

    @property
    def log(self) -> str:
        return (self.directory / "hub.log").read_text(errors="replace")

    def start(self) -> None:
        """Start it, and wait until it answers through its proxy."""
        assert not self.answers(), f"another hub runs at {self.url}"
        command = [sys.executable, "-m", "jupyterhub", "-f", str(self.directory / "jupyterhub_config.py")]
        with (self.directory / "hub.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.directory,
                env={**os.environ},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + _START_SECONDS
        while not self.answers():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it as an operator does."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is not None:
            return
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # It must not keep its ports: the next hub needs them.
            for each in (process, *family):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait()
            raise AssertionError(f"the hub does not stop: {self.log}") from None

    def _write_secret(self, name: str, value: str) -> None:
        path = self.directory / name
        path.touch(0o600)
        path.write_text(value)
