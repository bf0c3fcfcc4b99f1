"""How a table shows itself, as text and as HTML. What services sent is escaped and shortened."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from esap_jupyter.errors import EsapError, NotFound, NotOffered
from esap_jupyter.formats.service_text import shorten

if TYPE_CHECKING:
    from esap_jupyter.models import ServiceReport
    from esap_jupyter.storage.tables_view import Table

_ROWS = 10
_HTML_COLUMNS, _TEXT_COLUMNS = 20, 8
_HTML_CELL, _TEXT_CELL = 80, 24
_DIGITS, _DIGITS_OF_FLOAT32 = 10, 7
_ONE_LINE = " style='white-space: nowrap'"


def headline(table: Table) -> str:
    """One line: how many rows, whether cut, from where, and what went wrong.

    "10,000 rows (cut at the row limit; ask for row_limit=None to get all) from gaia; simbad failed: hung up"
    """
    try:
        return _headline(table)
    except EsapError as error:
        return _unshown(table, error)


def _headline(table: Table) -> str:
    total = table.whole.num_rows
    rows = "1 row" if total == 1 else f"{total:,} rows"
    if table.num_rows < total:
        rows = f"{table.num_rows:,} of {rows}"
    if not table.complete:
        rows += " (interrupted: the process that wrote it ended)" if table.interrupted else " so far"
    cut = _cut(table)
    if cut:
        rows += f" ({cut})"
    if table.services:
        rows += f" from {', '.join(_named(name, table.reports.get(name)) for name in table.services)}"
    return "; ".join([rows, *_others(table.reports)])


def preview_text(table: Table, rows: int = _ROWS) -> str:
    """The headline and the first rows, columns aligned."""
    try:
        names, units, cells, more = _preview(table, rows, _TEXT_COLUMNS, _TEXT_CELL)
    except EsapError as error:
        return _unshown(table, error)
    lines = [headline(table)]
    if names:
        shown = [names, *([units] if any(units) else []), *cells]
        widths = [max(len(row[index]) for row in shown) for index in range(len(names))]
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in shown
        ]
    return "\n".join(lines + ([more] if more else []))


def preview_html(table: Table) -> str:
    """The headline and the first rows as an HTML table, units in the header."""
    try:
        names, units, cells, more = _preview(table, _ROWS, _HTML_COLUMNS, _HTML_CELL)
    except EsapError as error:
        return f"<p>{html.escape(_unshown(table, error))}</p>"
    parts = [f"<div class='esap-table'><p>{html.escape(headline(table))}</p>"]
    if names:
        small = [f"<br><small>{html.escape(unit)}</small>" if unit else "" for unit in units]
        header = "".join(
            f"<th{_ONE_LINE}>{html.escape(name)}{unit}</th>" for name, unit in zip(names, small, strict=True)
        )
        body = "".join(
            f"<tr>{''.join(f'<td{_ONE_LINE}>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in cells
        )
        parts.append(f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>")
    if more:
        parts.append(f"<p>{html.escape(more)}</p>")
    return "".join([*parts, "</div>"])


def _unshown(table: Table, error: EsapError) -> str:
    """Instead of rows: a notebook may show a table that the cache has dropped."""
    title = f" ({shorten(table.title, 60)})" if table.title else ""
    if isinstance(error, NotFound):
        return f"The table {table.id}{title} has left the cache. Ask again; table.pin() keeps a table."
    return f"The table {table.id}{title} cannot be shown: {error}"


def _named(service: str, report: ServiceReport | None) -> str:
    """A service by its name, one of the registry by its title."""
    told = report.title if report and report.title and service.startswith("ivo://") else service
    return shorten(told, 60)


def _preview(
    table: Table, rows: int, columns: int, width: int
) -> tuple[list[str], list[str], list[list[str]], str]:
    """Names, units and cells that are shown, and what is not."""
    shown = table.columns[:columns]
    page = table.page(0, rows, shown)
    metadata = [page.schema.field(name).metadata or {} for name in shown]
    units = [shorten(said.get(b"unit", b"").decode("utf-8", "replace"), width) for said in metadata]
    written = [_cells(column, width) for column in page.columns]
    cells = [list(row) for row in zip(*written, strict=True)]
    left_out = []
    if table.num_rows > page.num_rows:
        left_out.append(f"{table.num_rows - page.num_rows:,} more rows")
    if len(table.columns) > columns:
        left_out.append(f"{len(table.columns) - columns} more columns: {', '.join(table.columns[columns:])}")
    more = shorten(f"… {' and '.join(left_out)}", 400) if left_out else ""
    return [shorten(name, width) for name in shown], units, cells, more


def _cells(column: Any, width: int) -> list[str]:
    digits = _DIGITS_OF_FLOAT32 if pa.types.is_float32(column.type) else _DIGITS
    return [_cell(value, width, digits) for value in column.to_pylist()]


def _cell(value: Any, width: int, digits: int) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, dict) and set(value) == {"real", "imag"} and None not in value.values():
        return f"{value['real']:.{_DIGITS}g}{value['imag']:+.{_DIGITS}g}j"
    return shorten(str(value), width)


def _cut(table: Table) -> str:
    reports = [report for report in table.reports.values() if report.state == "truncated"]
    if not reports:
        return ""
    limit = table.query.row_limit if table.query else None
    at_limit = [report for report in reports if limit is not None and report.rows >= limit]
    by_service = [report for report in reports if report not in at_limit]
    several = len(table.services) > 1
    said = []
    if at_limit:
        who = f"{', '.join(report.service for report in at_limit)} " if several else ""
        said.append(f"{who}cut at the row limit; ask for row_limit=None to get all")
    said += [_cut_by_service(report) for report in by_service]
    return "; ".join(said)


def _cut_by_service(report: ServiceReport) -> str:
    why = f": {shorten(report.message, 200)}" if report.message else ""
    return f"cut by {report.service}{why}"


def _others(reports: dict[str, ServiceReport]) -> Sequence[str]:
    """Services that did not simply send their rows."""
    said = []
    for report in reports.values():
        name = _named(report.service, report)
        if report.code == NotOffered.code:
            said.append(f"{name} not asked: {shorten(report.message.removeprefix('Not asked: '), 200)}")
        elif report.state == "failed":
            said.append(f"{name} failed: {shorten(report.message or report.code, 200)}")
        elif report.state == "cancelled":
            said.append(f"{name} cancelled")
        elif report.state == "waiting":
            said.append(f"{name} has not answered yet")
        elif report.state == "complete" and report.targets and report.message:
            said.append(f"{name}: {shorten(report.message, 200)}")
    return said
