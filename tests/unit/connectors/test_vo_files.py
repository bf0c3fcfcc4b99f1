"""From rows to items and from items to files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from esap_jupyter.connectors.vo import VOConnector
from esap_jupyter.connectors.vo.files import file_name
from esap_jupyter.errors import NoReplica
from esap_jupyter.models import Item, Provenance
from tests.services.context import context_for
from tests.services.fault_server import VOTABLE, FaultServer

LINKS = """<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">
<INFO name="QUERY_STATUS" value="OK"/><TABLE>
<FIELD name="ID" datatype="char" arraysize="*"/><FIELD name="access_url" datatype="char" arraysize="*"/>
<FIELD name="service_def" datatype="char" arraysize="*"/>
<FIELD name="error_message" datatype="char" arraysize="*"/>
<FIELD name="semantics" datatype="char" arraysize="*"/>
<FIELD name="description" datatype="char" arraysize="*"/>
<FIELD name="content_type" datatype="char" arraysize="*"/><FIELD name="content_length" datatype="long"/>
<DATA><TABLEDATA>%s</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>
"""
THIS = (
    "<TR><TD>ivo://x/y?1</TD><TD>%s/files/m31.fits</TD><TD/><TD/><TD>#this</TD><TD>Image</TD>"
    "<TD>image/fits</TD><TD>2880</TD></TR>"
)
PREVIEW = (
    "<TR><TD>ivo://x/y?1</TD><TD>%s/files/m31.png</TD><TD/><TD/><TD>#preview</TD><TD/>"
    "<TD>image/png</TD><TD/></TR>"
)
FAULT = (
    "<TR><TD>ivo://x/y?2</TD><TD/><TD/><TD>NotFoundFault: ivo://x/y?2</TD><TD>#this</TD><TD/><TD/><TD/></TR>"
)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        running.documents["/links"] = (VOTABLE, LINKS % (PREVIEW + THIS).replace("%s", running.url))
        length = '"content_length" datatype="char" arraysize="*"'
        odd = (LINKS % THIS.replace("%s", running.url)).replace('"content_length" datatype="long"', length)
        running.documents["/odd-length"] = (VOTABLE, odd.replace("2880", "²"))
        running.documents["/no-links"] = (VOTABLE, LINKS % (PREVIEW.replace("%s", running.url) + FAULT))
        yield running


def connector(url: str, **settings: str) -> VOConnector:
    return VOConnector(
        VOConnector.Settings(tap=f"{url}/tap", **settings), context_for(url, service="archive")
    )


def schema(**columns: dict[str, str]) -> pa.Schema:
    return pa.schema([pa.field(name, pa.string(), metadata=told) for name, told in columns.items()])


def item(kind: str, locator: str, title: str = "") -> Item:
    provenance = Provenance(service="archive", retrieved_at=datetime.now(UTC))
    return Item(service="archive", kind=kind, locator=locator, title=title, provenance=provenance)


OBSCORE = schema(
    access_url={}, access_format={}, access_estsize={}, obs_publisher_did={}, target_name={}, obs_id={}
)
ROW = {
    "access_url": "https://a.example/m31.fits",
    "access_format": "image/fits",
    "access_estsize": 12,
    "obs_publisher_did": "ivo://a.example/data?survey:m31-r",
    "target_name": "M31",
    "obs_id": "m31-r",
}


def test_a_row_of_obscore_is_a_file() -> None:
    found = connector("https://a.example").item(ROW, OBSCORE, "images near M31")

    assert found is not None
    assert (found.kind, found.locator, found.service) == ("url", "https://a.example/m31.fits", "archive")
    assert (found.title, found.size, found.media_type) == ("M31 m31-r", 12_000, "image/fits")
    assert found.provenance.identifier == "ivo://a.example/data?survey:m31-r"
    assert found.provenance.query == "images near M31"


def test_a_row_may_point_to_a_document_of_links() -> None:
    row = ROW | {"access_format": "application/x-votable+xml;content=datalink"}

    found = connector("https://a.example").item(row, OBSCORE, "")

    assert found is not None
    assert found.kind == "datalink"


def test_a_row_of_an_archive_in_the_data_lake_is_a_did() -> None:
    found = connector("https://a.example", lake="lake").item(ROW, OBSCORE, "")

    assert found is not None
    assert (found.service, found.kind, found.locator) == ("lake", "did", "survey:m31-r")
    assert found.provenance.service == "archive"


def test_a_row_whose_identifier_is_no_did_stays_a_file() -> None:
    row = ROW | {"obs_publisher_did": "ivo://other.example/data"}

    found = connector("https://a.example", lake="lake").item(row, OBSCORE, "")

    assert found is not None
    assert found.kind == "url"


@pytest.mark.parametrize(
    "columns",
    [
        {
            "accref": {"ucd": "VOX:Image_AccessReference"},
            "mime": {"ucd": "VOX:Image_Format"},
            "name": {"ucd": "VOX:Image_Title"},
        },
        {
            "accref": {"utype": "ssa:Access.Reference"},
            "mime": {"utype": "ssa:Access.Format"},
            "name": {"utype": "ssa:DataID.Title"},
        },
    ],
)
def test_columns_of_sia1_and_ssa_are_known_by_what_they_are_for(columns: dict[str, dict[str, str]]) -> None:
    row = {"accref": "https://a.example/x.fits", "mime": "image/fits", "name": "A title"}

    found = connector("https://a.example").item(row, schema(**columns), "")

    assert found is not None
    assert (found.kind, found.locator, found.title) == ("url", "https://a.example/x.fits", "A title")


def test_a_service_descriptor_leads_to_the_links() -> None:
    descriptor = {
        "access_url": "https://a.example/links",
        "standard_id": "ivo://ivoa.net/std/DataLink#links-1.1",
        "resource_identifier": "",
        "params": [{"name": "ID", "value": "", "column": "source_id"}],
    }
    described = schema(source_id={}).with_metadata({"esap.descriptors": json.dumps([descriptor])})

    found = connector("https://a.example").item({"source_id": "ivo://x/y?1 2"}, described, "")

    assert found is not None
    assert (found.kind, found.locator) == (
        "datalink",
        "https://a.example/links?ID=ivo%3A%2F%2Fx%2Fy%3F1+2",
    )


def test_a_row_without_data_is_no_item() -> None:
    service = connector("https://a.example")

    assert service.item({"ra": "1"}, schema(ra={}), "") is None
    assert service.item(ROW | {"access_url": None}, OBSCORE, "") is None


async def test_links_are_read_with_their_errors(server: FaultServer) -> None:
    links = await connector(server.url).links(f"{server.url}/no-links")

    assert [(link.semantics, link.content_type) for link in links] == [
        ("#preview", "image/png"),
        ("#this", ""),
    ]
    assert links[1].error_message == "NotFoundFault: ivo://x/y?2"


async def test_a_document_of_links_leads_to_the_data(server: FaultServer) -> None:
    found = [file async for file in connector(server.url).files([item("datalink", f"{server.url}/links")])]

    assert [file.replicas[0].url for file in found] == [f"{server.url}/files/m31.fits"]
    assert found[0].size == 2880
    assert found[0].path.startswith("archive/m31-")
    assert found[0].path.endswith(".fits")


async def test_an_item_without_files_does_not_keep_back_the_others(server: FaultServer) -> None:
    items = [
        item("datalink", f"{server.url}/no-links", title="M32"),
        item("url", f"{server.url}/files/m33.fits"),
        item("datalink", f"{server.url}/links"),
    ]
    found = []

    with pytest.raises(NoReplica, match=r"M32.*NotFoundFault"):
        async for file in connector(server.url).files(items):
            found.append(file.item_id)  # noqa: PERF401 - it is to keep what came before the error

    assert found == [items[1].id, items[2].id]


async def test_many_items_are_looked_up_side_by_side_and_come_in_order(server: FaultServer) -> None:
    items = [item("url", f"{server.url}/files/{number}.fits") for number in range(30)]

    found = [file.item_id async for file in connector(server.url).files(items)]

    assert found == [one.id for one in items]


@pytest.mark.parametrize(
    ("url", "title", "media_type", "stem", "suffix"),
    [
        ("https://a.example/data/m31.fits", "", "", "m31-", ".fits"),
        ("https://a.example/data/m31.v2.fits.fz", "", "", "m31.v2-", ".fits.fz"),
        ("https://a.example/get?ID=ivo%3A%2F%2Fx%2Fy%3Fdata%2Fm31.fits", "", "", "m31-", ".fits"),
        ("https://a.example/get.php?id=17", "M 31 in R", "image/fits", "M_31_in_R-", ".fits"),
        ("https://a.example/get", "", "application/x-votable+xml;content=x", "get-", ".vot"),
        ("https://a.example/..%2f..%2f.ssh%2fconfig", "", "", "config-", ""),
        ("https://a.example/%2e%2e", "", "", "data-", ""),
        ("https://a.example/x?f=../../etc/passwd.fits", "", "", "passwd-", ".fits"),
        (f"https://a.example/{'a' * 500}.fits", "", "", "a" * 100 + "-", ".fits"),
    ],
)
def test_file_names_are_safe_and_say_what_they_are(
    url: str, title: str, media_type: str, stem: str, suffix: str
) -> None:
    name = file_name(url, title, media_type)

    assert name.startswith(stem)
    assert name.endswith(suffix)
    assert len(name) == len(stem) + 8 + len(suffix)
    assert not set(name) & set("/\\:\0")


def test_two_files_of_the_same_name_get_two_names() -> None:
    first, again, other = (
        file_name(url)
        for url in ("https://a.example/1/x.fits", "https://a.example/1/x.fits", "https://a.example/2/x.fits")
    )

    assert first == again != other


async def test_a_length_that_is_no_number_is_not_known(server: FaultServer) -> None:
    links = await connector(server.url).links(f"{server.url}/odd-length")

    assert [link.content_length for link in links] == [None]
