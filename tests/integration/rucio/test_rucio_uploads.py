"""Files into real data lakes: what was uploaded is what another client downloads."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import uuid
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from esap_jupyter.config import Config
from esap_jupyter.errors import Conflict, InputError, NotAllowed, NotOffered, QuotaExceeded
from esap_jupyter.gateway import Gateway
from esap_jupyter.models import Job, Phase
from tests.services.rucio_connector import rucio_connector


def unique(name: str) -> str:
    stem, _, suffix = name.partition(".")
    return f"{stem}-{uuid.uuid4().hex[:8]}.{suffix}"


@pytest.fixture
def as_root(rucio_xrootd) -> dict[str, object]:
    """The Rucio with XRootD as one who may register replicas: its policy lets no other."""
    (table,) = rucio_xrootd.services.values()
    return {**table, "account": "root", "username": "ddmlab"}


@pytest.fixture
def config(tmp_path) -> Callable[..., Config]:
    def make(table: object) -> Config:
        return Config.model_validate(
            {
                "storage": {
                    f"{name}_directory": tmp_path / name for name in ("state", "cache")
                } | {"workspace": tmp_path / "workspace"},
                "services": {"lake": table},
            }
        )  # fmt: skip

    return make


@pytest.fixture(params=["xrootd", "demo"])
def lake(request) -> dict[str, object]:
    """A data lake's table, with an RSE that can be written as `rse`, and a scope of one's own as `scope`."""
    if request.param == "xrootd":
        return {"table": request.getfixturevalue("as_root"), "rse": "XRD1", "scope": "test"}
    (table,) = request.getfixturevalue("demo_rucio").services.values()
    return {"table": table, "rse": "DEMO-SITE", "scope": "user.demo"}


@pytest.fixture
async def gateway(lake, config) -> AsyncIterator[Gateway]:
    async with Gateway(config(lake["table"])) as made:
        yield made


def files(directory: Path, *contents: bytes) -> list[Path]:
    directory.mkdir(exist_ok=True)
    made = []
    for content in contents:
        path = directory / unique("up.dat")
        path.write_bytes(content)
        made.append(path)
    return made


async def finished(handle) -> Job:
    return await handle.wait()


async def read(gateway: Gateway, did: str) -> bytes:
    """The bytes of a DID, as staging brings them."""
    lake = gateway.connector("lake")
    scope, _, name = did.partition(":")
    item = lake.item({"scope": scope, "name": name}, None, "")
    job = await (await gateway.stage([item])).wait()
    assert job.phase is Phase.COMPLETED, job.error_message
    (file,) = job.results["files"]
    assert file["verified"] == "adler32"
    return await asyncio.to_thread(Path(file["path"]).read_bytes)


async def test_files_are_registered_kept_by_a_rule_and_read_again(gateway, lake, tmp_path):
    paths = files(tmp_path, os.urandom(300_000), b"", b"small")
    job = await finished(
        await gateway.upload("lake", paths, to=lake["scope"], rse=lake["rse"], lifetime=3600)
    )
    assert job.phase is Phase.COMPLETED, f"{job.error_message} {job.results}"
    assert [file["path"] for file in job.results["files"]]
    assert job.progress.files_done == job.progress.files_total == 3
    assert job.progress.done == job.progress.total == 300_005
    connector = gateway.connector("lake")
    for path in (paths[0], paths[2]):
        did = f"{lake['scope']}:{path.name}"
        known = await connector.did(did)
        assert known.bytes == path.stat().st_size
        assert known.adler32 == f"{zlib.adler32(path.read_bytes()):08x}"
        (replica,) = [each async for each in connector.replicas([did])]
        assert (replica.rse, replica.state) == (lake["rse"], "AVAILABLE")
        (rule,) = await connector.rules(did)
        assert (rule.state, rule.rse_expression) == ("OK", lake["rse"])
        assert rule.expires_at is not None
        assert await read(gateway, did) == path.read_bytes()


async def test_a_folder_becomes_a_dataset(gateway, lake, tmp_path):
    folder = tmp_path / "night"
    paths = files(folder, b"one", b"two", b"three")
    (folder / ".hidden").write_bytes(b"not this")
    dataset = f"{lake['scope']}:{unique('night.set')}"
    job = await finished(await gateway.upload("lake", [folder], to=dataset, rse=lake["rse"]))
    assert job.phase is Phase.COMPLETED, f"{job.error_message} {job.results}"
    connector = gateway.connector("lake")
    content = [did.name async for did in connector.content(dataset)]
    assert sorted(content) == sorted(path.name for path in paths)
    (rule,) = await connector.rules(dataset)
    assert rule.rse_expression == lake["rse"]


async def test_done_again_it_is_there_already(gateway, lake, tmp_path):
    paths = files(tmp_path, b"the same")
    for was_there in (False, True):
        job = await finished(await gateway.upload("lake", paths, to=lake["scope"], rse=lake["rse"]))
        assert job.phase is Phase.COMPLETED
        assert [file["was_there"] for file in job.results["files"]] == [was_there]


async def test_other_content_under_a_name_is_refused_and_spoils_no_other(gateway, lake, tmp_path):
    taken, good = files(tmp_path, b"first content", b"good")
    await finished(await gateway.upload("lake", [taken], to=lake["scope"], rse=lake["rse"]))
    taken.write_bytes(b"other content")
    job = await finished(await gateway.upload("lake", [taken, good], to=lake["scope"], rse=lake["rse"]))
    assert job.phase is Phase.ERROR
    assert "has other content" in job.error_message
    assert [file["path"] for file in job.results["files"]] == [str(good)]
    (failed,) = job.results["failed"]
    assert (failed["path"], failed["code"]) == (str(taken), Conflict.code)
    assert await read(gateway, f"{lake['scope']}:{taken.name}") == b"first content"


async def test_a_name_that_rucio_does_not_take_says_so(gateway, lake, tmp_path):
    path = tmp_path / "with a blank.dat"
    path.write_bytes(b"x")
    job = await finished(await gateway.upload("lake", [path], to=lake["scope"], rse=lake["rse"]))
    assert job.phase is Phase.ERROR
    assert job.error_code == InputError.code
    assert "with a blank.dat" in job.error_message


@pytest.mark.xrootd
async def test_the_official_client_downloads_what_was_uploaded(rucio_xrootd, as_root, config, tmp_path):
    path, *_ = files(tmp_path, os.urandom(3_000_000))
    async with Gateway(config(as_root)) as gateway:
        job = await finished(await gateway.upload("lake", [path], to="test", rse="XRD2"))
    assert job.phase is Phase.COMPLETED, job.error_message
    rucio = [str(Path(sys.executable).with_name("rucio")), "download", "--dir", str(tmp_path / "down")]
    environment = rucio_xrootd.client_environment(tmp_path / "home")
    await asyncio.to_thread(
        subprocess.run, [*rucio, f"test:{path.name}"], env=environment, check=True, timeout=120
    )
    (brought,) = (tmp_path / "down").rglob(path.name)
    assert brought.read_bytes() == path.read_bytes()


_UPLOAD = """
import asyncio, sys
from pathlib import Path
from esap_jupyter.gateway import Gateway
from tests.integration.rucio.test_rucio_uploads import slow_reading

