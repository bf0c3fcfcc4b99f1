"""The connector of VO services: what a service can do follows from the URLs that its table names."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
from pydantic import BaseModel
from pyvo.dal import scs, sia, sia2, ssa

from esap_jupyter.connectors.base import AdqlRequest, Connector, Context, Notice
from esap_jupyter.connectors.bearer import bearer_header, with_bearer
from esap_jupyter.connectors.dali import maxrec, raise_for_status, read_rows, read_table, requesting, send
from esap_jupyter.connectors.vo.adql import TapQueries
from esap_jupyter.connectors.vo.files import file_of, files_of_links, item_of, link_of
from esap_jupyter.connectors.vo.metadata import TapMetadata
from esap_jupyter.connectors.vo.searches import (
    Asked,
    Protocol,
    cone_adql,
    obscore_adql,
    protocols,
    ways,
)
from esap_jupyter.connectors.vo.settings import VOForm, VOSettings
from esap_jupyter.errors import (
    BadAnswer,
    EsapError,
    InputError,
    NoReplica,
    NotFound,
    NotOffered,
    ServiceFailed,
)
from esap_jupyter.models import Capability, Item, Link, Query, SourceFile, TableDescription

if TYPE_CHECKING:
    import requests
    from pyvo.dal.query import DALQuery

_DOCUMENTS_AT_ONCE = 8
_PRODUCTS = {
    "sources": Capability.SOURCES,
    "images": Capability.IMAGES,
    "spectra": Capability.SPECTRA,
    "observations": Capability.OBSERVATIONS,
}


class VOConnector(Connector):
    """Asks one data centre by the protocols of the Virtual Observatory."""

    Settings: ClassVar[type[BaseModel]] = VOSettings
    Form: ClassVar[type[BaseModel] | None] = VOForm
    settings: VOSettings

    def __init__(self, settings: VOSettings, context: Context) -> None:
        self._wants_token = bool(settings.audience or settings.token_file)
        if self._wants_token:
            context = with_bearer(context, settings.audience)
        super().__init__(settings, context)
        self._metadata = TapMetadata(settings.tap, context)
        self._queries = TapQueries(settings, context, self._metadata)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the URLs allow; links and files can always be followed."""
        found = {_PRODUCTS[product] for product in _PRODUCTS if protocols(self.settings, product)}
        if self.settings.tap:
            found.add(Capability.ADQL)
        return frozenset(found | {Capability.DATALINK, Capability.FILES})

    @property
    def address(self) -> str:
        """The first of its URLs."""
        urls = self.settings
        return urls.tap or urls.scs or urls.sia2 or urls.sia or urls.ssa

    async def authorization(self, url: str) -> Mapping[str, str]:
        """The person's token, for files at the origins that the configuration names."""
        return await bearer_header(self.context, self.settings.audience, url) if self._wants_token else {}

    async def check(self) -> str:
        """Ask each of the service's URLs for next to nothing; returns who answered.

        Raises
        ------
        EsapError
            Of the first that does not answer as its protocol promises.
        """
        checks: list[tuple[str, Callable[[], str]]] = []
        if self.settings.tap:
            checks.append(("TAP", self._check_tap))
        for name, url, build in (
            ("SCS", self.settings.scs, _no_sources),
            ("SIA2", self.settings.sia2, _no_images_2),
            ("SIA1", self.settings.sia, _no_images_1),
            ("SSA", self.settings.ssa, _no_spectra),
        ):
            if url:
                checks.append((name, functools.partial(self._check_search, url, build)))
        answers = await asyncio.gather(
            *(self.context.calls.call(ask) for _, ask in checks), return_exceptions=True
        )
        for (name, _), answer in zip(checks, answers, strict=True):
            if isinstance(answer, EsapError) and len(checks) > 1:
                answer.message = f"{name}: {answer.message}"
            if isinstance(answer, BaseException):
                raise answer
        return "; ".join(f"{name}{answer}" for (name, _), answer in zip(checks, answers, strict=True))

    async def search(self, query: Query) -> AsyncGenerator[pa.RecordBatch | Notice]:
        """Stream what is found by the best protocol that honours all that is asked.

        If a service does not answer by one protocol as it promises, the next is asked, and a notice says so.

        Raises
        ------
        NotOffered, InputError
            If the service cannot look for this.
        ServiceError
            If it does not answer.
        """
        if query.adql:
            async with aclosing(self.adql(AdqlRequest(query.adql, row_limit=query.row_limit))) as parts:
                async for part in parts:
                    yield part
            return
        asked = Asked.of(query)
        candidates = deque(ways(self.settings, asked))
        while True:
            protocol = candidates.popleft()
            received = False
            try:
                async with aclosing(self._search_by(protocol, asked, query.row_limit)) as parts:
                    async for part in parts:
                        received = True
                        yield part
            except (BadAnswer, NotFound, NotOffered, ServiceFailed) as error:
                if received or not candidates:
                    raise
                yield Notice(
                    "message", f"{protocol.name} failed ({error.message}); asked by {candidates[0].name}."
                )
            else:
                return

    def item(self, row: Mapping[str, Any], schema: pa.Schema, query: str) -> Item | None:
        """Make the item that a row stands for: a file, a DataLink document, or a DID of the data lake."""
        return item_of(
            row,
            schema,
            service=self.context.service,
            query=query,
            lake=self.settings.lake,
            lake_did=self.settings.lake_did,
        )

    def adql(self, request: AdqlRequest) -> AsyncGenerator[pa.RecordBatch | Notice]:
        """Stream the answer to an ADQL query. Closing the iterator early deletes the remote job."""
        self._need_tap()
        return self._queries.stream(request)

    async def tables(self) -> list[TableDescription]:
        """Every table, without columns where the service can leave them out."""
        self._need_tap()
        return await self.context.calls.call(self._metadata.tables)

    async def table(self, name: str) -> TableDescription:
        """One table with its columns."""
        self._need_tap()
        return await self.context.calls.call(self._metadata.table, name)

    async def examples(self) -> list[tuple[str, str]]:
        """The service's own example queries, (title, ADQL)."""
        self._need_tap()
        return await self.context.calls.call(self._metadata.examples)

    async def links(self, locator: str) -> list[Link]:
        """The links at a DataLink URL; those that failed carry their `error_message`."""
        return await self.context.calls.call(self._read_links, locator)

    async def files(self, items: Sequence[Item]) -> AsyncIterator[SourceFile]:
        """Stream the files of items; DataLink documents are read side by side.

        Raises
        ------
        EsapError
            After all the other files, of the first item that has none or whose document cannot be read.
        """
        failures: list[EsapError] = []
        waiting: deque[asyncio.Task[list[SourceFile]]] = deque()
        todo = iter(items)
        try:
            while True:
                for item in todo:
                    waiting.append(asyncio.create_task(self._files_of(item)))
                    if len(waiting) == _DOCUMENTS_AT_ONCE:
                        break
                if not waiting:
                    break
                try:
                    found = await waiting.popleft()
                except EsapError as error:
                    failures.append(error)
                    continue
                for file in found:
                    yield file
        finally:
            for task in waiting:
                task.cancel()
        if failures:
            first = failures[0]
            if len(failures) > 1:
                first.message += f" ({len(failures) - 1} more items have no files either.)"
            raise first

    def _need_tap(self) -> None:
        if not self.settings.tap:
            raise NotOffered("This service has no TAP and answers no ADQL.", hint="Choose another service.")

    async def _search_by(
        self, protocol: Protocol, asked: Asked, row_limit: int | None
    ) -> AsyncGenerator[pa.RecordBatch | Notice]:
        stream: AsyncGenerator[pa.RecordBatch | Notice]
        if protocol.build is not None:
            stream = self.context.calls.stream(self._read_search, protocol.build, asked, row_limit)
        else:
            table = self.settings.obscore if protocol.name == "ObsCore" else self.settings.cone_table
            if protocol.name == "ObsCore":
                adql = obscore_adql(table, asked)
            else:
                ra, dec = await self._cone_columns()
                adql = cone_adql(table, ra, dec, asked)
            stream = self._queries.stream(AdqlRequest(adql, row_limit=row_limit))
        async with aclosing(stream) as parts:
            async for part in parts:
                yield part

    def _read_search(
        self,
        build: Callable[[Asked, int, requests.Session], DALQuery],
        asked: Asked,
        row_limit: int | None,
    ) -> Iterator[pa.RecordBatch | Notice]:
        query = build(asked, maxrec(row_limit), self._session())
        yield from read_rows(send(query), row_limit)

    async def _cone_columns(self) -> tuple[str, str]:
        """Names of the position in the cone table, by UCD unless the configuration says."""
        if self.settings.cone_ra and self.settings.cone_dec:
            return self.settings.cone_ra, self.settings.cone_dec
        table = await self.table(self.settings.cone_table)
        found = []
        for ucd in ("pos.eq.ra", "pos.eq.dec"):
            columns = table.columns or ()
            by_ucd = {column.ucd.lower(): column.name for column in reversed(columns)}
            name = by_ucd.get(f"{ucd};meta.main") or by_ucd.get(ucd)
            if not name:
                raise InputError(
                    f"{self.settings.cone_table} has no column with the UCD {ucd};meta.main.",
                    hint="Name its columns as `cone_ra` and `cone_dec` of the service in esap.toml.",
                )
            found.append(name)
        return found[0], found[1]

    async def _files_of(self, item: Item) -> list[SourceFile]:
        if item.kind == "url":
            return [file_of(item)]
        if item.kind == "datalink":
            return files_of_links(item, await self.links(item.locator))
        raise NoReplica(
            f"{item.locator} is a DID, which only a Rucio service can find.",
            hint="Name that service as `lake` of this one in esap.toml.",
        )

    def _read_links(self, url: str) -> list[Link]:
        with requesting(url):
            response = self._session().get(url, stream=True)
        return [link_of(row) for row in read_table(response)]

    def _check_tap(self) -> str:
        # Availability is optional since TAP 1.1, section 2; some services answer what they lack with a page.
        with contextlib.suppress(NotFound, BadAnswer):
            self._metadata.availability()
        languages = self._metadata.read_limits().languages
        return f" ({', '.join(languages)})" if languages else ""

    def _check_search(self, url: str, build: Callable[[str, requests.Session], DALQuery]) -> str:
        response = send(build(url, self._session()))
        raise_for_status(response)
        read_table(response)
        return ""

    def _session(self) -> requests.Session:
        return self.context.access.session(self.context.calls.deadline)


def _no_sources(url: str, session: requests.Session) -> DALQuery:
    """SCS 1.03, section 2.1: SR=0 asks for the columns only."""
    return scs.SCSQuery(url, pos=(0.0, 0.0), radius=0.0, session=session)


def _no_images_1(url: str, session: requests.Session) -> DALQuery:
    return sia.SIAQuery(url, pos=(0.0, 0.0), size=0.0, format="METADATA", session=session)


def _no_images_2(url: str, session: requests.Session) -> DALQuery:
    return sia2.SIA2Query(url, maxrec=0, session=session)


def _no_spectra(url: str, session: requests.Session) -> DALQuery:
    return ssa.SSAQuery(url, format="METADATA", session=session)
