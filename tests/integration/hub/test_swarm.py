"""Servers on the several machines of a Docker Swarm: two engines, of which one is in a network of its own."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from tests.services.docker_hub import SWARM_NETWORKS, ContainerServer, DockerHub
from tests.services.docker_swarm import Swarm, SwarmServer


@pytest.fixture(scope="module")
def swarm(container_site: DockerHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    """Two machines, the hub's and another one."""
    machines = Swarm(container_site, tmp_path_factory.mktemp("worker"))
    try:
        machines.start()
        yield machines
    finally:
        machines.stop()


@pytest.fixture(scope="module")
def near(container_site: DockerHub, swarm: Swarm) -> Iterator[SwarmServer]:
    """A person's server on the hub's machine."""
    with swarm.only_here():
        server = SwarmServer(container_site, swarm, "user03")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def far(near: SwarmServer) -> Iterator[SwarmServer]:
    """Another person's server, which starts on the other machine, as there are fewer."""
    server = SwarmServer(near.site, near.swarm, "user04")
    yield server
    server.stop()


def nothing_left(swarm: Swarm, account: str) -> bool:
    """Whether the Swarm has neither the service nor the network of a person."""
    return not any(account in swarm.manager.docker(kind, "ls") for kind in ("service", "network"))


def test_that_there_is_no_swarm_is_told(container_site: DockerHub) -> None:
    browser = container_site.sign_in("user08")
    wanted = {"profile": "swarm"}
    # Before the first test that has one.
    started = container_site.ask("POST", "/users/user08/server", browser=browser, json=wanted)
    assert "The facility 'swarm', where your server is to run, does not answer." in started.text


def test_a_person_gets_jupyterlab_with_the_services_of_the_site(far: SwarmServer) -> None:
    assert far.machine == "worker"
    assert far.answers()
    status = far.browser.get(f"{far.url}/esap/api/status", timeout=30)
    assert status.json()["api"] == 1
    offered = far.site.directory / "esap" / "esap.toml"
    assert far.run("cat", "/etc/xdg/esap/esap.toml") == offered.read_text().strip()
    assert '"username": "user04"' in far.run("esap", "--json", "whoami")


def test_a_server_has_few_rights_and_a_bound(far: SwarmServer) -> None:
    host = far.described["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["ReadonlyRootfs"]
    assert host["PidsLimit"] == 1024
    assert host["Memory"] == 1 << 30
    assert "NoNewPrivs:\t1" in far.run("cat", "/proc/self/status")
    assert far.run("id", "--user") == "1000"
    assert far.python("open('/home/esap/mine', 'w').write('x'); print('written')") == "written"


def test_people_cannot_reach_each_other(near: SwarmServer, far: SwarmServer) -> None:
    assert near.machine == "manager"
    assert near.reaches(near.address, 8888)
    assert not near.reaches(far.address, 8888)
    assert not far.reaches(near.address, 8888)
    assert not far.reaches("jupyter-user03", 8888)
    assert far.reaches("esap-hub", 8081)
    assert not far.reaches("esap-proxy", 8001)


def test_the_firewall_closes_the_machine(near: SwarmServer) -> None:
    gateway = json.loads(near.engine.docker("network", "inspect", "docker_gwbridge"))[0]
    leaves_from = gateway["IPAM"]["Config"][0]["Subnet"]
    host = near.site.provider.host
    with socket.create_server((host, 0)) as some, socket.create_server((host, 0)) as other:
        closed, opened = some.getsockname()[1], other.getsockname()[1]
        assert near.reaches(host, closed)
        with near.site.firewall(f"{host} . {opened}", people=f"{{ {SWARM_NETWORKS}, {leaves_from} }}"):
            assert not near.reaches(host, closed)
            assert near.reaches(host, opened)
            assert '"username": "user03"' in near.run("esap", "--json", "whoami")


def test_members_of_a_group_share_a_directory_on_all_machines(near: SwarmServer, far: SwarmServer) -> None:
    near.run("sh", "-c", "echo from near > groups/escape/swarm")
    far.run("sh", "-c", "echo from far >> groups/escape/swarm")
    assert near.run("cat", "groups/escape/swarm") == "from near\nfrom far"
    assert "user03" not in far.run("ls", "-R", "/home/esap")
    (home,) = (near.site.shared / "homes").glob("user03")
    assert home.stat().st_mode & 0o077 == 0


def test_the_home_follows_the_person_to_another_machine(far: SwarmServer, swarm: Swarm) -> None:
    far.run("sh", "-c", "echo kept > kept")
    far.stop()
    far.site.wait(lambda: nothing_left(swarm, far.account))
    with swarm.only_here():
        again = SwarmServer(far.site, swarm, far.account)
    assert again.machine == "manager"
    assert again.run("cat", "kept") == "kept"


def test_servers_go_on_and_can_be_stopped_when_the_hub_was_made_anew(near: SwarmServer) -> None:
    before = near.described["Id"]
    near.site.recreate_hub()
    near.site.wait(near.answers)
    assert near.described["Id"] == before
    near.stop()
    again = SwarmServer(near.site, near.swarm, near.account)
    assert again.answers()


def test_one_that_ends_by_itself_leaves_nothing(container_site: DockerHub, swarm: Swarm) -> None:
    server = SwarmServer(container_site, swarm, "user05")
    server.python("import os, signal; os.kill(1, signal.SIGTERM)")
    container_site.wait(lambda: not container_site.servers(server.browser, "user05"))
    container_site.wait(lambda: nothing_left(swarm, "user05"))


def test_that_no_machine_has_room_is_told_at_once(container_site: DockerHub, swarm: Swarm) -> None:
    browser = container_site.sign_in("user06")
    wanted = {"profile": "swarm", "size": "endless"}
    started = container_site.ask("POST", "/users/user06/server", browser=browser, json=wanted)
    assert "There is no room for your server." in started.text
    container_site.wait(lambda: nothing_left(swarm, "user06"))


def test_one_hub_has_servers_on_one_machine_and_on_several(alice: ContainerServer, near: SwarmServer) -> None:
    form = alice.browser.get(f"{alice.site.url}/hub/spawn/alice/other", timeout=30).text
    assert "JupyterLab on several machines" in form
    assert not alice.reaches(near.address, 8888)
