"""Servers in containers of one machine, apart from each other."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Any

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool
from dockerspawner import DockerSpawner
from traitlets import default

from esap_jupyter.hub.facilities import AtFacility
from esap_jupyter.hub.facilities.settings import DockerFacility

HOME = "/home/esap"
_NETWORK_BITS = 28  # 16 addresses: the gateway, the proxy, and the person's servers


class ContainerSpawner(AtFacility, DockerSpawner):
    """Starts a container in a network of the person's own, with as few rights as will do.

    The person's home is a volume, so that state, basket and files outlive the container. In the person's
    network there are, beside their servers, only the hub and its proxy with what the public address leads to:
    neither other people's servers nor how the proxy is told its routes can be reached.
    """

    facility: DockerFacility
    _joined = False

    async def start(self) -> Any:
        """Start what was ordered, in a network of the person's own and with as few rights as will do."""
        self.image = self.order.image
        self.volumes = {"esap-home-{username}": HOME, **self._group_volumes()}
        self.notebook_dir = HOME
        self.hub_connect_url = f"http://{self.facility.hub}:8081"
        self.extra_host_config = {
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": self.facility.pids,
            "read_only": True,
            "tmpfs": {"/tmp": "mode=1777", "/run": "mode=0755"},  # noqa: S108 - the container's own
            **_gpus(self.order.gpus),
        }
        await self._make_network()
        return await super().start()

    @default("network_name")
    def _network_of_the_person(self) -> str:
        # Comes after esap-hub in the alphabet, see compose.yaml.
        return f"esap-user-{self.escaped_name}"

    async def poll(self) -> Any:
        """See whether the container runs; a hub that was made anew joins the person's network again."""
        status = await super().poll()
        if status is None and not self._joined:
            await self._join_network()
        return status

    async def remove_object(self) -> None:
        """Remove the container, and the network that is the person's own."""
        await super().remove_object()
        self._joined = False
        leaving = [("disconnect_container_from_network", each, self.network_name) for each in self._parts]
        for undo in (*leaving, ("remove_network", self.network_name)):
            try:
                await self.docker(*undo)
            except APIError as error:
                # Another server of the person is in it, or it is gone.
                self.log.info("%s: %s", undo[0], error.explanation)

    @property
    def _parts(self) -> tuple[str, str]:
        return self.facility.hub, self.facility.proxy

    async def _make_network(self) -> None:
        found = await self.docker("networks", names=[f"^{re.escape(self.network_name)}$"])
        if not found:
            pool = IPAMPool(subnet=str(_subnet(self.facility.networks, self.user.id)))
            ipam = IPAMConfig(pool_configs=[pool])
            await self.docker("create_network", self.network_name, driver="bridge", ipam=ipam)
        await self._join_network()

    async def _join_network(self) -> None:
        for part in self._parts:
            try:
                await self.docker("connect_container_to_network", part, self.network_name)
            except APIError as error:
                if "already exists" not in str(error.explanation):
                    raise
        self._joined = True

    def _group_volumes(self) -> dict[str, str]:
        if not self.facility.group_directories:
            return {}
        names = {re.sub(r"[^a-z0-9]+", "-", group.lower()).strip("-"): group for group in self.order.groups}
        return {f"esap-group-{name}": f"{HOME}/groups/{name}" for name in names}


def _subnet(networks: IPv4Network, user: int) -> IPv4Network:
    """Cut a person's network out of those of the site."""
    count = 1 << (_NETWORK_BITS - networks.prefixlen)
    if user >= count:
        msg = f"{networks} has networks for {count} people only; enlarge `networks` in site.toml"
        raise ValueError(msg)
    first = int(networks.network_address) + (user << (32 - _NETWORK_BITS))
    return IPv4Network((first, _NETWORK_BITS))


def _gpus(count: int) -> dict[str, Any]:
    from docker.types import DeviceRequest

    return {"device_requests": [DeviceRequest(count=count, capabilities=[["gpu"]])]} if count else {}
