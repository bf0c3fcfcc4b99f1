"""Pages of sorted and filtered tables: the order is found once, and columns once shown are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from esap_jupyter.formats.files import write_batches
from esap_jupyter.models import Selection
from esap_jupyter.storage.tables_query import selected_rows
from esap_jupyter.storage.tables_view import Table

_KEPT = 4
_KEPT_COLUMN_BYTES = 256_000_000
# Parquet's columns are decoded side by side; more at once only take memory.
_READ_AT_ONCE = 8
_BATCH_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a selection.

    Attributes
    ----------
    rows : pyarrow.Table
        With the metadata of the table's schema.
    numbers : numpy.ndarray
        The number of each row in the table as it stands, from 0.
    total : int
        Rows of the whole selection.
    counts : dict
        Rows of each service in the table then, see `Table.counts`.
    """

    rows: Any
    numbers: Any
    total: int
    counts: dict[str, int]


@dataclass(slots=True)
class _Ordered:
    """A selection of a table of so many rows, once it is found."""

    finding: threading.Lock = field(default_factory=threading.Lock)
    numbers: Any = None


class _Columns:
    """Whole columns as the table shows them, the least recently used of which give way; safe with threads.

    They serve every order and filter of their table: a page takes its few rows from them.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str], Any] = OrderedDict()
        self._bytes = 0
        self._reading = threading.Lock()

    def take(self, table: Table, names: Sequence[str], numbers: Any) -> list[Any]:
        """Values of some columns in the rows of these numbers."""
        found: dict[str, Any] = {}
        with self._reading:
            missing = []
            for name in names:
                column = self._get(table, name)
                if column is None:
                    missing.append(name)
                else:
                    found[name] = column.take(numbers)
            for first in range(0, len(missing), _READ_AT_ONCE):
                whole = table.page(0, table.num_rows, missing[first : first + _READ_AT_ONCE])
                for name in whole.column_names:
                    found[name] = self._keep(table, name, whole.column(name)).take(numbers)
        return [found[name] for name in names]

    def _get(self, table: Table, name: str) -> Any:
        key = (table.id, table.num_rows, name)
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _keep(self, table: Table, name: str, column: Any) -> Any:
        if column.nbytes > _KEPT_COLUMN_BYTES:
            return column
        # Rows are taken from one piece at once; of many, each is looked at.
        column = column.combine_chunks()
        self._kept[table.id, table.num_rows, name] = column
        self._bytes += column.nbytes
        while self._bytes > _KEPT_COLUMN_BYTES:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.nbytes
        return column


class TablePages:
    """Pages of tables, sorted and filtered; safe with threads.

    The last few selections are kept in memory, a table that grew counting as another one.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, Selection], _Ordered] = OrderedDict()
        self._looking = threading.Lock()
        self._columns = _Columns()

    def page(
        self,
        table: Table,
        selection: Selection,
        offset: int,
        limit: int,
        columns: Sequence[str] | None = None,
    ) -> Page:
        """Read some rows of a selection.

        Parameters
        ----------
        offset, limit : int
            The first row, from 0, in the selection's order, and how many; fewer come at the end.
        columns : sequence of str, optional
            Only these.

        Raises
        ------
        InputError
            If there is no such column, or a value does not fit it.
        NotFound
            If the table has been deleted.
        """
        if selection.takes_all:
            rows = table.page(offset, limit, columns)
            return Page(rows, np.arange(offset, offset + rows.num_rows), table.num_rows, table.counts)
        ordered = self._ordered(table, selection)
        numbers = ordered.numbers[offset : offset + limit]
        empty = table.page(0, 0, columns)
        found = self._columns.take(table, empty.column_names, pa.array(numbers))
        return Page(pa.table(found, schema=empty.schema), numbers, len(ordered.numbers), table.counts)

    def write(self, table: Table, selection: Selection, path: Path) -> Path:
        """Write all rows of a selection to a file, see `Table.write`."""
        if selection.takes_all:
            return table.write(path)
        write_batches(path, table.schema, _Batches(self, table, selection))
        return path

    def _ordered(self, table: Table, selection: Selection) -> _Ordered:
        key = (table.id, table.num_rows, selection)
        with self._looking:
            ordered = self._kept.setdefault(key, _Ordered())
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        with ordered.finding:
            if ordered.numbers is None:
                ordered.numbers = selected_rows(table, selection)
        return ordered


class _Batches:
    """The rows of a selection, to be iterated over as often as needed."""

    def __init__(self, pages: TablePages, table: Table, selection: Selection) -> None:
        self._pages, self._table, self._selection = pages, table, selection

    def __iter__(self) -> Iterator[Any]:
        total = self._pages.page(self._table, self._selection, 0, 0).total
        for offset in range(0, total, _BATCH_ROWS):
            rows = self._pages.page(self._table, self._selection, offset, _BATCH_ROWS).rows
            yield from rows.to_batches()