async def main():
    slow_reading()
    async with Gateway() as gateway:
        handle = await gateway.upload("lake", [Path(path) for path in sys.argv[1:]], to="test", rse="XRD1")
        async for job in handle.watch():
            print(job.id, job.progress.done, flush=True)

asyncio.run(main())
"""


def slow_reading() -> None:
    """Make an upload last, for whoever wants to kill it in the middle."""
    import time

    from esap_jupyter.transfer import upload

    send = upload._Body.read

    def slowly(self, size: int = -1) -> bytes:
        time.sleep(0.02)
        return send(self, size)

    upload._Body.read = slowly


@pytest.mark.xrootd
async def test_killed_in_the_middle_it_leaves_nothing_half_registered_and_goes_on(
    rucio_xrootd, as_root, esap_config, tmp_path
):
    small, large = files(tmp_path, b"small", os.urandom(20_000_000))
    config_file = esap_config({"lake": as_root})
    command = [sys.executable, "-c", _UPLOAD, str(small), str(large)]
    environment = {**os.environ, "ESAP_CONFIG": str(config_file)}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        while True:
            job_id, done = (await process.stdout.readline()).split()
            if int(done) > 1_000_000:
                break
    process.send_signal(signal.SIGKILL)
    await process.wait()
    lake = rucio_connector(as_root)
    assert [did.name async for did in lake.dids("test", large.name)] == []
    async with Gateway() as gateway:
        async with asyncio.timeout(60):
            await gateway.jobs.wait(job_id.decode())  # until its lease has run out
        job = await finished(await gateway.jobs.resume(job_id.decode()))
        assert job.phase is Phase.COMPLETED, job.error_message
        assert {Path(file["path"]) for file in job.results["files"]} == {small, large}
        assert await read(gateway, f"test:{large.name}") == large.read_bytes()
    left = rucio_xrootd.storage_path("XRD1", "test", large.name).parent
    assert [path.name for path in left.iterdir() if path.name.startswith(large.name)] == [large.name]


@pytest.mark.xrootd
async def test_cancelled_it_deletes_what_it_sent(rucio_xrootd, as_root, config, tmp_path, monkeypatch):
    from esap_jupyter.transfer import upload

    monkeypatch.setattr(upload._Body, "read", upload._Body.read)
    slow_reading()
    (path,) = files(tmp_path, os.urandom(20_000_000))
    async with Gateway(config(as_root)) as gateway:
        handle = await gateway.upload("lake", [path], to="test", rse="XRD1")
        async for job in handle.watch():
            if job.progress.done > 1_000_000:
                break
        await handle.cancel()
        assert (await handle.wait()).phase is Phase.ABORTED
        assert [did.name async for did in gateway.connector("lake").dids("test", path.name)] == []
    place = rucio_xrootd.storage_path("XRD1", "test", path.name).parent
    assert not place.exists() or not [each for each in place.iterdir() if each.name.startswith(path.name)]


@pytest.mark.xrootd
async def test_who_may_not_register_is_told_so(rucio_xrootd, config, tmp_path):
    (table,) = rucio_xrootd.services.values()
    (path,) = files(tmp_path, b"refused")
    async with Gateway(config(table)) as gateway:
        job = await finished(await gateway.upload("lake", [path], rse="XRD1"))
    assert job.phase is Phase.ERROR
    assert job.error_code == NotAllowed.code
    assert "jdoe" in job.error_message
    assert job.error_hint


@pytest.mark.xrootd
async def test_rses_that_cannot_be_written_are_not_offered_and_say_why(rucio_xrootd, as_root, tmp_path):
    lake = rucio_connector(as_root)
    rucio_xrootd.rest("PUT", "/rses/XRD2", {"availability_write": False})
    try:
        offered = [rse.name for rse in await lake.writable_rses()]
        assert "XRD1" in offered
        assert "XRD2" not in offered
        with pytest.raises(NotAllowed, match="XRD2 cannot be written now"):
            await lake.prepare(await lake.upload_target("test", rse="XRD2"), 1)
    finally:
        rucio_xrootd.rest("PUT", "/rses/XRD2", {"availability_write": True})
    target = await lake.upload_target("test", rse="POSIX1")
    (path,) = files(tmp_path, b"x")
    with pytest.raises(NotOffered, match="POSIX1 is not written over HTTPS"):
        await lake.take(path, path.name, target, lambda _: None)


async def test_more_than_the_quota_is_refused_before_a_byte_is_sent(demo_rucio):
    (table,) = demo_rucio.services.values()
    lake = rucio_connector(table)
    (rse,) = await lake.writable_rses()
    assert rse.name == "DEMO-SITE"
    target = await lake.upload_target()
    assert (target.scope, target.rse) == ("user.demo", "DEMO-SITE")
    with pytest.raises(QuotaExceeded, match="left to demo on DEMO-SITE"):
        await lake.prepare(target, rse.free + 1)
