"""A network of each person's own on a machine with Docker, with the hub and its proxy in it."""

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
from esap_jupyter.hub.facilities.settings import DockerFacility

_BITS = 28  # 16 addresses: the gateway, the hub, the proxy, and the person's servers
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
        self, name: str, number: int, facility: DockerFacility, docker: Callable[..., Awaitable[Any]]
    ) -> None:
        self.name = name
        self._number = number
        self._addresses = facility.networks
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
                await self._docker("create_network", self.name, driver="bridge", ipam=ipam)
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
        if there is None or there - self._parts:
            return
        for part in there:
            with suppress(NotFound):
                await self._docker("disconnect_container_from_network", part, self.name)
        with suppress(NotFound):
            await self._docker("remove_network", self.name)

    async def _members(self) -> set[str] | None:
        """Return the names of the running containers in it; None if there is no such network."""
        try:
            network = await self._docker("inspect_network", self.name)
        except NotFound:
            return None
        return {each["Name"] for each in network["Containers"].values()}

    async def _free_addresses(self) -> IPv4Network:
        configured = [
            pool["Subnet"]
            for network in await self._docker("networks")
            for pool in network["IPAM"]["Config"] or ()
        ]
        taken = [IPv4Network(subnet) for subnet in configured if ":" not in subnet]
        count = 1 << (_BITS - self._addresses.prefixlen)
        for number in range(self._number, self._number + count):
            first = int(self._addresses.network_address) + (number % count << (32 - _BITS))
            free = IPv4Network((first, _BITS))
            if not any(free.overlaps(each) for each in taken):
                return free
        raise NoRoom(
            f"All of {self._addresses} is taken by networks of people.",
            hint="Enlarge `networks` in site.toml.",
        )
