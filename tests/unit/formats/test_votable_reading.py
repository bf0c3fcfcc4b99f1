"""What a VOTable may look like and how it is read."""

from __future__ import annotations

import base64
import io
import json
import math
import struct
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from esap_jupyter.errors import BadAnswer
from esap_jupyter.formats.votable import open_votable

Document = Callable[..., str]
Read = Callable[..., pa.Table]
TWO = [{"n": 1, "name": "one"}, {"n": 2, "name": "two"}]


def one_column(votable: Document, rows_of: Read, attributes: str, *cells: str, inside: str = "") -> list[Any]:
    rows = "".join(f"<TR><TD>{cell}</TD></TR>" for cell in cells)
    field = f'<FIELD name="x" {attributes}>{inside}</FIELD>'
    values: list[Any] = rows_of(votable(fields=field, rows=rows))["x"].to_pylist()
    return values


def binary(fields: str, data: bytes, serialization: str = "BINARY") -> bytes:
    text = base64.encodebytes(data).decode()
    return (
        f"<VOTABLE><RESOURCE><TABLE>{fields}<DATA><{serialization}><STREAM encoding='base64'>\n{text}"
        f"</STREAM></{serialization}></DATA></TABLE></RESOURCE></VOTABLE>"
    ).encode()


# -- cells


@pytest.mark.parametrize(
    ("attributes", "cells", "values"),
    [
        ('datatype="int"', ["1", " -2 ", "0x1F", "+7", "", "NaN"], [1, -2, 31, 7, None, None]),
        ('datatype="unsignedByte"', ["0", "255"], [0, 255]),
        ('datatype="long"', ["9223372036854775807", "-9223372036854775808"], [2**63 - 1, -(2**63)]),
        (
            'datatype="double"',
            ["1.5", "+Inf", "-InF", "1e3", " 7 ", "NaN", ""],
            [1.5, math.inf, -math.inf, 1e3, 7, None, None],
        ),
        ('datatype="double"', ["1", "null", "--"], [1.0, None, None]),
        (
            'datatype="boolean"',
            ["T", "true", "1", "F", "FALSE", "0", "?", ""],
            [True] * 3 + [False] * 3 + [None] * 2,
        ),
        ('datatype="bit"', ["1", "0"], [True, False]),
        ('datatype="bit" arraysize="3"', ["101", "1 0 0"], [[True, False, True], [True, False, False]]),
        ('datatype="int" arraysize="2"', ["1 2", "3,4", ""], [[1, 2], [3, 4], None]),
        ('datatype="int" arraysize="*"', ["1\n2\t3", "", "7"], [[1, 2, 3], None, [7]]),
        ('datatype="int" arraysize="5*"', ["1 2"], [[1, 2]]),
        ('datatype="int" arraysize="2x3"', ["1 2 3 4 5 6"], [[[1, 2], [3, 4], [5, 6]]]),
        ('datatype="short" arraysize="2x*"', ["1 2 3 4", ""], [[[1, 2], [3, 4]], None]),
        ('datatype="doubleComplex"', ["1 -2", ""], [{"real": 1.0, "imag": -2.0}, None]),
        (
            'datatype="floatComplex" arraysize="2"',
            ["1 2 3 4"],
            [[{"real": 1, "imag": 2}, {"real": 3, "imag": 4}]],
        ),
        (
            'datatype="char" arraysize="*"',
            ["a &lt; b &amp;amp;", " padded ", ""],
            ["a < b &amp;", " padded ", None],
        ),
        ('datatype="char" arraysize="3x2"', ["abcde ", ""], [["abc", "de"], None]),
        ('datatype="char" arraysize="2x*"', ["abcd", ""], [["ab", "cd"], None]),
        ('datatype="unicodeChar" arraysize="*"', ["Ångström"], ["Ångström"]),
        ('datatype="char"', ["x", "more than one"], ["x", "more than one"]),
        ('datatype="string"', ["not a type, but sent"], ["not a type, but sent"]),
    ],
)
def test_cells(
    votable: Document, rows_of: Read, attributes: str, cells: list[str], values: list[Any]
) -> None:
    assert one_column(votable, rows_of, attributes, *cells) == values


