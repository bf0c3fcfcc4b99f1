"""Our own connectors pass the suite that partners' connectors must pass, on the demo's services."""

import asyncio

import pytest

from esap_jupyter.gateway import Gateway
from esap_jupyter.models import Position, Query
from esap_jupyter.testing import (
    AdqlConformance,
    ConnectorConformance,
    DataLinkConformance,
    FilesConformance,
    NamesConformance,
    RegistryConformance,
    Run,
    SearchConformance,
    UploadConformance,
    made_item,
)

M51 = Position(ra=202.4696, dec=47.1952)
FAR_AWAY = Position(ra=0, dec=-89)


@pytest.fixture(scope="module")
def datalink_of_an_image(demo_archive, tmp_path_factory):
    """The DataLink document of an image of M 51."""
    service = {name: value for name, value in demo_archive.services["demo-archive"].items() if name != "lake"}
    config = Run(service, tmp_path_factory.mktemp("images")).config()

    async def first_image():
        async with Gateway(config) as gateway:
            images = await gateway.search(Query(product="images", position=M51)).done()
            return (await gateway.items(images, [0]))[0].locator

    return asyncio.run(first_image())


class TestVO(ConnectorConformance, SearchConformance, AdqlConformance, FilesConformance, DataLinkConformance):
    @pytest.fixture
    def service(self, demo_archive):
        table = demo_archive.services["demo-archive"]
        return {name: value for name, value in table.items() if name != "lake"}

    @pytest.fixture(params=["sources", "images", "spectra", "observations"])
    def query(self, request):
        # There is one spectrum of each object.
        radius = 60 if request.param == "spectra" else 0.2
        return Query(product=request.param, position=M51, radius=radius)

    @pytest.fixture(params=["sources", "images", "spectra", "observations"])
    def empty_query(self, request):
        return Query(product=request.param, position=FAR_AWAY, radius=0.0001)

    @pytest.fixture
    def adql(self):
        return "SELECT TOP 10 * FROM demo.messier"

    @pytest.fixture
    def item(self, datalink_of_an_image):
        return made_item("datalink", datalink_of_an_image)

    @pytest.fixture
    def datalink(self, datalink_of_an_image):
        return datalink_of_an_image


class TestRegistry(ConnectorConformance, RegistryConformance):
    @pytest.fixture
    def service(self, demo_archive):
        return demo_archive.services["demo-registry"]

    @pytest.fixture
    def keywords(self):
        return ["survey"]


class TestSesame(ConnectorConformance, NamesConformance):
    @pytest.fixture
    def service(self, demo_archive):
        return demo_archive.services["demo-names"]

    @pytest.fixture
    def known_name(self):
        return "M 51", M51


class TestRucio(ConnectorConformance, SearchConformance, FilesConformance, UploadConformance):
    @pytest.fixture
    def service(self, demo_rucio):
        return demo_rucio.services["demo-lake"]

    @pytest.fixture
    def query(self):
        return Query(product="dids", keyword="demo:*", parameters={"type": "dataset"})

    @pytest.fixture
    def empty_query(self):
        return Query(product="dids", keyword="demo:no-such-*")

    @pytest.fixture
    def item(self):
        return made_item("did", "demo:M51")
