"""Services: what they can do, whether they answer, how one fared in a search."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Capability(StrEnum):
    """What a service can be asked for; the protocols behind these words are in `connectors.base`."""

    SOURCES = "sources"
    IMAGES = "images"
    SPECTRA = "spectra"
    OBSERVATIONS = "observations"
    DIDS = "dids"
    ADQL = "adql"
    DATALINK = "datalink"
    REGISTRY = "registry"
    NAMES = "names"
    FILES = "files"
    DATALAKE = "datalake"
    UPLOADS = "uploads"


class ServiceStatus(BaseModel):
    """The answer of `esap services --check` for one service.

    Attributes
    ----------
    usual : bool
        Whether it is asked when the person does not choose.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    title: str = ""
    connector: str
    capabilities: frozenset[Capability] = frozenset()
    usual: bool = True
    address: str = ""
    answers: bool | None = None
    seconds: float | None = None
    detail: str = ""
    hint: str = ""


ServiceState = Literal["waiting", "receiving", "complete", "truncated", "failed", "cancelled"]


class ServiceReport(BaseModel):
    """How one service fared in a query.

    Attributes
    ----------
    state : str
        ``truncated`` is complete up to the row limit or the service's own (VOTable OVERFLOW).
    rows : int
        Rows received so far.
    seconds : float
        Since the query was sent.
    title : str
        The service's, as the configuration or the registry has it.
    targets, targets_done : int
        Of a query with several targets: how many there are, and for how many the service has ended.
    code, message, hint : str
        Of the error, if `state` is ``failed``; `message` also explains ``truncated``.
    """

    model_config = ConfigDict(frozen=True)

    service: str
    title: str = ""
    state: ServiceState = "waiting"
    rows: int = 0
    seconds: float = 0.0
    targets: int = 0
    targets_done: int = 0
    code: str = ""
    message: str = ""
    hint: str = ""
    retryable: bool = False


class RegisteredService(BaseModel):
    """A service found in the registry (RegTAP 1.1), which can be asked like a configured one.

    Attributes
    ----------
    ivoid : str
        IVOA identifier.
    interfaces : dict
        Access URL by connector setting: ``tap``, ``scs``, ``sia``, ``sia2``, ``ssa``.
    capabilities : frozenset of Capability
        What these can be asked for.
    """

    model_config = ConfigDict(frozen=True)

    ivoid: str
    short_name: str = ""
    title: str = ""
    description: str = ""
    waveband: tuple[str, ...] = ()
    publisher: str = ""
    reference_url: str = ""
    interfaces: dict[str, str]
    capabilities: frozenset[Capability] = frozenset()