def test_the_value_that_stands_for_null(votable: Document, rows_of: Read) -> None:
    null = '<VALUES null="-9"><MIN value="0"/></VALUES>'
    assert one_column(votable, rows_of, 'datatype="int"', "-9", "1", inside=null) == [None, 1]
    assert one_column(votable, rows_of, 'datatype="double"', "-9.0", "1", inside=null) == [None, 1.0]
    arrays = one_column(votable, rows_of, 'datatype="int" arraysize="*"', "-9 1", inside=null)
    assert arrays == [[None, 1]]


def test_a_timestamp_stays_text(votable: Document, rows_of: Read) -> None:
    field = '<FIELD name="t" datatype="char" arraysize="*" xtype="timestamp"/>'
    table = rows_of(votable(fields=field, rows="<TR><TD>2026-01-02T03:04:05Z</TD></TR>"))
    assert table["t"].to_pylist() == ["2026-01-02T03:04:05Z"]
    assert table.schema.field("t").metadata == {b"xtype": b"timestamp"}


@pytest.mark.parametrize(
    ("attributes", "cell", "said"),
    [
        ('datatype="int"', "many", "'many', which is no int"),
        ('datatype="double"', "1.2.3", "no double"),
        ('datatype="boolean"', "maybe", "no boolean"),
        ('datatype="unsignedByte"', "256", "too large"),
        ('datatype="int" arraysize="2"', "1 2 3", "does not fit its arraysize"),
        ('datatype="int" arraysize="2x*"', "1 2 3", "does not fit its arraysize"),
        ('datatype="quux"', "1", "'quux'"),
        ('datatype="int" arraysize="lots"', "1", "'lots'"),
    ],
)
def test_cells_that_cannot_be_read_are_named(
    votable: Document, rows_of: Read, attributes: str, cell: str, said: str
) -> None:
    with pytest.raises(BadAnswer, match=said):
        one_column(votable, rows_of, attributes, cell)


# -- rows


@pytest.mark.parametrize(
    "rows",
    [
        "<TR><TD>1</TD><TD>one</TD></TR><TR><TD>2</TD><TD>two</TD></TR>",
        "\n <TR>\n  <TD>1</TD>\n  <TD>one</TD>\n </TR>\n <TR> <TD>2</TD><TD>two</TD></TR>\n",
        '<TR ID="a"><TD>1</TD><TD>one</TD></TR><TR><TD>2</TD><TD><![CDATA[two]]></TD></TR>',
        "<TR><TD>1</TD><TD>one</TD></TR><!-- a comment --><TR><TD>2</TD><TD>t&#119;o</TD></TR>",
        "<TR >\r\n<TD >1</TD ><TD>one</TD></TR ><TR><TD>2</TD><TD>two</TD></TR>",
    ],
)
def test_rows_in_all_layouts(votable: Document, rows_of: Read, rows: str) -> None:
    assert rows_of(votable(rows=rows)).to_pylist() == TWO


def test_empty_cells_in_both_spellings(votable: Document, rows_of: Read) -> None:
    rows = "<TR><TD/><TD></TD></TR><TR><TD></TD><TD /></TR>"
    assert rows_of(votable(rows=rows)).to_pylist() == [{"n": None, "name": None}] * 2


def test_line_breaks_within_cells(votable: Document, rows_of: Read) -> None:
    rows = "<TR><TD>1</TD><TD>two\nlines</TD></TR><TR><TD>2</TD><TD>three\r\nmore\nlines</TD></TR>"
    assert rows_of(votable(rows=rows))["name"].to_pylist() == ["two\nlines", "three\nmore\nlines"]


def test_the_word_tabledata_within_a_cell(votable: Document, rows_of: Read) -> None:
    rows = "<TR><TD>1</TD><TD>TABLEDATA and STREAM</TD></TR>"
    assert rows_of(votable(rows=rows))["name"].to_pylist() == ["TABLEDATA and STREAM"]


