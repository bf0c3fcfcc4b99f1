"""The registry of the Virtual Observatory (RegTAP 1.1): which services exist, and where."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pyvo import registry as pyvo_registry
from pyvo.dal.exceptions import DALQueryError
from pyvo.dal.tap import TAPQuery, escape
from pyvo.io.vosi import parse_capabilities
from pyvo.io.vosi.tapregext import TableAccess
from pyvo.registry.regtap import TOKEN_SEP
from pyvo.registry.rtcons import build_regtap_query

from esap_jupyter.connectors.base import Connector
from esap_jupyter.connectors.dali import (
    body_of,
    host_of,
    parse_document,
    raise_for_status,
    read_table,
    requesting,
    send,
)
from esap_jupyter.errors import BadAnswer, InputError, NotOffered, UnknownName
from esap_jupyter.models import Capability, Position, RegisteredService

_DAY = 86_400.0
_DOCUMENT_BYTES = 10_000_000

MESSENGERS = (
    "radio", "millimeter", "infrared", "optical", "uv", "euv", "x-ray", "gamma-ray", "photon", "neutrino",
)  # fmt: skip
"""The terms of http://www.ivoa.net/rdf/messenger, which pyvo would fetch from there at each first use."""

# What can answer for a product, in pyvo's words; observations are found by their data model.
_SERVICE_TYPES = {
    "sources": ("scs",),
    "images": ("sia", "sia2"),
    "spectra": ("ssa",),
}

_INTERFACES = (
    ("ivo://ivoa.net/std/sia#query-2", "sia2"),
    ("ivo://ivoa.net/std/sia#query-aux-2", "sia2"),
    ("ivo://ivoa.net/std/sia", "sia"),
    ("ivo://ivoa.net/std/conesearch", "scs"),
    ("ivo://ivoa.net/std/ssa", "ssa"),
    ("ivo://ivoa.net/std/tap", "tap"),
)

_CAPABILITIES = {
    "scs": Capability.SOURCES,
    "sia": Capability.IMAGES,
    "sia2": Capability.IMAGES,
    "ssa": Capability.SPECTRA,
    "tap": Capability.ADQL,
}
_OF_OBSCORE = frozenset({Capability.OBSERVATIONS, Capability.IMAGES, Capability.SPECTRA})


