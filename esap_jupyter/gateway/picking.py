"""From rows of a table to the items they stand for, each with where it comes from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from esap_jupyter.connectors.base import Searches
from esap_jupyter.errors import InputError
from esap_jupyter.gateway.receiving import TARGET_COLUMN
from esap_jupyter.gateway.services import Services
from esap_jupyter.models import Item

if TYPE_CHECKING:
    from esap_jupyter.storage.tables import Table

_ROWS_AT_ONCE = 5_000


async def items(
    services: Services, table: Table, rows: int | Iterable[int] | None, service: str
) -> list[Item]:
    """Make the items that rows stand for; rows without data are left out.

    Raises
    ------
    InputError
        If there is no such row, a mask has another length, or the table was read from a file.
    NotFound
        If the table has no rows of this service.
    """
    if table.source is not None:
        raise InputError(
            "These rows are of a file, not of a service: there is nothing to stage.",
            hint="What a search or a query finds can be put into the basket.",
        )
    import numpy as np

    from esap_jupyter.storage.tables_numbers import row_numbers  # stands on numpy

    shown = table.of(service) if service else table
    # Chosen rows have other numbers in the table that they were chosen of.
    whole, wanted = shown.whole, shown.row_numbers
    if rows is not None:
        numbers = row_numbers(rows, shown.num_rows)
        for row in numbers:
            if not 0 <= row < shown.num_rows:
                raise InputError(f"There is no row {row}.", hint=f"There are {shown.num_rows}.", field="rows")
        wanted = wanted[list(numbers)]
    made: dict[int, Item] = {}
    first = 0
    for name in whole.services:
        part = whole.of(name)
        its_own = wanted[(first <= wanted) & (wanted < first + part.num_rows)]
        connector = await services.get(name)
        if len(its_own) and isinstance(connector, Searches):
            # As they stand, so that each part of the table is read once.
            in_turn = (np.unique(its_own) - first).tolist()
            items_of_rows = await asyncio.to_thread(_made, connector, part, in_turn)
            made |= {first + row: item for row, item in items_of_rows}
        first += part.num_rows
    return [made[row] for row in wanted.tolist() if row in made]


def _made(connector: Searches, table: Table, rows: Sequence[int]) -> list[tuple[int, Item]]:
    """Items by the rows that have one."""
    read = zip(rows, _read(table, rows), strict=True)
    made = ((row, connector.item(cells, table.schema, _asked(table, cells))) for row, cells in read)
    return [(row, item) for row, item in made if item is not None]


def _asked(table: Table, row: Mapping[str, Any]) -> str:
    """What was asked to find a row: of a list of targets, the one that it was found for."""
    query = table.query
    if query is None:
        return table.title
    if query.targets:
        found_for = {"targets": (), "target": row.get(TARGET_COLUMN) or ""}
        query = query.model_copy(update=found_for)
    return query.describe()


def _read(table: Table, rows: Sequence[int]) -> Iterator[Mapping[str, Any]]:
    """Rows in the order given, of which neighbours are read together."""
    piece, number = [], -1
    for row in rows:
        if row // _ROWS_AT_ONCE != number:
            number = row // _ROWS_AT_ONCE
            piece = table.page(number * _ROWS_AT_ONCE, _ROWS_AT_ONCE).to_pylist()
        yield piece[row % _ROWS_AT_ONCE]
