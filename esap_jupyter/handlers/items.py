"""The basket, and how what is in it comes here: stagings and all other jobs."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from esap_jupyter.errors import InputError
from esap_jupyter.handlers.routes import Input, Nothing
from esap_jupyter.handlers.session import Session
from esap_jupyter.handlers.watching import JobList
from esap_jupyter.models import Item, Job, Provenance

MOST_ITEMS = 100_000
"""Items that are put in at once."""


class RowsToAdd(Input):
    """Rows of a table whose items go into the basket.

    Attributes
    ----------
    rows : tuple of int, optional
        Which, counted from 0 as the table shows them unsorted; None for all of them.
    rows_of : dict, optional
        Instead, which rows of each service, counted from 0 among its own: these stay the same while the
        table grows, when rows of one service come before those of the next.
    """

    table: str
    rows: tuple[int, ...] | None = Field(default=None, max_length=MOST_ITEMS)
    rows_of: dict[str, tuple[int, ...]] | None = None

    @model_validator(mode="after")
    def _counted_in_one_way(self) -> Self:
        if self.rows_of is not None and self.rows is not None:
            raise ValueError("give rows or rows_of, not both")
        if sum(map(len, (self.rows_of or {}).values())) > MOST_ITEMS:
            raise ValueError(f"there are more than {MOST_ITEMS} rows")
        return self


class DIDsToAdd(Input):
    """DIDs of a data lake that go into the basket."""

    service: str
    dids: tuple[str, ...] = Field(min_length=1, max_length=1000)


class FileToAdd(Input):
    """A file at a service, as its DataLink document names it, that goes into the basket."""

    service: str
    url: str = Field(min_length=1, pattern=r"^[A-Za-z][A-Za-z0-9+.-]*://")
    title: str = ""
    media_type: str = ""
    size: int | None = Field(default=None, ge=0)


class LinkToAdd(Input):
    """What a link from elsewhere asks to put into the basket, see `Gateway.linked_item`."""

    item: str = Field(min_length=1, max_length=2000)
    service: str = Field(default="", max_length=200)


class ItemIds(Input):
    """Items of the basket."""

    ids: tuple[str, ...] = Field(max_length=MOST_ITEMS)


class Added(BaseModel):
    """What was put in: the items, and how many of them were not in the basket before."""

    items: int
    new: int


class Removed(BaseModel):
    """How many were taken out."""

    items: int


class NewStaging(Input):
    """Items to bring to where the person computes.

    Attributes
    ----------
    items : tuple of str, optional
        Ids of items in the basket; None for all of it.
    directory : str, optional
        Where, relative to the workspace; None for that of the configuration.
    mode : str
        ``download`` into the workspace, or ``replica`` by a rule of their data lake.
    rse_expression : str
        For replicas: where; empty for the site's own RSE.
    lifetime : int, optional
        For replicas: seconds for which the rule holds; None for ever.
    """

    items: tuple[str, ...] | None = None
    directory: str | None = None
    files_at_once: int | None = Field(default=None, ge=1, le=64)
    mode: Literal["download", "replica"] = "download"
    rse_expression: str = ""
    lifetime: int | None = Field(default=None, ge=1)


class Since(Input):
    """The version that the client knows."""

    since: int = 0


class OfJob(Input):
    """A job by its id."""

    job: str


async def list_basket(session: Session, _: Nothing) -> list[Item]:
    return await (await session.gateway()).basket.list()


async def add_rows(session: Session, given: RowsToAdd) -> Added:
    gateway = await session.gateway()
    table = await asyncio.to_thread(gateway.tables.open, given.table)
    if given.rows_of is None:
        items = await gateway.items(table, given.rows)
    else:
        items = [
            item
            for service, rows in given.rows_of.items()
            for item in await gateway.items(table, rows, service)
        ]
    if not items:
        raise InputError("These rows have no data to stage.", field="rows")
    return Added(items=len(items), new=await gateway.basket.add(items))


async def add_dids(session: Session, given: DIDsToAdd) -> Added:
    gateway = await session.gateway()
    lake = await gateway.datalake(given.service)
    # The connector bounds how many of them it asks for at once.
    known = await asyncio.gather(*(lake.did(did) for did in given.dids))
    items = [_item(given.service, "did", str(did), size=did.bytes) for did in known]
    return Added(items=len(items), new=await gateway.basket.add(items))


async def add_file(session: Session, given: FileToAdd) -> Added:
    gateway = await session.gateway()
    await gateway.service(given.service)
    item = _item(
        given.service,
        "url",
        given.url,
        title=given.title or given.url.rpartition("/")[2],
        size=given.size,
        media_type=given.media_type,
    )
    return Added(items=1, new=await gateway.basket.add([item]))


async def add_link(session: Session, given: LinkToAdd) -> Added:
    gateway = await session.gateway()
    item = await gateway.linked_item(given.item, given.service)
    return Added(items=1, new=await gateway.basket.add([item]))


async def remove_items(session: Session, given: ItemIds) -> Removed:
    return Removed(items=await (await session.gateway()).basket.remove(given.ids))


async def clear_basket(session: Session, _: Nothing) -> Removed:
    return Removed(items=await (await session.gateway()).basket.clear())


async def start_staging(session: Session, given: NewStaging) -> Job:
    gateway = await session.gateway()
    handle = await gateway.stage(
        given.items,
        directory=given.directory,
        files_at_once=given.files_at_once,
        replica=given.rse_expression if given.mode == "replica" else None,
        lifetime=given.lifetime,
    )
    session.jobs.look()
    return await handle.get()


async def list_jobs(session: Session, given: Since) -> JobList:
    return await session.jobs.changed(await session.gateway(), given.since)


async def get_job(session: Session, given: OfJob) -> Job:
    return await (await session.gateway()).jobs.get(given.job)


async def cancel_job(session: Session, given: OfJob) -> Job:
    jobs = (await session.gateway()).jobs
    await jobs.cancel(given.job)
    session.jobs.look()
    return await jobs.get(given.job)


async def resume_job(session: Session, given: OfJob) -> Job:
    handle = await (await session.gateway()).jobs.resume(given.job)
    session.jobs.look()
    return await handle.get()


async def rerun_job(session: Session, given: OfJob) -> Job:
    handle = await (await session.gateway()).jobs.rerun(given.job)
    session.jobs.look()
    return await handle.get()


async def delete_job(session: Session, given: OfJob) -> None:
    await (await session.gateway()).jobs.delete(given.job)
    session.jobs.look()


def _item(
    service: str,
    kind: Literal["url", "did"],
    locator: str,
    *,
    title: str = "",
    size: int | None = None,
    media_type: str = "",
) -> Item:
    return Item(
        service=service,
        kind=kind,
        locator=locator,
        title=title or locator,
        size=size,
        media_type=media_type,
        provenance=Provenance(service=service, identifier=locator, retrieved_at=datetime.now(UTC)),
    )
