"""The data lake's verbs against the demo's Rucio, which is on SQLite and runs on every machine."""

from __future__ import annotations

import zlib

import pytest

from esap_jupyter.errors import InputError, NotFound
from esap_jupyter.models import Query
from tests.services.rucio_connector import rucio_connector


@pytest.fixture
def lake(demo_rucio):
    (table,) = demo_rucio.services.values()
    return rucio_connector(table)


async def everything(stream) -> list:
    return [each async for each in stream]


async def test_who_and_where(lake):
    version, _, account = (await lake.check()).partition(", as ")
    assert version.startswith("Rucio ")
    assert account == (await lake.whoami()).name
    assert "demo" in await lake.scopes()
    assert {"DEMO-ARCHIVE", "DEMO-SITE"} <= {rse.name for rse in await lake.rses()}
    assert {each.account for each in await lake.usage()} <= {account}


async def test_dids_by_pattern_kind_and_metadata(lake):
    assert [did.name for did in await everything(lake.dids("demo", "mess*", kind="container"))] == ["messier"]
    images = await everything(lake.dids("demo", filters="project=M51,datatype=image"))
    assert images
    assert {did.type for did in images} == {"FILE"}
    assert await everything(lake.dids("demo", "nothing*")) == []
    with pytest.raises(InputError, match="metadata plugin"):
        await everything(lake.dids("demo", filters="no_such_key=1"))


async def test_one_did_its_metadata_content_and_rules(lake):
    container = await lake.did("demo:messier")
    assert container.type == "CONTAINER"
    datasets = await everything(lake.content("demo:messier"))
    assert {"M42", "M51"} <= {did.name for did in datasets}
    # SQLite keeps no custom metadata; Rucio's own are there all the same.
    assert (await lake.metadata("demo:M51"))["did_type"] == "DATASET"
    assert isinstance(await lake.rules("demo:M51"), list)
    with pytest.raises(NotFound):
        await lake.did("demo:nothing")


async def test_replicas(lake):
    replicas = await everything(lake.replicas(["demo:M51"]))
    assert {each.rse for each in replicas} == {"DEMO-ARCHIVE", "DEMO-SITE"}


async def test_from_a_search_to_verified_bytes(lake):
    found = await everything(
        lake.search(Query(product="dids", keyword="demo:M51", parameters={"type": "dataset"}))
    )
    (row,) = [row for batch in found for row in batch.to_pylist()]
    item = lake.item(row, found[0].schema, "dids demo:M51")
    files = await everything(lake.files([item]))
    assert files
    for file in files:
        assert file.path.startswith("M51/")
        url = file.replicas[0].url
        content = lake.context.access.session(10).get(url, headers=await lake.authorization(url)).content
        assert (len(content), f"{zlib.adler32(content):08x}") == (file.size, file.checksums["adler32"])
