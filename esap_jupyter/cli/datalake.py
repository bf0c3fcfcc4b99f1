"""`esap datalake`: what Rucio knows."""

from __future__ import annotations

from typing import Any

import click

from esap_jupyter.cli.output import show, tell

_service = click.option("-s", "--service", default="", help="Which data lake; needed if there are several.")
_type = click.Choice(["all", "file", "dataset", "container", "collection"])


@click.group()
def datalake() -> None:
    """Look into a data lake (Rucio), and change its rules."""


@datalake.command()
@_service
def whoami(service: str) -> None:
    """Tell the account that one is there."""
    from esap_jupyter.face import blocking as esap

    show(esap.datalake.whoami(service=service))


@datalake.command()
@_service
def scopes(service: str) -> None:
    """List the scopes."""
    from esap_jupyter.face import blocking as esap

    show(esap.datalake.scopes(service=service))


@datalake.command()
@click.argument("pattern")
@click.option("--type", "kind", type=_type, default="all", show_default=True)
@click.option(
    "--filter", "filters", default="", help="Metadata, as Rucio writes it: 'length>3, run_number=7'."
)
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True)
@_service
def dids(pattern: str, kind: Any, filters: str, limit: int, service: str) -> None:
    """List DIDs; PATTERN is scope:name with the wildcard *."""
    from esap_jupyter.face import blocking as esap

    show(esap.datalake.dids(pattern, kind=kind, filters=filters, limit=limit, service=service))


@datalake.command()
@click.argument("did")
@_service
def content(did: str, service: str) -> None:
    """List what a dataset or container holds."""
    from esap_jupyter.face import blocking as esap

    show(esap.datalake.content(did, service=service))


@datalake.command()
@click.argument("did")
@_service
def metadata(did: str, service: str) -> None:
    """Show the metadata of a DID."""
    from esap_jupyter.face import blocking as esap

    show(esap.datalake.metadata(did, service=service))


@datalake.command()
@click.argument("dids", nargs=-1, required=True)
@_service
def replicas(dids: tuple[str, ...], service: str) -> None:
    """List where the replicas of files are."""
    from esap_jupyter.face import blocking as esap

    show(esap.datalake.replicas(dids, service=service))


@datalake.command()
@click.argument("did", default="")
@_service
def rules(did: str, service: str) -> None:
    """List the rules of a DID, or one's own."""
    from esap_jupyter.face import blocking as esap

    show(esap.datalake.rules(did, service=service))


@datalake.command("add-rule")
@click.argument("did")
@click.argument("rse_expression", default="")
@click.option("--copies", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--lifetime", type=click.IntRange(min=1), help="Seconds for which it holds.")
@_service
def add_rule(did: str, rse_expression: str, copies: int, lifetime: int | None, service: str) -> None:
    """Make a rule on a DID; RSE_EXPRESSION is by default the site's own RSE."""
    from esap_jupyter.face import blocking as esap

    rule = esap.datalake.add_rule(did, rse_expression, copies=copies, lifetime=lifetime, service=service)
    show(rule)


@datalake.command("delete-rule")
@click.argument("rule")
@_service
def delete_rule(rule: str, service: str) -> None:
    """Delete a rule by its id; Rucio takes it away within the hour."""
    from esap_jupyter.face import blocking as esap

    esap.datalake.delete_rule(rule, service=service)
    tell(f"Rule {rule} is deleted.")


@datalake.command("writable-rses")
@_service
def writable_rses(service: str) -> None:
    """List the RSEs to which one may upload."""
    from esap_jupyter.face import blocking as esap

    show(esap.datalake.writable_rses(service=service))


@datalake.command()
@click.argument("expression", default="*")
@_service
def rses(expression: str, service: str) -> None:
    """List the RSEs of an expression."""
    from esap_jupyter.face import blocking as esap

    show(esap.datalake.rses(expression, service=service))


@datalake.command()
@_service
def usage(service: str) -> None:
    """Show what one uses and may use on each RSE."""
    from esap_jupyter.face import blocking as esap

    show(esap.datalake.usage(service=service))


COMMANDS: tuple[click.Command, ...] = (datalake,)
