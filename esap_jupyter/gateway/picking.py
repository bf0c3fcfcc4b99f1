"""From rows of a table to the items they stand for, each with where it comes from."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from esap_jupyter.connectors.base import Searches
from esap_jupyter.errors import InputError, NotFound
from esap_jupyter.gateway.services import Services
from esap_jupyter.models import Item

if TYPE_CHECKING:
    from esap_jupyter.storage.tables import Table

log = logging.getLogger(__name__)

_ROWS_AT_ONCE = 10_000


async def items(services: Services, table: Table, rows: Sequence[int] | None, service: str) -> list[Item]:
    """Make the items that rows stand for; rows without data are left out.

    Raises
    ------
    InputError
        If it is not clear whose rows are meant, or there is no such row.
    NotFound
        If the table has no rows of this service.
    """
    names = [name for name, report in table.reports.items() if report.rows]
    if service and service not in names:
        raise NotFound(f"The table has no rows of {service}.", hint=f"It has those of {', '.join(names)}.")
    if rows is not None and not service and len(names) > 1:
        raise InputError(
            f"The table has rows of {', '.join(names)}.", hint="Say whose rows are meant.", field="service"
        )
    found: list[Item] = []
    for name in [service] if service else names:
        connector = await services.get(name)
        if isinstance(connector, Searches):
            found += await asyncio.to_thread(_made, connector, table.of(name), rows)
    return found


def _made(connector: Searches, table: Table, rows: Sequence[int] | None) -> list[Item]:
    query = table.query.describe() if table.query else table.title
    made = (connector.item(row, table.schema, query) for row in _read(table, rows))
    return [item for item in made if item is not None]


def _read(table: Table, rows: Sequence[int] | None) -> Iterator[Mapping[str, Any]]:
    if rows is None:
        for offset in range(0, table.num_rows, _ROWS_AT_ONCE):
            yield from table.page(offset, _ROWS_AT_ONCE).to_pylist()
        return
    for row in rows:
        if not 0 <= row < table.num_rows:
            raise InputError(
                f"There is no row {row}.", hint=f"Rows are 0 to {table.num_rows - 1}.", field="rows"
            )
        yield from table.page(row, 1).to_pylist()
