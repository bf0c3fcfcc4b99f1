"""Every VO protocol, on DaCHS and on the demo's archive alike."""

from __future__ import annotations

import asyncio
from typing import Any

import pyarrow as pa
import pytest
import requests

from esap_jupyter.connectors.base import AdqlRequest, Notice
from esap_jupyter.connectors.vo import VOConnector
from esap_jupyter.errors import NotFound, QueryRejected
from esap_jupyter.models import Item, Query
from tests.integration.vo.conftest import ArchiveUnderTest
from tests.services.context import context_for, gathered


async def rows_of(connector: VOConnector, adql: str, **options: Any) -> list[dict[str, Any]]:
    table, _ = await gathered(connector.adql(AdqlRequest(adql, **options)))
    return table.to_pylist()


async def items_of(connector: VOConnector, query: Query) -> list[Item]:
    items: list[Item] = []
    async for part in connector.search(query):
        if not isinstance(part, Notice):
            found = [connector.item(row, part.schema, query.describe()) for row in part.to_pylist()]
            items.extend(item for item in found if item)
    return items


async def first_bytes(connector: VOConnector, item: Item) -> bytes:
    """The beginning of the first file that an item stands for."""
    files = [file async for file in connector.files([item])]
    session = connector.context.access.session(30)

    def read() -> bytes:
        with session.get(files[0].replicas[0].url, stream=True) as response:
            response.raise_for_status()
            return response.raw.read(30)

    return await connector.context.calls.call(read)


async def test_it_answers(archive: ArchiveUnderTest) -> None:
    said = await archive.connector().check()

    assert "ADQL" in said
    for name in {"tap", "scs", "sia2", "ssa"} & archive.settings.keys():
        assert name.upper() in said


async def test_sources_around_a_place(archive: ArchiveUnderTest) -> None:
    query = Query(product="sources", position=archive.centre, radius=2, row_limit=None)

    by_scs, notices = await gathered(archive.connector("scs").search(query))
    by_tap, _ = await gathered(archive.connector("tap", cone_table=archive.table).search(query))

    assert notices == []
    assert by_scs.num_rows > 0
    # SCS 1.03 wants the identifier as text.
    by_scs_id, by_tap_id = (
        sorted(map(str, found[archive.identifier].to_pylist())) for found in (by_scs, by_tap)
    )
    assert by_scs_id == by_tap_id
    assert all(abs(dec - archive.centre.dec) <= 2 for dec in by_scs["dec"].to_pylist())


async def test_columns_keep_units_and_ucds(archive: ArchiveUnderTest) -> None:
    query = Query(product="sources", position=archive.centre, radius=1)

    by_tap = archive.connector("tap", cone_table=archive.table).search(query)
    schemas = [part.schema async for part in by_tap if not isinstance(part, Notice)]

    right_ascension = schemas[0].field("ra")
    assert right_ascension.metadata[b"unit"] == b"deg"
    assert right_ascension.metadata[b"ucd"] == b"pos.eq.ra;meta.main"
    assert right_ascension.metadata[b"description"]


async def test_adql_sync_and_async_agree(archive: ArchiveUnderTest) -> None:
    connector = archive.connector("tap")
    adql = (
        f"SELECT TOP 50 {archive.identifier}, ra, dec, parallax, {archive.magnitude} FROM {archive.table}"
        f" WHERE {archive.magnitude} < 15 ORDER BY {archive.identifier}"
    )
    urls: list[str] = []
    phases: list[str] = []

    sync = await rows_of(connector, adql, mode="sync")
    job = await rows_of(connector, adql, mode="async", on_job=urls.append, on_phase=phases.append)

    assert len(sync) == 50
    assert job == sync
    assert phases[-1] == "COMPLETED"
    answer = await asyncio.to_thread(requests.get, urls[0], timeout=10)
    assert answer.status_code == 404


