"""Where servers run: per kind of facility its part of `site.toml`, and the spawner that starts them there.

A facility's spawner is JupyterHub's own for that kind of place with our defaults; it is imported only at a
site that has such a facility.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from traitlets import import_item

from esap_jupyter.hub.facilities.settings import (
    DockerFacility,
    KubernetesFacility,
    LocalFacility,
    SlurmFacility,
    SwarmFacility,
)
from esap_jupyter.hub.failures import Failure

Facility = Annotated[
    DockerFacility | KubernetesFacility | LocalFacility | SlurmFacility | SwarmFacility,
    Field(discriminator="spawner"),
]

_SPAWNERS = {
    "docker": "esap_jupyter.hub.facilities.docker.ContainerSpawner",
    "kubernetes": "esap_jupyter.hub.facilities.kubernetes.PodSpawner",
    "local": "esap_jupyter.hub.facilities.local.LocalSpawner",
    "slurm": "esap_jupyter.hub.facilities.slurm.JobSpawner",
    "swarm": "esap_jupyter.hub.facilities.swarm.ServiceSpawner",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be started, beside what every `Spawner` knows (memory, processors, the page to open).

    Attributes
    ----------
    image : str
        The container image, as ``docker pull`` takes it; empty where servers are no containers.
    gpus : int
        Graphics processors.
    groups : tuple of str
        The groups that the person is in.
    """

    image: str = ""
    gpus: int = 0
    groups: tuple[str, ...] = ()


class AtFacility:
    """What a facility's spawner is told before it starts anything; for the side of a `Spawner`.

    Attributes
    ----------
    facility : Facility
        What `site.toml` says of it.
    order : Order
        What is to be started.
    """

    facility: Any
    order: Order = Order()

    def explain(self, error: Exception) -> Failure | None:  # noqa: ARG002
        """Say why it did not start; None if that cannot be told from the error."""
        return None

    async def clean_up(self) -> None:
        """Remove what is left of a server that has ended, by itself or not."""

    async def delete_home(self) -> None:
        """Delete the home of a synthetic user whose server has stopped, where homes are made here."""


def spawner_class(facility: Facility) -> Any:
    """Return the class that starts servers at a facility: a `Spawner` and `AtFacility`."""
    return import_item(_SPAWNERS[facility.spawner])
