"""Gateways over services of a partner's connector."""

import contextlib

import pytest

from esap_jupyter.gateway import Gateway
from esap_jupyter.transfer import download as download_module
from tests.services.storage_stand_in import StorageStandIn


@pytest.fixture
async def make_gateway(partner_package, make_config):
    """Make gateways that are closed at the end; several of them are as several processes."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(services=None, **sections):
            return await stack.enter_async_context(Gateway(make_config(services, **sections)))

        yield make


@pytest.fixture
def storage(monkeypatch):
    """A storage on loopback; attempts at it follow each other without pause."""
    monkeypatch.setattr(download_module, "BACKOFF_SECONDS", (0.0, 0.0))
    with StorageStandIn() as serving:
        yield serving
