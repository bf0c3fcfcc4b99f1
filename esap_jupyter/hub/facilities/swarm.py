"""Servers in containers of the several machines of a Docker Swarm, apart from each other."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import ConfigReference, Mount, Resources, RestartPolicy
from dockerspawner import SwarmSpawner
from traitlets import default

from esap_jupyter.errors import TransferError
from esap_jupyter.hub.facilities.engine import InPersonNetwork, failure_in_words
from esap_jupyter.hub.facilities.layout import GROUPS, HOME, SITE_CONFIGURATION, USER, group_directory
from esap_jupyter.hub.facilities.networks import NETWORK_LABEL
from esap_jupyter.hub.facilities.settings import SwarmFacility
from esap_jupyter.hub.failures import Failure

_ENDED = {"complete", "shutdown", "failed", "rejected", "remove", "orphaned"}
_NO_SWARM = ("not a swarm manager", "does not have a leader")
_LOOK_SECONDS = 0.2
_STOP_LOOKS = 100
_MAKING_SECONDS = 60
_CONFIGURATION = "esap.site"
"""The label of what of `esap_directory` the Swarm keeps."""

_keeping = asyncio.Lock()  # servers of several people start at once


class NotRunning(Exception):
    """What the Swarm says of a server that it does not start."""


class ServiceSpawner(InPersonNetwork, SwarmSpawner):
    """Starts a service of one task with as few rights as will do, on whichever machine has room.

    Homes and the directories of groups are in a directory that all machines share. The machines need not have
    the site's `esap.toml`: the Swarm passes it on.
    """

    facility: SwarmFacility

    @default("extra_endpoint_spec")
    def _one_task_needs_no_balancing(self) -> dict[str, Any]:
        return {"mode": "dnsrr"}

    async def start(self) -> Any:
        """Start what was ordered, with as few rights as will do."""
        facility = self.facility
        self.image = self.order.image
        self.notebook_dir = HOME
        configuration = await self._site_configuration()
        await self._make_directories(self._directories())
        self.extra_container_spec = {
            "read_only": True,
            "cap_drop": ["ALL"],
            # Docker before 25 does not read it, and has to be told in its daemon.json.
            "privileges": {"NoNewPrivileges": True},
            # The hub sees whether the server answers; the Swarm would wait for the image's first check, 30 s.
            "healthcheck": {"Test": ["NONE"]},
            "configs": configuration,
        }
        # What was ordered is kept free for the server: the Swarm starts no more than a machine can hold.
        resources = Resources(
            cpu_limit=int(self.cpu_limit * 1e9),
            mem_limit=self.mem_limit,
            mem_reservation=self.mem_limit,
            generic_resources={facility.gpu_resource: self.order.gpus} if self.order.gpus else None,
        )
        resources["Limits"]["Pids"] = facility.pids
        self.extra_task_spec = {"resources": resources, "restart_policy": RestartPolicy(condition="none")}
        self.extra_create_kwargs = {"labels": {NETWORK_LABEL: self.network_name}}
        self.extra_placement_spec = {"constraints": list(facility.constraints)}
        return await super().start()

    async def docker(self, method: str, *given: Any, **further: Any) -> Any:
        """Ask Docker; a Swarm that is not there is like a machine that is not.

        Raises
        ------
        ConnectionError
            If this machine is no manager of a Swarm, or the managers do not agree on a leader.
        """
        try:
            return await super().docker(method, *given, **further)
        except APIError as error:
            if any(words in str(error.explanation) for words in _NO_SWARM):
                raise ConnectionError(error.explanation) from error
            raise

    @property
    def mounts(self) -> list[Mount]:
        """What is mounted: directories that all machines share, and the container's own for what is brief."""
        directories = self._directories()
        return [
            *(Mount(target, f"{self.facility.shared}/{name}", "bind") for name, target in directories),
            Mount("/tmp", None, "tmpfs", tmpfs_mode=0o1777),  # noqa: S108 - the container's own
            Mount("/run", None, "tmpfs", tmpfs_mode=0o755),
        ]

    async def start_object(self) -> None:
        """Wait until the task runs; `SwarmSpawner` would wait for one that was given up, too.

        Raises
        ------
        NotRunning
            If no machine has room for it, or it has ended.
        """
        while True:
            task = await self.get_task()
            status = task["Status"] if task else {"State": "remove"}
            said = status.get("Err", "")
            if status["State"] == "running":
                return
            if status["State"] in _ENDED or "no suitable node" in said:
                raise NotRunning(said or _how_it_ended(status))
            await asyncio.sleep(_LOOK_SECONDS)

    async def poll(self) -> Any:
        """See whether the task runs, or will."""
        task = await self.get_task()
        if task is None:
            return 0
        # The task of a machine that is gone is to end, and may still be said to run.
        if task["Status"]["State"] in _ENDED or task["DesiredState"] in _ENDED:
            return _how_it_ended(task["Status"])
        await self.join_network()
        return None

    async def get_ip_and_port(self) -> tuple[str, int]:
        """Return where the task is in the person's network."""
        task = await self.get_task()
        attached = task["NetworksAttachments"] if task else []
        address = next(
            each["Addresses"][0] for each in attached if each["Network"]["Spec"]["Name"] == self.network_name
        )
        return address.partition("/")[0], self.port

    async def remove_object(self) -> None:
        """Remove the service, and wait until its container has ended: the next one has the same home."""
        try:
            tasks = {task["ID"] for task in await self.docker("tasks", filters={"service": self.object_name})}
            await self.docker("remove_service", self.object_id)
        except NotFound:
            return
        for _ in range(_STOP_LOOKS):
            # Of a service that is gone, a Swarm lists no tasks by its name.
            there = [task for task in await self.docker("tasks") if task["ID"] in tasks]
            if all(task["Status"]["State"] in _ENDED for task in there):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def explain(self, error: Exception) -> Failure | None:
        """Tell an image that is not there and a full Swarm from other faults."""
        if isinstance(error, NotRunning):
            return failure_in_words(str(error), self.order.image)
        return super().explain(error)

    async def delete_home(self) -> None:
        """Delete the directory that is the home."""
        name, _ = self._directories()[0]
        await self._in_shared_directory("rm", "-r", "-f", name)

    def _directories(self) -> list[tuple[str, str]]:
        """What is in the shared directory for this server, and where the server finds it."""
        groups = map(group_directory, self.order.groups) if self.facility.group_directories else ()
        return [
            (f"homes/{self.escaped_name}", HOME),
            *((f"groups/{name}", f"{GROUPS}/{name}") for name in groups),
        ]

    async def _make_directories(self, directories: list[tuple[str, str]]) -> None:
        names = [name for name, _ in directories]
        # The directory of the home that the groups' are mounted in would be made by Docker, as root's.
        names += [f"{names[0]}/groups/{name.removeprefix('groups/')}" for name in names[1:]]
        await self._in_shared_directory("mkdir", "-p", "-m", "0700", *names)

    async def _in_shared_directory(self, *command: str) -> None:
        """Run a command there as the user that people's containers run as, on the hub's machine.

        Raises
        ------
        TransferError
            If it fails: the directory is not there, or belongs to somebody else.
        """
        hub = await self.docker("inspect_container", self.facility.hub)
        host = self.client.create_host_config(
            mounts=[Mount("/shared", str(self.facility.shared), "bind")],
            cap_drop=["ALL"],
            network_mode="none",
        )
        made = await self.docker(
            "create_container",
            hub["Image"],
            list(command),
            user=f"{USER}:{USER}",
            working_dir="/shared",
            host_config=host,
        )
        try:
            await self.docker("start", made["Id"])
            ended = await self.docker("wait", made["Id"], timeout=_MAKING_SECONDS)
            said = await self.docker("logs", made["Id"])
        finally:
            await self.docker("remove_container", made["Id"], force=True)
        if ended["StatusCode"]:
            raise TransferError(
                f"{command[0]} in {self.facility.shared} failed: {said.decode(errors='replace').strip()}",
                hint=f"The directory must belong to user {USER}.",
            )

    async def _site_configuration(self) -> list[ConfigReference]:
        """Have the Swarm keep the files of `esap_directory`; those of an earlier state go."""
        if not self.esap_directory:
            return []
        files = await asyncio.to_thread(_files_in, Path(self.esap_directory))
        names = {path: _name_of(path, content) for path, content in files.items()}
        async with _keeping:
            known = {
                each["Spec"]["Name"]: each["ID"]
                for each in await self.docker("configs", filters={"label": _CONFIGURATION})
            }
            for path, name in names.items():
                if name not in known:
                    made = await self.docker("create_config", name, files[path], labels={_CONFIGURATION: ""})
                    known[name] = made["ID"]
            for name in known.keys() - names.values():
                # It stays as long as a server has it.
                with suppress(APIError):
                    await self.docker("remove_config", known[name])
        return [
            ConfigReference(known[name], name, f"{SITE_CONFIGURATION}/{path}") for path, name in names.items()
        ]


def _files_in(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def _name_of(path: str, content: bytes) -> str:
    return f"esap-{hashlib.sha256(path.encode() + bytes(1) + content).hexdigest()[:32]}"


def _how_it_ended(status: dict[str, Any]) -> str:
    code = status.get("ContainerStatus", {}).get("ExitCode", 0)
    return f"ExitCode={code}, State={status['State']!r}, Error={status.get('Err', '')!r}"
