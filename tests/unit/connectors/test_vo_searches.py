"""Which protocol answers a search, what is sent, and what is refused rather than left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from esap_jupyter.connectors.vo import VOConnector
from esap_jupyter.errors import InputError, NotOffered
from esap_jupyter.models import Capability, Position, Query
from tests.services.context import context_for, gathered
from tests.services.fault_server import FaultServer

M31 = Position(ra=10.6847, dec=41.26875)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def connector(**settings: object) -> VOConnector:
    urls = [value for value in settings.values() if str(value).startswith("http")]
    return VOConnector(VOConnector.Settings(**settings), context_for(*urls))


def sent_adql(server: FaultServer) -> str:
    return " ".join(server.wait_for("POST", "/tap/sync").parameters["QUERY"].split())


@pytest.mark.parametrize(
    ("settings", "capabilities"),
    [
        ({"scs": "https://a.example/scs"}, {"sources"}),
        ({"tap": "https://a.example/tap"}, {"adql", "observations", "images", "spectra"}),
        ({"tap": "https://a.example/tap", "obscore": ""}, {"adql"}),
        ({"tap": "https://a.example/tap", "obscore": "", "cone_table": "cat.main"}, {"adql", "sources"}),
        ({"sia": "https://a.example/sia"}, {"images"}),
        ({"sia2": "https://a.example/sia2"}, {"images"}),
        ({"ssa": "https://a.example/ssa"}, {"spectra"}),
    ],
)
def test_capabilities_follow_from_the_urls(settings: dict[str, str], capabilities: set[str]) -> None:
    assert connector(**settings).capabilities == {Capability(word) for word in capabilities} | {
        Capability.DATALINK,
        Capability.FILES,
    }


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "at least one of"),
        ({"scs": "https://a.example", "cone_table": "cat.main"}, "cone_table needs tap"),
        ({"tap": "https://a.example", "lake_did": "("}, "no regular expression"),
        ({"tap": "https://a.example", "lake_did": "^ivo://(.*)$"}, "scope"),
        ({"tap": "https://a.example", "tpa": "x"}, "Extra inputs"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(says)):
        VOConnector.Settings(**settings)


async def test_sources_by_cone_search(server: FaultServer) -> None:
    query = Query(product="sources", position=M31, radius=0.25, row_limit=7)

    table, _ = await gathered(connector(scs=server.cone()).search(query))

    sent = server.wait_for("GET", "/cone")
    assert table.num_rows == 5
    assert {name: float(sent.parameters[name]) for name in ("RA", "DEC", "SR", "MAXREC")} == {
        "RA": pytest.approx(10.6847),
        "DEC": pytest.approx(41.26875),
        "SR": 0.25,
        "MAXREC": 8,
    }
    assert sent.headers["User-Agent"] == "esap-jupyter/test"


async def test_sources_through_tap_by_the_columns_that_say_they_are_the_position(server: FaultServer) -> None:
    service = connector(tap=server.tap(), cone_table="cat.main")
    query = Query(product="sources", position=M31, radius=0.25, parameters={"columns": "id, ra"})

    await gathered(service.search(query))

    assert sent_adql(server) == (
        "SELECT id, ra FROM cat.main WHERE 1=CONTAINS(POINT('ICRS', ra, dec),"
        " CIRCLE('ICRS', 10.6847, 41.26875, 0.25))"
    )


async def test_images_by_sia2(server: FaultServer) -> None:
    parameters = {
        "collection": "HST",
        "calib_level": 2,
        "data_type": "cube",
        "wavelength_min": 4e-7,
        "time_start": "2020-01-01",
    }
    query = Query(product="images", position=M31, radius=0.25, keyword="M31", parameters=parameters)

    await gathered(connector(sia2=server.images()).search(query))

    sent = server.wait_for("GET", "/sia").parameters
    assert sent["POS"] == "CIRCLE 10.6847 41.26875 0.25"
    assert (sent["COLLECTION"], sent["CALIB"], sent["DPTYPE"], sent["TARGET"]) == ("HST", "2", "cube", "M31")
    assert (sent["BAND"], sent["TIME"]) == ("4e-07 +Inf", "58849.0 +Inf")


async def test_images_fall_back_to_sia1_and_say_so(server: FaultServer) -> None:
    service = connector(sia2=server.images("404"), sia=server.images("ok"))

    table, notices = await gathered(service.search(Query(product="images", position=M31, radius=0.25)))

    sent = server.wait_for("GET", "/ok/sia").parameters
    assert table.num_rows == server.rows
    assert (sent["SIZE"], sent["INTERSECT"]) == ("0.5", "OVERLAPS")
    assert [notice.kind for notice in notices] == ["message"]
    assert "asked by SIA1" in notices[0].message


async def test_spectra_by_ssa(server: FaultServer) -> None:
    parameters = {"wavelength_max": 7e-7, "time_start": "2020-01-01", "time_end": "2020-06-01T14:00+02:00"}
    query = Query(product="spectra", position=M31, radius=0.25, parameters=parameters)

    await gathered(connector(ssa=server.cone()).search(query))

    sent = server.wait_for("GET", "/cone").parameters
    assert (sent["REQUEST"], sent["POS"], sent["SIZE"]) == ("queryData", "10.6847,41.26875", "0.5")
    assert (sent["BAND"], sent["TIME"]) == ("/7e-07", "2020-01-01T00:00:00/2020-06-01T12:00:00")


async def test_observations_by_obscore(server: FaultServer) -> None:
    parameters = {"instrument": "O'Brien's camera", "calib_level": 0, "time_end": "2020-01-01"}
    query = Query(product="observations", position=M31, keyword="M*31", parameters=parameters)

    await gathered(connector(tap=server.tap()).search(query))

    adql = sent_adql(server)
    assert adql.startswith("SELECT * FROM ivoa.obscore WHERE (1=CONTAINS(POINT('ICRS', s_ra, s_dec)")
    assert "LOWER(target_name) LIKE '%m%31%'" in adql
    assert "LOWER(instrument_name) = 'o''brien''s camera'" in adql
    assert adql.endswith("calib_level = 0 AND t_min <= 58849.0")


async def test_a_keyword_prefers_obscore_which_matches_parts_of_a_name(server: FaultServer) -> None:
    service = connector(sia2=server.images(), tap=server.tap())

    await gathered(service.search(Query(product="images", keyword="androm")))

    assert "dataproduct_type IN ('image', 'cube')" in sent_adql(server)


@pytest.mark.parametrize(
    ("settings", "query", "says"),
    [
        ({"scs": "https://a.example"}, {"product": "images", "position": M31}, "does not offer images"),
        ({"scs": "https://a.example"}, {"position": M31, "keyword": "x"}, "cannot select by keyword"),
        (
            {"sia": "https://a.example"},
            {"product": "images", "position": M31, "parameters": {"collection": "HST", "calib_level": 2}},
            "SIA1 cannot select by calib_level, collection",
        ),
        ({"scs": "https://a.example"}, {"product": "dids", "keyword": "a:*"}, "does not offer dids"),
    ],
)
async def test_what_cannot_be_asked_is_refused_not_left_out(
    settings: dict[str, str], query: dict[str, object], says: str
) -> None:
    with pytest.raises(NotOffered, match=re.escape(says)):
        await gathered(connector(**settings).search(Query(**query)))


@pytest.mark.parametrize(
    ("settings", "query", "field"),
    [
        ({"scs": "https://a.example"}, {"target": "M31"}, "target"),
        ({"sia": "https://a.example"}, {"product": "images", "target": "M31"}, "target"),
        ({"tap": "https://a.example"}, {"product": "images", "parameters": {"colour": "red"}}, "colour"),
        (
            {"tap": "https://a.example"},
            {"product": "images", "parameters": {"calib_level": 9}},
            "calib_level",
        ),
        (
            {"tap": "https://a.example", "cone_table": "t"},
            {"position": M31, "parameters": {"columns": "1; DROP"}},
            "columns",
        ),
        ({"sia2": "https://a.example"}, {"product": "images", "position": M31, "radius": 120}, "radius"),
    ],
)
async def test_a_wrong_field_is_named(settings: dict[str, str], query: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as caught:
        await gathered(connector(**settings).search(Query(**query)))

    assert caught.value.field == field


def test_the_form_is_a_schema_that_can_be_rendered() -> None:
    schema = VOConnector.Form.model_json_schema()

    assert all({"title", "description"} <= field.keys() for field in schema["properties"].values())
