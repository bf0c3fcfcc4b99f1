"""What holds for connectors of each protocol; to be mixed with `ConnectorConformance`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

import pyarrow as pa
import pytest

from esap_jupyter.connectors.base import (
    AdqlRequest,
    AnswersADQL,
    FindsServices,
    HasDataLink,
    HasFiles,
    Notice,
    ResolvesNames,
    Searches,
)
from esap_jupyter.errors import EsapError, NotFound, QueryRejected, UnknownName
from esap_jupyter.formats.votable_fields import METADATA_KEYS
from esap_jupyter.gateway import Gateway
from esap_jupyter.models import Capability, Item, Phase, Position, Query
from esap_jupyter.testing.conformance import SERVICE, Run

_FIELD_METADATA = frozenset(key.encode() for key in METADATA_KEYS)
_NOBODY_KNOWS = "no such thing 8c1f0a5e"


class SearchConformance:
    """For what answers searches (`Searches`)."""

    tests: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.SOURCES,
            Capability.IMAGES,
            Capability.SPECTRA,
            Capability.OBSERVATIONS,
            Capability.DIDS,
        }
    )

    @pytest.fixture
    def query(self) -> Query:
        """A query that finds at least two rows."""
        raise NotImplementedError("Override the fixture `query`.")

    @pytest.fixture
    def empty_query(self) -> Query:
        """A query that finds nothing."""
        raise NotImplementedError("Override the fixture `empty_query`.")

    def test_rows_come_in_batches_of_one_schema(self, run: Run, query: Query) -> None:
        """Arrow record batches, the same columns in each."""
        batches, _ = run(lambda connector: _parts(connector.search(query)))
        assert sum(batch.num_rows for batch in batches) > 1
        assert all(batch.schema.equals(batches[0].schema) for batch in batches)

    def test_columns_are_described_in_field_metadata(self, run: Run, query: Query) -> None:
        """The metadata of fields are unit, ucd, utype, xtype, description, in UTF-8."""
        batches, _ = run(lambda connector: _parts(connector.search(query)))
        for field in batches[0].schema:
            ours = {key: value for key, value in (field.metadata or {}).items() if key in _FIELD_METADATA}
            assert all(value.decode() for value in ours.values()), f"{field.name}: empty metadata"

    def test_nothing_found_still_tells_the_columns(self, run: Run, empty_query: Query) -> None:
        """A batch of no rows, and no error."""
        batches, notices = run(lambda connector: _parts(connector.search(empty_query)))
        assert batches
        assert sum(batch.num_rows for batch in batches) == 0
        assert not [notice for notice in notices if notice.kind == "truncated"]

    def test_row_limit_is_exact_and_the_cut_is_told(self, run: Run, query: Query) -> None:
        """Asked for one row of several, the gateway has one, and says that there is more."""

        async def work(gateway: Gateway) -> None:
            limited = query.model_copy(update={"services": (SERVICE,), "row_limit": 1})
            table = await gateway.search(limited).done()
            assert table.num_rows == 1
            assert table.truncated

        run.with_gateway(work)

    def test_all_of_it_is_not_cut(self, run: Run, query: Query) -> None:
        """Without a row limit there is no talk of a cut."""

        async def work(gateway: Gateway) -> None:
            unlimited = query.model_copy(update={"services": (SERVICE,), "row_limit": None})
            table = await gateway.search(unlimited).done()
            assert table.num_rows > 1
            assert not table.truncated

        run.with_gateway(work)

    def test_searches_side_by_side_do_not_disturb_each_other(self, run: Run, query: Query) -> None:
        """One connector answers several at once."""

        async def work(connector: Searches) -> list[int]:
            found = await asyncio.gather(*(_parts(connector.search(query)) for _ in range(4)))
            return [sum(batch.num_rows for batch in batches) for batches, _ in found]

        assert len(set(run(work))) == 1

    def test_search_that_nobody_wants_any_more_stops(self, run: Run, query: Query) -> None:
        """The stream can be closed early, and the connector works on."""

        async def work(connector: Searches) -> None:
            stream = cast("AsyncGenerator[Any]", connector.search(query))
            async with asyncio.timeout(20), contextlib.aclosing(stream):
                await anext(stream)
            batches, _ = await _parts(connector.search(query))
            assert batches

        run(work)

    def test_items_of_rows_say_where_they_come_from(self, run: Run, query: Query) -> None:
        """The same row gives the same item; its provenance names service and query."""

        async def work(connector: Searches) -> None:
            batches, _ = await _parts(connector.search(query))
            for row in pa.Table.from_batches(batches).slice(0, 10).to_pylist():
                item = connector.item(row, batches[0].schema, "the query")
                again = connector.item(row, batches[0].schema, "the query")
                if item is None or again is None:
                    assert item is again
                    continue
                assert item.id == again.id
                assert item.title
                assert (item.provenance.service, item.provenance.query) == (SERVICE, "the query")

        run(work)


class AdqlConformance:
    """For what answers ADQL (`AnswersADQL`)."""

    tests: ClassVar[frozenset[Capability]] = frozenset({Capability.ADQL})

    @pytest.fixture
    def adql(self) -> str:
        """A query that gives at least two rows."""
        raise NotImplementedError("Override the fixture `adql`.")

    @pytest.mark.parametrize("mode", ["auto", "sync", "async"])
    def test_rows_come_in_each_mode(self, run: Run, adql: str, mode: Any) -> None:
        """Synchronously or by a UWS job, the rows are the same."""
        batches, _ = run(lambda connector: _parts(connector.adql(AdqlRequest(adql, mode=mode))))
        assert sum(batch.num_rows for batch in batches) > 1

    def test_job_of_the_service_is_told_as_soon_as_there_is_one(self, run: Run, adql: str) -> None:
        """Its URL is told to `on_job`, so that another process can go on waiting for it."""

        async def work(connector: AnswersADQL) -> None:
            urls: list[str] = []
            stream = connector.adql(AdqlRequest(adql, mode="async", on_job=urls.append))
            async with contextlib.aclosing(cast("AsyncGenerator[Any]", stream)) as parts:
                async for _ in parts:
                    break
            assert urls
            assert all(urlsplit(url).scheme in ("http", "https") for url in urls)

        run(work)

    def test_row_limit_is_exact_and_the_cut_is_told(self, run: Run, adql: str) -> None:
        """Asked for one row of several, the gateway has one, and says that there is more."""

        async def work(gateway: Gateway) -> None:
            table = await gateway.adql(SERVICE, adql, row_limit=1).done()
            assert table.num_rows == 1
            assert table.truncated

        run.with_gateway(work)

    @pytest.mark.parametrize("mode", ["sync", "async"])
    def test_services_own_message_about_a_wrong_query_arrives(self, run: Run, mode: Any) -> None:
        """What is no ADQL raises `QueryRejected` with the service's words."""

        async def work(connector: AnswersADQL) -> None:
            with pytest.raises(QueryRejected) as raised:
                await _parts(connector.adql(AdqlRequest("SELECT FROM WHERE", mode=mode)))
            assert raised.value.message.strip()

        run(work)

    def test_tables_have_columns(self, run: Run) -> None:
        """Each table listed can be described."""

        async def work(connector: AnswersADQL) -> None:
            tables = await connector.tables()
            assert tables
            described = await connector.table(tables[0].name)
            assert described.name == tables[0].name
            assert described.columns

        run(work)

    def test_unknown_table(self, run: Run) -> None:
        """There is none of that name."""

        async def work(connector: AnswersADQL) -> None:
            with pytest.raises(NotFound):
                await connector.table("no_such_schema.no_such_table")

        run(work)

    def test_examples_have_title_and_query(self, run: Run) -> None:
        """A service may have no examples; those it has are complete."""

        async def work(connector: AnswersADQL) -> None:
            assert all(title and query for title, query in await connector.examples())

        run(work)


