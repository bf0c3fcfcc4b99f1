"""DIDs by pattern and metadata: what a person writes, and what Rucio is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from rucio.common.exception import DIDFilterSyntaxError, DuplicateCriteriaInDIDFilter
from rucio.common.utils import parse_did_filter_from_string_fe

from esap_jupyter.connectors.rucio.answers import did_of
from esap_jupyter.connectors.rucio.client import RucioClient
from esap_jupyter.connectors.rucio.files import PAGE, pieces
from esap_jupyter.connectors.rucio.settings import DIDForm, DIDKind
from esap_jupyter.errors import InputError
from esap_jupyter.models import DID, DIDName, Query

T = TypeVar("T")

_TYPES: dict[DIDKind, set[str]] = {
    "all": {"FILE", "DATASET", "CONTAINER"},
    "collection": {"DATASET", "CONTAINER"},
    "dataset": {"DATASET"},
    "container": {"CONTAINER"},
    "file": {"FILE"},
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is looked for, as Rucio takes it.

    Attributes
    ----------
    scope : str
        May have the wildcard ``*``; empty where the person named none.
    filters : tuple of dict
        Alternatives, each a conjunction ``{"key.operator": value}`` with the pattern of the name in it.
    """

    scope: str
    kind: DIDKind
    filters: tuple[dict[str, Any], ...]


def parse_did(did: DIDName | str) -> DIDName:
    """Read a DID that is written ``scope:name``.

    Raises
    ------
    InputError
        If it is written otherwise, or with a wildcard.
    """
    if isinstance(did, str):
        scope, _, name = did.strip().partition(":")
    else:
        scope, name = did.scope, did.name
    # A dot alone would name another part of Rucio's interface.
    if not scope or not name or {scope, name} & {".", ".."}:
        raise InputError(f"{str(did)!r} is no DID.", hint="A DID is written scope:name.", field="did")
    if "*" in f"{scope}{name}":
        raise InputError(f"{str(did)!r} is a pattern, not one DID.", hint="Search for it first.", field="did")
    return DIDName(scope=scope, name=name)


def pattern_of(scope: str, name: str = "*", *, kind: DIDKind = "all", filters: str = "") -> Pattern:
    """Make the pattern for a scope, a name with wildcards, and metadata filters as Rucio writes them.

    Parameters
    ----------
    filters : str
        ``length>3``, ``datatype=RAW,run_number>=10``: a comma means *and*, a semicolon *or*.

    Raises
    ------
    InputError
        If the filters are not written as Rucio wants them.
    """
    try:
        alternatives, _ = parse_did_filter_from_string_fe(filters, name=name or "*")
    except (DIDFilterSyntaxError, DuplicateCriteriaInDIDFilter, UnboundLocalError):
        # The last is Rucio's own slip where it means the first.
        raise InputError(
            f"{filters!r} is no metadata filter.",
            hint="Write key=value or key>value, joined by a comma (and) or a semicolon (or).",
            field="filters",
        ) from None
    return Pattern(scope=scope, kind=kind, filters=tuple(alternatives))


def asked(query: Query) -> Pattern:
    """Read what a person asks: the keyword ``scope:name*``, else the form.

    Raises
    ------
    InputError
        If it names no DIDs, or the form's values do not fit.
    """
    try:
        form = DIDForm.model_validate(query.parameters)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"{first['msg']}.", field=str(first["loc"][0])) from None
    scope, name = form.scope, form.name
    if query.keyword:
        before, colon, after = query.keyword.strip().partition(":")
        scope, name = (before, after) if colon else (scope, before)
    if not (scope or name or form.filters):
        raise InputError(
            "Rucio finds DIDs by name, not by position.",
            hint="Give a pattern such as scope:name*.",
            field="keyword",
        )
    return pattern_of(scope, name, kind=form.type, filters=form.filters)


def did_pages(
    client: RucioClient, scope: str, pattern: Pattern, page_of: Callable[[list[DID]], T]
) -> Iterator[T]:
    """Yield the DIDs of one scope that match, page by page, as Rucio sends them."""
    # The library and Rucio's own code change what they are given.
    filters = [dict(each) for each in pattern.filters]
    with contextlib.closing(client.list_dids(scope, filters, did_type=pattern.kind, long=True)) as answers:
        for rows in pieces(answers, PAGE):
            yield page_of(_completed(client, rows, pattern.kind))


def _completed(client: RucioClient, rows: Sequence[Any], kind: DIDKind) -> list[DID]:
    """Fill in types and sizes: a search in custom metadata knows neither, and does not heed the kind."""
    if all(row["did_type"] for row in rows):
        return [did_of(row) for row in rows]
    names = [{"scope": row["scope"], "name": row["name"]} for row in rows]
    known = {(row["scope"], row["name"]): row for row in client.get_metadata_bulk(names)}
    found = (did_of(known.get((row["scope"], row["name"]), row)) for row in rows)
    return [did for did in found if did.type in _TYPES[kind]]
