"""The connector to a Rucio of the tests, made from its table in `esap.toml` as the gateway makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from esap_jupyter.config import ServiceSettings
from esap_jupyter.connectors.base import Context
from esap_jupyter.connectors.calls import ServiceCalls
from esap_jupyter.connectors.rucio import RucioConnector, RucioSettings
from esap_jupyter.gateway.tokens.discovery import WLCGTokenSource
from esap_jupyter.transfer.access import Access


def rucio_connector(table: Mapping[str, Any], **changes: object) -> RucioConnector:
    """Make a connector.

    Parameters
    ----------
    table : mapping
        The service's table.
    **changes
        Keys of the table with other values.
    """
    service = ServiceSettings.model_validate({**table, **changes})
    settings = RucioSettings.model_validate(service.own_settings())
    context = Context(
        service="lake",
        access=Access(named_origins=service.named_origins(), ca_file=service.ca_file),
        tokens=WLCGTokenSource(settings.token_file),
        cache=None,
        calls=ServiceCalls("lake", at_once=service.calls_at_once, deadline=service.deadline),
    )
    return RucioConnector(settings, context)
