"""From DIDs to bytes: collections resolved, replicas in order, read from real storages."""

from __future__ import annotations

import uuid
import zlib

import pytest

from esap_jupyter.connectors.rucio import RucioConnector
from esap_jupyter.errors import NotFound
from esap_jupyter.models import Item, SourceFile

pytestmark = pytest.mark.xrootd


def items(lake: RucioConnector, *dids: str) -> list[Item]:
    rows = [dict(zip(("scope", "name"), did.split(":"), strict=True)) for did in dids]
    return [lake.item(row, None, "") for row in rows]


async def files(lake: RucioConnector, *dids: str) -> list[SourceFile]:
    return [file async for file in lake.files(items(lake, *dids))]


async def test_a_dataset_of_more_than_a_thousand_files(lake, filled):
    found = await files(lake, filled.did("many"))
    assert len({file.path for file in found}) == len(found) == filled.count
    assert found[0].path.startswith("many/frame")
    assert all(file.size and file.checksums.keys() == {"adler32", "md5"} and file.replicas for file in found)


async def test_containers_are_followed_down_to_the_files(lake, filled):
    found = {file.path: file for file in await files(lake, filled.did("outer"))}
    assert len(found) == filled.count + 2
    assert "outer/inner/many/frame00001.fits" in found
    assert "outer/side/few/frame00000.fits" in found


async def test_a_file_that_cannot_be_read_over_http_is_not_kept_quiet(lake, filled):
    found = {file.path: file for file in await files(lake, filled.did("few"))}
    assert found["few/posix.dat"].replicas == ()
    assert found["few/frame00000.fits"].replicas


async def test_the_preferred_rse_comes_first(connect, filled):
    did = filled.did("frame00000.fits")
    for rse in ("XRD1", "XRD2"):
        (file,) = await files(connect(preferred_rse=[rse]), did)
        assert file.path == f"{filled.scope}/frame00000.fits"
        assert {replica.rse for replica in file.replicas} == {"XRD1", "XRD2"}
        assert file.replicas[0].rse == rse
        assert file.replicas[0].url.startswith("https://")


async def test_many_files_in_the_basket_are_asked_for_together(lake, filled):
    names = [f"frame{n:05d}.fits" for n in range(600)]
    found = await files(lake, *(filled.did(name) for name in names))
    assert [file.path for file in found] == [f"{filled.scope}/{name}" for name in names]


async def test_an_unknown_did_is_named_after_the_others_files(lake, filled):
    found = []
    with pytest.raises(NotFound, match=filled.did("nothing")):
        async for file in lake.files(items(lake, filled.did("nothing"), filled.did("few"))):
            found.append(file)  # noqa: PERF401 - up to where it ends in an error
    assert len(found) == 2


async def test_an_empty_dataset_has_no_files(lake, filled):
    assert await files(lake, filled.did("empty")) == []


async def test_an_rse_that_is_switched_off_is_left_out(lake, rucio_xrootd):
    dataset = rucio_xrootd.add_files(1, 10, rse="XRD2")
    rucio_xrootd.rest("PUT", "/rses/XRD2", {"availability_read": False})
    try:
        (file,) = await files(lake, dataset)
    finally:
        rucio_xrootd.rest("PUT", "/rses/XRD2", {"availability_read": True})
    assert file.replicas == ()


@pytest.mark.parametrize("how", ["userpass", "oidc"])
async def test_the_bytes_are_where_rucio_says_and_as_it_promises(connect, rucio_xrootd, token_file, how):
    token = token_file(rucio_xrootd.mint_token()) if how == "oidc" else None
    lake = connect(auth_type=how, token_file=token)
    for file in await files(lake, rucio_xrootd.add_files(3, 10_000)):
        url = file.replicas[0].url
        headers = await lake.authorization(url)
        assert bool(headers) is (how == "oidc")
        content = lake.context.access.session(10).get(url, headers=headers).content
        assert (len(content), f"{zlib.adler32(content):08x}") == (file.size, file.checksums["adler32"])


async def test_a_replica_that_only_xrootd_reads(connect, rucio_xrootd, tmp_path):
    """Bytes on the first storage, and an RSE that knows it by its root:// door alone."""
    port = rucio_xrootd.ports["XRD1-native"]
    rse = f"ROOT-{uuid.uuid4().hex[:8]}".upper()
    doors = {"read": 1, "write": 1, "delete": 1}
    rucio_xrootd.rest("POST", f"/rses/{rse}", {})
    rucio_xrootd.rest("POST", f"/rses/{rse}/protocols/root", {
        "hostname": "localhost", "port": port, "prefix": "//rucio", "domains": {"wan": doors, "lan": doors},
        "impl": "rucio.rse.protocols.xrootd.Default"})  # fmt: skip
    name = f"only-root-{uuid.uuid4().hex[:8]}"
    path = rucio_xrootd.storage_path("XRD1", "test", name)
    for directory in (path.parent.parent.parent, path.parent.parent, path.parent):
        directory.mkdir(exist_ok=True)
        directory.chmod(0o777)
    content = b"over XRootD's own protocol " * 1000
    path.write_bytes(content)
    path.chmod(0o644)
    file = {"scope": "test", "name": name, "bytes": len(content), "adler32": f"{zlib.adler32(content):08x}"}
    rucio_xrootd.rest("POST", "/replicas/", {"rse": rse, "files": [file], "ignore_availability": True})
    lake = connect(origins=[*rucio_xrootd.storage_origins, f"root://localhost:{port}"])
    (file,) = await files(lake, f"test:{name}")
    assert [replica.url.partition(":")[0] for replica in file.replicas] == ["root"]
    target = tmp_path / "brought" / name
    await lake.download(file, target)
    assert target.read_bytes() == content
