"""The server itself, the services, and what they say without a search."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

import importlib.metadata

from pydantic import BaseModel, Field, JsonValue

from esap_jupyter.handlers.routes import Input, Nothing
from esap_jupyter.handlers.session import Session
from esap_jupyter.models import (
    Link,
    Position,
    RegisteredService,
    ServiceStatus,
    TableDescription,
)

VERSION = importlib.metadata.version("esap-jupyter")

API_VERSION = 1
"""Grows when a client of before would no longer work."""


class ServerStatus(BaseModel):
    """What the panel asks first.

    Attributes
    ----------
    version : str
        Of the package.
    api : int
        Of these resources.
    running_searches : int
        Of this server.
    """

    version: str
    api: int = API_VERSION
    running_searches: int


class Workspace(BaseModel):
    """Where stagings and saved tables go.

    Attributes
    ----------
    path : str
        Absolute.
    in_file_browser : str, optional
        Relative to what Jupyter's file browser shows; None if it is elsewhere.
    staging_directory : str
        Where stagings go by default, relative to the workspace.
    """

    path: str
    in_file_browser: str | None
    staging_directory: str


class Check(Input):
    """Whether to ask the services."""

    check: bool = False


class OfService(Input):
    """A service by its name in the configuration, or by its IVOA identifier in the registry."""

    service: str


class OfServiceTable(OfService):
    """A table of a service."""

    table: str


class LinksAt(OfService):
    """A DataLink document of a service."""

    url: str = Field(min_length=1)


class Example(BaseModel):
    """An example query of a service."""

    title: str
    adql: str


class Target(Input):
    """A name, or coordinates in any usual form."""

    target: str


class OfRecord(Input):
    """What is registered under an IVOA identifier."""

    ivoid: str = Field(max_length=500)


class RegistrySearch(Input):
    """What services must match, all of it; see `Gateway.find_services`."""

    keywords: tuple[str, ...] = ()
    product: str = ""
    waveband: str = ""
    target: str = ""
    limit: int = Field(default=100, ge=1, le=1000)


async def get_status(session: Session, _: Nothing) -> ServerStatus:
    """Answer from memory: no disk, no service."""
    return ServerStatus(version=VERSION, running_searches=len(session.searches.running()))


async def get_workspace(session: Session, _: Nothing) -> Workspace:
    gateway = await session.gateway()
    root = gateway.workspace.root
    inside = root.is_relative_to(session.root)
    return Workspace(
        path=str(root),
        in_file_browser=root.relative_to(session.root).as_posix() if inside else None,
        staging_directory=gateway.config.staging.directory,
    )


async def list_services(session: Session, given: Check) -> list[ServiceStatus]:
    return await (await session.gateway_as_configured()).services(check=given.check)


async def check_service(session: Session, given: OfService) -> ServiceStatus:
    return await (await session.gateway()).service(given.service, check=True)


async def get_query_form(session: Session, given: OfService) -> dict[str, JsonValue]:
    return await (await session.gateway()).query_form(given.service)


async def list_service_tables(session: Session, given: OfService) -> list[TableDescription]:
    return await (await session.gateway()).tables_of(given.service)


async def describe_service_table(session: Session, given: OfServiceTable) -> TableDescription:
    return await (await session.gateway()).table_of(given.service, given.table)


async def list_examples(session: Session, given: OfService) -> list[Example]:
    found = await (await session.gateway()).examples(given.service)
    return [Example(title=title, adql=adql) for title, adql in found]


async def list_links(session: Session, given: LinksAt) -> list[Link]:
    return await (await session.gateway()).links(given.service, given.url)


async def resolve_target(session: Session, given: Target) -> Position:
    return await (await session.gateway()).resolve(given.target)


async def get_registered_service(session: Session, given: OfRecord) -> RegisteredService:
    return await (await session.gateway()).registered_service(given.ivoid)


async def find_services(session: Session, given: RegistrySearch) -> list[RegisteredService]:
    gateway = await session.gateway()
    position = await gateway.resolve(given.target) if given.target else None
    return await gateway.find_services(
        given.keywords,
        product=given.product,
        waveband=given.waveband,
        position=position,
        limit=given.limit,
    )
