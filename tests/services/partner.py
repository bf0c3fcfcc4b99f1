"""A connector as a partner would write it, and the package that brings it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from esap_jupyter.connectors.base import AdqlRequest, Connector, Notice
from esap_jupyter.errors import (
    NoReplica,
    NotFound,
    QueryRejected,
    ServiceUnreachable,
    UnknownName,
)
from esap_jupyter.models import (
    Capability,
    Item,
    Position,
    Provenance,
    Query,
    RegisteredService,
    Replica,
    SourceFile,
    TableDescription,
)

SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64()),
        pa.field("ra", pa.float64(), metadata={b"unit": b"deg", b"ucd": b"pos.eq.ra"}),
        pa.field("access_url", pa.string()),
    ]
)


class FileSettings(BaseModel):
    """A file that the partner's service knows, by the end of its item's locator."""

    path: str
    urls: tuple[str, ...]
    size: int | None = None
    checksums: dict[str, str] = {}


class PartnerSettings(BaseModel):
    """What a test makes the service do."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Address of the service.")
    offers: tuple[Capability, ...] = (Capability.SOURCES, Capability.ADQL, Capability.FILES)
    batches: tuple[int, ...] = (3,)
    seconds: float = Field(default=0.0, description="Before each batch.")
    overflow: str = ""
    fault: Literal["", "unreachable", "bug", "hang", "rejected", "hang after rows"] = ""
    names: dict[str, tuple[float, float]] = {}
    registered: dict[str, dict[str, str]] = {}
    files: dict[str, tuple[FileSettings, ...]] = {}
    makes_job: bool = False


class PartnerConnector(Connector):
    """Finds numbered rows."""

    Settings = PartnerSettings

    asked: list[Query | AdqlRequest]
    cancelled: int

    def __init__(self, settings: PartnerSettings, context: Any) -> None:
        super().__init__(settings, context)
        self.asked = []
        self.cancelled = 0

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(self.settings.offers)

    @property
    def address(self) -> str:
        return str(self.settings.url)

    async def check(self) -> str:
        await self._misbehave()
        return "version 1"

    async def search(self, query: Query) -> AsyncIterator[pa.RecordBatch | Notice]:
        self.asked.append(query)
        await self._misbehave()
        async for part in self._rows(query.row_limit):
            yield part

    def item(self, row: Mapping[str, Any], schema: pa.Schema, query: str) -> Item | None:
        if not row["access_url"]:
            return None
        provenance = Provenance(
            service=self.context.service,
            query=query,
            identifier=str(row["id"]),
            retrieved_at=datetime.now(UTC),
        )
        return Item(
            service=self.context.service, kind="url", locator=row["access_url"], provenance=provenance
        )

    async def adql(self, request: AdqlRequest) -> AsyncIterator[pa.RecordBatch | Notice]:
        self.asked.append(request)
        if self.settings.makes_job and request.on_job and not request.job_url:
            request.on_job(f"{self.settings.url}/async/1")
            request.on_phase("EXECUTING")
        await self._misbehave()
        async for part in self._rows(request.row_limit):
            yield part

    async def tables(self) -> list[TableDescription]:
        return [TableDescription(name="partner.numbers")]

    async def table(self, name: str) -> TableDescription:
        if name != "partner.numbers":
            raise NotFound(f"There is no table {name}.")
        return TableDescription(name=name, columns=())

    async def examples(self) -> list[tuple[str, str]]:
        return [("All", "SELECT * FROM partner.numbers")]

    async def files(self, items: Sequence[Item]) -> AsyncIterator[SourceFile]:
        await self._misbehave()
        for item in items:
            known = self.settings.files.get(item.locator.rpartition("/")[2])
            if known is None:
                raise NoReplica(f"{item.locator} is gone.")
            for file in known:
                yield SourceFile(
                    item_id=item.id,
                    service=self.context.service,
                    path=file.path,
                    size=file.size,
                    checksums=file.checksums,
                    replicas=tuple(Replica(url=url) for url in file.urls),
                )

    async def resolve(self, name: str) -> Position:
        await self._misbehave()
        if name not in self.settings.names:
            raise UnknownName(f"{name!r} is not known here.")
        ra, dec = self.settings.names[name]
        return Position(ra=ra, dec=dec)

    async def find(self, keywords: Sequence[str] = (), **_: Any) -> list[RegisteredService]:
        await self._misbehave()
        return [RegisteredService(ivoid="ivo://partner", title=" ".join(keywords), interfaces={})]

    async def record(self, ivoid: str) -> RegisteredService:
        await self._misbehave()
        if ivoid not in self.settings.registered:
            raise UnknownName(f"{ivoid} is not registered here.")
        interfaces = self.settings.registered[ivoid]
        return RegisteredService(ivoid=ivoid, title=f"Title of {ivoid}", interfaces=interfaces)

    async def _rows(self, limit: int | None) -> AsyncIterator[pa.RecordBatch | Notice]:
        """All rows, as a service that does not know row limits would send them."""
        first = 0
        try:
            for size in self.settings.batches:
                await asyncio.sleep(self.settings.seconds)
                numbers = range(first, first + size)
                yield pa.RecordBatch.from_pylist(
                    [{"id": n, "ra": n / 10, "access_url": f"{self.address}/{n}"} for n in numbers],
                    schema=SCHEMA,
                )
                first += size
            if self.settings.fault == "hang after rows":
                await asyncio.Event().wait()
            if self.settings.overflow:
                yield Notice("truncated", self.settings.overflow)
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise

    async def _misbehave(self) -> None:
        match self.settings.fault:
            case "unreachable":
                raise ServiceUnreachable("Nobody answers.", hint="Look at the cable.")
            case "rejected":
                raise QueryRejected("Unknown table foo.", line=1, column=15)
            case "bug":
                raise ZeroDivisionError("secret detail")
            case "hang":
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    self.cancelled += 1
                    raise


def install(directory: Path, **entry_points: str) -> Path:
    """Write what `pip install` leaves of a package with these entry points; returns its path for sys.path."""
    information = directory / "esap_partner-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: esap-partner\nVersion: 1.0\n")
    lines = "\n".join(f"{name} = {value}" for name, value in entry_points.items())
    (information / "entry_points.txt").write_text(f"[esap_jupyter.connectors]\n{lines}\n")
    return directory
