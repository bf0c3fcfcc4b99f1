"""What is found: `esap services`, `registry`, `resolve`, `search`, `adql`, `open`, `tables`, `links` ..."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from esap_jupyter.cli.output import options, show, show_table, tell

if TYPE_CHECKING:
    from esap_jupyter.models import ServiceReport
    from esap_jupyter.storage.tables import Table

_PRODUCTS = click.Choice(["sources", "images", "spectra", "observations", "dids"])

_limit = click.option(
    "--limit",
    "row_limit",
    type=click.IntRange(min=1),
    help="Rows wanted of each service (default: configured).",
)
_all = click.option("--all", "everything", is_flag=True, help="All rows, without a limit.")
_out = click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Write the table: .vot, .fits, .parquet or .csv."
)
_show_rows = click.option(
    "--rows", type=click.IntRange(min=0), default=10, show_default=True, help="Rows shown."
)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Ask each whether it answers.")
@click.option("--files", is_flag=True, help="Show the files that the configuration was read from.")
def services(names: tuple[str, ...], check: bool, files: bool) -> None:
    """List the services that are offered, or those named; ivo://... is one of the registry's."""
    if files:
        from esap_jupyter.config import config_files

        show([str(path) for path in config_files()])
        return
    from esap_jupyter.face import blocking as esap

    show(esap.services(names, check=check))


@click.command()
@click.argument("keywords", nargs=-1)
@click.option("--product", type=click.Choice(["sources", "images", "spectra", "observations"]), default=None)
@click.option("--waveband", default="", help="radio, infrared, optical, x-ray ...")
@click.option("--target", default="", help="Only services that cover this name or position.")
def registry(keywords: tuple[str, ...], product: str | None, waveband: str, target: str) -> None:
    """Look for services in the registry."""
    from esap_jupyter.face import blocking as esap

    show(esap.find_services(keywords, product=product or "", waveband=waveband, target=target))


@click.command()
@click.argument("name")
def resolve(name: str) -> None:
    """Find the position of a name, or read coordinates."""
    from esap_jupyter.face import blocking as esap

    show(esap.resolve(name))


@click.command()
@click.argument("target", default="")
@click.option(
    "--targets",
    "targets_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Search around every target of a file: lines of names or coordinates, CSV with ra,dec, or a table.",
)
@click.option("--radius", default="6 arcmin", show_default=True, help="With a unit, or in degrees.")
@click.option(
    "-s", "--service", "services", multiple=True, help="Ask this one (may be given more than once)."
)
@click.option("-p", "--product", type=_PRODUCTS, default="sources", show_default=True)
@click.option("--keyword", default="", help="Free text; for dids a pattern such as scope:name*.")
@click.option(
    "-f", "--field", "fields", multiple=True, metavar="NAME=VALUE", help="A field of the query form."
)
@_limit
@_all
@_out
@_show_rows
def search(
    target: str,
    targets_file: Path | None,
    radius: str,
    services: tuple[str, ...],
    product: Any,
    keyword: str,
    fields: tuple[str, ...],
    row_limit: int | None,
    everything: bool,
    out: Path | None,
    rows: int,
) -> None:
    """Search services side by side, by name, position or keyword; a service may be ivo://... too."""
    from esap_jupyter.face import blocking as esap

    table = esap.search(
        _targets(target, targets_file),
        radius=_number_or_text(radius),
        services=services,
        product=product,
        keyword=keyword,
        parameters=dict(_field(text) for text in fields),
        # In a notebook the verb draws its own bar.
        on_report=_TellsProgress() if options.shown is None else None,
        **_limits(row_limit, everything),
    )
    _finish(table, out, rows)


@click.command()
@click.argument("query")
@click.option("-s", "--service", default="", help="Which TAP service to ask.")
@click.option("--mode", type=click.Choice(["auto", "sync", "async"]), default="auto", show_default=True)
@click.option(
    "--upload", "uploads", multiple=True, metavar="NAME=FILE", help="A table, to be used as TAP_UPLOAD.NAME."
)
@_limit
@_all
@_out
@_show_rows
def adql(
    query: str,
    service: str,
    mode: Any,
    uploads: tuple[str, ...],
    row_limit: int | None,
    everything: bool,
    out: Path | None,
    rows: int,
) -> None:
    """Ask a TAP service in ADQL; QUERY may be - for standard input."""
    from esap_jupyter.face import blocking as esap
    from esap_jupyter.formats.files import read_file

    table = esap.adql(
        sys.stdin.read() if query == "-" else query,
        service,
        mode=mode,
        uploads={name: read_file(Path(file)) for name, file in map(_field, uploads)},
        **_limits(row_limit, everything),
    )
    _finish(table, out, rows)


@click.command("open")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--hdu", type=click.IntRange(min=0), help="Which HDU of a FITS file (default: the first table)."
)
@_out
@_show_rows
def open_table(path: Path, hdu: int | None, out: Path | None, rows: int) -> None:
    """Show a file with a table, or write it in another format."""
    from esap_jupyter.face import blocking as esap

    _finish(esap.open_table(path, hdu=hdu), out, rows)


@click.command()
@click.argument("service")
def tables(service: str) -> None:
    """List the tables of a TAP service."""
    from esap_jupyter.face import blocking as esap

    show(esap.tables(service))


@click.command()
@click.argument("service")
@click.argument("table")
def columns(service: str, table: str) -> None:
    """List the columns of a table of a TAP service."""
    from esap_jupyter.face import blocking as esap

    show(esap.columns(service, table))


@click.command()
@click.argument("service")
@click.argument("url")
def links(service: str, url: str) -> None:
    """Read the DataLink document at a URL."""
    from esap_jupyter.face import blocking as esap

    show(esap.links(url, service))


@click.command()
def history() -> None:
    """List the last queries."""
    from esap_jupyter.face import blocking as esap

    show(esap.history())


COMMANDS: tuple[click.Command, ...] = (
    services,
    registry,
    resolve,
    search,
    adql,
    open_table,
    tables,
    columns,
    links,
    history,
)


class _TellsProgress:
    """Says what failed, and now and then for how many targets a service has answered."""

    def __init__(self) -> None:
        self._tenths: dict[str, int] = {}

    def __call__(self, report: ServiceReport) -> None:
        if report.state == "failed":
            tell(f"{report.service}: {report.message} {report.hint}".rstrip())
        elif report.targets and report.state == "receiving":
            tenth = 10 * report.targets_done // report.targets
            if tenth > self._tenths.get(report.service, 0):
                self._tenths[report.service] = tenth
                tell(f"{report.service}: {report.targets_done} of {report.targets} targets")


def _targets(target: str, file: Path | None) -> Any:
    if file is None:
        return target
    if target:
        raise click.UsageError("Give a target or --targets, not both.")
    from esap_jupyter.gateway.target_lists import read_targets

    return read_targets(file)


def _limits(row_limit: int | None, everything: bool) -> dict[str, Any]:
    if everything and row_limit is not None:
        raise click.UsageError("Give --limit or --all, not both.")
    if everything:
        return {"row_limit": None}
    return {} if row_limit is None else {"row_limit": row_limit}


def _field(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE.")
    return name, value


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _finish(table: Table, out: Path | None, rows: int) -> None:
    show_table(table, rows)
    if out is not None:
        table.write(out)
        tell(f"Written to {out}.")
