"""The rows of a VOTable in the serialisation TABLEDATA (VOTable 1.5, section 5.1).

The usual `<TR><TD>…</TD>…</TR>` becomes delimited text, which Arrow's CSV parser splits into cells; what is
less usual (CDATA, comments, attributes, character references) goes through expat, at a tenth of the speed.
Cells become numbers by the column.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any
from xml.parsers import expat

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from esap_jupyter.errors import BadAnswer
from esap_jupyter.formats.service_text import shorten
from esap_jupyter.formats.votable_fields import VOField, nest, parse_integer, with_nulls

# Control characters that XML 1.0 does not allow, so that no cell holds them.
_NEWLINE_IN_CELL, _ROW_END, _CELL_END = b"\x1d", b"\x1e", b"\x1f"
_TO_LINES = bytes.maketrans(b"\n" + _ROW_END, _NEWLINE_IN_CELL + b"\n")
_BETWEEN_ROWS = re.compile(rb"</TD\s*>\s*</TR\s*>\s*<TR\s*>\s*<TD\s*>")
_BETWEEN_CELLS = re.compile(rb"</TD\s*>\s*<TD\s*>")
_FIRST = re.compile(rb"\s*<TR\s*>\s*<TD\s*>")
_LAST = re.compile(rb"</TD\s*>\s*</TR\s*>\s*")
_EMPTY_CELL = re.compile(rb"<TD\s*/>")
_PREFIXED = re.compile(rb"\s*<([A-Za-z_][\w.-]*:)TR\b")
_UNUSUAL_REFERENCE = re.compile(rb"&(?!(?:lt|gt|quot|apos|amp);)")
_REFERENCES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_SAMPLE = 1 << 14

_TRUE = pa.array(["t", "true", "1"])
_FALSE = pa.array(["f", "false", "0"])
# Nothing, and what services write for it.
_NULLS = pa.array(["", "nan", "null", "?", "--"])


class TableDataRows:
    """Decodes rows of XML into columns, see `votable.VOTableReader`."""

    def __init__(self, fields: Sequence[VOField]) -> None:
        self.pending = 0
        self._fields = fields
        self._prefix: bytes | None = None
        self._text: list[bytes] = []

    def feed(self, text: bytes) -> None:
        """Take some more XML, cut nowhere within a tag."""
        if self._prefix is None and text.strip():
            prefixed = _PREFIXED.match(text)
            self._prefix = prefixed[1] if prefixed else b""
        if self._prefix:
            text = text.replace(b"<" + self._prefix, b"<").replace(b"</" + self._prefix, b"</")
        self._text.append(text)
        self.pending += len(text)

    def take(self) -> list[Any] | None:
        """Return the columns of the rows that are whole by now; None if no row is."""
        text = b"".join(self._text)
        end = text.rfind(b"</TR")
        end = text.find(b">", end) + 1 if end >= 0 else 0
        self._text, self.pending = [text[end:]], len(text) - end
        if not end:
            return None
        cells = _split(text[:end], len(self._fields)) or _parse(text[:end], len(self._fields))
        return [_convert(vofield, column) for vofield, column in zip(self._fields, cells, strict=True)]

    def finish(self) -> None:
        """Raise BadAnswer if part of a row is left over."""
        rest = b"".join(self._text)
        if rest.strip():
            _parse(rest, len(self._fields))


def _split(text: bytes, width: int) -> list[Any] | None:
    """Split rows into a string array for each column; None if they are not plain enough."""
    if any(mark in text for mark in (_NEWLINE_IN_CELL, _ROW_END, _CELL_END)) or _UNUSUAL_REFERENCE.search(
        text
    ):
        return None
    if b"/>" in text:
        text = _EMPTY_CELL.sub(b"<TD></TD>", text)
    first, last = _FIRST.match(text), _LAST.fullmatch(text, max(text.rfind(b"</TD"), 0))
    if not (first and last):
        return None
    text = text[first.end() : last.start()]
    marks = ((_BETWEEN_ROWS, _ROW_END), (_BETWEEN_CELLS, _CELL_END))
    for pattern, mark in marks:
        # Nearly always the tags stand in one way throughout, and replacing literals is far faster.
        for literal in set(pattern.findall(text, 0, _SAMPLE)):
            text = text.replace(literal, mark)
    if b"<" in text:
        for pattern, mark in marks:
            text = pattern.sub(mark, text)
    if b"<" in text:
        return None
    return _read_lines(text, width)


def _read_lines(text: bytes, width: int) -> list[Any] | None:
    newlines, references = b"\n" in text or b"\r" in text, b"&" in text
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = text.translate(_TO_LINES) + b"\n"
    names = [str(number) for number in range(width)]
    try:
        table = csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(column_names=names, use_threads=False, block_size=len(text) + 1),
            csv.ParseOptions(
                delimiter=_CELL_END.decode(),
                quote_char=False,
                double_quote=False,
                escape_char=False,
                ignore_empty_lines=False,
            ),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        # A row of another length; the slow way says which.
        return None
    columns = [column.combine_chunks() for column in table.columns]
    if newlines:
        columns = [pc.replace_substring(column, _NEWLINE_IN_CELL.decode(), "\n") for column in columns]
    if references:
        for escaped, character in _REFERENCES:
            columns = [pc.replace_substring(column, escaped, character) for column in columns]
    return columns


class _CellParser:
    """Splits rows by expat."""

    def __init__(self, width: int) -> None:
        self.rows: list[list[str]] = []
        self._width = width
        self._cell: list[str] | None = None
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def parse(self, text: bytes) -> None:
        try:
            self._parser.Parse(b"<ROWS>" + text + b"</ROWS>", True)
        except expat.ExpatError as error:
            raise BadAnswer(f"The rows are not well-formed XML: {expat.ErrorString(error.code)}.") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "TR":
            self.rows.append([])
        elif name == "TD" and self.rows:
            if "encoding" in attributes:
                raise BadAnswer("A cell is encoded on its own, which cannot be read.")
            self._cell = []
        elif name != "ROWS":
            raise BadAnswer(f"The rows hold an element <{name}>.")

    def _end(self, name: str) -> None:
        if name == "TD":
            self.rows[-1].append("".join(self._cell or []))
            self._cell = None
        elif name == "TR" and len(self.rows[-1]) != self._width:
            raise BadAnswer(f"A row has {len(self.rows[-1])} cells where there are {self._width} columns.")

    def _characters(self, text: str) -> None:
        if self._cell is not None:
            self._cell.append(text)


def _parse(text: bytes, width: int) -> list[Any]:
    """Split rows into a string array for each column, however they are written."""
    parser = _CellParser(width)
    parser.parse(text)
    return [pa.array([row[index] for row in parser.rows], pa.string()) for index in range(width)]


def _convert(vofield: VOField, cells: Any) -> Any:
    """The cells of one column, as text, to the column's type. An empty cell is null, whatever the type."""
    if vofield.is_text:
        return _strings(vofield, cells)
    if pc.any(pc.match_substring(cells, "\xa0")).as_py():
        cells = pc.utf8_trim_whitespace(cells)
    cells = pc.ascii_trim_whitespace(cells)
    if vofield.is_list or vofield.primitive.name.endswith("Complex"):
        return _arrays(vofield, cells)
    return _ELEMENTS[vofield.primitive.name](vofield, cells)