class FilesConformance:
    """For what knows where items' bytes are (`HasFiles`)."""

    tests: ClassVar[frozenset[Capability]] = frozenset({Capability.FILES})

    @pytest.fixture
    def item(self) -> Item:
        """An item whose files are small, made by `made_item`."""
        raise NotImplementedError("Override the fixture `item`.")

    @pytest.fixture
    def unknown_item(self, item: Item) -> Item:
        """An item like the other, of which the service knows nothing."""
        return item.model_copy(update={"locator": f"{item.locator}-8c1f0a5e"})

    def test_files_have_a_place_and_replicas(self, run: Run, item: Item) -> None:
        """Paths stay inside the directory, checksums are lower-case hexadecimal."""

        async def work(connector: HasFiles) -> None:
            files = [file async for file in connector.files([item])]
            assert files
            for file in files:
                assert (file.item_id, file.service) == (item.id, SERVICE)
                path = PurePosixPath(file.path)
                assert path.parts
                assert not path.is_absolute()
                assert ".." not in path.parts
                assert file.replicas
                assert all(re.fullmatch("[0-9a-f]+", digest) for digest in file.checksums.values())

        run(work)

    def test_no_two_files_have_one_place(self, run: Run, item: Item) -> None:
        """Each file of an item has a path of its own."""

        async def work(connector: HasFiles) -> None:
            paths = [file.path async for file in connector.files([item])]
            assert len(paths) == len(set(paths))

        run(work)

    def test_files_can_be_staged(self, run: Run, item: Item) -> None:
        """They arrive in the workspace; those that have a checksum are verified."""

        async def work(gateway: Gateway) -> None:
            job = await (await gateway.stage([item])).wait()
            assert job.phase is Phase.COMPLETED, f"{job.error_message} {job.error_hint}"
            files: Any = job.results["files"]
            assert files
            for file in files:
                assert Path(file["path"]).is_relative_to(gateway.workspace.root)
                assert os.path.getsize(file["path"]) == file["bytes"]  # noqa: ASYNC240, PTH202

        run.with_gateway(work)

    def test_item_that_the_service_does_not_have_is_an_error_for_people(
        self, run: Run, unknown_item: Item
    ) -> None:
        """Staging it fails, and says of which item it is."""

        async def work(gateway: Gateway) -> None:
            job = await (await gateway.stage([unknown_item])).wait()
            assert job.phase is Phase.ERROR
            assert job.error_message
            failed: Any = job.results["failed"]
            assert [each["item"] for each in failed] == [unknown_item.id]

        run.with_gateway(work)


