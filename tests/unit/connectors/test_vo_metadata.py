"""What a TAP service says of its tables, by VOSI or TAP_SCHEMA, asked once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from esap_jupyter.connectors.vo import VOConnector
from esap_jupyter.errors import BadAnswer, NotFound, NotOffered, ServiceFailed
from tests.services.context import context_for
from tests.services.fault_server import VOTABLE, FaultServer

COLUMNS = """<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">
<INFO name="QUERY_STATUS" value="OK"/><TABLE>
<FIELD name="column_name" datatype="char" arraysize="*"/>
<FIELD name="datatype" datatype="char" arraysize="*"/>
<FIELD name="unit" datatype="char" arraysize="*"/><FIELD name="ucd" datatype="char" arraysize="*"/>
<FIELD name="utype" datatype="char" arraysize="*"/><FIELD name="description" datatype="char" arraysize="*"/>
<FIELD name="indexed" datatype="int"/>
<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>
"""
ONE_COLUMN = (
    "<TR><TD>ra</TD><TD>double</TD><TD>deg</TD><TD>pos.eq.ra;meta.main</TD><TD/><TD>Where</TD><TD>1</TD></TR>"
)
EXAMPLES = """<?xml version="1.0"?><!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml"><body vocab="ivo://ivoa.net/std/DALI-examples#">
<div typeof="example" id="near"><h2 property="name">Stars <em>near</em> M31</h2>
<pre property="query">SELECT *
FROM cat.main</pre></div>
<div typeof="example"><h2 property="name">No query</h2></div>
{more}</body></html>
"""
AWAY = """<vosi:availability xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0">
<vosi:available>false</vosi:available><vosi:note>Back on Monday</vosi:note></vosi:availability>
"""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def connector(url: str) -> VOConnector:
    return VOConnector(VOConnector.Settings(tap=url), context_for(url))


async def test_tables_are_listed_without_their_columns(server: FaultServer) -> None:
    (table,) = await connector(server.tap()).tables()

    assert (table.name, table.schema_name, table.description) == ("cat.main", "cat", "A few sources")
    assert table.columns is None
    assert server.wait_for("GET", "/tap/tables").query == {"detail": "min"}


async def test_a_table_is_asked_for_by_itself_and_once(server: FaultServer) -> None:
    service = connector(server.tap())

    table = await service.table("cat.main")
    again = await service.table("cat.main")

    assert table == again
    assert len(server.requests) == 1
    assert server.requests[0].path.endswith("/tables/cat.main")
    assert [column.name for column in table.columns or ()] == ["id", "ra", "dec"]
    right_ascension = (table.columns or ())[1]
    assert (right_ascension.unit, right_ascension.ucd) == ("deg", "pos.eq.ra;meta.main")
    assert (right_ascension.datatype, right_ascension.indexed) == ("double", True)


async def test_the_name_of_a_table_is_one_segment_of_the_path(server: FaultServer) -> None:
    await connector(server.tap()).table('"J/A+A/1/main"')

    assert server.requests[0].path.endswith("/tables/%22J%2FA%2BA%2F1%2Fmain%22")


async def test_tap_schema_stands_in_for_vosi(server: FaultServer) -> None:
    server.documents["/bare/tap/tables/cat.main"] = ("text/html", "<html>No such page</html>")
    server.documents["/bare/tap/sync"] = (VOTABLE, COLUMNS.format(rows=ONE_COLUMN))

    table = await connector(server.tap("bare")).table("cat.main")

    adql = server.wait_for("POST", "/tap/sync").parameters["QUERY"]
    assert "TAP_SCHEMA.columns" in adql
    assert "'cat.main'" in adql
    assert [(column.name, column.unit, column.indexed) for column in table.columns or ()] == [
        ("ra", "deg", True)
    ]


async def test_a_table_that_is_not_there_is_not_found(server: FaultServer) -> None:
    server.documents["/bare/tap/tables/cat.nope"] = ("text/html", "<html>No such page</html>")
    server.documents["/bare/tap/sync"] = (VOTABLE, COLUMNS.format(rows=""))

    with pytest.raises(NotFound, match=r"no table cat\.nope"):
        await connector(server.tap("bare")).table("cat.nope")


async def test_examples_of_several_pages(server: FaultServer) -> None:
    more = '<a property="continuation" href="more-examples">More</a>'
    server.documents["/ok/tap/examples"] = ("text/html", EXAMPLES.format(more=more))
    server.documents["/ok/tap/more-examples"] = ("text/html", EXAMPLES.format(more=""))

    examples = await connector(server.tap()).examples()

    assert examples == [("Stars near M31", "SELECT *\nFROM cat.main")] * 2


@pytest.mark.parametrize("fault", ["404", "html", "bomb"])
async def test_a_service_without_examples_has_none(server: FaultServer, fault: str) -> None:
    assert await connector(server.tap(fault)).examples() == []


@pytest.mark.parametrize("fault", ["html", "bomb"])
async def test_a_web_page_or_a_bomb_is_no_list_of_tables(server: FaultServer, fault: str) -> None:
    with pytest.raises(BadAnswer):
        await connector(server.tap(fault)).tables()


async def test_a_service_that_says_it_is_away_is_not_called_available(server: FaultServer) -> None:
    server.documents["/ok/tap/availability"] = (
        "text/xml",
        AWAY,
    )

    with pytest.raises(ServiceFailed, match="Back on Monday"):
        await connector(server.tap()).check()


async def test_a_service_without_tap_has_no_tables(server: FaultServer) -> None:
    service = VOConnector(VOConnector.Settings(scs=server.cone()), context_for(server.url))

    with pytest.raises(NotOffered, match="no TAP"):
        await service.tables()
