"""The person's tables: what is in them, a page at a time, sorted and filtered, and as files."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, Field

from esap_jupyter.errors import Conflict, InputError
from esap_jupyter.handlers.routes import Arrow, Input, Nothing
from esap_jupyter.handlers.session import Session
from esap_jupyter.models import (
    ColumnStatistics,
    Condition,
    FileTable,
    Histogram,
    Order,
    Query,
    Selection,
    ServiceReport,
)
from esap_jupyter.models.selection import MOST_BINS, ColumnKind

if TYPE_CHECKING:
    from esap_jupyter.gateway.files import Files
    from esap_jupyter.storage.tables import Table

Result = TypeVar("Result")

MOST_ROWS = 10_000
"""Rows of one page."""

ROW_NUMBER = b"esap.row-number"
"""Marks, in a page, the added column that says which row of the table each is."""


class Column(BaseModel):
    """A column of a table.

    Attributes
    ----------
    type : str
        As Arrow calls it.
    kind : str
        What can be done with it.
    unit : str
        VOUnits string.
    ucd : str
        UCD1+ string.
    """

    name: str
    type: str
    kind: ColumnKind
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    xtype: str = ""
    description: str = ""


class TableSummary(BaseModel):
    """A table without its columns.

    Attributes
    ----------
    file : str
        Absolute path of the file that it was read from; empty if it came from services.
    hdu : int, optional
        Which HDU of that file it is, if it is a FITS file.
    complete : bool
        Nothing more comes.
    interrupted : bool
        Who wrote it died: what is there is all there will be.
    truncated : bool
        A service has more rows than it was asked for or would send.
    pinned : bool
        Saved from being dropped when the cache is full.
    """

    id: str
    title: str
    query: Query | None
    file: str
    hdu: int | None
    created_at: datetime
    rows: int
    complete: bool
    interrupted: bool
    truncated: bool
    pinned: bool
    reports: tuple[ServiceReport, ...]


class TableDetails(TableSummary):
    """A table as it is now."""

    columns: tuple[Column, ...]


class OfTable(Input):
    """A table by its id."""

    table: str


class Rows(OfTable):
    """Some rows of a table.

    Attributes
    ----------
    columns : tuple of str
        Only these; all if there are none.
    conditions, order
        The rows that meet all conditions, in this order; `offset` counts these.
    """

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=1000, ge=0, le=MOST_ROWS)
    columns: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()


class OfColumn(OfTable):
    """A column of a table, in the rows that meet all conditions."""

    column: str
    conditions: tuple[Condition, ...] = ()


class InBins(OfColumn):
    """A column of numbers, to be counted in bins."""

    bins: int = Field(default=50, ge=1, le=MOST_BINS)


class SaveAs(OfTable):
    """Where to write a table: the suffix says how (``.vot``, ``.fits``, ``.parquet``, ``.csv``).

    Attributes
    ----------
    path : str
        Relative to the workspace.
    replace : bool
        Whether an older file may go.
    conditions, order
        Which rows, in which order.
    """

    path: str = Field(min_length=1)
    replace: bool = False
    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()


class SavedFile(BaseModel):
    """A file that was written; `path` is relative to the workspace."""

    path: str
    bytes: int


class OfFile(Input):
    """A file, by its path as the file browser has it."""

    path: str = Field(min_length=1)


class FileToOpen(OfFile):
    """A table in a file.

    Attributes
    ----------
    hdu : int, optional
        Of a FITS file; by default its first table.
    """

    hdu: int | None = Field(default=None, ge=0)


async def list_tables(session: Session, _: Nothing) -> list[TableSummary]:
    gateway = await session.gateway()
    return await asyncio.to_thread(
        lambda: [TableSummary(**_summary(table)) for table in gateway.tables.tables()]
    )


async def list_file_tables(session: Session, given: OfFile) -> list[FileTable]:
    files = await _files(session)
    return await files.tables_in(await asyncio.to_thread(session.file, given.path))


async def open_file(session: Session, given: FileToOpen) -> TableDetails:
    files = await _files(session)
    table = await files.begin(await asyncio.to_thread(session.file, given.path), given.hdu)
    return await asyncio.to_thread(_details, table)


async def get_table(session: Session, given: OfTable) -> TableDetails:
    return await with_table(session, given, _details)


async def get_rows(session: Session, given: Rows) -> Arrow:
    return await with_table(session, given, lambda table: Arrow(_page(session, table, given)))


async def get_statistics(session: Session, given: OfColumn) -> ColumnStatistics:
    def ask(table: Table) -> ColumnStatistics:
        from esap_jupyter.storage.tables_statistics import column_statistics

        return column_statistics(table, given.column, given.conditions)

    return await with_table(session, given, ask)


async def get_histogram(session: Session, given: InBins) -> Histogram:
    def ask(table: Table) -> Histogram:
        from esap_jupyter.storage.tables_statistics import column_histogram

        return column_histogram(table, given.column, given.bins, given.conditions)

    return await with_table(session, given, ask)


async def save_table(session: Session, given: SaveAs) -> SavedFile:
    gateway = await session.gateway()
    path = gateway.workspace.resolve(given.path)

    def save(table: Table) -> SavedFile:
        if path.is_dir() or (path.exists() and not given.replace):
            raise Conflict(f"{given.path} exists.", hint="Choose another name, or replace it.", field="path")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            session.pages.write(table, _selection(given), path)
        except OSError as error:
            raise InputError(
                f"{given.path} cannot be written: {error.strerror or error}.", field="path"
            ) from error
        return SavedFile(path=path.relative_to(gateway.workspace.root).as_posix(), bytes=path.stat().st_size)

    return await with_table(session, given, save)


async def pin_table(session: Session, given: OfTable) -> None:
    await asyncio.to_thread((await session.gateway()).tables.pin, given.table)


async def unpin_table(session: Session, given: OfTable) -> None:
    await asyncio.to_thread((await session.gateway()).tables.unpin, given.table)


async def delete_table(session: Session, given: OfTable) -> None:
    await asyncio.to_thread((await session.gateway()).tables.delete, given.table)


async def _files(session: Session) -> Files:
    gateway = await session.gateway()
    # In a thread, since it imports much.
    return await asyncio.to_thread(lambda: gateway.files)


async def with_table(session: Session, given: OfTable, work: Callable[[Table], Result]) -> Result:
    """Open the table and do the work, in a thread."""
    gateway = await session.gateway()
    return await asyncio.to_thread(lambda: work(gateway.tables.open(given.table)))


def _selection(given: Rows | SaveAs) -> Selection:
    return Selection(conditions=given.conditions, order=given.order)


def _summary(table: Table) -> dict[str, Any]:
    return {
        "id": table.id,
        "title": table.title,
        "query": table.query,
        "file": table.source.path if table.source else "",
        "hdu": table.source.hdu if table.source else None,
        "created_at": table.created_at,
        "rows": table.num_rows,
        "complete": table.complete,
        "interrupted": table.interrupted,
        "truncated": table.truncated,
        "pinned": table.pinned,
        "reports": tuple(table.reports.values()),
    }


def _details(table: Table) -> TableDetails:
    return TableDetails(**_summary(table), columns=tuple(_column(field) for field in table.schema))


def _column(field: Any) -> Column:
    from esap_jupyter.storage.tables_query import kind_of

    said = {
        name: (field.metadata or {}).get(name.encode(), b"").decode("utf-8", "replace")
        for name in ("unit", "ucd", "utype", "xtype", "description")
    }
    return Column(name=field.name, type=str(field.type), kind=kind_of(field.type), **said)


def _page(session: Session, table: Table, given: Rows) -> bytes:
    """An Arrow IPC stream; its schema's metadata says how many rows the whole selection has."""
    import pyarrow as pa

    page = session.pages.page(table, _selection(given), given.offset, given.limit, given.columns or None)
    name = "row"
    while name in page.rows.column_names:
        name += "_"
    number = pa.field(name, pa.int64(), nullable=False, metadata={ROW_NUMBER: b"1"})
    rows = page.rows.append_column(number, pa.array(page.numbers, pa.int64()))
    rows = rows.replace_schema_metadata({b"esap.total": str(page.total).encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return bytes(sink.getvalue())
