"""Find in the VO, stage from Rucio, open it in Python: as a person does it in a notebook."""

import asyncio
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import MaskedColumn
from astropy.table import Table as AstropyTable
from astropy.units import Quantity
from pyarrow import parquet

import esap_jupyter
from esap_jupyter.errors import (
    EsapError,
    InputError,
    NotFound,
    OutsideWorkspace,
    QueryRejected,
    UnknownName,
)
from esap_jupyter.face import background


def test_by_name_by_coordinates_and_by_skycoord_is_the_same(esap: ModuleType) -> None:
    by_name = esap.search("M 51", radius="10 arcmin")
    by_text = esap.search("13h29m52.7s +47d11m43s", radius=1 / 6)
    by_coordinate = esap.search(SkyCoord("13h29m52.7s +47d11m43s"), radius=Quantity(10, "arcmin"))

    assert len(by_name) == len(by_text) == len(by_coordinate) > 100
    assert set(by_name.reports) == {"demo-archive"}, "a service that has no sources was asked for sources"


def test_a_table_keeps_units_and_goes_into_every_form(esap: ModuleType) -> None:
    table = esap.search("M 13", radius="5 arcmin")

    assert str(table.to_astropy()["parallax"].unit) == "mas"
    assert len(table.to_pandas()) == len(table.to_arrow()) == len(table)


@pytest.mark.parametrize("suffix", ["vot", "fits", "csv"])
def test_a_table_is_written_as_a_file_that_astropy_reads(
    esap: ModuleType, tmp_path: Path, suffix: str
) -> None:
    table = esap.search("M 13", radius="5 arcmin")

    file = table.write(tmp_path / f"stars.{suffix}")

    kind = {"vot": "votable", "csv": "ascii.csv"}.get(suffix, suffix)
    read = AstropyTable.read(file, format=kind)
    assert len(read) == len(table)
    assert "parallax" in read.colnames


def test_a_table_is_written_as_parquet_with_units(esap: ModuleType, tmp_path: Path) -> None:
    table = esap.search("M 13", radius="5 arcmin")

    read = parquet.read_table(table.write(tmp_path / "stars.parquet"))

    assert read.num_rows == len(table)
    assert read.schema.field("parallax").metadata[b"unit"] == b"mas"


def test_a_row_limit_is_told_and_all_of_it_comes_when_asked(esap: ModuleType) -> None:
    some = esap.adql("SELECT source_id FROM demo.sources", row_limit=100)
    everything = esap.adql("SELECT source_id FROM demo.sources", row_limit=None)

    assert len(some) == 100
    assert some.truncated
    assert "100" in repr(some).splitlines()[0]
    assert len(everything) > 100_000
    assert not everything.truncated


def test_ones_own_table_is_matched_in_the_archive(esap: ModuleType) -> None:
    mine = esap.search("M 13", radius="3 arcmin").to_astropy()["source_id", "ra", "dec"][:20]

    matched = esap.adql(
        "SELECT mine.source_id, s.phot_g_mean_mag FROM TAP_UPLOAD.mine AS mine "
        "JOIN demo.sources AS s ON s.source_id = mine.source_id",
        uploads={"mine": mine},
    )

    assert len(matched) == 20


def test_malformed_adql_brings_the_services_own_message_and_place(esap: ModuleType) -> None:
    with pytest.raises(QueryRejected) as caught:
        esap.adql("SELECT *\nFROM demo.sources WHRE parallax > 5")

    assert caught.value.service == "demo-archive"
    assert caught.value.line == 2
    assert caught.value.column is not None


def test_an_image_is_found_gathered_staged_and_opened(esap: ModuleType) -> None:
    images = esap.search("M 51", product="images")
    esap.basket.add(esap.items(images))
    item = esap.basket.items()[0]

    files = esap.stage()

    assert item.provenance.service == "demo-archive"
    assert item.provenance.query
    assert [file.item for file in files] == [each.id for each in esap.basket]
    known = esap.datalake.did(item.locator)
    assert f"{zlib.adler32(files[0].path.read_bytes()):08x}" == known.adler32
    with fits.open(files[0]) as opened:
        assert opened[0].header["OBJECT"] == "M51"


def test_a_dataset_is_staged_with_all_its_files(esap: ModuleType) -> None:
    dataset = esap.datalake.item("demo:M51")

    files = esap.stage(dataset)

    held = {did.name for did in esap.datalake.content("demo:M51")}
    assert {file.path.name for file in files} == held
    assert all(file.verified for file in files)


def test_datalink_leads_to_the_bytes(esap: ModuleType) -> None:
    images = esap.search("M 51", product="images")
    url = images.to_arrow()["access_url"][0].as_py()

    links = esap.links(url, "demo-archive")

    assert "#this" in {link.semantics for link in links}


def test_the_registry_knows_the_demos_services(esap: ModuleType) -> None:
    found = esap.find_services("demo", product="sources")

    assert any("scs" in service.interfaces or "tap" in service.interfaces for service in found)


def test_the_same_awaited(esap: ModuleType) -> None:
    async def both() -> list[int]:
        tables = await asyncio.gather(esap.aio.search("M 13"), esap.aio.search("M 51"))
        return [len(table) for table in tables]

    assert all(asyncio.run(both()))


def test_what_was_asked_is_remembered(esap: ModuleType) -> None:
    table = esap.search("M 13")

    past = esap.history()[0]

    assert past.table_id == table.id
    assert len(esap.table(past.table_id)) == len(table)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda esap: esap.search("No such object"), UnknownName),
        (lambda esap: esap.search("400 95"), InputError),
        (lambda esap: esap.search("10 95"), InputError),
        (lambda esap: esap.search(""), InputError),
        (lambda esap: esap.search("M 51", radius="ten"), InputError),
        (lambda esap: esap.search("M 51", services="nonesuch"), UnknownName),
        (lambda esap: esap.adql("SELECT 1", "demo-lake"), EsapError),
        (lambda esap: esap.datalake.item("demo:nonesuch"), NotFound),
        (lambda esap: esap.stage(esap.datalake.item("demo:M51"), directory="../out"), OutsideWorkspace),
        (lambda esap: esap.stage(), InputError),
        (lambda esap: esap.table("nonesuch"), NotFound),
    ],
)
def test_bad_input_is_a_clear_error(esap: ModuleType, call, error: type[EsapError]) -> None:
    with pytest.raises(error) as caught:
        call(esap)

    assert caught.value.message


def test_every_kind_of_table_arrives_whole_at_another_archive(
    dachs: Any, esap_config: Callable[..., Path]
) -> None:
    esap_config(dachs.services)
    background.close()
    service = next(iter(dachs.services))
    ids = [1, 2, 3]
    mine = AstropyTable({"n": MaskedColumn(ids, mask=[False, True, False]), "a b": ["x", "y", "ä"]})
    query = 'SELECT n, "a b" FROM TAP_UPLOAD.mine'

    answers = [
        esap_jupyter.adql(query, service, uploads={"mine": table}).to_arrow().to_pydict()
        for table in (mine, mine.to_pandas(), pl.from_pandas(mine.to_pandas()))
    ]

    assert answers == [{"n": [1, None, 3], "a b": ["x", "y", "ä"]}] * 3
    background.close()
