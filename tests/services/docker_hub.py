"""A whole site in containers: hub and proxy by the `compose.yaml` that sites use, and servers of people."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import tomli_w

from tests.services.certificates import make_certificate
from tests.services.docker_engine import BASE, DockerEngine
from tests.services.hub import HubClient
from tests.services.oidc_provider import OidcProvider
from tests.services.processes import run
from tests.services.service import PROJECT

HUB_CONFIG = PROJECT / "hub_config"
HUB_IMAGE, USER_IMAGE = "esap-test/hub:latest", "esap-test/user:latest"
DESKTOP_IMAGE = "esap-test/desktop:latest"
SWARM_NETWORKS = "10.214.0.0/16"
_START_SECONDS = 90.0
# A server that has ended is to be noticed sooner than at a site.
_POLL_SECONDS = 5


def build_images(engine: DockerEngine) -> None:
    """Build both images by the Dockerfiles that sites use, with the package as it is now."""
    dist = PROJECT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    wheel_of = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(dist))
    run(*wheel_of, str(PROJECT), seconds=300)
    (wheel,) = dist.glob("*.whl")
    for name, tag in (("hub", HUB_IMAGE), ("user", USER_IMAGE)):
        engine.build(
            PROJECT,
            tag,
            dockerfile=HUB_CONFIG / "images" / name / "Dockerfile",
            BASE=BASE,
            ESAP=f"esap-jupyter @ file:///opt/dist/{wheel.name}",
        )


def build_desktop_image(engine: DockerEngine) -> None:
    """Build the image of a remote desktop, on that of people."""
    dockerfile = HUB_CONFIG / "images" / "desktop" / "Dockerfile"
    engine.build(PROJECT, DESKTOP_IMAGE, dockerfile=dockerfile, USER_IMAGE=USER_IMAGE)


class DockerHub(HubClient):
    """A site that was made by copying `hub_config` and filling in `site.toml`.

    Parameters
    ----------
    settings : dict
        Tables of `site.toml`, merged with those that the tests need.

    Attributes
    ----------
    shared : Path
        What the machines of a Swarm share, if there is one.
    """

    servers_are_called: ClassVar[str] = "jupyter-"
    parts_are_called: ClassVar[str] = "esap-"

    def __init__(
        self, directory: Path, provider: OidcProvider, engine: DockerEngine, **settings: dict[str, Any]
    ) -> None:
        certificate, _ = make_certificate(directory / "tls", provider.host)
        super().__init__(provider.hub_url, provider, certificate)
        self.directory = directory
        self.engine = engine
        self.shared = directory / "shared"
        shutil.copytree(HUB_CONFIG, directory, dirs_exist_ok=True)
        with (directory / "jupyterhub_config.py").open("a") as more:
            more.write(f"c.Spawner.poll_interval = {_POLL_SECONDS}\n")
        self._secret("crypt_key", secrets.token_hex(32))
        self._secret("client_secret", "hub-secret")
        self._secret("probe_token", secrets.token_hex(32))
        self._secret("proxy.env", f"CONFIGPROXY_AUTH_TOKEN={secrets.token_hex(32)}")
        variables = {
            "COMPOSE_PROJECT_NAME": "esaptest",
            "ESAP_HUB_IMAGE": HUB_IMAGE,
            "ESAP_LISTEN": self.url.partition("//")[2],
            "ESAP_DOCKER_SOCKET": str(engine.socket),
        }
        (directory / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        site = self._site()
        for table, values in settings.items():
            site[table] = site.get(table, {}) | values
        (directory / "site.toml").write_text(tomli_w.dumps(site))

    def _site(self) -> dict[str, Any]:
        return {
            "site": {"url": self.url, "esap_directory": "esap"},
            "sign_in": {
                "issuer": self.provider.issuer,
                "client_id": "hub",
                "allowed_groups": ["/escape"],
                "admin_groups": ["/operators"],
                "audiences": {
                    "https://storage.example.org": {"scope": "storage.read:/"},
                    "rucio": {"scope": "openid profile"},
                },
            },
            "probe": {"users": 2},
            "facilities": {
                "here": {"spawner": "docker"},
                "swarm": {"spawner": "swarm", "shared": str(self.shared), "networks": SWARM_NETWORKS},
            },
            "images": {
                "esap": {"title": "ESAP", "image": USER_IMAGE},
                "desktop": {"title": "Desktop", "image": DESKTOP_IMAGE},
            },
            "sizes": {
                "small": {"title": "Small", "memory": "1G", "cpu": 1},
                "large": {"title": "Large", "memory": "2G", "cpu": 2},
                "endless": {"title": "Endless", "memory": "900G", "cpu": 1},
            },
            "profiles": {
                "lab": {"title": "JupyterLab", "facility": "here", "images": ["esap"], "sizes": ["small"]},
                "lofar": {
                    "title": "JupyterLab for LOFAR",
                    "facility": "here",
                    "images": ["esap"],
                    "sizes": ["large"],
                    "groups": ["/escape/lofar"],
                },
                "desktop": {
                    "title": "Desktop",
                    "facility": "here",
                    "images": ["desktop"],
                    "sizes": ["small"],
                    "page": "/desktop/",
                },
                "swarm": {
                    "title": "JupyterLab on several machines",
                    "facility": "swarm",
                    "images": ["esap"],
                    "sizes": ["small", "endless"],
                },
            },
        }

    def start(self) -> None:
        """Type the one command, and wait until the hub answers."""
        self._compose("up", "--detach")
        end = time.monotonic() + _START_SECONDS
        while not self.answers():
            assert time.monotonic() < end, self.log()
            time.sleep(0.2)

    def recreate_hub(self) -> None:
        """Make the hub's container anew, as an upgrade does."""
        self._compose("up", "--detach", "--force-recreate", "--no-deps", "hub")
        self.start()

    def stop(self) -> None:
        """Remove everything, people's servers and volumes too."""
        for container in self.engine.docker(
            "ps", "--all", "--quiet", "--filter", f"name=^{self.servers_are_called}"
        ).split():
            self.engine.docker("rm", "--force", container)
        self._compose("down", "--volumes")
        for kind in ("network", "volume"):
            for name in self.engine.docker(
                kind, "ls", "--quiet", "--filter", f"name=^{self.parts_are_called}"
            ).split():
                self.engine.docker(kind, "rm", name)

    @contextmanager
    def firewall(self, opened: str, people: str = "10.213.0.0/16") -> Iterator[None]:
        """Have the site's firewall loaded, filled in with one address and port and with where people are."""
        rules = (HUB_CONFIG / "firewall.nft").read_text()
        filled = rules.replace("# elements = { 192.0.2.10 . 443 }", f"elements = {{ {opened} }}")
        filled = filled.replace("define people = 10.213.0.0/16", f"define people = {people}")
        assert opened in filled
        assert f"people = {people}" in filled
        path = self.directory / "filled.nft"
        path.write_text(filled)
        run("nft", "--file", str(path))
        try:
            yield
        finally:
            run("nft", "delete", "table", "ip", "esap")

    def log(self) -> str:
        """What hub and proxy have written."""
        return self._compose("logs", "--no-color")

    def _compose(self, *arguments: str) -> str:
        return run(
            "docker-compose", *arguments, directory=self.directory, seconds=120, **self.engine.environment
        )

    def _secret(self, name: str, value: str) -> None:
        path = self.directory / "secrets" / name
        path.parent.mkdir(exist_ok=True)
        path.touch(0o600)
        path.write_text(value)


