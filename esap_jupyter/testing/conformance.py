"""What holds for every connector."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import pytest

from esap_jupyter.config import Config, origin_of
from esap_jupyter.connectors.base import Connector
from esap_jupyter.errors import ConfigError, EsapError
from esap_jupyter.gateway import Gateway
from esap_jupyter.gateway.services import PROTOCOLS
from esap_jupyter.models import Capability, Item, Provenance
from esap_jupyter.testing import bad_servers

T = TypeVar("T")

SERVICE = "tested"
"""The name under which the service is configured."""

PATIENCE = 120.0
"""Seconds after which a test gives up on a service that works."""

_SHORT_DEADLINE = 2.0
_GRACE = 8.0


class Run:
    """Runs what a test wants of a connector, on a gateway of its own.

    Parameters
    ----------
    service : mapping
        The service's table in `esap.toml`.
    directory : Path
        For state, cache and workspace.
    """

    def __init__(self, service: Mapping[str, Any], directory: Path) -> None:
        self.service = service
        self.directory = directory

    def config(self, **changes: Any) -> Config:
        """The configuration with this one service, some of its settings changed."""
        return Config.model_validate(
            {
                "storage": {
                    "state_directory": self.directory / "state",
                    "cache_directory": self.directory / "cache",
                    "workspace": self.directory / "workspace",
                },
                "staging": {"keep_free": 0},
                "services": {SERVICE: {**self.service, **changes}},
            }
        )

    def with_gateway(self, work: Callable[[Gateway], Coroutine[Any, Any, T]], **changes: Any) -> T:
        """Give `work` a gateway and return what it returns."""

        async def main() -> T:
            async with Gateway(self.config(**changes)) as gateway, asyncio.timeout(PATIENCE):
                return await work(gateway)

        return asyncio.run(main())

    def __call__(self, work: Callable[[Any], Coroutine[Any, Any, T]], **changes: Any) -> T:
        """Give `work` the connector and return what it returns."""
        return self.with_gateway(lambda gateway: work(gateway.connector(SERVICE)), **changes)


def made_item(kind: Literal["url", "datalink", "did"], locator: str) -> Item:
    """Make an item of the service under test."""
    provenance = Provenance(service=SERVICE, retrieved_at=datetime.now(UTC))
    return Item(service=SERVICE, kind=kind, locator=locator, title=locator, provenance=provenance)


class ConnectorConformance:
    """What holds for every connector; derive a test class from it, and give it a `service`.

    Derive it from the classes for what the service offers too (`SearchConformance`, ...).
    """

    tests: ClassVar[frozenset[Capability]] = frozenset()
    """What a class for a protocol tests; not to be set by a partner."""

    @pytest.fixture
    def service(self) -> Mapping[str, Any]:
        """The service's table in `esap.toml`: ``connector`` (the entry point's name) and its settings."""
        raise NotImplementedError("Override the fixture `service`.")

    @pytest.fixture
    def run(self, service: Mapping[str, Any], tmp_path: Path) -> Run:
        """What the tests use to get at the connector."""
        return Run(service, tmp_path)

    @pytest.fixture
    def kind(self, run: Run) -> type[Connector]:
        """The connector's class."""

        async def work(connector: Connector) -> type[Connector]:
            return type(connector)

        return run(work)

    # What it says of itself

    def test_settings_are_explained(self, kind: type[Connector]) -> None:
        """Each setting has a description, which the manual and the panels show."""
        without = [name for name, field in kind.Settings.model_fields.items() if not field.description]
        assert not without, f"settings without a description: {without}"

    def test_query_form_can_be_rendered(self, kind: type[Connector]) -> None:
        """The form is a JSON Schema of which each field has a description."""
        if kind.Form is None:
            return
        properties = kind.Form.model_json_schema()["properties"]
        without = [name for name, field in properties.items() if not field.get("description")]
        assert not without, f"fields of the form without a description: {without}"

    def test_unknown_setting_is_refused(self, run: Run) -> None:
        """A misspelt setting is an error, and no silence."""

        async def work(_: Connector) -> None:
            raise AssertionError('give `Settings` a model_config of extra="forbid"')

        with pytest.raises(ConfigError, match="surprise"):
            run(work, surprise=1)

    def test_address_is_that_of_its_own_service(self, run: Run) -> None:
        """The address is a URL at an origin that the settings name."""

        async def work(connector: Connector) -> None:
            assert origin_of(connector.address) in connector.context.access.named_origins

        run(work)

    def test_capabilities_have_their_methods(self, run: Run) -> None:
        """What it says it can, it has the methods for."""

        async def work(connector: Connector) -> None:
            assert connector.capabilities, "it can do nothing"
            for capability in connector.capabilities:
                protocol = PROTOCOLS[capability]
                assert isinstance(connector, protocol), f"{capability} needs {protocol.__name__}"

        run(work)

    def test_whatever_it_offers_is_tested(self, run: Run) -> None:
        """The test class is derived from those for all that the service offers."""

        async def work(connector: Connector) -> frozenset[Capability]:
            return connector.capabilities

        tested = frozenset().union(*(vars(kind).get("tests", frozenset()) for kind in type(self).__mro__))
        # The data lake's verbs have no suite: there is one such service.
        untested = run(work) - tested - {Capability.DATALAKE}
        assert not untested, f"derive the test class from the conformance class for {sorted(untested)} too"

    # Whether it answers

    def test_working_service_passes_the_check(self, run: Run) -> None:
        """The check has a word for people."""

        async def work(connector: Connector) -> None:
            assert (await connector.check()).strip()

        run(work)

    def test_service_that_is_down_is_an_error_for_people(self, run: Run) -> None:
        """It is an `EsapError` with a message."""
        with bad_servers.nobody() as address:
            self._assert_fails(run, address)

    def test_service_that_answers_with_a_web_page_is_an_error_for_people(self, run: Run) -> None:
        """A sign-in page with status 200 is no answer."""
        with bad_servers.web_page() as address:
            self._assert_fails(run, address)

    def test_service_that_hangs_is_given_up_within_the_deadline(self, run: Run) -> None:
        """No call hangs for longer than the configuration allows."""
        begun = time.monotonic()
        with bad_servers.silence() as address:
            self._assert_fails(run, address)
        assert time.monotonic() - begun < _SHORT_DEADLINE + _GRACE

    def test_credentials_go_nowhere_else(self, run: Run) -> None:
        """Headers that authorise are given for the service's own origins only."""

        async def work(connector: Connector) -> Mapping[str, str]:
            return await connector.authorization("https://elsewhere.example/file")

        assert dict(run(work)) == {}

    def _assert_fails(self, run: Run, address: str) -> None:
        async def work(connector: Connector) -> None:
            with pytest.raises(EsapError) as raised:
                await connector.check()
            assert raised.value.message

        settings = {
            name: value
            for name, value in bad_servers.moved(run.service, address).items()
            if name not in ("connector", "deadline")
        }
        run(work, **settings, deadline=_SHORT_DEADLINE)
