"""Cone search, images, spectra, DataLink, files and descriptions over HTTP."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest
import requests

from esap_jupyter.archive.archive import Archive
from esap_jupyter.archive.model import Product
from esap_jupyter.formats.votable import open_votable


def get(archive: Archive, path: str, **parameters: Any) -> requests.Response:
    return requests.get(archive.url + path, params=parameters, timeout=30)


def rows(response: requests.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200
    reader = open_votable(io.BytesIO(response.content))
    table: pa.Table = pa.Table.from_batches(list(reader), schema=reader.schema)
    return table.to_pylist()  # type: ignore[no-any-return]


def test_a_cone_search(served: Archive) -> None:
    found = rows(get(served, "scs/sky.stars", RA=350, DEC=80, SR=15))

    assert found
    assert all(star["dec"] >= 65 for star in found)
    assert rows(get(served, "scs", RA=-10, DEC=80, SR=15)) == found
    assert list(rows(get(served, "scs", RA=350, DEC=80, SR=15, VERB=1))[0]) == ["id", "ra", "dec"]
    assert len(rows(get(served, "scs", RA=350, DEC=80, SR=15, MAXREC=2))) == 2


def test_a_cone_without_radius_tells_the_columns(served: Archive) -> None:
    response = get(served, "scs/sky.stars", RA=0, DEC=0, SR=0)

    assert rows(response) == []
    assert b"POS_EQ_RA_MAIN" in response.content


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"RA": 1, "DEC": 2}, "SR is missing"),
        ({"RA": 1, "DEC": 92, "SR": 1}, "DEC=92 is not between"),
        ({"RA": "nan", "DEC": 2, "SR": 1}, "RA=nan"),
        ({"RA": "1; DROP TABLE", "DEC": 2, "SR": 1}, "is not a number"),
        ({"RA": 1, "DEC": 2, "SR": 1, "VERB": 9}, "VERB=9"),
    ],
)
def test_a_wrong_cone_is_told_as_cone_search_wants_it(
    served: Archive, parameters: dict[str, Any], message: str
) -> None:
    response = get(served, "scs/sky.stars", **parameters)

    assert response.status_code == 200
    root = ET.fromstring(response.content)
    info = root.find("{http://www.ivoa.net/xml/VOTable/v1.3}INFO[@name='Error']")
    assert info is not None
    assert message in info.get("value", "")


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({}, 1),
        ({"POS": "CIRCLE 10 20 0.1"}, 1),
        ({"POS": "CIRCLE 10 25 0.1"}, 0),
        ({"POS": ["CIRCLE 10 25 0.1", "CIRCLE 10 20 0.1"]}, 1),
        ({"POS": "RANGE 9 11 19 21"}, 1),
        ({"POS": "RANGE 9 11 -Inf 19"}, 0),
        ({"POS": "POLYGON 9 19 11 19 11 21"}, 1),
        ({"BAND": "5.5e-7"}, 1),
        ({"BAND": "7e-7 +Inf"}, 0),
        ({"BAND": "-Inf +Inf"}, 1),
        ({"TIME": "60000.2 60000.3"}, 1),
        ({"TIME": "50000"}, 0),
        ({"TARGET": "M51", "COLLECTION": "tests"}, 1),
        ({"TARGET": "x' OR '1'='1"}, 0),
        ({"DPTYPE": "cube"}, 0),
        ({"CALIB": "2"}, 1),
        ({"POL": "I"}, 0),
        ({"MAXREC": "0"}, 0),
        ({"ID": "ivo://test.authority/~?tests:image 1.fits"}, 1),
    ],
)
def test_images(served: Archive, parameters: dict[str, Any], count: int) -> None:
    assert len(rows(get(served, "sia2", **parameters))) == count


@pytest.mark.parametrize(
    "parameters",
    [{"POS": "ELLIPSE 1 2 3"}, {"POS": "CIRCLE 1 2"}, {"BAND": "a"}, {"BAND": "1 2 3"},
     {"TIME": "5 4"}, {"CALIB": "x"}, {"MAXREC": "-1"}],
)  # fmt: skip
def test_wrong_parameters_of_an_image_search(served: Archive, parameters: dict[str, str]) -> None:
    response = get(served, "sia2", **parameters)

    assert response.status_code == 400
    assert next(iter(parameters)) in response.text


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({}, 1),
        ({"POS": "10,20", "SIZE": "1"}, 1),
        ({"POS": "10,22", "SIZE": "1"}, 0),
        ({"POS": "10,20;ICRS"}, 1),
        ({"BAND": "4e-7/5.5e-7"}, 1),
        ({"BAND": "/4e-7"}, 0),
        ({"TIME": "60001/60002"}, 1),
        ({"FORMAT": "application/fits"}, 1),
        ({"FORMAT": "image/png"}, 0),
        ({"FORMAT": "metadata"}, 0),
        ({"TARGETNAME": "M51"}, 1),
    ],
)
def test_spectra(served: Archive, parameters: dict[str, str], count: int) -> None:
    assert len(rows(get(served, "ssa", REQUEST="queryData", **parameters))) == count


def test_from_an_observation_to_its_bytes(served: Archive, products: list[Product]) -> None:
    (image,) = rows(get(served, "sia2"))
    assert image["access_format"] == "application/x-votable+xml;content=datalink"

    links = {link["semantics"]: link for link in rows(requests.get(image["access_url"], timeout=30))}

    assert links.keys() == {"#this", "#preview", "#auxiliary"}
    content = requests.get(links["#this"]["access_url"], timeout=30)
    assert content.content == products[0].path.read_bytes()
    assert content.headers["Content-Length"] == str(links["#this"]["content_length"])
    assert requests.get(links["#preview"]["access_url"], timeout=30).content == b"\x89PNG"
    assert rows(requests.get(links["#auxiliary"]["access_url"], timeout=30)) is not None


def test_links_of_several_identifiers_and_of_unknown_ones(served: Archive, products: list[Product]) -> None:
    asked = [products[1].publisher_did, "ivo://x/<y>", products[0].publisher_did]

    found = rows(get(served, "datalink", ID=asked))

    assert list(dict.fromkeys(link["ID"] for link in found)) == asked
    (unknown,) = (link for link in found if link["ID"] == asked[1])
    assert unknown["error_message"].startswith("NotFoundFault")
    assert not unknown["access_url"]
    assert rows(get(served, "datalink")) == []


def test_a_part_of_a_file(served: Archive, products: list[Product]) -> None:
    url, content = f"{served.url}files/{products[0].path.name}", products[0].path.read_bytes()
    whole = requests.get(url, timeout=30)
    tag = whole.headers["Etag"]

    for wanted, expected in (
        ("bytes=0-9", content[:10]),
        ("bytes=100-", content[100:]),
        ("bytes=-7", content[-7:]),
    ):
        part = requests.get(url, headers={"Range": wanted, "If-Range": tag}, timeout=30)
        assert (part.status_code, part.content) == (206, expected)
        assert part.headers["Content-Range"].endswith(f"/{len(content)}")
    assert requests.get(url, headers={"Range": "bytes=9999999-"}, timeout=30).status_code == 416
    assert (
        requests.get(url, headers={"Range": "bytes=0-9", "If-Range": '"old"'}, timeout=30).content == content
    )
    assert requests.get(url, headers={"Range": "lines=1-2"}, timeout=30).content == content
    assert requests.get(url, headers={"If-None-Match": tag}, timeout=30).status_code == 304
    head = requests.head(url, timeout=30)
    assert (head.headers["Content-Length"], head.content) == (str(len(content)), b"")


@pytest.mark.parametrize(
    "name",
    [
        "../secret.csv",
        "..%2Fsecret.csv",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "image.png",
        "",
        "image 1.fits%00",
    ],
)
def test_only_the_products_are_served(served: Archive, name: str) -> None:
    for folder in ("files", "previews"):
        assert requests.get(f"{served.url}{folder}/{name}", timeout=30).status_code == 404


def test_what_the_tables_are(served: Archive) -> None:
    full = ET.fromstring(get(served, "tap/tables").content)
    brief = ET.fromstring(get(served, "tap/tables", detail="min").content)
    one = ET.fromstring(get(served, "tap/tables/sky.stars").content)

    names = [table.findtext("name") for table in full.iter("table")]
    assert {"sky.stars", "ivoa.obscore", "tap_schema.columns", "rr.resource"} <= set(names)
    assert [table.findtext("name") for table in brief.iter("table")] == names
    assert not list(brief.iter("column"))
    columns = {column.findtext("name"): column for column in one.iter("column")}
    assert columns["pm"].findtext("unit") == "mas/yr"
    assert columns["pm"].findtext("dataType") == "float"
    assert columns["dec"].findtext("flag") == "indexed"


def test_tap_schema_says_the_same_as_vosi(served: Archive) -> None:
    vosi = ET.fromstring(get(served, "tap/tables").content)
    of_vosi = {
        (table.findtext("name"), column.findtext("name"), column.findtext("unit") or None)
        for table in vosi.iter("table")
        for column in table.iter("column")
    }

    adql = "SELECT table_name, column_name, unit FROM TAP_SCHEMA.columns"
    of_schema = {tuple(row.values()) for row in rows(get(served, "tap/sync", QUERY=adql, MAXREC=5000))}

    assert of_schema == of_vosi


@pytest.mark.parametrize("service", ["tap", "scs/sky.stars", "sia2", "ssa", "datalink"])
def test_every_service_tells_that_it_is_there(served: Archive, service: str) -> None:
    assert "<vosi:available>true" in get(served, f"{service}/availability").text
    capabilities = ET.fromstring(get(served, f"{service}/capabilities").content)

    urls = [url.text for url in capabilities.iter("accessURL")]
    assert f"{served.url}{service}" in urls


def test_the_examples_run(served: Archive) -> None:
    page = ET.fromstring(get(served, "tap/examples").content)
    (query,) = page.findall(".//*[@property='query']")

    assert len(rows(get(served, "tap/sync", QUERY=query.text))) == 5


def test_the_front_page_names_the_services(served: Archive) -> None:
    page = get(served, "")

    assert page.headers["Content-Type"].startswith("text/html")
    assert "Stars &amp; regions" in page.text
    assert "sky.stars" in page.text
