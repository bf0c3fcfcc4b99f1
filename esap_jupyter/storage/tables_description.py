"""What a table is, and its pages, in forms that can be sent to a page of the browser."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from esap_jupyter.models import Column, TableDetails, TableSummary
from esap_jupyter.storage.tables_pages import Page
from esap_jupyter.storage.tables_query import kind_of
from esap_jupyter.storage.tables_view import Table

ROW_NUMBER = b"esap.row-number"
"""Marks, in a page, the added column that says which row of the table each is."""


def summary_of(table: Table) -> TableSummary:
    """Describe a table without its columns."""
    return TableSummary(**_summary(table))


def details_of(table: Table) -> TableDetails:
    """Describe a table and its columns."""
    return TableDetails(**_summary(table), columns=tuple(_column(field) for field in table.schema))


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


def _column(field: Any) -> Column:
    said = {
        name: (field.metadata or {}).get(name.encode(), b"").decode("utf-8", "replace")
        for name in ("unit", "ucd", "utype", "xtype", "description")
    }
    return Column(name=field.name, type=str(field.type), kind=kind_of(field.type), **said)


def arrow_stream(page: Page) -> bytes:
    """Write a page as an Arrow IPC stream; with counts of rows in its metadata."""
    name = "row"
    while name in page.rows.column_names:
        name += "_"
    number = pa.field(name, pa.int64(), nullable=False, metadata={ROW_NUMBER: b"1"})
    rows = page.rows.append_column(number, pa.array(page.numbers, pa.int64()))
    # A list, since in JavaScript the keys of an object do not all keep their order.
    counts = json.dumps(list(page.counts.items()))
    rows = rows.replace_schema_metadata(
        {b"esap.total": str(page.total).encode(), b"esap.services": counts.encode()}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return bytes(sink.getvalue())
