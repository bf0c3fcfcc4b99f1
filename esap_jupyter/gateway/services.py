"""The services: their connectors, made from entry points when first asked for.

Those of `esap.toml`, and those that the registry knows under an IVOA identifier. Nobody here vouches for the
latter: no private address is named by their records, and no token goes to them.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import importlib.metadata
import logging
import re
import threading
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from esap_jupyter.config import Config, ServiceSettings, origin_of
from esap_jupyter.connectors.base import (
    AnswersADQL,
    Connector,
    Context,
    DataLake,
    FindsServices,
    HasDataLink,
    HasFiles,
    ResolvesNames,
    Searches,
    TakesFiles,
    TokenSource,
)
from esap_jupyter.connectors.calls import ServiceCalls
from esap_jupyter.errors import ConfigError, EsapError, NotOffered, ServiceTimeout
from esap_jupyter.gateway.registries import RECORD_SECONDS, Registries, is_ivoid
from esap_jupyter.gateway.tokens import NoTokens
from esap_jupyter.gateway.tokens.discovery import WLCGTokenSource
from esap_jupyter.models import Capability, RegisteredService, ServiceStatus
from esap_jupyter.storage.cache import DiskCache
from esap_jupyter.transfer.access import Access

log = logging.getLogger(__name__)

ENTRY_POINTS = "esap_jupyter.connectors"

CHECK_SECONDS = 20.0
"""A service that has not answered by then does not answer, whatever its deadline for real work."""

PROTOCOLS: Mapping[Capability, type] = {
    Capability.SOURCES: Searches,
    Capability.IMAGES: Searches,
    Capability.SPECTRA: Searches,
    Capability.OBSERVATIONS: Searches,
    Capability.DIDS: Searches,
    Capability.ADQL: AnswersADQL,
    Capability.DATALINK: HasDataLink,
    Capability.REGISTRY: FindsServices,
    Capability.NAMES: ResolvesNames,
    Capability.FILES: HasFiles,
    Capability.DATALAKE: DataLake,
    Capability.UPLOADS: TakesFiles,
}
"""What a connector must be able to do if it says that it has a capability."""

_REGISTERED = ServiceSettings(connector="vo")
"""What holds for every service that only the registry knows."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Registered:
    """A service that only the registry knows, and until when (monotonic) its record is believed."""

    settings: ServiceSettings
    connector: Connector
    until: float


