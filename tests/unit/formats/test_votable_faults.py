"""Answers that are not what they should be: a clear error, soon, and nothing lost."""

from __future__ import annotations

import base64
import gzip
import io
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest

from esap_jupyter.errors import BadAnswer, EsapError, QueryRejected
from esap_jupyter.formats.votable import open_votable

Document = Callable[..., str]


def fault(body: str | bytes) -> tuple[EsapError, int]:
    """The error that reading raises, and the rows that came before."""
    rows = 0
    with pytest.raises(EsapError) as caught:
        for batch in open_votable(io.BytesIO(body.encode() if isinstance(body, str) else body)):
            rows += batch.num_rows
    return caught.value, rows


PAGE = """<!DOCTYPE html>
<html><head><title>502 Bad Gateway</title><style>x{}</style></head>
<body><h1>Sorry</h1><script>alert(1)</script>the service is <b>down</b></body></html>"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            PAGE,
            "502 Bad Gateway Sorry the service is down",
        ),
        ("<html><body><p>unclosed<br>tags &nbsp; here</body>", "unclosed tags here"),
        ("<!doctype html><p>x", "x"),
        ('{"error": "no such table"}', '{"error": "no such table"}'),
        ("Internal Server Error\x00\x1b[31m\n", "Internal Server Error [31m"),
        ("<ExceptionReport><ExceptionText>too busy</ExceptionText></ExceptionReport>", "too busy"),
    ],
)
def test_what_the_service_said_instead_is_quoted(body: str, said: str) -> None:
    error, _ = fault(body)
    assert isinstance(error, BadAnswer)
    assert error.message == f"The service did not answer with a VOTable but said: {said}"


def test_long_pages_are_shortened() -> None:
    error, _ = fault(f"<html><body>{'blah ' * 100_000}</body></html>")
    assert len(error.message) < 400


def test_an_empty_answer() -> None:
    assert "empty" in fault(b"")[0].message
    assert "empty" in fault(b" \n ")[0].message


BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 if n > 1 else str()};" * 10}">' for n in range(1, 12))
    + "]>\n<VOTABLE><DESCRIPTION>&lol11;</DESCRIPTION></VOTABLE>"
)
EXTERNAL = '<!DOCTYPE VOTABLE [<!ENTITY x SYSTEM "file:///etc/passwd">]><VOTABLE><DESCRIPTION>&x;</DESCRIPTION></VOTABLE>'


@pytest.mark.parametrize("body", [BOMB, EXTERNAL])
def test_entities_are_refused_quickly(body: str) -> None:
    begun = time.monotonic()
    error, _ = fault(body)
    assert isinstance(error, BadAnswer)
    assert "entities" in error.message
    assert time.monotonic() - begun < 10, "expanding them takes for ever"


@pytest.mark.parametrize(
    "body",
    [
        b"<VOTABLE>" + b"<STREAM " * 400_000,
        b"<VOTABLE>" + b"<STREAM '" * 400_000,
        b"<VOTABLE " + b"x" * 20_000_000,
        b"<VOTABLE>" * 200_000,
        b"<VOTABLE><RESOURCE><TABLE><FIELD name='x' datatype='int'/><DATA><TABLEDATA>"
        + b"TABLEDATA" * 400_000,
        b"<VOTABLE><RESOURCE><TABLE><FIELD name='x' datatype='int'/><DATA><TABLEDATA>"
        + b"<TR><TD>" * 400_000,
        b"<VOTABLE><RESOURCE><TABLE><FIELD name='x' datatype='int'/><DATA><TABLEDATA>"
        + b"<TR></TR>" * 400_000,
    ],
    ids=["tags", "quotes", "a long tag", "deep", "words", "open rows", "empty rows"],
)
def test_hostile_documents_are_refused_quickly(body: bytes) -> None:
    begun = time.monotonic()
    assert isinstance(fault(body)[0], BadAnswer)
    assert time.monotonic() - begun < 5


def test_entities_within_cells_do_not_exist(votable: Document) -> None:
    error, rows = fault(votable(rows="<TR><TD>1</TD><TD>&unknown;</TD></TR>"))
    assert isinstance(error, BadAnswer)
    assert rows == 0


def test_the_dtd_that_old_votables_name_is_not_fetched(votable: Document) -> None:
    old = votable().replace(
        "<VOTABLE", '<!DOCTYPE VOTABLE SYSTEM "http://us-vo.org/xml/VOTable.dtd">\n<VOTABLE', 1
    )
    assert sum(batch.num_rows for batch in open_votable(io.BytesIO(old.encode()))) == 2


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(
    "info",
    [
        '<INFO name="QUERY_STATUS" value="ERROR">Line 1, column 8: no table "x &lt; y"</INFO>',
        '<INFO name="Error" value="Line 1, column 8: no table &quot;x &lt; y&quot;"/>',
        '<PARAM name="Error" datatype="char" value="Line 1, column 8: no table &quot;x &lt; y&quot;"/>',
    ],
)
def test_a_refused_query_in_the_services_own_words(votable: Document, place: str, info: str) -> None:
    error, rows = fault(votable(**{place: info}))
    assert isinstance(error, QueryRejected)
    assert error.message == 'Line 1, column 8: no table "x < y"'
    assert (error.line, error.column) == (1, 8)
    assert rows == (0 if place == "before" else 2)


def test_a_refused_query_without_a_table() -> None:
    body = '<VOTABLE><RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR"/></RESOURCE></VOTABLE>'
    assert "did not say why" in fault(body)[0].message


def test_every_truncation_is_noticed(votable: Document) -> None:
    body = votable().encode()
    for length in range(len(body)):
        error, _ = fault(body[:length])
        assert isinstance(error, BadAnswer), length


def test_rows_before_a_truncation_arrive_and_are_counted(votable: Document) -> None:
    rows = "".join(f"<TR><TD>{n}</TD><TD>star {n}</TD></TR>\n" for n in range(2000))
    body = votable(rows=rows).encode()
    error, arrived = fault(body[: body.index(b"star 1234")])
    assert arrived == 1234
    assert error.message == "The answer breaks off within the rows. Before that, 1,234 rows arrived."


@pytest.mark.parametrize("serialization", ["BINARY", "BINARY2"])
def test_binary_rows_before_a_truncation_arrive(serialization: str) -> None:
    data = b"".join(
        b"\0" * (serialization == "BINARY2") + struct.pack(">iI", n, 3) + b"abc" for n in range(500)
    )
    body = (
        f"<VOTABLE><RESOURCE><TABLE><FIELD name='n' datatype='int'/>"
        "<FIELD name='s' datatype='char' arraysize='*'/>"
        f"<DATA><{serialization}><STREAM encoding='base64'>{base64.b64encode(data).decode()}</STREAM>"
        f"</{serialization}></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    error, arrived = fault(body[:3000])
    assert 100 < arrived < 500
    assert f"{arrived} rows arrived" in error.message


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("<TR><TD>1</TD></TR>", "A row has 1 cells where there are 2 columns"),
        ("<TR><TD>1</TD><TD>a</TD><TD>b</TD></TR>", "3 cells"),
        ("<TR><TD>1</TD><TD>a</TR>", "not well-formed"),
        ("<TR><TD>1</TD><TD>a & b</TD></TR>", "not well-formed"),
        ("<TR><TD>1</TD><TD>\x1f</TD></TR>", "not well-formed"),
        ("<TR><TD>1</TD><TD encoding='base64'>AAAA</TD></TR>", "encoded on its own"),
        ("<TR><TD>1</TD><TD><b>bold</b></TD></TR>", "<b>"),
        ("<TR><TD>1</TD><TD>a</TD></TR>stray<TR>", "not well-formed"),
        ("<html>an error page in the middle</html>", "<html>"),
    ],
)
def test_malformed_rows(votable: Document, rows: str, said: str) -> None:
    error, arrived = fault(votable(rows=rows))
    assert isinstance(error, BadAnswer)
    assert said in error.message
    assert ("1 row arrived" if arrived else "no row arrived") in error.message


def stream(
    text: str, fields: str = "<FIELD name='x' datatype='int'/>", attributes: str = "encoding='base64'"
) -> str:
    return (
        f"<VOTABLE><RESOURCE><TABLE>{fields}<DATA><BINARY><STREAM {attributes}>{text}</STREAM></BINARY>"
        "</DATA></TABLE></RESOURCE></VOTABLE>"
    )


HUGE_STRING = base64.b64encode(struct.pack(">I", 0xFFFFFFFF) + b"short").decode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (stream("not*base64"), "base64"),
        (stream("AAAAAQ=="), None),
        (stream("AAAAAQA="), "not whole"),
        (stream("AAA"), "not whole"),
        (stream(HUGE_STRING, "<FIELD name='s' datatype='char' arraysize='*'/>"), "not whole"),
        (stream("", attributes="href='http://elsewhere/data.bin'"), "http://elsewhere/data.bin"),
        (stream("AAAA", attributes="encoding='gzip'"), "gzip"),
        ("<VOTABLE><RESOURCE><TABLE><DATA><FITS extnum='1'/></DATA></TABLE></RESOURCE></VOTABLE>", "FITS"),
    ],
)
def test_streams_that_cannot_be_read(body: str, said: str | None) -> None:
    if said is None:
        assert sum(batch.num_rows for batch in open_votable(io.BytesIO(body.encode()))) == 1
        return
    error, _ = fault(body)
    assert isinstance(error, BadAnswer)
    assert said in error.message


def test_an_answer_still_compressed_is_no_votable(votable: Document) -> None:
    assert isinstance(fault(gzip.compress(votable().encode()))[0], BadAnswer)


def test_an_unknown_encoding(votable: Document) -> None:
    error, _ = fault(votable().replace('"1.0"?', '"1.0" encoding="klingon"?'))
    assert "klingon" in error.message


def test_what_the_connection_raises_passes_through(votable: Document) -> None:
    class Breaking(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise ConnectionResetError
            return super().read1(400)

    rows = "<TR><TD>1</TD><TD>one</TD></TR>" * 100
    reader = open_votable(Breaking(votable(rows=rows).encode()))
    arrived: list[Any] = []
    with pytest.raises(ConnectionResetError):
        arrived.extend(reader)
    assert arrived
