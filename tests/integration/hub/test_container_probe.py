"""`esap probe` where a site's operator types it: in the hub's container."""

from __future__ import annotations

import json

from tests.services.docker_hub import DockerHub


def test_a_probe_leaves_no_container_no_network_and_no_home(container_site: DockerHub) -> None:
    docker = container_site.engine.docker
    probe = ("esap", "--json", "probe", "--users", "2", "--ca-file", "/etc/esap/tls/certificate.pem")
    said = docker("exec", "esap-hub", *probe, seconds=240)
    report = json.loads(said)
    assert report["ok"]
    tried = {step["step"]: step["n"] for step in report["steps"]}
    assert tried == {"sign-in": 2, "provider": 1, "spawn": 2, "page": 2, "stop": 2, "removal": 2}
    assert not docker("ps", "--all", "--quiet", "--filter", "name=jupyter-esap-")
    assert not docker("network", "ls", "--quiet", "--filter", "name=esap-user-esap-")
    assert not docker("volume", "ls", "--quiet", "--filter", "name=esap-home-esap-")
