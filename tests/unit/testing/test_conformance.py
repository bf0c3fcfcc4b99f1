"""The suite for connectors: a good connector of a partner passes it, bad ones do not."""

import importlib

import pyarrow as pa
import pytest
from pydantic import BaseModel

from esap_jupyter.models import Capability, Query
from esap_jupyter.testing import (
    ConnectorConformance,
    FilesConformance,
    Run,
    SearchConformance,
    made_item,
)
from tests.services import partner, shelf


@pytest.fixture
def shelf_address():
    with shelf.shelf() as address:
        yield address


@pytest.fixture(autouse=True)
def installed(tmp_path, monkeypatch):
    """The partner's package, found as if it were installed."""
    site_packages = partner.install(
        tmp_path / "site-packages",
        shelf="tests.services.shelf:ShelfConnector",
        spoilt=f"{__name__}:SpoiltConnector",
    )
    monkeypatch.syspath_prepend(site_packages)
    importlib.invalidate_caches()


class TestShelf(ConnectorConformance, SearchConformance, FilesConformance):
    @pytest.fixture
    def service(self, shelf_address):
        return {"connector": "shelf", "url": shelf_address}

    @pytest.fixture
    def query(self):
        return Query(product="images", keyword="plates")

    @pytest.fixture
    def empty_query(self):
        return Query(product="images", parameters={"observer": "Nobody"})

    @pytest.fixture
    def item(self, shelf_address):
        return made_item("url", f"{shelf_address}/plates/3")


class SpoiltSettings(BaseModel):
    url: str


class SpoiltConnector(shelf.ShelfConnector):
    """Does all that a connector must not."""

    Settings = SpoiltSettings

    @property
    def capabilities(self):
        return frozenset({Capability.IMAGES, Capability.ADQL})

    async def authorization(self, url):
        return {"Authorization": "Bearer secret"}

    async def check(self):
        return "always fine"

    async def search(self, query):
        for kind in (pa.int32(), pa.int64()):
            yield pa.RecordBatch.from_pylist([{"a": 1}], schema=pa.schema([("a", kind)]))

    def item(self, row, schema, query):
        return made_item("url", "https://x.test/forgets-the-query")


class TestSpoilt:
    """Each rule is seen to be broken."""

    @pytest.fixture
    def run(self, shelf_address, tmp_path):
        return Run({"connector": "spoilt", "url": shelf_address}, tmp_path)

    @pytest.mark.parametrize(
        "rule",
        [
            "test_unknown_setting_is_refused",
            "test_capabilities_have_their_methods",
            "test_whatever_it_offers_is_tested",
            "test_service_that_is_down_is_an_error_for_people",
            "test_service_that_answers_with_a_web_page_is_an_error_for_people",
            "test_credentials_go_nowhere_else",
        ],
    )
    def test_rule_for_every_connector(self, run, rule):
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            getattr(ConnectorConformance(), rule)(run)

    def test_settings_without_description(self):
        with pytest.raises(AssertionError, match="url"):
            ConnectorConformance().test_settings_are_explained(SpoiltConnector)

    @pytest.mark.parametrize(
        "rule",
        [
            "test_rows_come_in_batches_of_one_schema",
            "test_items_of_rows_say_where_they_come_from",
        ],
    )
    def test_rule_for_searches(self, run, rule):
        with pytest.raises((AssertionError, pa.ArrowInvalid)):
            getattr(SearchConformance(), rule)(run, Query(keyword="x"))
