"""``%esap`` and ``%%adql``: the command's verbs in a notebook cell."""

from __future__ import annotations

import shlex
from typing import Any

import click
from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from esap_jupyter.cli import esap as command
from esap_jupyter.cli import output
from esap_jupyter.magics.completion import Completions


@magics_class
class EsapMagics(Magics):
    """The magics of ESAP; ``%load_ext esap_jupyter`` registers them."""

    @line_magic
    def esap(self, line: str) -> Any:
        """Run a verb of the command `esap`, and return what it shows: ``%esap search "M 51" -p images``."""
        with output.returning() as shown:
            try:
                command(shlex.split(line) or ["--help"], prog_name="%esap", standalone_mode=False)
            except (click.ClickException, ValueError) as error:
                text = error.format_message() if isinstance(error, click.ClickException) else str(error)
                raise UsageError(f"{text} Try: %esap --help") from None
            except click.Abort as aborted:
                # Click's word for an interrupt; ours says how to go on.
                raise aborted.__cause__ or KeyboardInterrupt from None
        return shown[-1] if shown else None

    @magic_arguments()
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

        asked = parse_argstring(self.adql, line)
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
        return None


def register(shell: Any) -> None:
    """Add the magics, and what Tab offers in them, to an IPython shell."""
    shell.register_magics(EsapMagics)
    if getattr(shell, "Completer", None) is not None:
        Completions(shell).register()
