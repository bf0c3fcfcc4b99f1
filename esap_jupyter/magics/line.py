"""The command `esap` as ``%esap`` has it: without what runs until somebody stops it."""

from __future__ import annotations

import click

from esap_jupyter.cli import esap

FOR_TERMINALS = ("demo", "probe", "serve")
"""Verbs with an event loop of their own, where a kernel has one already."""

command = click.Group(
    "%esap",
    commands={name: verb for name, verb in esap.commands.items() if name not in FOR_TERMINALS},
    help=esap.help,
    epilog="--json, anywhere, prints JSON instead of returning what was found.",
    context_settings=esap.context_settings,
)
