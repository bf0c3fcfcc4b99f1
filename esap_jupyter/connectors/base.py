"""What a connector is: one class that talks to one kind of service.

A partner's connector is an entry point in the group ``esap_jupyter.connectors`` and one class derived from
`Connector`. What it can do it says by the protocols it satisfies (`Searches`, `AnswersADQL`, ...); everything
it needs of the rest of ESAP it is given in its `Context`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, SecretStr

from esap_jupyter.connectors.lakes import DataLake, Taken, TakesFiles
from esap_jupyter.models import (
    Capability,
    Item,
    Link,
    Position,
    Query,
    RegisteredService,
    SourceFile,
    TableDescription,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from esap_jupyter.connectors.calls import ServiceCalls
    from esap_jupyter.transfer.access import Access

__all__ = [
    "AdqlRequest",
    "AnswersADQL",
    "Cache",
    "Connector",
    "Context",
    "DataLake",
    "DownloadsItself",
    "FindsServices",
    "HasDataLink",
    "HasFiles",
    "Notice",
    "ResolvesNames",
    "Searches",
    "Taken",
    "TakesFiles",
    "Token",
    "TokenSource",
]


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; its value shows in no repr.

    Attributes
    ----------
    expires_at : datetime, optional
        Aware; None if the token does not say.
    """

    value: SecretStr
    expires_at: datetime | None = None


class TokenSource(Protocol):
    """Where a connector gets its tokens."""

    async def token(self, audience: str = "") -> Token | None:
        """Return a token that is valid now, or None if the person has none.

        Parameters
        ----------
        audience : str
            The ``aud`` that the service wants (RFC 7519, section 4.1.3).
        """


class Cache(Protocol):
    """Bytes that a service said and that stay true for a while (capabilities, tablesets)."""

    def get(self, key: str) -> bytes | None:
        """Return what was put, unless it is too old."""

    def put(self, key: str, value: bytes, *, seconds: float) -> None:
        """Keep it for at most so long."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a connector is given.

    Attributes
    ----------
    service : str
        The service's name in the configuration.
    access : Access
        How requests to this service go out: its CA, its origins, proxies, User-Agent;
        ``access.session(deadline)`` is a guarded `requests.Session`.
    calls : ServiceCalls
        The bounded pool in which blocking libraries are called, with a deadline.
    """

    service: str
    access: Access
    tokens: TokenSource
    cache: Cache
    calls: ServiceCalls


@dataclass(frozen=True, slots=True)
class Notice:
    """What a service says beside its rows.

    Attributes
    ----------
    kind : str
        ``truncated``: there is more than was sent (VOTable ``QUERY_STATUS=OVERFLOW``);
        ``message``: a remark worth showing.
    """

    kind: Literal["truncated", "message"]
    message: str


class Connector(ABC):
    """Talks to one service.

    Parameters
    ----------
    settings : BaseModel
        An instance of the class's own `Settings`, made from the service's table in `esap.toml`.
    context : Context
        What ESAP gives it.

    Attributes
    ----------
    Settings : type of BaseModel
        The service's own settings; fields described for people.
    Form : type of BaseModel, optional
        Fields of `Query.parameters` that the service understands; its JSON Schema is the query form. A field
        that is of use for some products only says so: ``json_schema_extra={"products": ["images"]}``.
    """

    Settings: ClassVar[type[BaseModel]]
    Form: ClassVar[type[BaseModel] | None] = None

    def __init__(self, settings: Any, context: Context) -> None:
        self.settings = settings
        self.context = context

    @property
    @abstractmethod
    def capabilities(self) -> frozenset[Capability]:
        """What this service, as configured, can be asked for."""

    @property
    @abstractmethod
    def address(self) -> str:
        """The URL that stands for the service."""

    @abstractmethod
    async def check(self) -> str:
        """Ask whether the service answers; returns a word for people (its version, say).

        Raises
        ------
        EsapError
            If it does not answer as its protocol promises.
        """

    async def authorization(self, url: str) -> Mapping[str, str]:  # noqa: ARG002
        """Headers that authorise reading `url`: none, unless the connector knows better.

        A token is given only for the origins configured for its service: ask ``context.access.names(url)``.
        """
        return {}


