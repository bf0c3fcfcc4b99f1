"""What `site.toml` says of each kind of facility."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_QUANTITY = r"^[1-9][0-9]*[KMGT]i?$"


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def needs_images(self) -> bool:
        """Whether nothing runs there but containers."""
        return True


def _has_room_for_people(network: IPv4Network) -> IPv4Network:
    if not (network.is_private and network.prefixlen <= 24):
        msg = "must be a private network of at least 256 addresses"
        raise ValueError(msg)
    return network


class EngineFacility(_Settings):
    """Containers that a Docker engine starts: what one machine and several have in common.

    Attributes
    ----------
    hub, proxy : str
        The hub's and its proxy's containers, which join each person's network: the hub sees whether a server
        is up, and servers ask it; what listens there is what the public address leads to, and nothing else.
    hub_control, proxy_control : str
        Where the proxy, and nobody else, passes people on to the hub, and the hub tells the proxy its routes.
    networks : IPv4Network
        Cut into a network for each person, of 16 addresses on one machine and 32 on several.
    pids : int
        Processes that a server may have.
    group_directories : bool
        Whether each group has a directory that its members share.
    """

    hub: str = "esap-hub"
    proxy: str = "esap-proxy"
    hub_control: str = "http://hub-control:8081"
    proxy_control: str = "http://proxy-control:8001"
    networks: Annotated[IPv4Network, AfterValidator(_has_room_for_people)] = IPv4Network("10.213.0.0/16")
    pids: int = Field(default=1024, ge=64)
    group_directories: bool = True


class DockerFacility(EngineFacility):
    """Containers on this machine."""

    spawner: Literal["docker"]


class SwarmFacility(EngineFacility):
    """Containers on the machines of a Docker Swarm, of which this machine is a manager.

    Attributes
    ----------
    shared : str
        A directory that all machines have under this name (NFS, CephFS) and that belongs to user 1000: in it
        are people's homes and the directories of groups.
    constraints : tuple of str
        Which machines servers run on, as ``docker service create --constraint`` takes it:
        ``node.role==worker``.
    encrypted : bool
        Whether what people's networks carry between machines is encrypted; their kernels must have IPsec.
    gpu_resource : str
        What the machines call a graphics processor (``node-generic-resources`` in Docker's daemon.json).
    """

    spawner: Literal["swarm"]
    shared: str = Field(pattern=r"^/[^\s:]+[^\s:/]$")
    constraints: tuple[Annotated[str, Field(pattern=r"^[a-z.]+[A-Za-z0-9._-]*\s*[!=]=")], ...] = ()
    encrypted: bool = False
    gpu_resource: str = "gpu"


class KubernetesFacility(_Settings):
    """Pods of the cluster that the hub itself runs in, by the chart of zero-to-jupyterhub.

    Attributes
    ----------
    home_size : str
        Of the volume that is a person's home, as Kubernetes takes it: ``20Gi``.
    storage_class : str
        Of that volume; empty is the cluster's default.
    shared_homes : bool
        Whether the class lets pods of several nodes write to a volume (``ReadWriteMany``), so that servers of
        one person may run on several.
    groups_claim : str
        A claim that many pods may write to, in which each group has a directory that its members share; empty
        is none.
    temporary_size : str
        Of ``/tmp``.
    gpu_resource : str
        What the cluster calls a graphics processor.
    """

    spawner: Literal["kubernetes"]
    home_size: str = Field(default="20Gi", pattern=_QUANTITY)
    storage_class: str = ""
    shared_homes: bool = False
    groups_claim: str = ""
    temporary_size: str = Field(default="10Gi", pattern=_QUANTITY)
    gpu_resource: str = "nvidia.com/gpu"


class LocalFacility(_Settings):
    """Processes of the hub's own user: for trying out, not for people who do not trust each other."""

    spawner: Literal["local"]

    @property
    def needs_images(self) -> bool:
        """Whether nothing runs there but containers."""
        return False


class SlurmFacility(_Settings):
    """Jobs of a Slurm cluster, each as the person's own Unix user; the hub is on a host that may submit.

    Attributes
    ----------
    hub : str
        Where the nodes reach the hub's API, which must be open to nobody else: ``http://10.0.0.5:8081``.
    environment : str
        A directory on the nodes whose ``bin`` has JupyterLab, this package and batchspawner. Without one, the
        profiles need images, which run by Apptainer.
    user : str
        The Unix user of the person ``{name}``. System users, with numbers below 1000, start nothing.
    users : dict
        The Unix users of people for whom that is not so.
    become : str
        How the hub acts as a person: ``runuser`` if it runs as root, or ``sudo``, which must let it use
        sbatch, squeue and scancel with its environment kept (``NOPASSWD:SETENV``).
    partition, account : str
        Where the jobs queue, and what they are charged to; empty is the cluster's default.
    time_limit : str
        After which a job ends, as ``sbatch --time`` takes it.
    options : tuple of str
        Further options of ``sbatch``: ``--qos=interactive``.
    setup : tuple of str
        Lines of shell before the server starts: ``module load cuda``.
    directory : str
        What the server opens; ``{home}`` and ``{user}`` are the Unix user's. It is made where it is missing.
    node_address : str
        Where the hub reaches the node ``{node}``.
    wait : int
        Seconds that a person may wait in the queue before the job is cancelled.
    """

    spawner: Literal["slurm"]
    hub: str = Field(pattern=r"^https?://[^/@\s]+$")
    environment: str = Field(default="", pattern=r"^(/\S*)?$")
    user: str = Field(default="{name}", pattern=r"^[a-z0-9._-]*\{name\}[a-z0-9._-]*$")
    users: dict[str, str] = Field(default_factory=dict)
    become: Literal["runuser", "sudo"] = "runuser"
    partition: str = Field(default="", pattern=r"^[A-Za-z0-9_.,-]*$")
    account: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]*$")
    time_limit: str = Field(default="8:00:00", pattern=r"^([0-9]+-)?[0-9]+(:[0-9]{2}){0,2}$")
    options: tuple[Annotated[str, Field(pattern=r"^--[a-z]")], ...] = ()
    setup: tuple[str, ...] = ()
    directory: str = "{home}"
    node_address: str = Field(
        default="{node}", pattern=r"^[A-Za-z0-9.-]*\{node\}[A-Za-z0-9.-]*$|^[A-Za-z0-9.:-]+$"
    )
    wait: int = Field(default=600, ge=30)

    @property
    def needs_images(self) -> bool:
        """Whether nothing runs there but containers."""
        return not self.environment
