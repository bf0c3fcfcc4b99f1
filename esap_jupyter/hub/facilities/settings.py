"""What `site.toml` says of each kind of facility."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _has_room_for_people(network: IPv4Network) -> IPv4Network:
    if not (network.is_private and network.prefixlen <= 24):
        msg = "must be a private network of at least 256 addresses"
        raise ValueError(msg)
    return network


class DockerFacility(_Settings):
    """Containers on this machine.

    Attributes
    ----------
    hub, proxy : str
        The hub's and its proxy's containers, which join each person's network: the hub sees whether a server
        is up, and servers ask it; what listens there is what the public address leads to, and nothing else.
    proxy_control : str
        Where the hub, and nobody else, tells the proxy its routes.
    networks : IPv4Network
        Cut into a network of 16 addresses for each person.
    pids : int
        Processes that a server may have.
    group_directories : bool
        Whether each group has a volume that its members share.
    """

    spawner: Literal["docker"]
    hub: str = "esap-hub"
    proxy: str = "esap-proxy"
    proxy_control: str = "http://proxy-control:8001"
    networks: Annotated[IPv4Network, AfterValidator(_has_room_for_people)] = IPv4Network("10.213.0.0/16")
    pids: int = Field(default=1024, ge=64)
    group_directories: bool = True


class LocalFacility(_Settings):
    """Processes of the hub's own user: for trying out, not for people who do not trust each other."""

    spawner: Literal["local"]
