"""Servers in containers of one machine, apart from each other."""

from __future__ import annotations

from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

from docker.errors import NotFound

from esap_jupyter.hub.facilities.engine import InPersonNetwork
from esap_jupyter.hub.facilities.layout import GROUPS, HOME, SITE_CONFIGURATION, group_directory
from esap_jupyter.hub.facilities.settings import DockerFacility


class ContainerSpawner(InPersonNetwork):
    """Starts a container with as few rights as will do.

    The person's home is a volume, so that state, basket and files outlive the container.
    """

    facility: DockerFacility

    async def start(self) -> Any:
        """Start what was ordered, with as few rights as will do."""
        self.image = self.order.image
        self.volumes = {"esap-home-{username}": HOME, **await self._group_volumes()}
        if self.esap_directory:
            source = await self._on_the_machine(PurePosixPath(self.esap_directory))
            self.read_only_volumes = {source: SITE_CONFIGURATION}
        self.notebook_dir = HOME
        self.extra_host_config = {
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            # What has ended is asked why, and removed after that.
            "auto_remove": False,
            "pids_limit": self.facility.pids,
            "read_only": True,
            "tmpfs": {"/tmp": "mode=1777", "/run": "mode=0755"},  # noqa: S108 - the container's own
            **_gpus(self.order.gpus),
        }
        return await super().start()

    async def delete_home(self) -> None:
        """Delete the volume that is the home."""
        for volume, mounted in self.volume_binds.items():
            if mounted["bind"] == HOME:
                with suppress(NotFound):
                    await self.docker("remove_volume", volume)

    async def _on_the_machine(self, path: PurePosixPath) -> str:
        """Return where something that the hub's container was given is on the machine."""
        hub = await self.docker("inspect_container", self.facility.hub)
        for mount in hub["Mounts"]:
            if path.is_relative_to(mount["Destination"]):
                return str(PurePosixPath(mount["Source"]) / path.relative_to(mount["Destination"]))
        msg = f"{path} is in no volume of the container {self.facility.hub}"
        raise FileNotFoundError(msg)

    async def _group_volumes(self) -> dict[str, str]:
        if not self.facility.group_directories:
            return {}
        names = {f"esap-group-{name}": f"{GROUPS}/{name}" for name in map(group_directory, self.order.groups)}
        for volume in names:
            try:
                await self.docker("inspect_volume", volume)
            except NotFound:
                await self._make_group_volume(volume)
        return names

    async def _make_group_volume(self, volume: str) -> None:
        # Docker makes a new volume like the image's directory that it is first put upon, owner and all; where
        # the image has none, the volume would be root's. This container never runs.
        binds = self.client.create_host_config(binds={volume: {"bind": GROUPS, "mode": "rw"}})
        made = await self.docker("create_container", self.image, host_config=binds)
        await self.docker("remove_container", made["Id"])


def _gpus(count: int) -> dict[str, Any]:
    from docker.types import DeviceRequest

    return {"device_requests": [DeviceRequest(count=count, capabilities=[["gpu"]])]} if count else {}
