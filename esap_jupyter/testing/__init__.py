"""What a partner needs to test a connector: the suite that every connector of ours passes too.

In a test module (pytest is needed)::

    class TestMyArchive(ConnectorConformance, SearchConformance, FilesConformance):
        @pytest.fixture
        def service(self, my_server):
            return {"connector": "my-archive", "url": my_server.url}

        @pytest.fixture
        def query(self):
            return Query(position=Position(ra=10.68, dec=41.27))

        @pytest.fixture
        def empty_query(self):
            return Query(position=Position(ra=0, dec=-90))

        @pytest.fixture
        def item(self, my_server):
            return made_item("url", f"{my_server.url}/files/1")

`ConnectorConformance` is for every connector and says which of the others its capabilities ask for.
"""

from esap_jupyter.testing.conformance import ConnectorConformance, Run, made_item
from esap_jupyter.testing.protocols import (
    AdqlConformance,
    DataLinkConformance,
    FilesConformance,
    NamesConformance,
    RegistryConformance,
    SearchConformance,
)
from esap_jupyter.testing.uploads import UploadConformance

__all__ = [
    "AdqlConformance",
    "ConnectorConformance",
    "DataLinkConformance",
    "FilesConformance",
    "NamesConformance",
    "RegistryConformance",
    "Run",
    "SearchConformance",
    "UploadConformance",
    "made_item",
]
