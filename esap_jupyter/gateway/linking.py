"""The item that a link from elsewhere names; it is put into the basket, and nothing is downloaded."""

from __future__ import annotations

from datetime import UTC, datetime

from esap_jupyter.config import Config, origin_of
from esap_jupyter.errors import InputError, NotOffered
from esap_jupyter.gateway.services import Services
from esap_jupyter.models import Capability, Item, ItemLink, Provenance


async def item_of(services: Services, config: Config, text: str, service: str = "") -> Item:
    """Return the item.

    A URL must be at a service of the configuration: whoever makes the link does not choose where files come
    from. A DID must be known to its data lake.

    Raises
    ------
    InputError
        If the text names no item.
    NotOffered
        If no service here has it.
    ServiceError
        If the data lake does not answer, or does not know the DID.
    """
    try:
        link = ItemLink.read(text)
    except ValueError as error:
        raise InputError(f"This link names no item: {error}.", field="item") from None
    if link.kind == "did":
        return await _did(services, link, service)
    name = _service_at(config, link.locator)
    return _item(name, link, title=link.locator.partition("?")[0].rstrip("/").rpartition("/")[2])


async def _did(services: Services, link: ItemLink, service: str) -> Item:
    lakes = [name async for name, _ in services.all_able(Capability.DATALAKE)]
    if not lakes or (service and service not in lakes):
        raise NotOffered(
            "This data lake is not offered here.", hint=f"Offered: {', '.join(lakes) or 'none'}."
        )
    if not service and len(lakes) > 1:
        raise InputError(
            "The link does not say which data lake has this.",
            hint=f"Add &service= with one of: {', '.join(lakes)}.",
            field="service",
        )
    name = service or lakes[0]
    lake = await services.able(name, Capability.DATALAKE)
    did = await lake.did(link.locator)
    return _item(name, link, title=link.locator, size=did.bytes)


def _service_at(config: Config, url: str) -> str:
    origin = origin_of(url)
    for name, settings in config.services.items():
        if settings.enabled and origin in settings.named_origins():
            return name
    raise NotOffered(
        f"No service here is at {origin}.",
        hint="Ask the site's operator whether it can be added to esap.toml.",
    )


def _item(service: str, link: ItemLink, *, title: str, size: int | None = None) -> Item:
    provenance = Provenance(service=service, identifier=link.locator, retrieved_at=datetime.now(UTC))
    return Item(
        service=service,
        kind=link.kind,
        locator=link.locator,
        title=title or link.locator,
        size=size,
        provenance=provenance,
    )