async def test_a_cancelled_job_is_deleted(archive: ArchiveUnderTest) -> None:
    connector = archive.connector("tap")
    urls: list[str] = []
    # Some hundred million pairs: it does not end by itself soon.
    adql = (
        f"SELECT COUNT(*) AS n FROM {archive.table} AS a JOIN {archive.table} AS b"
        f" ON a.{archive.magnitude} < b.{archive.magnitude}"
    )
    runs = asyncio.Event()

    def on_phase(phase: str) -> None:
        if phase == "EXECUTING":
            runs.set()

    query = rows_of(connector, adql, mode="async", on_job=urls.append, on_phase=on_phase)
    task = asyncio.create_task(query)
    async with asyncio.timeout(30):
        await runs.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    answer = await asyncio.to_thread(requests.get, urls[0], timeout=10)
    assert answer.status_code == 404


async def test_all_of_it_and_a_part_of_it(archive: ArchiveUnderTest) -> None:
    connector = archive.connector("tap")
    adql = f"SELECT {archive.identifier}, ra, dec FROM {archive.table}"

    whole, nothing_said = await gathered(connector.adql(AdqlRequest(adql, row_limit=None)))
    part, notices = await gathered(connector.adql(AdqlRequest(adql, row_limit=123)))

    ((count,),) = (
        row.values() for row in await rows_of(connector, f"SELECT COUNT(*) AS n FROM {archive.table}")
    )
    assert count >= 100_000
    assert (whole.num_rows, nothing_said) == (count, [])
    assert part.num_rows == 123
    assert [notice.kind for notice in notices] == ["truncated"]


async def test_an_exact_number_of_rows_is_not_called_cut(archive: ArchiveUnderTest) -> None:
    adql = f"SELECT TOP 20 ra FROM {archive.table}"

    table, notices = await gathered(archive.connector("tap").adql(AdqlRequest(adql, row_limit=20)))

    assert (table.num_rows, notices) == (20, [])


async def test_missing_values_stay_missing(archive: ArchiveUnderTest) -> None:
    table, column = archive.nullable

    rows = await rows_of(
        archive.connector("tap"), f"SELECT TOP 1 {column} FROM {table} WHERE {column} IS NULL"
    )

    assert rows == [{column: None}]


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_a_person_s_own_table_is_matched(archive: ArchiveUnderTest, mode: str) -> None:
    connector = archive.connector("tap")
    known = await rows_of(connector, f"SELECT TOP 3 {archive.identifier} AS n FROM {archive.table}")
    mine = pa.table({"n": pa.array([row["n"] for row in known], pa.int64()), "mark": ["a", "b", "c"]})
    adql = (
        f"SELECT m.mark, s.{archive.identifier} AS n FROM TAP_UPLOAD.mine AS m"
        f" JOIN {archive.table} AS s ON s.{archive.identifier} = m.n ORDER BY m.mark"
    )

    rows = await rows_of(connector, adql, mode=mode, uploads={"mine": mine})

    assert [(row["mark"], row["n"]) for row in rows] == [
        (mark, row["n"]) for mark, row in zip("abc", known, strict=True)
    ]


async def test_malformed_adql_comes_back_with_its_place(archive: ArchiveUnderTest) -> None:
    adql = f"SELECT ra,\n  dec FORM {archive.table}"

    with pytest.raises(QueryRejected) as caught:
        await rows_of(archive.connector("tap"), adql)

    assert caught.value.line == 2
    assert caught.value.column is not None
    assert caught.value.field == "adql"


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_the_service_s_own_words_reach_the_person(archive: ArchiveUnderTest, mode: str) -> None:
    with pytest.raises(QueryRejected, match="parallex"):
        await rows_of(archive.connector("tap"), f"SELECT parallex FROM {archive.table}", mode=mode)


async def test_images_down_to_their_bytes(archive: ArchiveUnderTest) -> None:
    for protocol in ("sia2", "sia", "tap"):  # SIA2, SIA1, ObsCore
        if protocol not in archive.settings:
            continue
        connector = archive.connector(protocol)

        items = await items_of(connector, Query(product="images", position=archive.centre, radius=0.2))

        assert items, protocol
        assert all(item.title and item.provenance.service == archive.name for item in items)
        assert (await first_bytes(connector, items[0])).startswith(b"SIMPLE  ="), protocol