class NamesConformance:
    """For what turns names into positions (`ResolvesNames`)."""

    tests: ClassVar[frozenset[Capability]] = frozenset({Capability.NAMES})

    @pytest.fixture
    def known_name(self) -> tuple[str, Position]:
        """A name that is known, and where it is."""
        raise NotImplementedError("Override the fixture `known_name`.")

    def test_known_name(self, run: Run, known_name: tuple[str, Position]) -> None:
        """It is where it should be, to an arc minute."""
        name, expected = known_name

        async def work(connector: ResolvesNames) -> None:
            position = await connector.resolve(name)
            assert (position.ra, position.dec) == pytest.approx((expected.ra, expected.dec), abs=1 / 60)

        run(work)

    def test_unknown_name(self, run: Run) -> None:
        """It raises `UnknownName`, and nothing else."""

        async def work(connector: ResolvesNames) -> None:
            with pytest.raises(UnknownName):
                await connector.resolve(_NOBODY_KNOWS)

        run(work)


class RegistryConformance:
    """For registries (`FindsServices`)."""

    tests: ClassVar[frozenset[Capability]] = frozenset({Capability.REGISTRY})

    @pytest.fixture
    def keywords(self) -> Sequence[str]:
        """Words for which there is at least one service."""
        raise NotImplementedError("Override the fixture `keywords`.")

    def test_services_found_can_be_asked(self, run: Run, keywords: Sequence[str]) -> None:
        """Each has an identifier, and URLs by protocol."""

        async def work(connector: FindsServices) -> None:
            found = await connector.find(keywords)
            assert found
            for service in found:
                assert service.ivoid
                assert service.interfaces
                assert all(urlsplit(url).scheme for url in service.interfaces.values())

        run(work)

    def test_a_record_is_found_by_its_identifier(self, run: Run, keywords: Sequence[str]) -> None:
        """The same as the search found; what is not registered is an `UnknownName`."""

        async def work(connector: FindsServices) -> None:
            [found] = await connector.find(keywords, limit=1)
            record = await connector.record(found.ivoid)
            assert (record.ivoid, record.interfaces) == (found.ivoid, found.interfaces)
            with pytest.raises(UnknownName):
                await connector.record("ivo://nobody.knows/8c1f0a5e")

        run(work)

    def test_limit(self, run: Run, keywords: Sequence[str]) -> None:
        """No more than were asked for."""

        async def work(connector: FindsServices) -> None:
            assert len(await connector.find(keywords, limit=1)) == 1

        run(work)

    def test_nothing_found(self, run: Run) -> None:
        """An empty list, and no error."""

        async def work(connector: FindsServices) -> None:
            assert await connector.find([_NOBODY_KNOWS]) == []

        run(work)


class DataLinkConformance:
    """For what reads DataLink documents (`HasDataLink`)."""

    tests: ClassVar[frozenset[Capability]] = frozenset({Capability.DATALINK})

    @pytest.fixture
    def datalink(self) -> str:
        """The URL of a DataLink document that names the data themselves."""
        raise NotImplementedError("Override the fixture `datalink`.")

    def test_links_name_the_data(self, run: Run, datalink: str) -> None:
        """One link is that of the data (``#this``)."""

        async def work(connector: HasDataLink) -> None:
            links = await connector.links(datalink)
            assert any(link.semantics.endswith("this") and link.access_url for link in links)

        run(work)

    def test_what_is_no_datalink_is_an_error_for_people(self, run: Run, datalink: str) -> None:
        """A document that does not exist raises an `EsapError`, or says so in its links."""

        async def work(connector: HasDataLink) -> None:
            try:
                links = await connector.links(f"{datalink}-8c1f0a5e")
            except EsapError:
                return
            assert all(link.error_message for link in links)

        run(work)


async def _parts(stream: AsyncIterator[Any]) -> tuple[list[pa.RecordBatch], list[Notice]]:
    """Everything that a stream gives."""
    batches: list[pa.RecordBatch] = []
    notices: list[Notice] = []
    async for part in stream:
        if isinstance(part, Notice):
            notices.append(part)
        else:
            assert isinstance(part, pa.RecordBatch), f"a {type(part).__name__} is no batch"
            batches.append(part)
    return batches, notices
