"""How lists of things are shown: one description of columns for notebook, terminal and plain text."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, SupportsIndex, TypeVar, overload

from esap_jupyter.errors import UNPRINTABLE
from esap_jupyter.models import (
    DID,
    RSE,
    AccountUsage,
    ColumnDescription,
    Item,
    Job,
    Link,
    RegisteredService,
    ReplicaOnRSE,
    Rule,
    ServiceReport,
    ServiceStatus,
    TableDescription,
    WritableRSE,
)
from esap_jupyter.storage.state_history import PastQuery

T = TypeVar("T")
Column = tuple[str, Callable[[Any], str]]

_WIDEST = 72
_MOST_SHOWN = 100


def format_bytes(size: int | None) -> str:
    """Write a size for people: ``1.2 MB``; empty if it is not known."""
    if size is None:
        return ""
    from rich.filesize import decimal

    return decimal(size)


def format_count(count: int | None) -> str:
    """Write a number with its thousands apart."""
    return "" if count is None else f"{count:,}"


def format_time(when: datetime | None) -> str:
    """Write a time in the person's own zone, to the second."""
    return "" if when is None else when.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _answer(status: ServiceStatus) -> str:
    if status.answers is None:
        return ""
    return f"yes, {status.seconds:.2f} s" if status.answers and status.seconds is not None else "no"


def _phase(job: Job) -> str:
    return f"{job.phase} (interrupted)" if job.interrupted else str(job.phase)


def _progress(job: Job) -> str:
    progress = job.progress
    if progress.files_total:
        return f"{progress.files_done}/{progress.files_total} files, {format_bytes(progress.done)}"
    return f"{progress.done:,} {progress.unit}" if progress.done else ""


_COLUMNS: dict[type, tuple[Column, ...]] = {
    ServiceStatus: (
        ("name", lambda s: s.name),
        ("title", lambda s: s.title),
        ("offers", lambda s: ", ".join(sorted(s.capabilities))),
        ("answers", _answer),
        ("detail", lambda s: f"{s.detail} {s.hint}".strip()),
    ),
    ServiceReport: (
        ("service", lambda r: r.service),
        ("title", lambda r: r.title),
        ("state", lambda r: r.state),
        ("rows", lambda r: format_count(r.rows)),
        ("seconds", lambda r: f"{r.seconds:.2f}"),
        ("message", lambda r: f"{r.message} {r.hint}".strip()),
    ),
    RegisteredService: (
        ("short name", lambda s: s.short_name),
        ("title", lambda s: s.title),
        ("interfaces", lambda s: ", ".join(sorted(s.interfaces))),
        ("waveband", lambda s: ", ".join(s.waveband)),
        ("ivoid", lambda s: s.ivoid),
    ),
    TableDescription: (
        ("name", lambda t: t.name),
        ("rows", lambda t: format_count(t.rows)),
        ("description", lambda t: t.title or t.description),
    ),
    ColumnDescription: (
        ("name", lambda c: c.name),
        ("type", lambda c: c.datatype),
        ("unit", lambda c: c.unit),
        ("UCD", lambda c: c.ucd),
        ("description", lambda c: c.description),
    ),
    Item: (
        ("id", lambda i: i.id),
        ("title", lambda i: i.title or i.locator),
        ("kind", lambda i: i.kind),
        ("size", lambda i: format_bytes(i.size)),
        ("from", lambda i: i.provenance.service),
        ("when", lambda i: format_time(i.provenance.retrieved_at)),
    ),
    Link: (
        ("semantics", lambda k: k.semantics),
        ("type", lambda k: k.content_type),
        ("size", lambda k: format_bytes(k.content_length)),
        ("description", lambda k: k.error_message or k.description),
        ("address", lambda k: k.access_url),
    ),
    Job: (
        ("id", lambda j: j.id),
        ("title", lambda j: j.title),
        ("phase", _phase),
        ("progress", _progress),
        ("started", lambda j: format_time(j.started_at)),
        ("message", lambda j: f"{j.error_message} {j.error_hint}".strip()),
    ),
    DID: (
        ("DID", str),
        ("type", lambda d: d.type),
        ("size", lambda d: format_bytes(d.bytes)),
        ("files", lambda d: format_count(d.length)),
        ("created", lambda d: format_time(d.created_at)),
    ),
    ReplicaOnRSE: (
        ("DID", lambda r: f"{r.scope}:{r.name}"),
        ("RSE", lambda r: r.rse),
        ("state", lambda r: r.state),
        ("size", lambda r: format_bytes(r.bytes)),
        ("adler32", lambda r: r.adler32),
    ),
    RSE: (
        ("name", lambda r: r.name),
        ("type", lambda r: r.type),
        ("available for", lambda r: ", ".join(deed for deed, can in r.availability.items() if can)),
    ),
    Rule: (
        ("id", lambda r: r.id),
        ("DID", lambda r: f"{r.scope}:{r.name}"),
        ("RSE expression", lambda r: r.rse_expression),
        ("copies", lambda r: str(r.copies)),
        ("state", lambda r: r.state),
        ("expires", lambda r: format_time(r.expires_at)),
    ),
    WritableRSE: (
        ("name", lambda r: r.name),
        ("type", lambda r: r.type),
        ("free", lambda r: "no limit" if r.free is None else format_bytes(r.free)),
    ),
    PastQuery: (
        ("when", lambda q: format_time(q.at)),
        ("query", lambda q: q.query.describe()),
        ("services", lambda q: ", ".join(q.services)),
        ("rows", lambda q: format_count(q.rows)),
        ("table", lambda q: q.table_id),
    ),
    AccountUsage: (
        ("account", lambda u: u.account),
        ("RSE", lambda u: u.rse),
        ("used", lambda u: format_bytes(u.bytes)),
        ("files", lambda u: format_count(u.files)),
        ("limit", lambda u: "none" if u.limit is None else format_bytes(u.limit)),
    ),
}