async def test_spectra_down_to_their_bytes(archive: ArchiveUnderTest) -> None:
    for protocol in ("ssa", "tap"):  # SSA, ObsCore
        connector = archive.connector(protocol)

        items = await items_of(connector, Query(product="spectra", position=archive.centre, radius=0.5))

        assert items, protocol
        assert (await first_bytes(connector, items[0])).startswith(b"SIMPLE  ="), protocol


async def test_observations_by_place_keyword_and_form(archive: ArchiveUnderTest) -> None:
    connector = archive.connector("tap")
    around = Query(product="observations", position=archive.centre, radius=0.5, row_limit=None)

    every, _ = await gathered(connector.search(around))
    first = every.to_pylist()[0]
    narrowed = {
        "collection": first["obs_collection"],
        "instrument": first["instrument_name"],
        "data_type": first["dataproduct_type"],
        "calib_level": first["calib_level"],
        "wavelength_min": 1e-9,
        "time_start": "2000-01-01",
    }
    narrow, _ = await gathered(
        connector.search(
            around.model_copy(
                update={
                    "keyword": first["target_name"],
                    "parameters": {k: v for k, v in narrowed.items() if v},
                }
            )
        )
    )
    nothing, _ = await gathered(connector.search(around.model_copy(update={"keyword": "no-such-target"})))

    assert {"image", "spectrum"} <= set(every["dataproduct_type"].to_pylist())
    assert 0 < narrow.num_rows < every.num_rows
    assert first["obs_publisher_did"] in narrow["obs_publisher_did"].to_pylist()
    assert nothing.num_rows == 0


async def test_links_of_an_image(archive: ArchiveUnderTest) -> None:
    connector = archive.connector("tap")
    items = await items_of(connector, Query(product="images", position=archive.centre, radius=0.2))
    linked = next(item for item in items if item.kind == "datalink")

    links = await connector.links(linked.locator)
    (this,) = (link for link in links if link.semantics == "#this")
    wrong = await connector.links(linked.locator.replace(linked.locator[-8:], "no-such"))

    assert this.access_url.startswith("http")
    assert "fits" in this.content_type
    assert any(link.error_message for link in wrong)


async def test_the_tables_and_their_columns(archive: ArchiveUnderTest) -> None:
    connector = archive.connector("tap")

    tables = {table.name: table for table in await connector.tables()}
    table = await connector.table(archive.table)
    by_adql = await rows_of(
        connector,
        f"SELECT column_name, unit, ucd FROM TAP_SCHEMA.columns WHERE table_name = '{archive.table}'",
    )

    assert {archive.table, "ivoa.obscore"} <= {name.lower() for name in tables}
    assert {(column.name, column.unit, column.ucd) for column in table.columns or ()} == {
        (row["column_name"], row["unit"] or "", row["ucd"] or "") for row in by_adql
    }
    with pytest.raises(NotFound):
        await connector.table("no.such_table")


async def test_the_registry_leads_to_services_that_answer(archive: ArchiveUnderTest) -> None:
    registry = archive.registry_connector()

    for product, setting in (("sources", "scs"), ("spectra", "ssa"), ("observations", "tap")):
        found = await registry.find(product=product)
        assert found, product
        url = found[0].interfaces[setting]
        service = VOConnector(VOConnector.Settings(**{setting: url}), context_for(archive.url))
        assert await service.check()
    images = await registry.find(product="images")
    assert {"sia2"} <= {name for service in images for name in service.interfaces}
    assert await registry.find(["no-such-word"]) == []
    assert await registry.find(waveband="optical")
    assert await registry.find(waveband="neutrino") == []


async def test_keywords_find_what_is_in_a_title_or_description(archive: ArchiveUnderTest) -> None:
    registry = archive.registry_connector()
    some = (await registry.find(product="sources"))[0]
    word = max(some.title.split(), key=len)

    found = await registry.find([word])

    assert some.ivoid in [service.ivoid for service in found]
    assert len({service.ivoid for service in found}) == len(found)
