"""The demo's Rucio and its storages, as any Rucio client would see them."""

import asyncio
import json
import socket
import subprocess
import sys
import textwrap
import time
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from esap_jupyter.demo.rucio import SERVICE, start_rucio
from esap_jupyter.demo.rucio_environment import EnvironmentFailed, make_environment
from tests.services.processes import listens


class Client:
    """A signed-in session, which trusts the demo's own authority."""

    def __init__(self, rucio):
        self.rucio = rucio
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = str(rucio.ca_file)
        answer = self.sign_in(rucio.services[SERVICE]["account"])
        answer.raise_for_status()
        self.token = {"X-Rucio-Auth-Token": answer.headers["X-Rucio-Auth-Token"]}

    def sign_in(self, account):
        table = self.rucio.services[SERVICE]
        return self.http.get(
            f"{self.rucio.url}/auth/userpass",
            headers={
                "X-Rucio-Account": account,
                "X-Rucio-Username": table["username"],
                "X-Rucio-Password": Path(table["password_file"]).read_text(),
            },
            timeout=30,
        )

    def lines(self, method, path, **options):
        answer = self.http.request(method, self.rucio.url + path, headers=self.token, timeout=60, **options)
        answer.raise_for_status()
        return [json.loads(line) for line in answer.text.splitlines() if line]

    def find(self, did_type="all", **filters):
        options = {"params": {"type": did_type, "filters": json.dumps([filters])}}
        return set(self.lines("GET", "/dids/demo/dids/search", **options))

    def replicas(self, name):
        return self.lines("POST", "/replicas/list", json={"dids": [{"scope": "demo", "name": name}]})


@pytest.fixture(scope="module")
def client(demo_rucio):
    made = Client(demo_rucio)
    yield made
    made.http.close()


def test_every_file_is_there_with_the_checksum_that_rucio_says(client, demo_data):
    known = {file.name: file for file in demo_data.files}
    replicas = client.replicas("messier")
    assert {replica["name"] for replica in replicas} == set(known)
    for replica in replicas:
        assert replica["md5"] == known[replica["name"]].md5
        for url in replica["pfns"]:
            content = client.http.get(url, timeout=30).content
            assert f"{zlib.adler32(content):08x}" == replica["adler32"]


def test_some_datasets_are_at_the_site_too(client, demo_rucio):
    rses = {tuple(sorted(replica["rses"])) for replica in client.replicas("M51")}
    assert rses == {("DEMO-ARCHIVE", "DEMO-SITE")}
    rses = {tuple(replica["rses"]) for replica in client.replicas("M31")}
    assert rses == {("DEMO-ARCHIVE",)}
    assert set(demo_rucio.storages) == {"DEMO-ARCHIVE", "DEMO-SITE"}


def test_metadata_find_files(client, demo_data):
    of_m51 = {file.name for file in demo_data.files if file.dataset == "M51"}
    assert client.find("file", project="M51") == of_m51
    assert client.find("dataset", project="M51") == {"M51"}
    spectra = {file.name for file in demo_data.files if file.observation.product == "spectrum"}
    assert client.find("file", datatype="spectrum") == spectra
    in_v = {file.name for file in demo_data.files if file.observation.filter == "V"}
    assert client.find("file", stream_name="V") == in_v
    assert client.find("file", name="M51_*") == of_m51


def test_all_metadata_of_a_did_can_be_asked_for(client):
    (metadata,) = client.lines("GET", "/dids/demo/M51_V.fits/meta", params={"plugin": "ALL"})
    assert metadata["project"] == "M51"


def test_the_person_has_a_quota_and_rules_that_are_fulfilled(client):
    (usage,) = client.lines("GET", "/accounts/demo/usage/local")
    assert usage["rse"] == "DEMO-SITE"
    assert 0 < usage["bytes"] < usage["bytes_limit"]
    rules = client.lines("GET", "/rules/", params={"account": "demo"})
    assert {(rule["name"], rule["state"]) for rule in rules} == {("M42", "OK"), ("M51", "OK")}


def test_the_person_cannot_sign_in_as_root(client):
    assert client.sign_in("root").status_code == 401


