"""A network of each person's own, on one machine with Docker or several, with the hub and its proxy in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import IPv4Network
from typing import Any
from weakref import WeakValueDictionary

from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from esap_jupyter.errors import NoRoom
from esap_jupyter.hub.facilities.settings import EngineFacility, SwarmFacility

_BITS = 28  # 16 addresses: the gateway, the hub, the proxy, and the person's servers
_SWARM_BITS = 27  # beside these, each machine with one of the servers takes an address
NETWORK_LABEL = "esap.network"
"""The label of a Swarm's service that names the person's network."""

_REMOVE_LOOKS = 100
_LOOK_SECONDS = 0.2
_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


class PersonNetwork:
    """The network that all servers of one person share.

    Parameters
    ----------
    name : str
        What Docker calls it.
    number : int
        The person's; where in the site's addresses it is looked for first.
    docker : callable
        Asks Docker: the name of a method of `docker.APIClient`, and what it takes.
    """

    def __init__(
        self, name: str, number: int, facility: EngineFacility, docker: Callable[..., Awaitable[Any]]
    ) -> None:
        self.name = name
        self._number = number
        self._facility = facility
        self._parts = {facility.hub, facility.proxy}
        self._docker = docker

    def changing(self) -> asyncio.Lock:
        """Return what is held while a server begins to use it, or the last one has left."""
        return _locks.setdefault(self.name, asyncio.Lock())

    async def make(self) -> None:
        """Have it, with the hub and its proxy in it.

        Raises
        ------
        NoRoom
            If all addresses of the site are taken.
        """
        if await self._members() is None:
            # One at a time: two people never find the same addresses free.
            async with _locks.setdefault("", asyncio.Lock()):
                pool = IPAMPool(subnet=str(await self._free_addresses()))
                ipam = IPAMConfig(pool_configs=[pool])
                await self._docker("create_network", self.name, ipam=ipam, **self._kind())
        await self.join()

    async def join(self) -> None:
        """Have the hub and its proxy in it: either may have been made anew."""
        for part in self._parts - (await self._members() or set()):
            try:
                await self._docker("connect_container_to_network", part, self.name)
            except APIError as error:
                # Another server of the person has seen to it.
                if "already exists" not in str(error.explanation or error):
                    raise

    async def leave(self) -> None:
        """Remove it, unless a server is in it."""
        there = await self._members()
        if there is None or await self._servers(there):
            return
        for part in there & self._parts:
            with suppress(NotFound):
                await self._docker("disconnect_container_from_network", part, self.name)
        with suppress(NotFound):
            await self._remove()

    async def _remove(self) -> None:
        # A Swarm takes a moment to see that what was in it is gone.
        for _ in range(_REMOVE_LOOKS if self._is_overlay else 0):
            with suppress(APIError):
                await self._docker("remove_network", self.name)
                return
            await asyncio.sleep(_LOOK_SECONDS)
        await self._docker("remove_network", self.name)

    @property
    def _is_overlay(self) -> bool:
        return isinstance(self._facility, SwarmFacility)

    def _kind(self) -> dict[str, Any]:
        if not isinstance(self._facility, SwarmFacility):
            return {"driver": "bridge"}
        encrypted = {"encrypted": ""} if self._facility.encrypted else None
        # Attachable: hub and proxy are containers, not services.
        return {"driver": "overlay", "scope": "swarm", "attachable": True, "options": encrypted}

    async def _members(self) -> set[str] | None:
        """Return the names of this machine's running containers in it; None if there is no such network."""
        try:
            network = await self._docker("inspect_network", self.name)
        except NotFound:
            return None
        return {each["Name"] for each in (network["Containers"] or {}).values()}

    async def _servers(self, there: set[str]) -> set[str]:
        if not self._is_overlay:
            return there - self._parts
        # They may be on any machine.
        found = await self._docker("services", filters={"label": f"{NETWORK_LABEL}={self.name}"})
        return {service["Spec"]["Name"] for service in found}

    async def _free_addresses(self) -> IPv4Network:
        configured = [
            pool["Subnet"]
            for network in await self._docker("networks")
            for pool in network["IPAM"]["Config"] or ()
        ]
        taken = [IPv4Network(subnet) for subnet in configured if ":" not in subnet]
        addresses, bits = self._facility.networks, _SWARM_BITS if self._is_overlay else _BITS
        count = 1 << (bits - addresses.prefixlen)
        for number in range(self._number, self._number + count):
            first = int(addresses.network_address) + (number % count << (32 - bits))
            free = IPv4Network((first, bits))
            if not any(free.overlaps(each) for each in taken):
                return free
        raise NoRoom(
            f"All of {addresses} is taken by networks of people.",
            hint="Enlarge `networks` in site.toml.",
        )
