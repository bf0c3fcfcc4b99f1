"""A site by `hub_config`: one command, sign-in, a container each, apart from each other."""

from __future__ import annotations

import json

import pytest
import requests

from tests.services.docker_hub import ContainerServer, DockerHub


def test_a_person_gets_jupyterlab_with_esap(alice: ContainerServer) -> None:
    status = alice.browser.get(f"{alice.url}/esap/api/status", timeout=30)
    assert status.json()["api"] == 1
    page = alice.browser.get(f"{alice.url}/lab", timeout=30)
    assert '"esap-jupyter"' in page.text


def test_the_pages_are_https_by_the_certificate_of_the_site(container_site: DockerHub) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{container_site.url}/hub/health", timeout=10)
    browser = container_site.sign_in("user02")
    secure = {cookie.name for cookie in browser.cookies if cookie.secure}
    assert "jupyterhub-hub-login" in secure, list(browser.cookies)


def test_a_container_has_few_rights_and_a_bound(alice: ContainerServer) -> None:
    host = alice.described["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["ReadonlyRootfs"]
    assert host["PidsLimit"] == 1024
    assert host["Memory"] == 1 << 30
    assert alice.run("id", "--user") == "1000"
    assert alice.python("open('/home/esap/mine', 'w').write('x'); print('written')") == "written"


def test_two_people_cannot_reach_each_other(alice: ContainerServer, bob: ContainerServer) -> None:
    assert alice.reaches(alice.address, 8888)
    assert not alice.reaches(bob.address, 8888)
    assert not bob.reaches(alice.address, 8888)
    assert not alice.reaches("jupyter-bob", 8888)
    page = alice.browser.get(f"{bob.url}/api/contents", timeout=30)
    assert page.status_code in {403, 404}
    bob.run("sh", "-c", "echo mine > /home/esap/secret")
    assert "secret" not in alice.run("ls", "/home/esap")


def test_a_server_reaches_the_hub_but_not_what_tells_the_proxy(alice: ContainerServer) -> None:
    assert alice.reaches("esap-hub", 8081)
    assert alice.reaches("esap-proxy", 8000)
    assert not alice.reaches("esap-proxy", 8001)
    networks = json.loads(alice.site.engine.docker("inspect", "esap-proxy"))[0]["NetworkSettings"]["Networks"]
    control = next(value for name, value in networks.items() if name == "esap-control")
    assert not alice.reaches(control["IPAddress"], 8001)


def test_a_server_gets_fresh_and_exchanged_tokens_of_its_own(
    alice: ContainerServer, bob: ContainerServer
) -> None:
    code = (
        "import asyncio\n"
        "from esap_jupyter.gateway.tokens.hub import HubTokenSource\n"
        "from esap_jupyter.gateway.tokens.claims import claims\n"
        "token = asyncio.run(HubTokenSource.here().token('https://storage.example.org'))\n"
        "print(claims(token.value.get_secret_value())['sub'])"
    )
    assert alice.python(code) == "alice"
    assert bob.python(code) == "bob"
    environment = alice.run("env")
    refresh = [line for line in environment.splitlines() if "refresh" in line.lower()]
    assert not refresh
    said = json.loads(alice.run("esap", "--json", "whoami"))
    assert (said["source"], said["username"]) == ("the hub", "alice")


def test_profiles_are_for_their_groups(alice: ContainerServer, bob: ContainerServer) -> None:
    site = alice.site
    form = alice.browser.get(f"{site.url}/hub/spawn/alice/other", timeout=30)
    assert "JupyterLab for LOFAR" in form.text
    wanted = {"profile": "lofar"}
    refused = site.ask("POST", "/users/bob/servers/other", browser=bob.browser, json=wanted)
    assert refused.status_code == 400
    assert "There is no profile 'lofar' for you." in refused.json()["message"]


def test_servers_go_on_while_the_hub_is_made_anew(alice: ContainerServer) -> None:
    before = alice.described["Id"]
    alice.site.recreate_hub()
    alice.site.wait(alice.answers)
    assert alice.described["Id"] == before


def test_the_home_outlives_the_container(bob: ContainerServer) -> None:
    bob.run("sh", "-c", "echo kept > /home/esap/kept")
    site = bob.site
    bob.stop()
    assert not site.engine.docker("ps", "--all", "--quiet", "--filter", f"name={bob.container}")
    assert not site.engine.docker("network", "ls", "--quiet", "--filter", "name=esap-user-bob")
    again = ContainerServer(site, "bob")
    assert again.run("cat", "/home/esap/kept") == "kept"


def test_a_server_that_ends_by_itself_leaves_nothing(container_site: DockerHub) -> None:
    dora = ContainerServer(container_site, "user02")
    dora.python("import os, signal; os.kill(1, signal.SIGTERM)")
    container_site.wait(lambda: not container_site.servers(dora.browser, "user02"))
    left = container_site.engine.docker
    assert not left("ps", "--all", "--quiet", "--filter", f"name={dora.container}")
    assert not left("network", "ls", "--quiet", "--filter", "name=esap-user-user02")


def test_an_image_that_is_not_on_the_list_is_refused(container_site: DockerHub) -> None:
    browser = container_site.sign_in("user01")
    for image in ("debian:12", "esap-test/hub:latest"):
        wanted = {"image": image}
        refused = container_site.ask("POST", "/users/user01/server", browser=browser, json=wanted)
        assert refused.status_code == 400
        assert f"This profile has no image '{image}'." in refused.json()["message"]
