"""Networks of people when several things happen at once; containers in them are tested on a real engine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from docker.errors import APIError, NotFound

from esap_jupyter.errors import NoRoom
from esap_jupyter.hub.facilities.networks import PersonNetwork
from esap_jupyter.hub.facilities.settings import DockerFacility

FACILITY = DockerFacility(spawner="docker", networks="10.213.0.0/24")


class Engine:
    """Refuses what dockerd refuses, and takes a while."""

    def __init__(self) -> None:
        self.members: dict[str, set[str]] = {}
        self.subnets: dict[str, str] = {}

    async def __call__(self, what: str, *given: Any, **further: Any) -> Any:
        await asyncio.sleep(0.001)
        try:
            return getattr(self, what)(*given, **further)
        finally:
            await asyncio.sleep(0.001)

    def networks(self) -> list[dict[str, Any]]:
        return [{"IPAM": {"Config": [{"Subnet": subnet}]}} for subnet in self.subnets.values()]

    def inspect_network(self, name: str) -> dict[str, Any]:
        if name not in self.members:
            raise NotFound("no such network")
        return {"Containers": {each: {"Name": each} for each in self.members[name]}}

    def create_network(self, name: str, *, driver: str, ipam: dict[str, Any]) -> None:
        subnet = ipam["Config"][0]["Subnet"]
        if name in self.members or subnet in self.subnets.values():
            raise APIError("Pool overlaps with other one on this address space")
        self.members[name], self.subnets[name] = set(), subnet

    def connect_container_to_network(self, part: str, name: str) -> None:
        if part in self.members[name]:
            raise APIError(f"endpoint with name {part} already exists in network {name}")
        self.members[name].add(part)

    def disconnect_container_from_network(self, part: str, name: str) -> None:
        self.members[name].remove(part)

    def remove_network(self, name: str) -> None:
        self.inspect_network(name)
        del self.members[name], self.subnets[name]


async def begin(network: PersonNetwork) -> None:
    async with network.changing():
        await network.make()


async def test_two_servers_of_a_person_and_all_people_begin_at_once() -> None:
    engine = Engine()
    people = [PersonNetwork(f"esap-user-{number}", 3, FACILITY, engine) for number in (1, 1, 2, 3, 4)]
    await asyncio.gather(*map(begin, people))
    assert set(map(frozenset, engine.members.values())) == {frozenset({"esap-hub", "esap-proxy"})}
    assert len(set(engine.subnets.values())) == 4
    await asyncio.gather(*(each.join() for each in people))
    engine.members["esap-user-1"].add("jupyter-alice")
    for each in people:
        await each.leave()
    assert set(engine.members) == {"esap-user-1"}


async def test_two_that_join_at_once_are_both_well() -> None:
    engine = Engine()
    network = PersonNetwork("esap-user-1", 1, FACILITY, engine)
    engine.members["esap-user-1"] = {"jupyter-alice"}
    await asyncio.gather(network.join(), network.join())
    assert engine.members["esap-user-1"] == {"jupyter-alice", "esap-hub", "esap-proxy"}


async def test_when_all_addresses_are_taken_this_is_said() -> None:
    engine = Engine()
    for number in range(16):
        await PersonNetwork(f"esap-user-{number}", number, FACILITY, engine).make()
    with pytest.raises(NoRoom, match=r"10\.213\.0\.0/24"):
        await PersonNetwork("esap-user-17", 17, FACILITY, engine).make()