def _strings(vofield: VOField, cells: Any) -> Any:
    if not vofield.is_list:
        return pc.if_else(pc.equal(cells, ""), None, cells)
    length = vofield.shape[0]
    rows = cells.to_pylist()
    if not vofield.variable:
        total = vofield.items
        rows = [row.ljust(total)[:total] for row in rows]
    pieces = [[row[at : at + length].rstrip() for at in range(0, len(row), length)] for row in rows]
    counts = np.array([len(piece) for piece in pieces])
    nulls = pc.equal(cells, "").to_numpy(zero_copy_only=False)
    return nest(vofield, pa.array([text for piece in pieces for text in piece], pa.string()), counts, nulls)


def _arrays(vofield: VOField, cells: Any) -> Any:
    """Cells that hold several numbers, parted by white space or, against the standard, by commas."""
    kind = vofield.primitive.name
    if kind == "bit":
        cells = pc.ascii_trim_whitespace(pc.replace_substring_regex(cells, r"([01])", r"\1 "))
    if pc.any(pc.match_substring(cells, ",")).as_py():
        cells = pc.ascii_trim_whitespace(pc.replace_substring(cells, ",", " "))
    per_element = 2 if kind.endswith("Complex") else 1
    per_step = math.prod(vofield.shape) * per_element
    is_null = pc.is_in(pc.ascii_lower(cells), _NULLS) if per_step > 1 else pc.equal(cells, "")
    # Fixed lists keep their places even where they are null.
    filler = None if vofield.variable else " ".join(["0"] * per_step)
    split = pc.ascii_split_whitespace(pc.if_else(is_null, pa.scalar(filler, pa.string()), cells))
    counts = pc.fill_null(pc.list_value_length(split), 0).to_numpy()
    wrong = counts % per_step if vofield.variable else counts - per_step
    if wrong.any():
        raise BadAnswer(
            f"Column {vofield.name!r} holds an array of {counts[wrong != 0][0]} numbers, "
            f"which does not fit its arraysize."
        )
    nulls = is_null.to_numpy(zero_copy_only=False)
    texts = split.flatten()
    if per_element == 1:
        return nest(vofield, _ELEMENTS[kind](vofield, texts), counts, nulls)
    values = _floats(vofield, texts, pa.float64()).view(np.complex128)
    if not vofield.is_list:
        return with_nulls(values, vofield, nulls)
    return nest(vofield, with_nulls(values, vofield, None), counts // 2, nulls)


def _truth_values(vofield: VOField, texts: Any) -> Any:
    texts = pc.ascii_lower(texts)
    true, null = pc.is_in(texts, _TRUE), pc.is_in(texts, _NULLS)
    known = pc.or_(pc.or_(true, null), pc.is_in(texts, _FALSE))
    if not pc.all(known).as_py():
        raise _unreadable(vofield, pc.filter(texts, pc.invert(known))[0].as_py())
    return pc.if_else(null, None, true)


def _integers(vofield: VOField, texts: Any) -> Any:
    try:
        numbers = pc.if_else(pc.equal(texts, ""), None, texts).cast(vofield.primitive.arrow)
    except pa.ArrowInvalid:
        values = _each(vofield, texts, parse_integer)
        try:
            numbers = pa.array(values, vofield.primitive.arrow)
        except (pa.ArrowInvalid, OverflowError) as error:
            raise BadAnswer(
                f"Column {vofield.name!r} holds a number too large for its type: {error}."
            ) from error
    nulls = numbers.is_null().to_numpy(zero_copy_only=False)
    return with_nulls(numbers.fill_null(0).to_numpy(), vofield, nulls)


def _reals(vofield: VOField, texts: Any) -> Any:
    return with_nulls(_floats(vofield, texts, vofield.primitive.arrow), vofield, None)


def _floats(vofield: VOField, texts: Any, kind: Any) -> np.ndarray[Any, Any]:
    """Numbers, NaN for null."""
    try:
        numbers = pc.if_else(pc.equal(texts, ""), None, texts).cast(kind)
    except pa.ArrowInvalid:
        numbers = pa.array(_each(vofield, texts, float), kind)
    values: np.ndarray[Any, Any] = numbers.fill_null(math.nan).to_numpy()
    return values


def _each(vofield: VOField, texts: Any, read: Callable[[str], Any]) -> list[Any]:
    """Read one text after the other, in all the ways that Python can."""
    nulls = set(_NULLS.to_pylist())
    values = []
    for text in texts.to_pylist():
        try:
            values.append(None if text.lower() in nulls else read(text))
        except ValueError as error:
            raise _unreadable(vofield, text) from error
    return values


def _unreadable(vofield: VOField, text: str) -> BadAnswer:
    return BadAnswer(
        f"Column {vofield.name!r} holds {shorten(text, 60)!r}, which is no {vofield.primitive.name}."
    )


_ELEMENTS: dict[str, Callable[[VOField, Any], Any]] = {
    "boolean": _truth_values,
    "bit": _truth_values,
    "unsignedByte": _integers,
    "short": _integers,
    "int": _integers,
    "long": _integers,
    "float": _reals,
    "double": _reals,
}
