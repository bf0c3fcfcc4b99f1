"""A hub by `hub_config`: how long a server takes, twenty at once, and a token from inside a container.

The floor of `spawn` is the same hub software with plain DockerSpawner, which has one network for everybody.
Both hubs run side by side and start the same image. A server is usable when the hub calls it ready and it
shows JupyterLab to the browser that asked.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests

from benchmarks.figure import Figure, Unavailable, medians, tell
from tests.services.docker_engine import DockerEngine
from tests.services.docker_hub import USER_IMAGE, ContainerServer, DockerHub, build_images
from tests.services.oidc_provider import OidcForContainers
from tests.services.processes import ServiceFailed
from tests.services.service import Service

ROUNDS = 11
AT_ONCE = 20
_LONGEST = 300.0
_LOOK = 0.05  # s between looks

_PLAIN = """\
c = get_config()
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.DockerSpawner.image = "{image}"
c.DockerSpawner.network_name = "floor-hub"
c.DockerSpawner.name_template = "plain-{{username}}"
c.DockerSpawner.volumes = {{"floor-home-{{username}}": "/home/esap"}}
c.DockerSpawner.notebook_dir = "/home/esap"
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.remove = True
c.DockerSpawner.mem_limit = "1G"
c.DockerSpawner.cpu_limit = 1
c.Spawner.cmd = ["jupyterhub-singleuser"]
c.Spawner.default_url = "/lab"
c.JupyterHub.hub_bind_url = "http://0.0.0.0:8081"
c.JupyterHub.hub_connect_url = "http://floor-hub:8081"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://proxy-control:8001"
"""

_TOKENS = """\
import os, statistics, time
import requests

def milliseconds(path):
    with requests.Session() as hub:
        hub.headers["Authorization"] = "token " + os.environ["JUPYTERHUB_API_TOKEN"]
        taken = []
        for _ in range(201):
            began = time.perf_counter()
            hub.get(os.environ["JUPYTERHUB_API_URL"] + path, timeout=30).raise_for_status()
            taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken[1:])

print(milliseconds("/esap/token?audience=https://storage.example.org"), milliseconds("/"))
"""


class PlainHub(DockerHub):
    """The same hub and proxy, without anything of ours; any password is right."""

    servers_are_called = "plain-"
    parts_are_called = "floor-"

    def __init__(self, directory: Path, provider: OidcForContainers, engine: DockerEngine) -> None:
        super().__init__(directory, provider, engine)
        self.url = f"https://{provider.host}:{provider.ports['proxy']}"
        compose = directory / "compose.yaml"
        compose.write_text(compose.read_text().replace("esap-hub", "floor-hub").replace("esap-", "floor-"))
        compose.write_text(compose.read_text().replace("floor-proxy --api", "esap-proxy --api"))
        variables = directory / ".env"
        variables.write_text(
            variables.read_text().replace("=esaptest", "=floor").replace(provider.hub_url[8:], self.url[8:])
        )
        (directory / "jupyterhub_config.py").write_text(_PLAIN.format(image=USER_IMAGE))

    def sign_in(self, account: str) -> requests.Session:
        """Sign a person in."""
        browser = self.browser()
        browser.get(f"{self.url}/hub/login", timeout=30)
        form = {"username": account, "password": "any", "_xsrf": browser.cookies["_xsrf"]}
        browser.post(f"{self.url}/hub/login?next=/hub/home", data=form, timeout=30).raise_for_status()
        return browser


class Person:
    """Somebody who starts and stops a server."""

    def __init__(self, hub: DockerHub, account: str) -> None:
        self.hub = hub
        self.account = account
        self.browser = hub.sign_in(account)

    def start(self) -> float:
        """Seconds from asking for a server to using it."""
        began = time.perf_counter()
        asked = self.hub.ask("POST", f"/users/{self.account}/server", browser=self.browser, json={})
        if asked.status_code not in {201, 202}:
            raise Unavailable(f"no server for {self.account}: {asked.text}")
        end = began + _LONGEST
        while not self._server().get("ready"):
            if time.perf_counter() > end or not self._server():
                raise Unavailable(f"the server of {self.account} did not start")
            time.sleep(_LOOK)
        page = self.browser.get(f"{self.hub.url}/user/{self.account}/lab", timeout=60)
        if "jupyter-config-data" not in page.text:
            raise Unavailable(f"the server of {self.account} shows no JupyterLab")
        return time.perf_counter() - began

    def stop(self) -> None:
        """Stop it, and wait until it is gone."""
        self.hub.ask("DELETE", f"/users/{self.account}/server", browser=self.browser)
        self.hub.wait(lambda: not self._server())

    def _server(self) -> dict[str, Any]:
        return dict(self.hub.servers(self.browser, self.account).get("", {}))


def spawn() -> Figure:
    """Seconds from asking for a server to JupyterLab."""
    with _hubs(DockerHub, PlainHub) as (ours, plain):
        people = {"ours": Person(ours, "bob"), "floor": Person(plain, "bob")}

        def start_and_stop(name: str) -> float:
            taken = people[name].start()
            people[name].stop()
            return taken

        for name in people:  # homes and networks are made once
            start_and_stop(name)
        taken = medians(ROUNDS, ours=lambda: start_and_stop("ours"), floor=lambda: start_and_stop("floor"))
    return Figure("spawn", "s", ours=taken["ours"], floor=taken["floor"], more={"pairs": ROUNDS})


def twenty() -> Figure:
    """Seconds until each of twenty people who ask at once has a server."""
    with _hubs(DockerHub) as (hub,), ThreadPoolExecutor(AT_ONCE) as pool:
        people = [Person(hub, f"user{number:02}") for number in range(1, AT_ONCE + 1)]
        started = [pool.submit(person.start) for person in people]
        failures = [str(each.exception()) for each in started if each.exception()]
        for failure in failures:
            tell(f"  {failure}")
        taken = sorted(each.result() for each in started if not each.exception())
    if not taken:
        raise Unavailable(failures[0])
    p95 = taken[round(0.95 * (len(taken) - 1))]
    more = {"p95": p95, "at_once": AT_ONCE, "failed": len(failures)}
    return Figure("hub-20", "s", ours=statistics.median(taken), more=more)


def token() -> Figure:
    """Milliseconds of a token that the hub has exchanged before; floor: the hub's smallest answer."""
    with _hubs(DockerHub) as (hub,):
        server = ContainerServer(hub, "bob")
        ours, floor = map(float, server.python(_TOKENS).split())
    return Figure("token", "ms", ours=ours, floor=floor)


@contextmanager
def _hubs(*kinds: type[DockerHub]) -> Iterator[list[DockerHub]]:
    with ExitStack() as stack:
        engine, provider = _running(stack, DockerEngine()), _running(stack, OidcForContainers())
        build_images(engine)
        hubs = []
        for kind in kinds:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            hub = kind(directory, provider, engine)
            stack.callback(hub.stop)
            hub.start()
            hubs.append(hub)
        yield hubs


def _running(stack: ExitStack, service: Service) -> Any:
    was_running = service.is_running
    try:
        service.install(tell)
        service.start(tell)
    except ServiceFailed as failed:
        raise Unavailable(str(failed)) from None
    if not was_running:
        stack.callback(service.stop, tell)
    return service


BENCHMARKS = {"spawn": spawn, "hub-20": twenty, "token": token}