class Services:
    """Makes and keeps the connectors.

    Parameters
    ----------
    config : Config
        Says which services there are.
    cache : DiskCache
        Shared by the connectors, each of which sees only its own keys.
    tokens : TokenSource
        Where the connectors' tokens come from, unless a service has a token file of its own.
    """

    def __init__(self, config: Config, cache: DiskCache, tokens: TokenSource) -> None:
        self._config = config
        self._cache = cache
        self._tokens = tokens
        self._connectors: dict[str, Connector] = {}
        self._making = threading.Lock()
        self._registered: dict[str, _Registered] = {}
        self._registering = asyncio.Semaphore(8)
        self.registries = Registries(lambda: self.all_able(Capability.REGISTRY), cache.within("registries"))

    def reconfigure(self, config: Config) -> None:
        """Take another configuration; who has a connector keeps it, and those with the same settings stay."""
        with self._making:
            kept = self._connectors if config.network == self._config.network else {}
            settings = self._config.services
            self._connectors = {
                name: connector
                for name, connector in kept.items()
                if config.services.get(name) == settings.get(name)
            }
            self._config = config

    @property
    def names(self) -> list[str]:
        """The enabled services, in the order of the configuration."""
        return [name for name, settings in self._config.services.items() if settings.enabled]

    def deadline(self, name: str) -> float:
        """Seconds that one call to a service may take.

        Raises
        ------
        UnknownName
            If the configuration has no service of this name, and it is no IVOA identifier either.
        """
        return (_REGISTERED if is_ivoid(name) else self._config.service(name)).deadline

    def calls_at_once(self, name: str) -> int:
        """Calls to a service side by side."""
        return (_REGISTERED if is_ivoid(name) else self._config.service(name)).calls_at_once

    def title(self, name: str) -> str:
        """A service's title; of one that only the registry knows once its connector is made."""
        if is_ivoid(name):
            return self._registered[name].settings.title if name in self._registered else ""
        return self._config.service(name).title

    def connector(self, name: str) -> Connector:
        """Return the connector of a configured service; may import libraries, so not for the event loop.

        Raises
        ------
        UnknownName
            If no enabled service has this name.
        ConfigError
            If its connector does not exist or cannot be loaded, or its settings do not fit.
        """
        settings = self._config.service(name)
        with self._making:
            if name not in self._connectors:
                self._connectors[name] = self._make(name, settings)
            return self._connectors[name]

    async def get(self, name: str) -> Connector:
        """As `connector`, from within the event loop, and for IVOA identifiers too.

        Raises
        ------
        UnknownName
            If no registry knows the identifier.
        NotOffered
            If what is registered under it speaks nothing that ESAP does.
        ServiceError
            If no registry answers.
        """
        if name in self._connectors:
            return self._connectors[name]
        if is_ivoid(name):
            return (await self._from_registry(name)).connector
        return await asyncio.to_thread(self.connector, name)

    async def _from_registry(self, ivoid: str) -> _Registered:
        async with self._registering:
            known = self._registered.get(ivoid)
            if known is not None and known.until > time.monotonic():
                return known
            settings = _settings_of(ivoid, await self.registries.record(ivoid))
            if known is None or known.settings != settings:
                connector = await asyncio.to_thread(self._make, ivoid, settings, configured=False)
            else:
                connector = known.connector
            made = _Registered(settings, connector, time.monotonic() + RECORD_SECONDS)
            self._registered[ivoid] = made
            return made

    async def able(self, name: str, capability: Capability) -> Any:
        """Return a connector that has the capability, and so its protocol.

        Raises
        ------
        NotOffered
            If it has not.
        """
        connector = await self.get(name)
        if capability in connector.capabilities and isinstance(connector, PROTOCOLS[capability]):
            return connector
        offered = ", ".join(sorted(connector.capabilities)) or "nothing"
        raise NotOffered(
            f"It does not offer {capability}.", hint=f"It offers {offered}.", service=name, field="services"
        )

    async def all_able(self, capability: Capability) -> AsyncIterator[tuple[str, Any]]:
        """Yield the services that have the capability, in order; those that are misconfigured are logged."""
        for name in self.names:
            try:
                yield name, await self.able(name, capability)
            except NotOffered:
                continue
            except ConfigError as error:
                log.warning("The service %s is left out: %s", name, error)

    async def statuses(self, *, check: bool) -> list[ServiceStatus]:
        """List the services, and ask each whether it answers if `check` is set."""
        return list(await asyncio.gather(*(self.status(name, check=check) for name in self.names)))

    async def status(self, name: str, *, check: bool) -> ServiceStatus:
        """Say what one service is, and ask it whether it answers if `check` is set.

        Raises
        ------
        UnknownName
            If there is no such service.
        """
        if is_ivoid(name):
            settings = (await self._from_registry(name)).settings
        else:
            settings = self._config.service(name)
        choice = self._config.search.services
        status = ServiceStatus(
            name=name,
            title=settings.title,
            connector=settings.connector,
            usual=name in choice or not (choice or is_ivoid(name)),
        )
        begun = time.monotonic()
        found: dict[str, Any] = {}
        try:
            connector = await self.get(name)
            found = {"capabilities": connector.capabilities, "address": connector.address}
            if check:
                begun = time.monotonic()
                async with asyncio.timeout(min(settings.deadline, CHECK_SECONDS)):
                    found |= {"detail": await connector.check(), "answers": True}
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this row's
            failure = explained(error, name)
            found |= {"detail": failure.message, "hint": failure.hint, "answers": False}
        if check:
            found["seconds"] = round(time.monotonic() - begun, 3)
        return status.model_copy(update=found)

    def _make(self, name: str, settings: ServiceSettings, *, configured: bool = True) -> Connector:
        kind = self._load(name, settings.connector)
        try:
            own_settings = kind.Settings.model_validate(settings.own_settings())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise self._config.error(("services", name, *first["loc"]), first["msg"]) from None
        tokens: TokenSource = NoTokens()
        if configured:
            own = _path(settings, "token_file")
            tokens = WLCGTokenSource(own) if own else self._tokens
        context = Context(
            service=name,
            access=self._access(settings, settings.named_origins() if configured else frozenset()),
            tokens=tokens,
            # What was learnt under other settings is not believed.
            cache=self._cache.within(f"{name} {settings.model_dump_json()}"),
            calls=ServiceCalls(name, at_once=settings.calls_at_once, deadline=settings.deadline),
        )
        try:
            return kind(own_settings, context)
        except EsapError as error:
            raise error.at(name) from error
        except Exception as error:
            log.exception("The connector of %s could not be made", name)
            raise self._broken(name, settings.connector, error) from error

    @functools.cached_property
    def _entry_points(self) -> importlib.metadata.EntryPoints:
        # Looking for them reads the metadata of every installed package.
        return importlib.metadata.entry_points(group=ENTRY_POINTS)

    def _load(self, name: str, connector: str) -> type[Connector]:
        found = [point for point in self._entry_points if point.name == connector]
        if not found:
            known = ", ".join(sorted(point.name for point in self._entry_points))
            raise self._config.error(
                ("services", name, "connector"), f"there is no connector {connector!r}; installed are {known}"
            )
        if len(found) > 1:
            packages = " and ".join(sorted(point.dist.name for point in found if point.dist))
            raise self._config.error(
                ("services", name, "connector"), f"{packages} both bring a connector {connector!r}"
            )
        try:
            kind = found[0].load()
        except Exception as error:
            log.exception("The connector %s could not be loaded", connector)
            raise self._broken(name, connector, error) from error
        if not (isinstance(kind, type) and issubclass(kind, Connector)):
            raise ConfigError(
                f"The entry point {connector!r} ({found[0].value}) is no subclass of Connector.",
                hint="Tell the package's authors.",
                service=name,
            )
        return kind

    def _access(self, settings: ServiceSettings, named: frozenset[str]) -> Access:
        network = self._config.network
        try:
            allowed = frozenset(origin_of(url) for url in network.allow)
        except ValueError as error:
            raise self._config.error(("network", "allow"), str(error)) from None
        return Access(
            named_origins=named,
            allowed_origins=allowed,
            ca_file=settings.ca_file,
            site_ca_file=network.ca_file,
            client_cert=_path(settings, "client_cert"),
            client_key=_path(settings, "client_key"),
            user_agent=self._user_agent(),
        )

    def _user_agent(self) -> str:
        """Name ESAP and whom to write to, as the IVOA note *Software Identification* asks (section 3)."""
        contact = self._config.network.contact
        if re.search(r"[^!-'*-~ ]", contact):
            raise self._config.error(("network", "contact"), "only printable ASCII without parentheses")
        version = importlib.metadata.version("esap-jupyter")
        return f"esap-jupyter/{version} ({f'IVOA-science {contact}'.strip()})"

    def _broken(self, name: str, connector: str, error: Exception) -> ConfigError:
        return ConfigError(
            f"The connector {connector!r} cannot be used ({type(error).__name__}: {error}).",
            hint="Install what it needs, or tell its authors; the log has the details.",
            service=name,
        )