def show_as(kind: type, *columns: Column) -> None:
    """Say how a kind of thing is shown."""
    _COLUMNS[kind] = columns


def columns_of(kind: type) -> tuple[Column, ...]:
    """Return the headers of a kind of thing and how each cell is written."""
    return next(columns for known, columns in _COLUMNS.items() if issubclass(kind, known))


class Listing(list[T]):
    """A list that shows the first 100 things as a table in notebook and terminal; otherwise a list like any.

    Parameters
    ----------
    things : iterable
        What it holds.
    nothing : str
        What is shown if it is empty.

    Examples
    --------
    >>> services = esap.services()
    >>> services[0].name
    'gaia'
    >>> [service.name for service in services if service.answers]
    """

    def __init__(self, things: Iterable[T] = (), *, nothing: str = "Nothing.") -> None:
        super().__init__(things)
        self._nothing = nothing

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> Listing[T]: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> T | Listing[T]:
        if isinstance(index, slice):
            return Listing(super().__getitem__(index), nothing=self._nothing)
        return super().__getitem__(index)

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Return the headers and the rows, as text; columns that are empty throughout are left out."""
        columns = columns_of(type(self[0])) if self else ()
        rows = [[UNPRINTABLE.sub(" ", write(thing)) for _, write in columns] for thing in self]
        kept = [index for index in range(len(columns)) if any(row[index] for row in rows)]
        return [columns[index][0] for index in kept], [[row[index] for index in kept] for row in rows]

    def as_text(self) -> str:
        """Write all of it as aligned text.

        Returns
        -------
        str
            A line of headers, and one for each thing.
        """
        if not self:
            return self._nothing
        headers, rows = self.cells()
        lines = [headers, *[[_shortened(cell) for cell in row] for row in rows]]
        widths = [max(len(line[index]) for line in lines) for index in range(len(headers))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )

    def __repr__(self) -> str:
        return "\n".join(filter(None, [self[:_MOST_SHOWN].as_text(), self._more()]))

    def _repr_html_(self) -> str:
        if not self:
            return f"<p>{html.escape(self._nothing)}</p>"
        headers, rows = self[:_MOST_SHOWN].cells()
        more = f"<p>{self._more()}</p>" if self._more() else ""
        return f"<table><thead>{_html_row('th', headers)}</thead><tbody>" + (
            "".join(_html_row("td", row) for row in rows) + f"</tbody></table>{more}"
        )

    def _more(self) -> str:
        """What is not shown, in words."""
        left = len(self) - _MOST_SHOWN
        return f"… {left:,} more" if left > 0 else ""


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else line[: _WIDEST - 1] + "…"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    style = ' style="text-align: left"'
    return "<tr>" + "".join(f"<{tag}{style}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
