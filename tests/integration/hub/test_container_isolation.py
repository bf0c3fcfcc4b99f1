"""What somebody in a container cannot reach, and what the members of a group share."""

from __future__ import annotations

import json
import socket

import pytest

from tests.services.docker_hub import ContainerServer
from tests.services.processes import ServiceFailed

_ASK_THE_HUB = """\
import os, requests
with requests.Session() as hub:
    hub.headers["Authorization"] = "token " + os.environ["JUPYTERHUB_API_TOKEN"]
    for asked in ("GET /users/bob", "DELETE /users/bob/server", "GET /proxy", "GET /users"):
        method, path = asked.split()
        print(hub.request(method, os.environ["JUPYTERHUB_API_URL"] + path, timeout=30).status_code)
"""
_TAKE_TWO_GIGABYTES = "taken = [bytearray(64 << 20) for _ in range(32)]; print(len(taken))"


def test_members_of_a_group_share_a_directory(alice: ContainerServer, bob: ContainerServer) -> None:
    alice.run("sh", "-c", "mkdir groups/escape/run1 && echo from alice > groups/escape/run1/notes")
    bob.run("sh", "-c", "echo from bob >> groups/escape/run1/notes")
    assert alice.run("cat", "groups/escape/run1/notes") == "from alice\nfrom bob"
    assert "escape.lofar" in alice.run("ls", "groups").split()
    assert "escape.lofar" not in bob.run("ls", "groups").split()


def test_the_api_of_the_hub_serves_a_server_only_its_own(
    alice: ContainerServer, bob: ContainerServer
) -> None:
    assert set(alice.python(_ASK_THE_HUB).split()) <= {"403", "404"}
    assert bob.answers()


def test_the_firewall_closes_the_machine_but_for_what_is_open(alice: ContainerServer) -> None:
    host = alice.site.provider.host
    with socket.create_server((host, 0)) as some, socket.create_server((host, 0)) as other:
        closed, opened = some.getsockname()[1], other.getsockname()[1]
        assert alice.reaches(host, closed)
        with alice.site.firewall(f"{host} . {opened}"):
            assert not alice.reaches(host, closed)
            assert alice.reaches(host, opened)
            assert json.loads(alice.run("esap", "--json", "whoami"))["username"] == "alice"


def test_what_runs_the_machine_is_out_of_reach(alice: ContainerServer) -> None:
    mounts = {mount["Destination"]: mount for mount in alice.described["Mounts"]}
    assert not [place for place in mounts if "docker" in place]
    assert not mounts["/etc/xdg/esap"]["RW"]
    for command in ("touch /etc/passwd", "touch /opt/esap/x", "touch /etc/xdg/esap/esap.toml", "ls /root"):
        with pytest.raises(ServiceFailed, match=r"Read-only file system|Permission denied"):
            alice.run("sh", "-c", command)


def test_who_takes_more_memory_than_the_size_has_is_stopped(alice: ContainerServer) -> None:
    with pytest.raises(ServiceFailed, match=r"failed \(137\)"):
        alice.python(_TAKE_TWO_GIGABYTES)
    assert alice.answers()