def explained(error: Exception, service: str) -> EsapError:
    """Say in ESAP's words what went wrong at a service, a fault of its connector included."""
    if isinstance(error, EsapError):
        return error.at(service)
    if isinstance(error, TimeoutError):
        return ServiceTimeout("No answer within the deadline.", hint="Try again, or later.", service=service)
    log.error("The connector of %s failed unexpectedly", service, exc_info=error)
    return EsapError(
        f"Its connector failed unexpectedly ({type(error).__name__}).",
        hint="The log has the details; please report it.",
        service=service,
    )


def _settings_of(ivoid: str, record: RegisteredService) -> ServiceSettings:
    """The table that esap.toml would have for what is registered."""
    if not record.interfaces:
        raise NotOffered(
            f"{record.title or ivoid} is registered, but offers none of TAP, SCS, SIA and SSA.",
            hint=f"See {record.reference_url}" if record.reference_url else "Choose another service.",
            service=ivoid,
            field="services",
        )
    obscore = "ivoa.obscore" if Capability.OBSERVATIONS in record.capabilities else ""
    return ServiceSettings.model_validate(
        {
            **_REGISTERED.model_dump(),
            "title": record.title or record.short_name,
            "description": record.description,
            **record.interfaces,
            "obscore": obscore,
        }
    )


def _path(settings: ServiceSettings, key: str) -> Path | None:
    """A file that a service's own settings name."""
    value = settings.own_settings().get(key)
    return Path(value).expanduser() if isinstance(value, str) and value else None
