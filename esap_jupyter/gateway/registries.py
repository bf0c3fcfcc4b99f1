"""What the configured registries know: services by keyword, and the record of one by its identifier."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence

from esap_jupyter.connectors.base import Cache, FindsServices
from esap_jupyter.errors import EsapError, NotOffered, UnknownName
from esap_jupyter.models import Position, RegisteredService

RECORD_SECONDS = 86_400.0
"""How long a record is believed; registries harvest about once a day."""

# IVOA Identifiers 2.0, section 2.3, without the query and fragment that name no resource.
_IVOID = re.compile(r"ivo://[a-z0-9][\w.!~*'()-]{2,}(/[\w.!~*'()+=-]+)*", re.IGNORECASE | re.ASCII)

AllRegistries = Callable[[], AsyncIterator[tuple[str, FindsServices]]]


def is_ivoid(service: str) -> bool:
    """Whether a service's name is an IVOA identifier, which the registry knows, and not esap.toml.

    Raises
    ------
    UnknownName
        If it begins like one and is none.
    """
    if not service.lower().startswith("ivo:"):
        return False
    if not _IVOID.fullmatch(service):
        raise UnknownName(
            f"{service!r} is no IVOA identifier.",
            hint="One looks like ivo://authority/path; see what the registry finds.",
            field="services",
        )
    return True


class Registries:
    """Asks the registries in turn until one answers.

    Parameters
    ----------
    registries : callable
        Yields name and connector of each.
    cache : Cache
        Keeps records.
    """

    def __init__(self, registries: AllRegistries, cache: Cache) -> None:
        self._registries = registries
        self._cache = cache

    async def find(
        self,
        keywords: Sequence[str] = (),
        *,
        product: str = "",
        waveband: str = "",
        position: Position | None = None,
        limit: int = 100,
    ) -> list[RegisteredService]:
        """Services that match all that is given, see `FindsServices`.

        Raises
        ------
        NotOffered
            If no registry is configured.
        ServiceError
            If none of them answers.
        """
        failed: EsapError | None = None
        async for name, registry in self._registries():
            try:
                return await registry.find(
                    keywords, product=product, waveband=waveband, position=position, limit=limit
                )
            except EsapError as error:
                failed = failed or error.at(name)
        raise failed or _no_registry()

    async def record(self, ivoid: str) -> RegisteredService:
        """What is registered under an IVOA identifier.

        Raises
        ------
        UnknownName
            If no registry knows it.
        NotOffered
            If no registry is configured.
        ServiceError
            If none of those that may know it answers.
        """
        key = f"record {ivoid.lower()}"
        kept = await asyncio.to_thread(self._cache.get, key)
        if kept is not None:
            return RegisteredService.model_validate_json(kept)
        unknown: UnknownName | None = None
        failed: EsapError | None = None
        async for name, registry in self._registries():
            try:
                record = await registry.record(ivoid)
            except UnknownName as error:
                unknown = unknown or error
            except EsapError as error:
                failed = failed or error.at(name)
            else:
                content = record.model_dump_json().encode()
                await asyncio.to_thread(self._cache.put, key, content, seconds=RECORD_SECONDS)
                return record
        if failed is not None:
            raise failed
        if unknown is not None:
            raise UnknownName(
                f"The registry knows no {ivoid}.",
                hint="Look for it in the registry; identifiers change when a service moves.",
                field="services",
            )
        raise _no_registry()


def _no_registry() -> NotOffered:
    return NotOffered("No registry is configured.", hint="Add a service of the connector `registry`.")