class RegistrySettings(BaseModel):
    """The table of a service with ``connector = "registry"`` in esap.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tap: str = Field(min_length=1, description="Base URL of a TAP service with the RegTAP tables (schema rr)")

    @field_validator("tap")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/?&")


class RegistryConnector(Connector):
    """Asks one RegTAP service, with pyvo's constraints but not pyvo's process-wide registry."""

    Settings: ClassVar[type[BaseModel]] = RegistrySettings
    settings: RegistrySettings

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Registry."""
        return frozenset({Capability.REGISTRY})

    @property
    def address(self) -> str:
        """The TAP service."""
        return self.settings.tap

    async def check(self) -> str:
        """Count what is registered.

        Raises
        ------
        EsapError
            If it does not answer, or has no RegTAP tables.
        """
        rows = await self.context.calls.call(self._query, "SELECT COUNT(*) AS n FROM rr.resource", 1)
        return f"{next(iter(rows[0].values())):,} resources"

    async def find(
        self,
        keywords: Sequence[str] = (),
        *,
        product: str = "",
        waveband: str = "",
        position: Position | None = None,
        limit: int = 100,
    ) -> list[RegisteredService]:
        """Services that match all that is given, each once; those first whose title has the keywords.

        Parameters
        ----------
        keywords : sequence of str
            Words in title, description or subject.
        product : str
            One of `Query.product`; then only services that can be asked for it.
        waveband : str
            A term of http://www.ivoa.net/rdf/messenger.
        position : Position, optional
            A place that the service's declared coverage contains.
        limit : int
            Services at most.

        Raises
        ------
        InputError
            If nothing is given, or the waveband is none.
        NotOffered
            If this registry cannot select by what is given.
        """
        return await self.context.calls.call(self._find, tuple(keywords), product, waveband, position, limit)

    async def record(self, ivoid: str) -> RegisteredService:
        """What is registered under an IVOA identifier; without `interfaces` if `vo` speaks none of its.

        Raises
        ------
        UnknownName
            If nothing is.
        """
        return await self.context.calls.call(self._record, ivoid)

    def _find(
        self,
        keywords: tuple[str, ...],
        product: str,
        waveband: str,
        position: Position | None,
        limit: int,
    ) -> list[RegisteredService]:
        constraints: list[pyvo_registry.Constraint] = [pyvo_registry.Freetext(word) for word in keywords]
        if waveband:
            constraints.append(_Waveband(waveband))
        if position:
            constraints.append(pyvo_registry.Spatial((position.ra, position.dec)))
        if not (constraints or product):
            raise InputError("A search in the registry needs a keyword, a product, a waveband or a position.")
        constraints.append(_offering(product))
        try:
            adql = build_regtap_query(constraints, _RegTAP(self._capability, self._table_names))
        except DALQueryError as error:  # RegTAPFeatureMissing, above all
            raise NotOffered(
                f"{host_of(self.settings.tap)}: {error}", hint="Leave out the position."
            ) from error
        services = _without_duplicates(self._services(self._query(adql, limit)))
        return sorted(services, key=lambda service: _rank(service, keywords))

    def _record(self, ivoid: str) -> RegisteredService:
        adql = build_regtap_query([pyvo_registry.Ivoid(ivoid)], _RegTAP(self._capability, self._table_names))
        found = self._services(self._query(adql, 1))
        if not found:
            raise UnknownName(f"{host_of(self.settings.tap)} knows no {ivoid}.", field="services")
        return found[0]

    def _services(self, rows: Sequence[Mapping[str, Any]]) -> list[RegisteredService]:
        ivoids = [row["ivoid"] for row in rows]
        publishers = self._publishers(ivoids)
        with_obscore = self._with_obscore(ivoids)
        return [_service_of(row, publishers, with_obscore) for row in rows]

    def _query(self, adql: str, limit: int) -> list[dict[str, Any]]:
        return read_table(send(TAPQuery(self.settings.tap, adql, maxrec=limit, session=self._session())))

    def _publishers(self, ivoids: Sequence[str]) -> dict[str, str]:
        if not ivoids:
            return {}
        listed = ", ".join(f"'{escape(ivoid)}'" for ivoid in ivoids)
        rows = self._query(
            "SELECT ivoid, role_name FROM rr.res_role"  # noqa: S608 - ADQL, escaped
            f" WHERE base_role = 'publisher' AND ivoid IN ({listed})",
            10 * len(ivoids),
        )
        return {row["ivoid"]: row["role_name"] or "" for row in rows}

    def _with_obscore(self, ivoids: Sequence[str]) -> set[str]:
        """Those that say that they have an ObsCore table (RegTAP 1.1, section 8)."""
        if not ivoids:
            return set()
        listed = ", ".join(f"'{escape(ivoid)}'" for ivoid in ivoids)
        rows = self._query(
            "SELECT ivoid FROM rr.res_detail WHERE detail_xpath = '/capability/dataModel/@ivo-id'"  # noqa: S608
            " AND 1 = ivo_nocasematch(detail_value, 'ivo://ivoa.net/std/obscore%')"
            f" AND ivoid IN ({listed})",
            10 * len(ivoids),
        )
        return {row["ivoid"] for row in rows}

    def _capability(self) -> TableAccess:
        """What the TAP service says of itself; pyvo's constraints are written by its features."""
        url = f"{self.settings.tap}/capabilities"
        key = f"registry {url}"
        body = self.context.cache.get(key)
        if body is None:
            with requesting(url), self._session().get(url, stream=True) as response:
                raise_for_status(response)
                body = body_of(response).read(_DOCUMENT_BYTES)
            # Entities are refused here, before pyvo would expand them.
            parse_document(body, url, "capabilities")
            self.context.cache.put(key, body, seconds=_DAY)
        try:
            capabilities = parse_capabilities(io.BytesIO(body))
        except ValueError as error:
            raise BadAnswer(f"{host_of(url)} sent capabilities that pyvo cannot read: {error}.") from error
        for capability in capabilities:
            if isinstance(capability, TableAccess):
                return capability
        raise BadAnswer(f"{host_of(url)} does not say in its capabilities that it is a TAP service.")

    def _table_names(self) -> set[str]:
        rows = self._query("SELECT table_name FROM TAP_SCHEMA.tables WHERE table_name LIKE 'rr.%'", 1000)
        return {row["table_name"] for row in rows}

    def _session(self) -> requests.Session:
        return self.context.access.session(self.context.calls.deadline)


