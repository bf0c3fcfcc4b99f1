"""Servers in containers of one machine, apart from each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

from docker.errors import APIError, NotFound
from dockerspawner import DockerSpawner
from traitlets import Unicode, default

from esap_jupyter.errors import NoRoom
from esap_jupyter.hub.facilities import AtFacility
from esap_jupyter.hub.facilities.layout import GROUPS, HOME, SITE_CONFIGURATION, group_directory
from esap_jupyter.hub.facilities.networks import PersonNetwork
from esap_jupyter.hub.facilities.settings import DockerFacility
from esap_jupyter.hub.failures import NO_ROOM, Failure, no_image

_ASKING_DOCKER = ThreadPoolExecutor(8, "docker")

# What Docker says in words only.
_NO_ROOM = ("no space left", "cannot allocate memory", "address pool", "insufficient resources")
_NO_IMAGE = ("no such image", "pull access denied", "manifest unknown", "failed to resolve", "dial tcp")


class ContainerSpawner(AtFacility, DockerSpawner):
    """Starts a container in a network of the person's own, with as few rights as will do.

    The person's home is a volume, so that state, basket and files outlive the container. In the person's
    network there are, beside their servers, only the hub and its proxy with what the public address leads to:
    neither other people's servers nor how the proxy is told its routes can be reached.
    """

    facility: DockerFacility
    esap_directory = Unicode(help="Holds the `esap.toml` of the site, in the hub's container.").tag(
        config=True
    )

    async def start(self) -> Any:
        """Start what was ordered, in a network of the person's own and with as few rights as will do."""
        self.image = self.order.image
        self.volumes = {"esap-home-{username}": HOME, **await self._group_volumes()}
        if self.esap_directory:
            source = await self._on_the_machine(PurePosixPath(self.esap_directory))
            self.read_only_volumes = {source: SITE_CONFIGURATION}
        self.notebook_dir = HOME
        self.hub_connect_url = f"http://{self.facility.hub}:8081"
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
        # A person's servers begin one after the other: none finds the network going that another leaves.
        async with self._network.changing():
            await self._network.make()
            return await super().start()

    @default("start_timeout")
    def _long_enough_to_pull_an_image(self) -> int:
        return 600

    @default("http_timeout")
    def _long_enough_for_a_busy_machine(self) -> int:
        return 240

    @property
    def executor(self) -> ThreadPoolExecutor:
        """Asks Docker for several people side by side; DockerSpawner would for one at a time."""
        return _ASKING_DOCKER

    def explain(self, error: Exception) -> Failure | None:
        """Tell an image that is not there and a full machine from other faults."""
        return NO_ROOM if isinstance(error, NoRoom) else failure_of(error, self.order.image)

    async def delete_home(self) -> None:
        """Delete the volume that is the home."""
        for volume, mounted in self.volume_binds.items():
            if mounted["bind"] == HOME:
                with suppress(NotFound):
                    await self.docker("remove_volume", volume)

    @default("network_name")
    def _network_of_the_person(self) -> str:
        # Comes after esap-hub in the alphabet, see compose.yaml.
        return f"esap-user-{self.escaped_name}"

    async def poll(self) -> Any:
        """See whether the container runs; a hub or proxy made anew joins the person's network again."""
        status = await super().poll()
        if status is None:
            try:
                await self._network.join()
            except APIError as error:
                # The server runs all the same.
                self.log.warning("%s: %s", self._network.name, error.explanation or error)
        return status

    async def clean_up(self) -> None:
        """Remove the container, and with the person's last one the network."""
        if await self.get_object():
            await self.remove_object()
        async with self._network.changing():
            await self._network.leave()

    @property
    def _network(self) -> PersonNetwork:
        return PersonNetwork(self.network_name, self.user.id, self.facility, self.docker)

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


def failure_of(error: Exception, image: str) -> Failure | None:
    """Say what an error of Docker means for who wants a container of an image; None if it is not known."""
    if not isinstance(error, APIError):
        return None
    said = str(error.explanation or error).lower()
    if any(words in said for words in _NO_ROOM):
        return NO_ROOM
    if isinstance(error, NotFound) or any(words in said for words in _NO_IMAGE):
        return no_image(image)
    return None


def _gpus(count: int) -> dict[str, Any]:
    from docker.types import DeviceRequest

    return {"device_requests": [DeviceRequest(count=count, capabilities=[["gpu"]])]} if count else {}