def test_a_single_column_with_empty_cells(votable: Document, rows_of: Read) -> None:
    assert one_column(votable, rows_of, 'datatype="int"', "", "1", "") == [None, 1, None]
    assert one_column(votable, rows_of, 'datatype="int"', "") == [None]


def test_namespaces_with_a_prefix(votable: Document, rows_of: Read) -> None:
    text = (
        votable()
        .replace("<", "<v:")
        .replace("<v:/", "</v:")
        .replace("<v:?", "<?")
        .replace("xmlns=", "xmlns:v=")
    )
    assert rows_of(text).to_pylist() == TWO


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16", "windows-1252", "utf-8"])
def test_encodings(votable: Document, rows_of: Read, encoding: str) -> None:
    text = votable(rows="<TR><TD>1</TD><TD>Véga</TD></TR>").replace('"1.0"?', f'"1.0" encoding="{encoding}"?')
    assert rows_of(text.encode(encoding))["name"].to_pylist() == ["Véga"]


def test_a_byte_order_mark(votable: Document, rows_of: Read) -> None:
    assert rows_of("\ufeff" + votable()).to_pylist() == TWO


def test_bytes_that_are_no_utf_8_do_not_cost_the_table(votable: Document, rows_of: Read) -> None:
    body = votable(rows="<TR><TD>1</TD><TD>Vega</TD></TR>").encode().replace(b"Vega", b"V\xe9ga")
    assert rows_of(body)["name"].to_pylist() == ["V\ufffdga"]


# -- what is around the rows


