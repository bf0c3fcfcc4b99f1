"""The services that other tests rely on are what they say: real answers, real transfers, real faults."""

import subprocess
import time
import zlib

import pytest
import requests


def ask(rucio, path, **options):
    return requests.get(rucio.url + path, verify=rucio.ca_file, timeout=10, **options)


def who(rucio, token):
    return ask(rucio, "/accounts/whoami", headers={"X-Rucio-Auth-Token": token})


def rule_when_settled(rucio, identifier):
    deadline = time.monotonic() + 60
    while (rule := rucio.rest("GET", f"/rules/{identifier}").json())["state"] == "REPLICATING":
        assert time.monotonic() < deadline, rule
        time.sleep(0.2)
    return rule


def add_rule(rucio, dataset, rse):
    scope, name = dataset.split(":")
    wanted = {"dids": [{"scope": scope, "name": name}], "account": "root", "copies": 1, "rse_expression": rse}
    return rucio.rest("POST", "/rules/", wanted).json()[0]


@pytest.mark.dachs
def test_dachs_serves_what_it_says(dachs):
    query = {"LANG": "ADQL", "FORMAT": "csv"}
    for table, rows in ((dachs.table, dachs.rows), ("ivoa.obscore", dachs.frames + dachs.spectra)):
        query["QUERY"] = f"SELECT count(*) AS n FROM {table}"
        answer = requests.get(f"{dachs.tap}/sync", params=query, timeout=60)
        assert int(answer.text.split()[1]) == rows


@pytest.mark.xrootd
def test_tokens_are_good_until_they_expire_and_for_their_audience(rucio_xrootd):
    assert who(rucio_xrootd, rucio_xrootd.mint_token()).json()["account"] == "jdoe"
    assert who(rucio_xrootd, rucio_xrootd.mint_token(ttl=-60)).status_code == 401
    assert who(rucio_xrootd, rucio_xrootd.mint_token(audience="other")).status_code == 401


@pytest.mark.xrootd
def test_a_certificate_signs_in(rucio_xrootd):
    identity = rucio_xrootd.client_certificate
    answer = ask(
        rucio_xrootd,
        "/auth/x509",
        headers={"X-Rucio-Account": "jdoe"},
        cert=(str(identity.certificate_file), str(identity.key_file)),
    )
    assert who(rucio_xrootd, answer.headers["X-Rucio-Auth-Token"]).json()["account"] == "jdoe"


@pytest.mark.xrootd
def test_a_rule_moves_real_bytes_between_the_storages(rucio_xrootd):
    dataset = rucio_xrootd.add_files(3, 20_000)
    assert rule_when_settled(rucio_xrootd, add_rule(rucio_xrootd, dataset, "XRD2"))["state"] == "OK"
    scope, name = dataset.split(":")
    for number in range(3):
        copies = [rucio_xrootd.storage_path(rse, scope, f"{name}.{number:05d}") for rse in ("XRD1", "XRD2")]
        assert copies[0].read_bytes() == copies[1].read_bytes()


@pytest.mark.xrootd
def test_a_transfer_fails_when_told_to(rucio_xrootd):
    dataset = rucio_xrootd.add_files(1, 1000)
    rucio_xrootd.transfers(fail=dataset.split(":")[1])
    try:
        rule = rule_when_settled(rucio_xrootd, add_rule(rucio_xrootd, dataset, "XRD2"))
    finally:
        rucio_xrootd.transfers()
    assert rule["state"] == "STUCK"


@pytest.mark.xrootd
def test_a_corrupt_replica_has_another_checksum(rucio_xrootd):
    scope, name = rucio_xrootd.add_files(1, 1000).split(":")
    (replica,) = rucio_xrootd.rest(
        "POST", "/replicas/list", {"dids": [{"scope": scope, "name": f"{name}.00000"}]}
    ).text.splitlines()
    rucio_xrootd.corrupt("XRD1", scope, f"{name}.00000")
    content = rucio_xrootd.storage_path("XRD1", scope, f"{name}.00000").read_bytes()
    assert f"{zlib.adler32(content):08x}" not in replica
    assert len(content) == 1000


@pytest.mark.xrootd
def test_a_paused_rucio_hangs_and_goes_on(rucio_xrootd):
    with rucio_xrootd.paused(), pytest.raises(requests.Timeout):
        requests.get(f"{rucio_xrootd.url}/ping", verify=rucio_xrootd.ca_file, timeout=1)
    assert ask(rucio_xrootd, "/ping").ok


@pytest.mark.xrootd
def test_the_official_client_downloads_from_it(rucio_xrootd, tmp_path):
    dataset = rucio_xrootd.add_files(2, 5000)
    environment = rucio_xrootd.client_environment(tmp_path / "client")
    subprocess.run(
        ["rucio", "download", "--dir", str(tmp_path), dataset],
        env=environment,
        check=True,
        capture_output=True,
    )
    scope, name = dataset.split(":")
    downloaded = (tmp_path / name / f"{name}.00001").read_bytes()
    assert downloaded == rucio_xrootd.storage_path("XRD1", scope, f"{name}.00001").read_bytes()
