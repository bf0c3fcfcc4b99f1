"""``%esap`` and ``%%adql``: the command's verbs in a notebook cell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from esap_jupyter.cli import output
from esap_jupyter.magics.completion import Completions
from esap_jupyter.magics.line import FOR_TERMINALS, command


@magics_class
class EsapMagics(Magics):
    """The magics of ESAP; ``%load_ext esap_jupyter`` registers them."""

    @line_magic
    def esap(self, line: str) -> Any:
        """Run a verb of the command `esap`, and return what it shows: ``%esap search "M 51" -p images``.

        With ``--json`` it is printed as JSON. ``demo``, ``probe`` and ``serve`` are for terminals.
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise UsageError(f"{error}. Try: %esap --help") from None
        arguments = [word for word in words if word != "--json"]
        if arguments and arguments[0] in FOR_TERMINALS:
            raise UsageError(f"It runs until it is stopped: start `esap {arguments[0]}` in a terminal.")
        with _printing_json() if "--json" in words else output.returning() as shown:
            try:
                command(arguments or ["--help"], prog_name="%esap", standalone_mode=False)
            except click.ClickException as error:
                raise UsageError(f"{error.format_message()} Try: %esap --help") from None
            except click.Abort as aborted:
                # Click's word for an interrupt; ours says how to go on.
                raise aborted.__cause__ or KeyboardInterrupt from None
        return shown[-1] if shown else None

    @magic_arguments()
    @argument("-h", "--help", action="store_true", help="Show this.")
    @argument("service", nargs="?", default="", help="Which TAP service to ask.")
    @argument("-o", "--out", help="Name of the variable that the table is bound to.")
    @argument("--limit", type=int, help="Rows wanted.")
    @argument("--all", action="store_true", help="All rows, without a limit.")
    @argument("--mode", choices=["auto", "sync", "async"], default="auto", help="How to ask (TAP 1.1).")
    @cell_magic
    def adql(self, line: str, cell: str) -> Any:
        """Ask a TAP service the cell's ADQL: ``%%adql [service] [-o name]``.

        ``{expression}`` is filled in with its value, as a literal: numbers, text, times, positions, and lists
        for ``IN``. A Quantity needs the unit of the query: ``{limit:mas}``. A table is uploaded:
        ``FROM {mine} AS m``. ``{{`` and ``}}`` are plain braces.
        """
        from esap_jupyter.face.adql_values import fill_in
        from esap_jupyter.face.blocking import adql
        from esap_jupyter.storage.tables_preview import headline

        asked = parse_argstring(self.adql, line)
        if asked.help:
            click.echo(self.adql.__doc__)
            return None
        if asked.all and asked.limit is not None:
            raise UsageError("Give --limit or --all, not both.")
        if asked.out and not asked.out.isidentifier():
            raise UsageError(f"{asked.out!r} is no name of a variable.")
        query, uploads = fill_in(cell, self.shell.user_ns)
        limit: dict[str, Any] = {"row_limit": None} if asked.all else {}
        if asked.limit is not None:
            limit = {"row_limit": asked.limit}
        table = adql(query, asked.service, mode=asked.mode, uploads=uploads, **limit)
        if not asked.out:
            return table
        self.shell.user_ns[asked.out] = table
        # Nobody sees the table itself: neither that it is cut, nor what went wrong.
        click.echo(headline(table))
        return None


@contextmanager
def _printing_json() -> Iterator[list[Any]]:
    """Have the command print, as in a terminal; there is nothing to return."""
    output.options.as_json = True
    try:
        yield []
    finally:
        output.options.as_json = False


def register(shell: Any) -> None:
    """Add the magics, and what Tab offers in them, to an IPython shell."""
    shell.register_magics(EsapMagics)
    if getattr(shell, "Completer", None) is not None:
        Completions(shell).register()
