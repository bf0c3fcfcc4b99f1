"""A real identity provider, and hubs that sign people in with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.conftest import running
from tests.services.docker_engine import DockerEngine
from tests.services.docker_hub import ContainerServer, DockerHub, build_images
from tests.services.hub import LOCAL, Hub
from tests.services.oidc_provider import OidcForContainers, OidcProvider


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


@pytest.fixture(scope="module")
def running_hub(_provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that looks every second whether people are still who they were.

    It ends with its module: hubs of the same provider have the same address.
    """
    more = f"{LOCAL}c.Authenticator.auth_refresh_age = 1\n"
    hub = Hub(tmp_path_factory.mktemp("hub"), _provider, more=more)
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def hub(running_hub: Hub, provider: OidcProvider) -> Hub:
    """The running hub, at which nobody is signed in yet."""
    return running_hub


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerEngine]:
    """A Docker engine with the images of hub and people, built once in a run."""
    with running(DockerEngine()) as service:
        build_images(service)
        yield service


@pytest.fixture(scope="session")
def container_site(engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerHub]:
    """The running site of `hub_config`."""
    with running(OidcForContainers()) as provider:
        site = DockerHub(tmp_path_factory.mktemp("site"), provider, engine)
        try:
            site.start()
            yield site
        finally:
            site.stop()


@pytest.fixture(scope="session")
def alice(container_site: DockerHub) -> ContainerServer:
    """Alice's running server."""
    return ContainerServer(container_site, "alice", size="small")


@pytest.fixture(scope="session")
def bob(container_site: DockerHub) -> ContainerServer:
    """Bob's running server."""
    return ContainerServer(container_site, "bob")
