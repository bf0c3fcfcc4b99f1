"""How the command prints: tables for people, JSON for scripts, errors in words."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from pydantic import BaseModel

from esap_jupyter.errors import UNPRINTABLE, EsapError

if TYPE_CHECKING:
    from esap_jupyter.face.listing import Listing
    from esap_jupyter.storage.tables import Table


@dataclass
class Options:
    """What holds for every command.

    Attributes
    ----------
    shown : list, optional
        Where a notebook gathers what would be printed.
    """

    as_json: bool = False
    shown: list[Any] | None = None


options = Options()


@contextlib.contextmanager
def returning() -> Iterator[list[Any]]:
    """Gather what the commands show, instead of printing it."""
    options.shown = []
    try:
        yield options.shown
    finally:
        options.shown = None


def show(thing: Any) -> None:
    """Print a model, text, or a list or dict of these."""
    from esap_jupyter.face.listing import Listing

    if options.shown is not None:
        options.shown.append(thing)
    elif options.as_json:
        _echo_json(_plain(thing))
    elif isinstance(thing, Listing):
        _show_listing(thing)
    elif isinstance(thing, dict):
        _echo_lines(f"{name}: {value}" for name, value in thing.items())
    else:
        _echo_lines(thing if isinstance(thing, list) else [thing])


def show_table(table: Table, rows: int) -> None:
    """Print a table's first rows and how each service fared."""
    if options.shown is not None:
        options.shown.append(table)
    elif options.as_json:
        first = table.page(0, rows)
        content = {
            "id": table.id,
            "rows": len(table),
            "truncated": table.truncated,
            "services": {name: _plain(report) for name, report in table.reports.items()},
            "columns": first.column_names,
            "first_rows": first.to_pylist(),
        }
        _echo_json(content)
    else:
        from esap_jupyter.storage.tables_preview import preview_text

        click.echo(preview_text(table, rows))
        click.echo(f"table {table.id}")


def tell(message: str) -> None:
    """Print what is not a result."""
    if not options.as_json and options.shown is None:
        click.echo(message, err=True)


def fail(error: EsapError) -> None:
    """Print an error: what, where, what to do next."""
    if options.as_json:
        content = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "service": error.service,
            "retryable": error.retryable,
        }
        click.echo(json.dumps({"error": content}), err=True)
        return
    where = f"{error.service}: " if error.service else ""
    click.secho(f"Error: {where}{error.message}", fg="red", err=True)
    if error.hint:
        click.echo(error.hint, err=True)


def _echo_json(content: Any) -> None:
    click.echo(json.dumps(_finite(content), indent=2, default=str, allow_nan=False))


def _finite(content: Any) -> Any:
    """The same with null for NaN and infinity, which JSON has no way to write."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, dict):
        return {name: _finite(value) for name, value in content.items()}
    return [_finite(value) for value in content] if isinstance(content, list | tuple) else content


def _echo_lines(things: Iterable[Any]) -> None:
    for thing in things:
        click.echo(UNPRINTABLE.sub(" ", str(thing)))


def _plain(thing: Any) -> Any:
    if isinstance(thing, BaseModel):
        return thing.model_dump(mode="json")
    if isinstance(thing, list):
        return [_plain(part) for part in thing]
    return thing


def _show_listing(listing: Listing[Any]) -> None:
    if not listing or not sys.stdout.isatty():
        click.echo(listing.as_text())
        return
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    headers, rows = listing.cells()
    table = RichTable(*headers, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        # Text, not markup: what services say must not style the terminal.
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