@runtime_checkable
class Searches(Protocol):
    """Finds rows by position, name, keyword or its own form."""

    def search(self, query: Query) -> AsyncIterator[pa.RecordBatch | Notice]:
        """Stream what is found; at least one (perhaps empty) batch tells the schema.

        Fields carry ``unit``, ``ucd``, ``utype``, ``xtype`` and ``description`` as metadata.
        Closing the iterator early cancels the remote call.
        """

    def item(self, row: Mapping[str, Any], schema: pa.Schema, query: str) -> Item | None:
        """Make the item that a row stands for, or None if the row has no data."""


@dataclass(frozen=True, slots=True)
class AdqlRequest:
    """An ADQL query for one service.

    Attributes
    ----------
    mode : str
        ``auto`` asks synchronously first and goes on as an asynchronous UWS job if that takes too long.
    uploads : dict
        Tables by name, for ``TAP_UPLOAD.<name>`` (TAP 1.1, section 2.5).
    job_url : str
        An asynchronous job started earlier, to be waited for instead of a new one.
    on_job : callable, optional
        Told the URL of the UWS job as soon as it exists, so that it can be found again.
    on_phase : callable, optional
        Told each new UWS phase.
    keep_job : callable, optional
        Asked when the iterator is closed early: whether the UWS job that `on_job` was told of is to be left
        as it is, for another process that goes on with it.
    """

    adql: str
    row_limit: int | None = None
    mode: Literal["auto", "sync", "async"] = "auto"
    uploads: Mapping[str, pa.Table] = field(default_factory=dict)
    job_url: str = ""
    on_job: Any = None
    on_phase: Any = None
    keep_job: Any = None


@runtime_checkable
class AnswersADQL(Protocol):
    """Answers ADQL (TAP 1.1)."""

    def adql(self, request: AdqlRequest) -> AsyncIterator[pa.RecordBatch | Notice]:
        """Stream the answer. Closing the iterator early deletes the remote job, unless it is to be kept."""

    async def tables(self) -> list[TableDescription]:
        """Every table, without columns where the service can leave them out."""

    async def table(self, name: str) -> TableDescription:
        """One table with its columns."""

    async def examples(self) -> list[tuple[str, str]]:
        """The service's own example queries, (title, ADQL)."""


@runtime_checkable
class HasDataLink(Protocol):
    """Reads DataLink documents (DataLink 1.1)."""

    async def links(self, locator: str) -> list[Link]:
        """The links at a DataLink URL."""


@runtime_checkable
class HasFiles(Protocol):
    """Knows where items' bytes are."""

    def files(self, items: Sequence[Item]) -> AsyncIterator[SourceFile]:
        """Stream the files of items, with their replicas in order of preference."""


@runtime_checkable
class DownloadsItself(Protocol):
    """Brings files whose replicas are not HTTP, by a tool of its own."""

    async def download(self, file: SourceFile, target: Path) -> None:
        """Bring one file, verified, to `target`; cancelling stops it and leaves nothing behind.

        Raises
        ------
        NoReplica
            If nothing here reads its replicas; the hint says what to install.
        TransferError
            If it did not arrive as promised.
        """


@runtime_checkable
class ResolvesNames(Protocol):
    """Turns a name into a position."""

    async def resolve(self, name: str) -> Position:
        """Find the position of a named object.

        Raises
        ------
        UnknownName
            If it does not know the name.
        """


@runtime_checkable
class FindsServices(Protocol):
    """A registry (RegTAP 1.1)."""

    async def find(
        self,
        keywords: Sequence[str] = (),
        *,
        product: str = "",
        waveband: str = "",
        position: Position | None = None,
        limit: int = 100,
    ) -> list[RegisteredService]:
        """Services that match all that is given."""

    async def record(self, ivoid: str) -> RegisteredService:
        """What is registered under an IVOA identifier; without `interfaces` if ESAP speaks none of its.

        Raises
        ------
        UnknownName
            If nothing is.
        """
