"""What a hub in Kubernetes is configured with, and the pods that it asks for.

There is no Kubernetes here: what it would be sent is looked at, made by the very files that a site copies.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tomli_w
import yaml
from traitlets.config import Config, PyFileConfigLoader

from esap_jupyter.hub.facilities import Order
from esap_jupyter.hub.facilities.kubernetes import PodSpawner
from tests.services.oidc_provider import OidcProvider

VALUES = yaml.safe_load(
    (Path(__file__).resolve().parents[3] / "hub_config/kubernetes/values.yaml").read_text()
)

# What the chart's own configuration has set before ours is read, as far as it meets.
CHARTS_OWN = """
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.JupyterHub.hub_bind_url, c.JupyterHub.hub_connect_url = "http://:8081", "http://hub:8081"
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
c.JupyterHub.services, c.JupyterHub.load_roles = [], []
c.KubeSpawner.common_labels = {"app.kubernetes.io/instance": "esap"}
c.KubeSpawner.extra_labels = %(extraLabels)r
c.KubeSpawner.allow_privilege_escalation = %(allowPrivilegeEscalation)r
c.KubeSpawner.volumes = {"files": {"name": "files", "secret": {"secretName": "singleuser"}}}
c.KubeSpawner.volume_mounts = {"esap": {"name": "files", "mountPath": "/etc/xdg/esap/esap.toml"}}
c.Spawner.cmd = None
"""


@pytest.fixture
def configured(tmp_path: Path, provider: OidcProvider) -> Config:
    """The hub's configuration, made by what ``values.yaml`` mounts and executes."""
    secrets = {"crypt_key": "0" * 64, "client_secret": "hub-secret"}
    for name, text in secrets.items():
        (tmp_path / name).write_text(text)
        # As Kubernetes mounts it: root's, for the pod's own group.
        mode = VALUES["hub"]["extraVolumes"][0]["secret"]["defaultMode"]
        (tmp_path / name).chmod(mode if os.geteuid() == 0 else 0o400)
    site = {
        "site": {"url": provider.hub_url, "directory": "/srv/jupyterhub", "crypt_key_file": "crypt_key"},
        "sign_in": {
            "issuer": provider.issuer,
            "client_id": "hub",
            "client_secret_file": "client_secret",
            "allow_all": True,
        },
        "monitor": {"audit_log": ""},
        "facilities": {
            "cluster": {"spawner": "kubernetes", "groups_claim": "esap-groups", "home_size": "5Gi"}
        },
    }
    (tmp_path / "site.toml").write_text(tomli_w.dumps(site))
    [mount] = VALUES["hub"]["extraVolumeMounts"]
    ours = VALUES["hub"]["extraConfig"]["esap"].replace(mount["mountPath"], str(tmp_path))
    (tmp_path / "whole.py").write_text(f"c = get_config()\n{CHARTS_OWN % VALUES['singleuser']}{ours}\n")
    return PyFileConfigLoader("whole.py", path=str(tmp_path)).load_config()


def test_the_hub_is_ours_in_the_charts_place(configured: Config) -> None:
    hub = configured.JupyterHub
    assert hub.spawner_class == "esap_jupyter.hub.spawner.FacilitySpawner"
    assert (hub.hub_bind_url, hub.hub_connect_url) == ("http://:8081", "http://hub:8081")
    assert hub.tornado_settings["slow_spawn_timeout"] == 0
    assert hub.db_url == "sqlite:////srv/jupyterhub/hub.sqlite"
    assert "esap-culler" in {service["name"] for service in hub.services}


async def test_a_pod_has_few_rights_and_the_persons_home(
    configured: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubespawner.spawner.load_config", lambda **_: None)
    pod = await _pod(configured, Order("esap/user:0.1.0", gpus=1, groups=("/escape/lofar",)))
    [container] = pod["spec"]["containers"]
    assert container["image"] == "esap/user:0.1.0"
    assert container["args"] == ["jupyterhub-singleuser"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsGroup": 1000,
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["resources"]["limits"] == {"cpu": 2.0, "memory": 4 * 2**30, "nvidia.com/gpu": "1"}
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["securityContext"] == {"fsGroup": 1000}
    mounted = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert {path: mount["name"] for path, mount in mounted.items()} == {
        "/home/esap": "esap-home",
        "/home/esap/groups/escape.lofar": "esap-groups",
        "/tmp": "esap-tmp",
        "/etc/xdg/esap/esap.toml": "files",
    }
    assert mounted["/home/esap/groups/escape.lofar"]["subPath"] == "escape.lofar"
    # All servers of a person have the same home.
    assert volumes["esap-home"]["persistentVolumeClaim"] == {"claimName": "esap-home-alice"}
    assert volumes["esap-tmp"]["emptyDir"] == {"sizeLimit": "10Gi"}
    # By these the chart's network policies let it reach the hub, and be reached by nobody but hub and proxy.
    assert pod["metadata"]["labels"].items() >= VALUES["singleuser"]["extraLabels"].items()
    assert pod["metadata"]["labels"]["app.kubernetes.io/component"] == "singleuser-server"


async def _pod(configured: Config, order: Order) -> dict[str, Any]:
    user = SimpleNamespace(
        name="alice", id=1, url="/user/alice/", escaped_name="alice", groups=[], settings={}
    )
    hub = SimpleNamespace(public_host="", base_url="/hub/", api_url="http://hub:8081/hub/api")
    spawner = PodSpawner(config=configured, user=user, hub=hub, api_token="hub-token")
    spawner.facility = configured.FacilitySpawner.offer.facilities["cluster"]
    spawner.order, spawner.mem_limit, spawner.cpu_limit = order, "4G", 2
    spawner.apply_order()
    pod = await spawner.get_pod_manifest()
    async with spawner.api.api_client as client:
        return client.sanitize_for_serialization(pod)
