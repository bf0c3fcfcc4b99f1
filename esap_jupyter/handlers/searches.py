"""Searches over services, ADQL, what was asked before, and what was saved."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, JsonValue, StringConstraints, ValidationError

from esap_jupyter.errors import Conflict, EsapError, InputError
from esap_jupyter.gateway import PastQuery, SavedQuery
from esap_jupyter.gateway.discovery import AdqlMode
from esap_jupyter.gateway.target_lists import LONGEST_TEXT, parse_targets, read_targets
from esap_jupyter.handlers.envelope import input_error
from esap_jupyter.handlers.routes import Input, Nothing
from esap_jupyter.handlers.session import Session
from esap_jupyter.handlers.watching import SearchState
from esap_jupyter.models import MOST_TARGETS, Position, Product, Query, Target

if TYPE_CHECKING:
    import pyarrow as pa

    from esap_jupyter.gateway import Gateway

_UploadName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]
"""A table name as ADQL writes it without quotes (ADQL 2.1, section 2.1.2)."""


class NewSearch(Input):
    """A question to one or several services, see `Query`; without `row_limit` the configured one holds."""

    services: tuple[str, ...] = ()
    product: Product = "sources"
    target: str = ""
    position: Position | None = None
    targets: tuple[Target, ...] = Field(default=(), max_length=MOST_TARGETS)
    radius: float = Field(default=0.1, gt=0, le=180, allow_inf_nan=False)
    keyword: str = ""
    row_limit: int | None = Field(default=None, ge=1)
    all_rows: bool = False
    parameters: dict[str, JsonValue] = Field(default_factory=dict)


class NewTargetList(Input):
    """A list of targets: its text, or a file as the file browser names it."""

    text: str = Field(default="", max_length=LONGEST_TEXT)
    path: str = ""


class TargetList(BaseModel):
    """A list of targets that a search can be asked for."""

    targets: tuple[Target, ...]


class Upload(Input):
    """A table that goes with a query: one by its id, or of a file, by its path as the file browser has it."""

    table: str = ""
    path: str = ""


class NewQuery(Input):
    """ADQL for one service; without `row_limit` the configured one holds.

    Attributes
    ----------
    mode : str
        ``auto`` asks synchronously first, and goes on as a job of the service if that takes too long.
    uploads : dict
        By the name under which the query has it, ``TAP_UPLOAD.<name>``.
    """

    service: str
    adql: str
    row_limit: int | None = Field(default=None, ge=1)
    all_rows: bool = False
    mode: AdqlMode = "auto"
    uploads: dict[_UploadName, Upload] = Field(default_factory=dict)


class OfSearch(Input):
    """A search by its id."""

    search: str


class SearchSince(OfSearch):
    """A search, and the version that the client knows."""

    since: int = 0


class HistoryLimit(Input):
    """How much of the history."""

    limit: int = Field(default=100, ge=1, le=1000)


class NewSavedQuery(Input):
    """A query and the name to save it under."""

    name: str = Field(min_length=1, max_length=200)
    query: Query


class OfSavedQuery(Input):
    """A saved query by its id."""

    saved: int


class ChangedSavedQuery(NewSavedQuery, OfSavedQuery):
    """Another name and query for a saved one."""


async def start_search(session: Session, given: NewSearch) -> SearchState:
    gateway = await session.gateway()
    fields = given.model_dump(exclude={"row_limit", "all_rows"})
    query = _query(fields, _row_limit(gateway, given))
    return await session.searches.start(gateway.search(query))


async def read_target_list(session: Session, given: NewTargetList) -> TargetList:
    if bool(given.text) == bool(given.path):
        raise InputError("Give either a text or a path.", field="text")
    if given.path:
        targets = await asyncio.to_thread(lambda: read_targets(session.file(given.path)))
    else:
        targets = await asyncio.to_thread(parse_targets, given.text)
    return TargetList(targets=targets)


async def start_query(session: Session, given: NewQuery) -> SearchState:
    gateway = await session.gateway()
    uploads = {name: await _uploaded(session, name, upload) for name, upload in given.uploads.items()}
    search = gateway.adql(
        given.service, given.adql, row_limit=_row_limit(gateway, given), mode=given.mode, uploads=uploads
    )
    return await session.searches.start(search)


async def list_searches(session: Session, _: Nothing) -> list[SearchState]:
    return session.searches.running()


async def get_search(session: Session, given: SearchSince) -> SearchState:
    return await session.searches.state(await session.gateway(), given.search, given.since)


async def cancel_search(session: Session, given: OfSearch) -> None:
    session.searches.cancel(given.search)


async def list_history(session: Session, given: HistoryLimit) -> list[PastQuery]:
    return await (await session.gateway()).history(given.limit)


async def clear_history(session: Session, _: Nothing) -> None:
    await (await session.gateway()).clear_history()


async def list_saved_queries(session: Session, _: Nothing) -> list[SavedQuery]:
    return await (await session.gateway()).saved.list()


async def save_query(session: Session, given: NewSavedQuery) -> SavedQuery:
    return await (await session.gateway()).saved.add(given.name, given.query)


async def replace_saved_query(session: Session, given: ChangedSavedQuery) -> SavedQuery:
    return await (await session.gateway()).saved.replace(given.saved, given.name, given.query)


async def delete_saved_query(session: Session, given: OfSavedQuery) -> None:
    await (await session.gateway()).saved.delete(given.saved)


def _row_limit(gateway: Gateway, given: NewSearch | NewQuery) -> int | None:
    return None if given.all_rows else given.row_limit or gateway.config.search.row_limit


def _query(fields: dict[str, Any], row_limit: int | None) -> Query:
    try:
        return Query(**fields, row_limit=row_limit)
    except ValidationError as error:
        raise input_error(error) from None


async def _uploaded(session: Session, name: str, upload: Upload) -> pa.Table:
    gateway = await session.gateway()
    if bool(upload.table) == bool(upload.path):
        raise InputError("Give either a table or a path.", field=f"uploads.{name}")
    try:
        if upload.table:
            table = await asyncio.to_thread(lambda: gateway.tables.open(upload.table))
            if not table.complete and not await asyncio.to_thread(lambda: table.interrupted):
                raise Conflict("More rows of this table are coming.", hint="Wait until all have come.")
        else:
            # In a thread, since it imports much.
            files = await asyncio.to_thread(lambda: gateway.files)
            table = await files.whole(await asyncio.to_thread(session.file, upload.path), None)
        return await asyncio.to_thread(table.to_arrow)
    except EsapError as error:
        error.field = f"uploads.{name}"
        raise
