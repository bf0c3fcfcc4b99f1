"""The person's tables: what is in them, a page at a time, sorted and filtered, and as files."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

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
    Selection,
    TableDetails,
    TableSummary,
)
from esap_jupyter.models.selection import MOST_BINS

if TYPE_CHECKING:
    from esap_jupyter.gateway.files import Files
    from esap_jupyter.storage.tables import Table

Result = TypeVar("Result")

MOST_ROWS = 10_000
"""Rows of one page."""


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

    def summaries() -> list[TableSummary]:
        from esap_jupyter.storage.tables_description import summary_of

        return [summary_of(table) for table in gateway.tables.tables()]

    return await asyncio.to_thread(summaries)


async def list_file_tables(session: Session, given: OfFile) -> list[FileTable]:
    files = await _files(session)
    return await files.tables_in(await asyncio.to_thread(session.file, given.path))


async def open_file(session: Session, given: FileToOpen) -> TableDetails:
    files = await _files(session)
    table = await files.begin(await asyncio.to_thread(session.file, given.path), given.hdu)

    def describe() -> TableDetails:
        from esap_jupyter.storage.tables_description import details_of

        return details_of(table)

    return await asyncio.to_thread(describe)


async def get_table(session: Session, given: OfTable) -> TableDetails:
    def describe(table: Table) -> TableDetails:
        from esap_jupyter.storage.tables_description import details_of

        return details_of(table)

    return await with_table(session, given, describe)


async def get_rows(session: Session, given: Rows) -> Arrow:
    def read(table: Table) -> Arrow:
        from esap_jupyter.storage.tables_description import arrow_stream

        page = session.pages.page(table, _selection(given), given.offset, given.limit, given.columns or None)
        return Arrow(arrow_stream(page))

    return await with_table(session, given, read)


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
    workspace = (await session.gateway()).workspace
    # A home on a network may keep one waiting for each part of a path.
    path = await asyncio.to_thread(workspace.resolve, given.path)

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
        return SavedFile(path=path.relative_to(workspace.root).as_posix(), bytes=path.stat().st_size)

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
