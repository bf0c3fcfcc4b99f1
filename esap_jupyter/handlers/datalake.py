"""What a data lake (Rucio) knows."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from esap_jupyter.handlers.routes import Input
from esap_jupyter.handlers.services import OfService
from esap_jupyter.handlers.session import Session
from esap_jupyter.models import DID, RSE, AccountUsage, ReplicaOnRSE, Rule


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


class RSEExpression(OfService):
    """An RSE expression; empty for all of them."""

    expression: str = ""


class Account(BaseModel):
    """Whom the data lake takes the person for."""

    name: str


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


async def list_rses(session: Session, given: RSEExpression) -> list[RSE]:
    return await (await (await session.gateway()).datalake(given.service)).rses(given.expression)


async def list_usage(session: Session, given: OfService) -> list[AccountUsage]:
    return await (await (await session.gateway()).datalake(given.service)).usage()
