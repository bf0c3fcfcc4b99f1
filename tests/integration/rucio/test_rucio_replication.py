"""Staging by rule: the data lake brings the bytes to the site's own RSE, and the job follows the rule."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from esap_jupyter.config import Config
from esap_jupyter.errors import Conflict, InputError, NotFound
from esap_jupyter.gateway import Gateway, replicating
from esap_jupyter.models import Phase


@pytest.fixture
def settings(tmp_path) -> dict[str, object]:
    names = ("state", "cache")
    storage = {f"{name}_directory": tmp_path / name for name in names} | {"workspace": tmp_path / "workspace"}
    return {"storage": storage}


@pytest.fixture
async def gateway(rucio_xrootd, settings) -> AsyncIterator[Gateway]:
    """The Rucio with XRootD, whose second storage is this site's, mounted here."""
    (table,) = rucio_xrootd.services.values()
    mount = rucio_xrootd.directory / "XRD2" / "data" / "rucio"
    table = {
        **table, "account": "root", "username": "ddmlab",
        "site_rse": "XRD2", "mounts": {"XRD2": str(mount)},
    }  # fmt: skip
    async with Gateway(Config.model_validate({**settings, "services": {"lake": table}})) as made:
        # The tests' transfers take a second or two.
        made.jobs.runners[replicating.KIND] = replicating.Replications(
            made._services, look=(0.2, 1.0), stuck=3.0
        ).run
        yield made


@pytest.fixture
def transfers(rucio_xrootd):
    yield rucio_xrootd.transfers
    rucio_xrootd.transfers()


def item(gateway: Gateway, did: str):
    scope, _, name = did.partition(":")
    return gateway.connector("lake").item({"scope": scope, "name": name}, None, "")


@pytest.mark.xrootd
async def test_a_rule_is_followed_until_it_is_ok(gateway, rucio_xrootd):
    dataset = rucio_xrootd.add_files(3, 10_000)
    job = await (await gateway.stage([item(gateway, dataset)], replica="", lifetime=3600)).wait()
    assert job.phase is Phase.COMPLETED, job.error_message
    (rule,) = job.results["rules"]
    assert (rule["did"], rule["state"], rule["rse_expression"]) == (dataset, "OK", "XRD2")
    assert rule["made"]
    assert (job.progress.done, job.progress.total, job.progress.unit) == (3, 3, "steps")
    known = {did.name: did async for did in gateway.connector("lake").content(dataset)}
    assert len(job.results["files"]) == 3
    for file in job.results["files"]:
        content = await asyncio.to_thread(Path(file["path"]).read_bytes)
        assert f"{zlib.adler32(content):08x}" == known[Path(file["path"]).name].adler32
    (kept,) = await gateway.connector("lake").rules(dataset)
    assert kept.expires_at is not None


@pytest.mark.xrootd
async def test_a_rule_that_is_there_already_is_followed_and_not_deleted(gateway, rucio_xrootd, transfers):
    dataset = rucio_xrootd.add_files(1, 1000)
    lake = gateway.connector("lake")
    transfers(delay=60)
    rule = await lake.add_rule(dataset, "XRD2")
    with pytest.raises(Conflict):
        await lake.add_rule(dataset, "XRD2")
    handle = await gateway.stage([item(gateway, dataset)], replica="XRD2")
    async for job in handle.watch():
        if job.progress.message.startswith("rule"):
            break
    await handle.cancel()
    assert (await handle.wait()).phase is Phase.ABORTED
    assert (await lake.rule(rule.id)).expires_at is None


@pytest.mark.xrootd
async def test_cancelling_deletes_the_rule_that_the_job_made(gateway, rucio_xrootd, transfers):
    dataset = rucio_xrootd.add_files(1, 1000)
    transfers(delay=60)
    handle = await gateway.stage([item(gateway, dataset)], replica="XRD2")
    async for job in handle.watch():
        if job.progress.message.startswith("rule"):
            break
    await handle.cancel()
    job = await handle.wait()
    assert job.phase is Phase.ABORTED
    (rule,) = (await gateway.jobs.get(job.id)).results["rules"]
    with contextlib.suppress(NotFound):  # Rucio takes it away within the hour, or at once.
        assert (await gateway.connector("lake").rule(rule["id"])).expires_at is not None


@pytest.mark.xrootd
async def test_a_job_that_is_resumed_follows_its_own_rule(gateway, settings, rucio_xrootd, transfers):
    dataset = rucio_xrootd.add_files(1, 1000)
    transfers(delay=60)
    handle = await gateway.stage([item(gateway, dataset)], replica="XRD2")
    async for job in handle.watch():
        if job.progress.message.startswith("rule"):
            break
    await gateway.jobs.close()
    transfers()
    assert (await gateway.jobs.get(handle.id)).interrupted
    rules = [rule.id for rule in await gateway.connector("lake").rules(dataset)]
    resumed = await gateway.jobs.resume(handle.id)
    async for job in resumed.watch():
        if job.progress.message.startswith("rule"):
            break
    await resumed.cancel()
    job = await resumed.wait()
    assert [(rule["id"], rule["made"]) for rule in job.results["rules"]] == [(rules[0], True)]


@pytest.mark.xrootd
async def test_a_rule_that_is_stuck_says_why(gateway, rucio_xrootd):
    dataset = rucio_xrootd.add_files(1, 1000)
    job = await (await gateway.stage([item(gateway, dataset)], replica="POSIX1")).wait()
    assert job.phase is Phase.ERROR
    assert "STUCK" in job.error_message
    assert "MISMATCH_SCHEME" in job.error_message
    assert "resume" in job.error_hint


@pytest.mark.xrootd
async def test_an_rse_expression_that_selects_nothing(gateway, rucio_xrootd):
    dataset = rucio_xrootd.add_files(1, 10)
    job = await (await gateway.stage([item(gateway, dataset)], replica="NO-SUCH-RSE")).wait()
    assert job.phase is Phase.ERROR
    assert job.error_code == InputError.code
    assert [failed["path"] for failed in job.results["failed"]] == [dataset]


async def test_on_the_demo(demo_rucio, settings):
    async with Gateway(Config.model_validate({**settings, "services": demo_rucio.services})) as gateway:
        (service,) = demo_rucio.services
        lake = gateway.connector(service)
        wanted = lake.item({"scope": "demo", "name": "M13"}, None, "")
        handle = await gateway.stage([wanted], replica="")
        job = await handle.wait()
        assert job.phase is Phase.COMPLETED, f"{job.error_message} {job.results}"
        assert job.results["files"]
        for file in job.results["files"]:
            content = await asyncio.to_thread(Path(file["path"]).read_bytes)
            did = await lake.did(f"demo:{Path(file['path']).name}")
            assert f"{zlib.adler32(content):08x}" == did.adler32
        (rule,) = job.results["rules"]
        await lake.delete_rule(rule["id"])
        assert (await lake.rule(rule["id"])).expires_at is not None


async def test_a_rule_that_nobody_knows(demo_rucio, settings):
    async with Gateway(Config.model_validate({**settings, "services": demo_rucio.services})) as gateway:
        (service,) = demo_rucio.services
        lake = await gateway.datalake(service)
        with pytest.raises(NotFound):
            await lake.delete_rule(uuid.uuid4().hex)
        with pytest.raises(InputError):
            await lake.delete_rule("../accounts")