def test_listing_replicas_is_fast_without_memcached(client):
    started = time.monotonic()
    client.replicas("messier")
    assert time.monotonic() - started < 10


def test_a_storage_answers_ranges_and_head_on_one_connection(client, demo_rucio, demo_data):
    file = demo_data.files[0]
    url = f"{demo_rucio.storages['DEMO-ARCHIVE']}/demo/{file.name}"
    head = client.http.head(url, timeout=30)
    assert int(head.headers["Content-Length"]) == file.size
    assert head.headers["Connection"] == "keep-alive"
    part = client.http.get(url, headers={"Range": "bytes=100-199"}, timeout=30)
    assert part.status_code == 206
    assert part.content == file.path.read_bytes()[100:200]


def test_the_site_takes_uploads_and_the_archive_does_not(client, demo_rucio):
    archive, site = (demo_rucio.storages[name] for name in ("DEMO-ARCHIVE", "DEMO-SITE"))
    assert client.http.request("MKCOL", f"{site}/user.demo", timeout=30).status_code == 201
    url = f"{site}/user.demo/notes.txt"
    assert client.http.put(url, data=b"seen", timeout=30).status_code == 201
    assert client.http.get(url, timeout=30).content == b"seen"
    assert client.http.put(f"{archive}/demo/notes.txt", data=b"seen", timeout=30).status_code == 403


def test_nothing_of_it_is_trusted_without_its_own_authority(demo_rucio):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{demo_rucio.url}/ping", timeout=30)


@pytest.fixture(scope="module")
def kept(tmp_path_factory, demo_data):
    """The directory of a demo that ran before, and what it told."""
    directory, told = tmp_path_factory.mktemp("kept"), []

    async def run_once():
        await (await start_rucio(directory, demo_data, told.append)).stop()

    asyncio.run(run_once())
    return directory, told


async def test_a_second_start_registers_nothing_anew(kept, demo_data):
    directory, told = kept
    assert any("Registering" in line for line in told)
    told.clear()
    again = await start_rucio(directory, demo_data, told.append)
    try:
        assert told == []
        client = await asyncio.to_thread(Client, again)
        assert len(await asyncio.to_thread(client.replicas, "messier")) == len(demo_data.files)
        client.http.close()
    finally:
        await again.stop()


async def test_storages_that_moved_are_found_again(kept, demo_data):
    directory, _ = kept
    ports = json.loads((directory / "registered.json").read_text())["ports"]
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", ports["DEMO-ARCHIVE"]))
        stranger.listen()
        again = await start_rucio(directory, demo_data, print)
    try:
        client = await asyncio.to_thread(Client, again)
        (url,) = (await asyncio.to_thread(client.replicas, "M31_V.fits"))[0]["pfns"]
        assert url.startswith(again.storages["DEMO-ARCHIVE"])
        assert (await asyncio.to_thread(client.http.get, url, timeout=30)).ok
        client.http.close()
    finally:
        await again.stop()


def test_nothing_outlives_a_demo_that_is_killed(kept, demo_data):
    program = f"""
        import asyncio, sys
        from pathlib import Path
        from esap_jupyter.demo.data import make_demo_data
        from esap_jupyter.demo.rucio import start_rucio

        async def main():
            data = make_demo_data(Path({str(demo_data.directory.parent)!r}))
            rucio = await start_rucio(Path({str(kept[0])!r}), data, lambda line: None)
            print(rucio.url, *rucio.storages.values(), flush=True)
            await asyncio.sleep(600)

        asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    ) as demo:
        ports = [urlsplit(url).port for url in demo.stdout.readline().split()]
        assert len(ports) == 3
        demo.kill()
    deadline = time.monotonic() + 20
    while any(listens(port) for port in ports):
        assert time.monotonic() < deadline, "it still listens"
        time.sleep(0.05)


async def test_what_cannot_be_installed_is_said_with_pips_own_words(tmp_path):
    with pytest.raises(EnvironmentFailed, match=r"no-such-package\.whl"):
        await make_environment(tmp_path / "environment", (f"{tmp_path}/no-such-package.whl",), print)
