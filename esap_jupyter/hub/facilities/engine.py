"""What servers in containers have in common, on one machine or several: a network of the person's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from docker.errors import APIError, NotFound
from dockerspawner import DockerSpawner
from traitlets import Unicode, default

from esap_jupyter.errors import NoRoom
from esap_jupyter.hub.facilities import AtFacility
from esap_jupyter.hub.facilities.networks import PersonNetwork
from esap_jupyter.hub.failures import NO_ROOM, Failure, no_image

_ASKING_DOCKER = ThreadPoolExecutor(8, "docker")

# What Docker says in words only.
_NO_ROOM = (
    *("no space left", "cannot allocate memory", "address pool", "insufficient resources"),
    "no suitable node",
)
_NO_IMAGE = ("no such image", "pull access denied", "manifest unknown", "failed to resolve", "dial tcp")


class InPersonNetwork(AtFacility, DockerSpawner):
    """Starts a server in a network of the person's own.

    In the person's network there are, beside their servers, only the hub and its proxy with what the public
    address leads to: neither other people's servers nor how the proxy is told its routes can be reached.
    """

    esap_directory = Unicode(help="Holds the `esap.toml` of the site, in the hub's container.").tag(
        config=True
    )

    @default("start_timeout")
    def _long_enough_to_pull_an_image(self) -> int:
        return 600

    @default("http_timeout")
    def _long_enough_for_a_busy_machine(self) -> int:
        return 240

    @default("network_name")
    def _network_of_the_person(self) -> str:
        # Comes after esap-hub in the alphabet, see compose.yaml.
        return f"esap-user-{self.escaped_name}"

    @property
    def executor(self) -> ThreadPoolExecutor:
        """Asks Docker for several people side by side; DockerSpawner would for one at a time."""
        return _ASKING_DOCKER

    @property
    def network(self) -> PersonNetwork:
        """The person's network."""
        return PersonNetwork(self.network_name, self.user.id, self.facility, self.docker)

    async def start(self) -> Any:
        """Start what was ordered, in the person's network."""
        self.hub_connect_url = f"http://{self.facility.hub}:8081"
        # A person's servers begin one after the other: none finds the network going that another leaves.
        async with self.network.changing():
            await self.network.make()
            return await super().start()

    async def poll(self) -> Any:
        """See whether the server runs; a hub or proxy made anew joins the person's network again."""
        status = await super().poll()
        if status is None:
            await self.join_network()
        return status

    async def join_network(self) -> None:
        """Have the hub and its proxy in the person's network."""
        try:
            await self.network.join()
        except APIError as error:
            # The server runs all the same.
            self.log.warning("%s: %s", self.network.name, error.explanation or error)

    async def clean_up(self) -> None:
        """Remove what ran the server, and with the person's last one the network."""
        if await self.get_object():
            await self.remove_object()
        async with self.network.changing():
            await self.network.leave()

    def explain(self, error: Exception) -> Failure | None:
        """Tell an image that is not there and a full facility from other faults."""
        return NO_ROOM if isinstance(error, NoRoom) else failure_of(error, self.order.image)


def failure_of(error: Exception, image: str) -> Failure | None:
    """Say what an error of Docker means for who wants a container of an image; None if it is not known."""
    if isinstance(error, NotFound):
        return no_image(image)
    return failure_in_words(str(error.explanation or error), image) if isinstance(error, APIError) else None


def failure_in_words(said: str, image: str) -> Failure | None:
    """The same of what Docker says."""
    words = said.lower()
    if any(each in words for each in _NO_ROOM):
        return NO_ROOM
    return no_image(image) if any(each in words for each in _NO_IMAGE) else None
