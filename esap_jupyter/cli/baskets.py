"""`esap basket`, `esap stage` and `esap upload`."""

from __future__ import annotations

from pathlib import Path

import click

from esap_jupyter.cli.output import show, tell


@click.group(invoke_without_command=True)
@click.pass_context
def basket(context: click.Context) -> None:
    """Show the basket, or change it."""
    if context.invoked_subcommand is None:
        from esap_jupyter.face import blocking as esap

        show(esap.basket.items())


@basket.command()
@click.argument("table")
@click.argument("rows", nargs=-1, type=click.IntRange(min=0))
@click.option("-s", "--service", default="", help="Whose rows, if the table has those of several.")
def add(table: str, rows: tuple[int, ...], service: str) -> None:
    """Put rows of a table (by its id; counted from 0; default: all) into the basket."""
    from esap_jupyter.face import blocking as esap

    items = esap.items(esap.table(table), rows or None, service)
    added = esap.basket.add(items)
    tell(f"{added} items added.")
    show(esap.basket.items())


@basket.command("add-did")
@click.argument("dids", nargs=-1, required=True, metavar="SCOPE:NAME ...")
@click.option("-s", "--service", default="", help="Which data lake.")
def add_did(dids: tuple[str, ...], service: str) -> None:
    """Put DIDs of the data lake into the basket."""
    from esap_jupyter.face import blocking as esap

    esap.basket.add([esap.datalake.item(did, service=service) for did in dids])
    show(esap.basket.items())


@basket.command()
@click.argument("items", nargs=-1, required=True, metavar="ID ...")
def remove(items: tuple[str, ...]) -> None:
    """Take items out of the basket."""
    from esap_jupyter.face import blocking as esap

    esap.basket.remove(items)
    show(esap.basket.items())


@basket.command()
def clear() -> None:
    """Empty the basket."""
    from esap_jupyter.face import blocking as esap

    esap.basket.clear()


@click.command()
@click.argument("items", nargs=-1, metavar="[ID ...]")
@click.option("-d", "--directory", type=click.Path(path_type=Path), help="Where, relative to the workspace.")
@click.option("--replica", metavar="RSE", help="Replicate to an RSE expression by a rule, instead.")
@click.option("--lifetime", type=click.IntRange(min=1), help="Seconds for which that rule holds.")
def stage(items: tuple[str, ...], directory: Path | None, replica: str | None, lifetime: int | None) -> None:
    """Bring the files of basket items (default: all) into the workspace."""
    from esap_jupyter.face import blocking as esap

    show(esap.stage(items or None, directory=directory, replica=replica, lifetime=lifetime))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--to", default="", metavar="SCOPE[:DATASET]", help="Default: one's own scope.")
@click.option("--rse", default="", help="Default: the site's own, or the only one that one may write.")
@click.option("--lifetime", type=click.IntRange(min=1), help="Seconds for which a rule keeps the files.")
@click.option("-s", "--service", default="", help="Which data lake; needed if there are several.")
def upload(files: tuple[Path, ...], to: str, rse: str, lifetime: int | None, service: str) -> None:
    """Upload files, or all files of directories, into a data lake."""
    from esap_jupyter.face import blocking as esap

    show(esap.upload(files, to, rse=rse, lifetime=lifetime, service=service))


COMMANDS: tuple[click.Command, ...] = (basket, stage, upload)
