"""Servers as pods of a Kubernetes cluster, with as few rights as will do."""

from __future__ import annotations

from typing import Any

from kubernetes_asyncio.client.rest import ApiException
from kubespawner import KubeSpawner
from traitlets import default

from esap_jupyter.hub.facilities import AtFacility
from esap_jupyter.hub.facilities.layout import GROUPS, HOME, USER, group_directory
from esap_jupyter.hub.facilities.settings import KubernetesFacility
from esap_jupyter.hub.failures import NO_ROOM, Failure

_RESTRICTED = {
    "runAsNonRoot": True,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


class PodSpawner(AtFacility, KubeSpawner):
    """Starts a pod that meets Kubernetes' *restricted* pod security standard.

    A claim of the person's own is the home of all their servers. It outlives them, and what the hub knows of
    the person. Who reaches whom is said by the chart's network policies
    (``hub_config/kubernetes/values.yaml``).
    """

    facility: KubernetesFacility

    @default("pvc_name_template")
    def _one_home_for_a_person(self) -> str:
        return "esap-home-{username}"

    @default("delete_pvc")
    def _deleting_a_server_leaves_the_home(self) -> bool:
        return False

    @default("storage_pvc_ensure")
    def _homes_are_made(self) -> bool:
        return True

    async def start(self) -> Any:
        """Start what was ordered."""
        self.apply_order()
        return await super().start()

    def apply_order(self) -> None:
        """Say what the pod is to be; what the chart's values add, volumes and labels say, stays."""
        facility = self.facility
        self.image = self.order.image
        self.notebook_dir = self.working_dir = HOME
        self.uid = self.gid = self.fs_gid = USER
        self.allow_privilege_escalation = False
        self.container_security_context = _RESTRICTED
        self.storage_capacity = facility.home_size
        self.storage_class = facility.storage_class or None
        self.storage_access_modes = ["ReadWriteMany" if facility.shared_homes else "ReadWriteOnce"]
        if self.order.gpus:
            self.extra_resource_limits = {facility.gpu_resource: str(self.order.gpus)}
        volumes: list[dict[str, Any]] = [
            {"name": "esap-home", "persistentVolumeClaim": {"claimName": self.pvc_name}},
            {"name": "esap-tmp", "emptyDir": {"sizeLimit": facility.temporary_size}},
        ]
        mounts = [
            {"name": "esap-home", "mountPath": HOME},
            {"name": "esap-tmp", "mountPath": "/tmp"},  # noqa: S108 - the container's own
        ]
        if facility.groups_claim and self.order.groups:
            volumes.append(
                {"name": "esap-groups", "persistentVolumeClaim": {"claimName": facility.groups_claim}}
            )
            mounts += [
                {"name": "esap-groups", "mountPath": f"{GROUPS}/{name}", "subPath": name}
                for name in map(group_directory, self.order.groups)
            ]
        given: Any = self
        self.volumes = [*_listed(given.volumes), *volumes]
        self.volume_mounts = [*_listed(given.volume_mounts), *mounts]

    async def delete_home(self) -> None:
        """Delete the claim that is the home."""
        await self._make_delete_pvc_request(self.pvc_name, self.k8s_api_request_timeout)

    def explain(self, error: Exception) -> Failure | None:
        """Tell a full quota from other faults."""
        full = isinstance(error, ApiException) and "exceeded quota" in str(error.body)
        return NO_ROOM if full else None


def _listed(given: Any) -> list[Any]:
    # The chart names them, so that values can be merged.
    return list(given.values()) if isinstance(given, dict) else list(given)