class _RegTAP:
    """As much of a `pyvo.dal.TAPService` as the constraints want to know."""

    def __init__(self, capability: Callable[[], TableAccess], table_names: Callable[[], set[str]]) -> None:
        self.get_tap_capability = capability
        self._table_names = table_names

    @property
    def tables(self) -> set[str]:
        return self._table_names()


class _Waveband(pyvo_registry.Constraint):
    """As `pyvo.registry.Waveband`, without its request to www.ivoa.net."""

    def __init__(self, term: str) -> None:
        if term.lower() not in MESSENGERS:
            raise InputError(
                f"{term!r} is no waveband.", hint=f"One of: {', '.join(MESSENGERS)}.", field="waveband"
            )
        self._condition = "1 = ivo_hashlist_has(rr.resource.waveband, {term})"
        self._fillers = {"term": term.lower()}


def _offering(product: str) -> pyvo_registry.Constraint:
    """Only what the connector `vo` can ask, for this product if one is given."""
    if product == "observations":
        return pyvo_registry.Datamodel("obscore")
    if product and product not in _SERVICE_TYPES:
        raise NotOffered(f"The registry does not list services by {product}.")
    types = _SERVICE_TYPES.get(product, ("tap", "scs", "sia", "sia2", "ssa"))
    return pyvo_registry.Servicetype(*types).include_auxiliary_services()


def _service_of(
    row: Mapping[str, Any], publishers: Mapping[str, str], with_obscore: set[str]
) -> RegisteredService:
    interfaces = _interfaces(row)
    obscore = _OF_OBSCORE if "tap" in interfaces and row["ivoid"] in with_obscore else frozenset()
    return RegisteredService(
        ivoid=row["ivoid"],
        short_name=row["short_name"] or "",
        title=row["res_title"] or "",
        description=row["res_description"] or "",
        waveband=tuple(filter(None, (row["waveband"] or "").split("#"))),
        publisher=publishers.get(row["ivoid"], ""),
        reference_url=row["reference_url"] or "",
        interfaces=interfaces,
        capabilities=frozenset(_CAPABILITIES[name] for name in interfaces) | obscore,
    )


def _interfaces(row: Mapping[str, Any]) -> dict[str, str]:
    """Read RegTAP's aggregated interfaces: of each kind the standard one, over https if there is a choice."""
    columns = ("standard_ids", "access_urls", "intf_types", "intf_roles")
    found: dict[str, str] = {}
    for standard, url, kind, role in zip(
        *((row[name] or "").split(TOKEN_SEP) for name in columns), strict=True
    ):
        setting = next((name for start, name in _INTERFACES if standard.lower().startswith(start)), "")
        usable = setting and _is_web_address(url) and role.lower() == "std" and kind.lower() == "vs:paramhttp"
        if usable and (
            setting not in found or url.startswith("https:") > found[setting].startswith("https:")
        ):
            found[setting] = url
    return found


def _is_web_address(url: str) -> bool:
    """Whether it may be asked: over HTTP, and without a name or password that somebody registered."""
    parts = urlsplit(url)
    return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _without_duplicates(services: Iterable[RegisteredService]) -> list[RegisteredService]:
    """One of each: the same resource, or the same thing registered twice under the same title."""
    found: dict[object, RegisteredService] = {}
    for service in services:
        addresses = frozenset((name, _bare(url)) for name, url in service.interfaces.items())
        if addresses and not any(service.ivoid == other.ivoid for other in found.values()):
            found.setdefault((service.title, addresses), service)
    return list(found.values())


def _bare(url: str) -> str:
    """A URL without what makes no difference."""
    return url.partition("://")[2].rstrip("/?&").lower()


def _rank(service: RegisteredService, keywords: Sequence[str]) -> tuple[int, str]:
    """Those first whose title has the keywords."""
    title = service.title.lower()
    return -sum(word.lower() in title for word in keywords), title
