"""What a data lake (Rucio) knows."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

import asyncio
from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from esap_jupyter.handlers.routes import Input
from esap_jupyter.handlers.services import OfService
from esap_jupyter.handlers.session import Session
from esap_jupyter.models import DID, RSE, AccountUsage, Job, ReplicaOnRSE, Rule, WritableRSE


class Paged(Input):
    """A page of a listing."""

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=200, ge=1, le=1000)


class DIDSearch(Paged, OfService):
    """The DIDs of a scope whose name matches, with the wildcard ``*``.

    Attributes
    ----------
    filters : str
        Metadata as Rucio writes it: ``length>3, run_number=7``.
    """

    scope: str = Field(min_length=1)
    pattern: str = "*"
    kind: Literal["all", "file", "dataset", "container", "collection"] = "all"
    filters: str = ""


class OfDID(OfService):
    """A DID, ``scope:name``."""

    did: str = Field(min_length=3, pattern=r"^[^:]+:.+$")


class PageOfDID(Paged, OfDID):
    """A page of what a DID has."""


class Rules(OfService):
    """The rules on a DID, or one's own if there is none."""

    did: str = Field(default="", pattern=r"^([^:]+:.+)?$")


class NewRule(OfDID):
    """A rule to make on a DID.

    Attributes
    ----------
    rse_expression : str
        Empty for the site's own RSE.
    lifetime : int, optional
        Seconds; None for ever.
    """

    rse_expression: str = ""
    copies: int = Field(default=1, ge=1, le=100)
    lifetime: int | None = Field(default=None, ge=1)


class OfRule(OfService):
    """A rule by its id."""

    rule: str


class NewUpload(Input):
    """Files to upload into a data lake.

    Attributes
    ----------
    files : tuple of str
        As Jupyter's file browser names them; of a directory, all files in it.
    to : str
        ``scope:dataset`` or a scope; empty for the person's own scope.
    rse : str
        Empty for the site's own, or the only one that the person may write.
    lifetime : int, optional
        Seconds for which a rule keeps them; None for ever.
    """

    service: str
    files: tuple[str, ...] = Field(min_length=1, max_length=10_000)
    to: str = ""
    rse: str = ""
    lifetime: int | None = Field(default=None, ge=1)


class RSEExpression(OfService):
    """An RSE expression; empty for all of them."""

    expression: str = ""


class Account(BaseModel):
    """Whom the data lake takes the person for."""

    name: str


class Site(BaseModel):
    """The RSE (or RSE expression) of the own site; empty if the configuration names none."""

    rse: str


class DIDPage(BaseModel):
    """A page of DIDs, and whether there is more."""

    dids: tuple[DID, ...]
    more: bool


class ReplicaPage(BaseModel):
    """A page of replicas, and whether there is more."""

    replicas: tuple[ReplicaOnRSE, ...]
    more: bool


async def get_account(session: Session, given: OfService) -> Account:
    lake = await (await session.gateway()).datalake(given.service)
    return Account(name=str((await lake.whoami()).name))


async def list_scopes(session: Session, given: OfService) -> list[str]:
    return await (await (await session.gateway()).datalake(given.service)).scopes()


async def list_dids(session: Session, given: DIDSearch) -> DIDPage:
    lake = await (await session.gateway()).datalake(given.service)
    what = ("dids", given.service, given.scope, given.pattern, given.kind, given.filters)
    found, more = await session.listings.page(
        what,
        lambda: lake.dids(given.scope, given.pattern, filters=given.filters, kind=given.kind),
        given.offset,
        given.limit,
    )
    return DIDPage(dids=tuple(found), more=more)


async def describe_did(session: Session, given: OfDID) -> DID:
    return await (await (await session.gateway()).datalake(given.service)).did(given.did)


async def list_content(session: Session, given: PageOfDID) -> DIDPage:
    lake = await (await session.gateway()).datalake(given.service)
    what = ("content", given.service, given.did)
    found, more = await session.listings.page(
        what, lambda: lake.content(given.did), given.offset, given.limit
    )
    return DIDPage(dids=tuple(found), more=more)


async def get_metadata(session: Session, given: OfDID) -> dict[str, JsonValue]:
    return await (await (await session.gateway()).datalake(given.service)).metadata(given.did)


async def list_replicas(session: Session, given: PageOfDID) -> ReplicaPage:
    lake = await (await session.gateway()).datalake(given.service)
    what = ("replicas", given.service, given.did)
    found, more = await session.listings.page(
        what, lambda: lake.replicas([given.did]), given.offset, given.limit
    )
    return ReplicaPage(replicas=tuple(found), more=more)


async def list_rules(session: Session, given: Rules) -> list[Rule]:
    return await (await (await session.gateway()).datalake(given.service)).rules(given.did)


async def add_rule(session: Session, given: NewRule) -> Rule:
    lake = await (await session.gateway()).datalake(given.service)
    return await lake.add_rule(given.did, given.rse_expression, copies=given.copies, lifetime=given.lifetime)


async def delete_rule(session: Session, given: OfRule) -> None:
    await (await (await session.gateway()).datalake(given.service)).delete_rule(given.rule)


async def get_site(session: Session, given: OfService) -> Site:
    return Site(rse=(await (await session.gateway()).datalake(given.service)).site_rse)


async def list_writable_rses(session: Session, given: OfService) -> list[WritableRSE]:
    return await (await (await session.gateway()).takes_files(given.service)).writable_rses()


async def start_upload(session: Session, given: NewUpload) -> Job:
    gateway = await session.gateway()
    files = await asyncio.to_thread(lambda: [session.file(path) for path in given.files])
    handle = await gateway.upload(given.service, files, to=given.to, rse=given.rse, lifetime=given.lifetime)
    session.jobs.look()
    return await handle.get()


async def list_rses(session: Session, given: RSEExpression) -> list[RSE]:
    return await (await (await session.gateway()).datalake(given.service)).rses(given.expression)


async def list_usage(session: Session, given: OfService) -> list[AccountUsage]:
    return await (await (await session.gateway()).datalake(given.service)).usage()