def test_what_is_kept_of_columns_and_table(rows_of: Read) -> None:
    table = rows_of(
        """<VOTABLE><DESCRIPTION>of the document</DESCRIPTION>
        <RESOURCE><DESCRIPTION>of the resource</DESCRIPTION>
        <COOSYS ID="sys" system="ICRS"/><TABLE name="stars"><DESCRIPTION>All
        of them</DESCRIPTION><GROUP><PARAMref ref="p"/><FIELDref ref="c"/></GROUP>
        <PARAM name="p" datatype="int" value="1"><DESCRIPTION>of the param</DESCRIPTION></PARAM>
        <FIELD ID="c" name="ra" datatype="double" unit="deg" ucd="pos.eq.ra" utype="a:b" ref="sys">
        <DESCRIPTION>Right &lt;
        ascension</DESCRIPTION><LINK href="http://x"/></FIELD><FIELD ID="only_id" datatype="int"/>
        <FIELD name="ra" datatype="double"/><LINK href="http://y"/>
        <DATA><TABLEDATA><TR><TD>1.5</TD><TD>1</TD><TD>2.5</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""
    )
    assert table.column_names == ["ra", "only_id", "ra_2"]
    assert table.schema.field("ra").metadata == {
        b"unit": b"deg",
        b"ucd": b"pos.eq.ra",
        b"utype": b"a:b",
        b"description": b"Right < ascension",
        b"coosys": b"ICRS",
    }
    assert table.schema.metadata == {b"name": b"stars", b"description": b"All of them"}


def small_table(number: int) -> str:
    field = "<FIELD name='x' datatype='int'/>"
    return f"<TABLE>{field}<DATA><TABLEDATA><TR><TD>{number}</TD></TR></TABLEDATA></DATA></TABLE>"


def test_the_results_win_over_other_resources(rows_of: Read) -> None:
    table = rows_of(
        f"<VOTABLE><RESOURCE type='meta'>{small_table(7)}</RESOURCE><RESOURCE type='results'>{small_table(1)}"
        f"{small_table(8)}</RESOURCE><RESOURCE type='results'>{small_table(9)}</RESOURCE></VOTABLE>"
    )
    assert table["x"].to_pylist() == [1]


def test_a_table_in_a_nested_resource(rows_of: Read) -> None:
    results = f"<RESOURCE type='results'>{small_table(1)}</RESOURCE>"
    nested = f"<VOTABLE><RESOURCE type='meta'>{results}</RESOURCE></VOTABLE>"
    assert rows_of(nested)["x"].to_pylist() == [1]


@pytest.mark.parametrize(
    "data",
    [
        "",
        "<DATA><TABLEDATA></TABLEDATA></DATA>",
        "<DATA><TABLEDATA/></DATA>",
        "<DATA><BINARY><STREAM/></BINARY></DATA>",
    ],
)
def test_a_table_without_rows_tells_its_columns(data: str) -> None:
    body = f"<VOTABLE><RESOURCE><TABLE><FIELD name='x' datatype='int'/>{data}</TABLE></RESOURCE></VOTABLE>"
    batches = list(open_votable(io.BytesIO(body.encode())))
    assert [(batch.num_rows, batch.schema.names) for batch in batches] == [(0, ["x"])]


def test_a_document_without_a_table_has_no_columns(rows_of: Read) -> None:
    assert rows_of("<VOTABLE><RESOURCE type='results'/></VOTABLE>").num_columns == 0


def test_infos_before_and_after_the_rows(votable: Document) -> None:
    before = '<INFO name="server" value="DaCHS"/><INFO name="note">as text</INFO>'
    after = '<INFO name="late" value="1"/>'
    reader = open_votable(io.BytesIO(votable(before=before, after=after).encode()))
    assert reader.infos == {"server": "DaCHS", "note": "as text"}
    assert sum(batch.num_rows for batch in reader) == 2
    assert reader.infos["late"] == "1"
    assert not reader.truncated


@pytest.mark.parametrize("place", ["resource", "table"])
def test_overflow_after_the_rows(votable: Document, place: str) -> None:
    info = '<INFO name="QUERY_STATUS" value="OVERFLOW">Only 2 rows\nare sent</INFO>'
    end = "</RESOURCE>" if place == "resource" else "</TABLE>"
    text = votable(before='<INFO name="QUERY_STATUS" value="OK"/>').replace(end, info + end)
    reader = open_votable(io.BytesIO(text.encode()))
    assert sum(batch.num_rows for batch in reader) == 2
    assert reader.truncated
    assert reader.message == "Only 2 rows\nare sent"


DESCRIPTOR = """<RESOURCE type="meta" utype="adhoc:service">
  <PARAM name="accessURL" datatype="char" arraysize="*" value="https://x/links?a=1&amp;b"/>
  <PARAM name="standardID" datatype="char" arraysize="*" value="ivo://ivoa.net/std/DataLink#links-1.1"/>
  <GROUP name="inputParams"><PARAM name="ID" datatype="char" arraysize="*" value="" ref="the_id"/>
  <PARAM name="RESPONSEFORMAT" datatype="char" arraysize="*" value="votable"/></GROUP></RESOURCE>"""


@pytest.mark.parametrize("place", ["before", "after"])
def test_service_descriptors(votable: Document, place: str) -> None:
    fields = '<FIELD name="n" datatype="int"/><FIELD ID="the_id" name="name" datatype="char" arraysize="*"/>'
    reader = open_votable(io.BytesIO(votable(fields=fields, **{place: DESCRIPTOR}).encode()))
    batches = list(reader)
    assert sum(batch.num_rows for batch in batches) == 2
    assert batches[-1].schema.metadata == reader.schema.metadata
    assert json.loads(reader.schema.metadata[b"esap.descriptors"]) == [
        {
            "access_url": "https://x/links?a=1&b",
            "standard_id": "ivo://ivoa.net/std/DataLink#links-1.1",
            "resource_identifier": "",
            "params": [
                {"name": "ID", "value": "", "column": "name"},
                {"name": "RESPONSEFORMAT", "value": "votable", "column": ""},
            ],
        }
    ]


# -- BINARY and BINARY2


def test_nulls_of_binary2(rows_of: Read) -> None:
    fields = (
        "<FIELD name='i' datatype='int'/><FIELD name='s' datatype='char' arraysize='*'/>"
        "<FIELD name='f' datatype='float'/><FIELD name='a' datatype='short' arraysize='*'/>"
    )
    row = struct.pack(">iIfI", 5, 0, 2.0, 0)
    table = rows_of(binary(fields, b"\x00" + row + b"\xf0" + row + b"\x50" + row, "BINARY2"))
    assert table.to_pylist() == [
        {"i": 5, "s": "", "f": 2.0, "a": []},
        {"i": None, "s": None, "f": None, "a": None},
        {"i": 5, "s": None, "f": 2.0, "a": None},
    ]


def test_text_of_fixed_length_ends_at_a_nul(rows_of: Read) -> None:
    fields = "<FIELD name='c' datatype='char' arraysize='4'/>"
    fields += "<FIELD name='u' datatype='unicodeChar' arraysize='3'/>"
    data = b"ab\0x" + "é\0y".encode("utf-16-be") + b"abcd" + "xyz".encode("utf-16-be")
    assert rows_of(binary(fields, data)).to_pylist() == [{"c": "ab", "u": "é"}, {"c": "abcd", "u": "xyz"}]


def test_text_of_variable_length(rows_of: Read) -> None:
    fields = "<FIELD name='c' datatype='char' arraysize='*'/>"
    fields += "<FIELD name='u' datatype='unicodeChar' arraysize='9*'/>"
    words = [("abc\0", "é"), ("", ""), ("V\xe9ga", "\U0001f30c")]
    data = b"".join(
        struct.pack(">I", len(c))
        + c.encode("latin-1")
        + struct.pack(">I", len(u.encode("utf-16-be")) // 2)
        + u.encode("utf-16-be")
        for c, u in words
    )
    assert rows_of(binary(fields, data)).to_pylist() == [
        {"c": "abc", "u": "é"},
        {"c": None, "u": None},
        {"c": "Véga", "u": "\U0001f30c"},
    ]


def test_arrays_of_text_in_binary(rows_of: Read) -> None:
    fields = (
        "<FIELD name='c' datatype='char' arraysize='2x2'/><FIELD name='v' datatype='char' arraysize='2x*'/>"
    )
    data = b"abc\0" + struct.pack(">I", 4) + b"xyz\0" + b"abcd" + struct.pack(">I", 0)
    assert rows_of(binary(fields, data)).to_pylist() == [
        {"c": ["ab", "c"], "v": ["xy", "z"]},
        {"c": ["ab", "cd"], "v": None},
    ]


def test_bits_and_booleans_in_binary(rows_of: Read) -> None:
    fields = (
        "<FIELD name='t' datatype='boolean'/><FIELD name='b' datatype='bit'/>"
        "<FIELD name='f' datatype='bit' arraysize='10'/><FIELD name='v' datatype='bit' arraysize='*'/>"
    )
    first = b"T\x08" + b"\xa0\x40" + struct.pack(">I", 3) + b"\xc0"
    second = b"?\x00" + b"\x00\x00" + struct.pack(">I", 9) + b"\x80\x80"
    rows = rows_of(binary(fields, first + second)).to_pylist()
    assert rows[0]["t"] is True
    assert rows[1]["t"] is None
    assert [row["b"] for row in rows] == [True, False]
    assert [index for index, bit in enumerate(rows[0]["f"]) if bit] == [0, 2, 9]
    assert rows[0]["v"] == [True, True, False]
    assert rows[1]["v"] == [True, *[False] * 7, True]


def test_base64_without_line_breaks_and_with_many(rows_of: Read) -> None:
    fields = "<FIELD name='x' datatype='long'/>"
    data = struct.pack(">100q", *range(100))
    body = binary(fields, data)
    plain = body.replace(base64.encodebytes(data), base64.b64encode(data))
    broken = body.replace(base64.encodebytes(data), b" \n".join(bytes([c]) for c in base64.b64encode(data)))
    for text in (body, plain, broken):
        assert rows_of(text)["x"].to_pylist() == list(range(100))
