"""A real identity provider, and hubs that sign people in with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.conftest import running
from tests.services.hub import LOCAL, Hub
from tests.services.oidc_provider import OidcProvider


@pytest.fixture(scope="session")
def _provider() -> Iterator[OidcProvider]:
    with running(OidcProvider()) as service:
        yield service


@pytest.fixture
def provider(_provider: OidcProvider) -> Iterator[OidcProvider]:
    """The provider, with tokens that live an hour."""
    _provider.settings(ttl=3600, away=False, outside=[])
    _provider.grants(forget=True)
    yield _provider
    _provider.settings(ttl=3600, away=False, outside=[])


@pytest.fixture(scope="session")
def running_hub(_provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that looks every second whether people are still who they were."""
    more = f"{LOCAL}c.Authenticator.auth_refresh_age = 1\n"
    hub = Hub(tmp_path_factory.mktemp("hub"), _provider, more=more)
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def hub(running_hub: Hub, provider: OidcProvider) -> Hub:
    """The running hub, at which nobody is signed in yet."""
    return running_hub