class ContainerServer:
    """A person's server, started by what the person chose."""

    def __init__(self, site: DockerHub, account: str, **chosen: str) -> None:
        self.site = site
        self.account = account
        self.browser = site.sign_in(account)
        self.url = f"{site.url}/user/{account}"
        site.start_server(self.browser, account, **chosen)

    def stop(self) -> None:
        """Stop it, as the person does, and wait until nothing is left of it."""
        assert self.site.ask("DELETE", f"/users/{self.account}/server", browser=self.browser).ok
        self.site.wait(lambda: not self.site.servers(self.browser, self.account))

    @property
    def engine(self) -> DockerEngine:
        """What runs it."""
        return self.site.engine

    @property
    def container(self) -> str:
        """What the engine calls it."""
        return f"jupyter-{self.account}"

    def answers(self) -> bool:
        """Whether JupyterLab is shown."""
        page = self.browser.get(f"{self.url}/lab", timeout=30)
        return page.status_code == 200 and "jupyter-config-data" in page.text

    @property
    def described(self) -> dict[str, Any]:
        return dict(json.loads(self.engine.docker("inspect", self.container))[0])

    @property
    def address(self) -> str:
        """Where it is in the person's network."""
        (network,) = self.described["NetworkSettings"]["Networks"].values()
        return str(network["IPAddress"])

    def run(self, *command: str) -> str:
        """Run something in the container, as the person can."""
        return self.engine.docker("exec", self.container, *command)

    def python(self, code: str) -> str:
        """Run Python in the container with the server's environment."""
        return self.run("python", "-c", code)

    def reaches(self, address: str, port: int) -> bool:
        """Whether a connection from the container is taken up."""
        code = (
            "import socket\n"
            f"try: socket.create_connection(({address!r}, {port}), 3); print('yes')\n"
            "except OSError: print('no')"
        )
        return self.python(code) == "yes"
