"""The rows of a VOTable in the serialisations BINARY and BINARY2 (VOTable 1.5, sections 5.3 and 5.4).

Rows of columns of fixed size are one numpy array of records; where columns vary in size, the rows' places are
found one after the other and everything else is done by the column.
"""

from __future__ import annotations

import binascii
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from esap_jupyter.errors import BadAnswer
from esap_jupyter.formats.votable_fields import VOField, nest, with_nulls

_WHITESPACE = b" \t\r\n"
_unpack_count = struct.Struct(">I").unpack_from
_TRUE = np.frombuffer(b"Tt1", np.uint8)
_FALSE = np.frombuffer(b"Ff0", np.uint8)

_Bytes = np.ndarray[Any, np.dtype[np.uint8]]
_Places = np.ndarray[Any, np.dtype[np.int64]]
_Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(slots=True)
class _Segment:
    """Neighbouring columns of fixed size, and the column of variable size that follows, if there is one.

    Attributes
    ----------
    width : int
        Bytes of the fixed columns together.
    columns : list of (int, int, int)
        Index, offset and width of each fixed column.
    variable : int
        Index of the variable column; -1 at the end of a row.
    bits : int
        Of one of its items.
    """

    width: int = 0
    columns: list[tuple[int, int, int]] = field(default_factory=list)
    variable: int = -1
    bits: int = 0


class BinaryRows:
    """Decodes base64 text into columns, see `votable.VOTableReader`.

    Parameters
    ----------
    fields : sequence of VOField
        The columns.
    null_mask : bool
        Whether each row begins with a bit for each column, set where it is null (BINARY2).
    """

    def __init__(self, fields: Sequence[VOField], *, null_mask: bool) -> None:
        self.pending = 0
        self._fields = fields
        self._null_mask = null_mask
        self._mask_width = (len(fields) + 7) // 8 if null_mask else 0
        self._segments = _segments(fields, self._mask_width)
        self._decoded: list[bytes] = []
        self._quartet = b""

    def feed(self, text: bytes) -> None:
        """Take some more base64."""
        text = self._quartet + text.translate(None, _WHITESPACE)
        whole = len(text) // 4 * 4
        self._quartet = text[whole:]
        try:
            decoded = binascii.a2b_base64(text[:whole], strict_mode=True) if whole else b""
        except binascii.Error as error:
            raise BadAnswer(f"The rows are not in base64: {error}.") from error
        self._decoded.append(decoded)
        self.pending += len(decoded)

    def take(self) -> list[Any] | None:
        """Return the columns of the rows that are whole by now; None if no row is."""
        data = b"".join(self._decoded)
        starts, used = self._places(data)
        rest = data[used:]
        self._decoded, self.pending = [rest], len(rest)
        if not used:
            return None
        buffer = np.frombuffer(data, np.uint8)
        missing = self._missing(buffer, starts[0])
        columns: list[Any] = [None] * len(self._fields)
        for segment, places in zip(self._segments, starts, strict=True):
            if segment.columns:
                records = _records(buffer, places, segment.width)
                for index, offset, width in segment.columns:
                    cells = records[:, offset : offset + width]
                    columns[index] = self._fixed(self._fields[index], cells, missing[index])
            if segment.variable >= 0:
                counts = _counts(buffer, places + segment.width)
                sizes = (counts * segment.bits + 7) >> 3
                items = _gather(buffer, places + segment.width + 4, sizes)
                index = segment.variable
                columns[index] = self._variable(self._fields[index], items, counts, sizes, missing[index])
        return columns

    def finish(self) -> None:
        """Raise BadAnswer if part of a row is left over."""
        if self.pending or self._quartet:
            raise BadAnswer("The last row is not whole.")

    def _places(self, data: bytes) -> tuple[list[_Places], int]:
        """Where each segment of each whole row begins, and where the whole rows end."""
        tail = self._segments[-1].width
        if len(self._segments) == 1:
            rows = len(data) // tail if tail else 0
            return [np.arange(rows, dtype=np.int64) * tail], rows * tail
        steps = [(segment.width, segment.bits) for segment in self._segments[:-1]]
        counts_at: list[int] = []
        used = _scan(data, steps, tail, counts_at)
        at = np.array(counts_at, np.int64).reshape(-1, len(steps))
        starts = []
        for number, (width, bits) in enumerate(steps):
            starts.append(at[:, number] - width)
            after = (
                at[:, number] + 4 + ((_counts(np.frombuffer(data, np.uint8), at[:, number]) * bits + 7) >> 3)
            )
        return [*starts, after], used

    def _missing(self, buffer: _Bytes, rows: _Places) -> list[_Mask | None]:
        """For each column the rows that BINARY2 says are null."""
        if not self._null_mask:
            return [None] * len(self._fields)
        flags = buffer[rows[:, None] + np.arange(self._mask_width)]
        bits = np.unpackbits(flags, axis=1).astype(bool)
        return [bits[:, index] for index in range(len(self._fields))]

    def _fixed(self, vofield: VOField, cells: _Bytes, missing: _Mask | None) -> Any:
        if vofield.is_text:
            return self._fixed_text(vofield, np.ascontiguousarray(cells), missing)
        rows = len(cells)
        if vofield.primitive.name == "bit" and vofield.is_list:
            items = np.unpackbits(cells, axis=1)[:, : vofield.items].reshape(-1)
        else:
            items = np.ascontiguousarray(cells).reshape(-1)
        if not vofield.is_list:
            return _elements(vofield, items, missing)
        nulls = np.zeros(rows, bool) if missing is None else missing
        return nest(vofield, _elements(vofield, items, None), None, nulls)

    def _fixed_text(self, vofield: VOField, cells: _Bytes, missing: _Mask | None) -> Any:
        """Strings of a fixed length, which a NUL ends earlier."""
        elements = math.prod(vofield.cell_shape)
        strings = cells.reshape(len(cells) * elements, -1)
        if not vofield.is_list:
            return self._strings(vofield, strings, missing)
        nulls = np.zeros(len(cells), bool) if missing is None else missing
        return nest(vofield, self._strings(vofield, strings, None), None, nulls)

    def _strings(self, vofield: VOField, strings: _Bytes, missing: _Mask | None) -> Any:
        item = vofield.primitive.bits // 8
        ends = (strings.reshape(len(strings), -1, item) == 0).all(axis=2)
        lengths = np.where(ends.any(axis=1), ends.argmax(axis=1), ends.shape[1]).astype(np.int64) * item
        places = np.arange(len(strings), dtype=np.int64) * strings.shape[1]
        data = _gather(np.ascontiguousarray(strings).reshape(-1), places, lengths)
        return self._text(vofield, data, lengths, missing)

    def _text(self, vofield: VOField, data: _Bytes, sizes: _Places, missing: _Mask | None) -> Any:
        if missing is None and not vofield.is_list and not self._null_mask:
            # BINARY cannot tell an empty string from null.
            missing = sizes == 0
        return _to_strings(vofield, data, sizes, missing)

    def _variable(
        self, vofield: VOField, items: _Bytes, counts: _Places, sizes: _Places, missing: _Mask | None
    ) -> Any:
        if vofield.is_text and not vofield.is_list:
            return self._cut_strings(vofield, items, sizes, missing)
        # BINARY cannot tell an empty array from null.
        nulls = counts == 0 if missing is None else missing
        if vofield.items and (counts % vofield.items).any():
            raise BadAnswer(f"Column {vofield.name!r} holds an array that does not fit its arraysize.")
        if vofield.is_text:
            length = vofield.shape[0] * vofield.primitive.bits // 8
            elements = self._strings(vofield, items.reshape(-1, length), None)
            return nest(vofield, elements, counts // vofield.shape[0], nulls)
        if vofield.primitive.name == "bit":
            items = _unpack_bits(items, counts, sizes)
        return nest(vofield, _elements(vofield, items, None), counts, nulls)

    def _cut_strings(self, vofield: VOField, items: _Bytes, sizes: _Places, missing: _Mask | None) -> Any:
        """Strings of variable length; some services end them with a NUL all the same."""
        if vofield.primitive.name == "char" and not items.all():
            ends = np.cumsum(sizes)
            texts = [
                items[end - size : end].tobytes().partition(b"\0")[0]
                for end, size in zip(ends, sizes, strict=True)
            ]
            sizes = np.array([len(text) for text in texts], np.int64)
            items = np.frombuffer(b"".join(texts), np.uint8)
        return self._text(vofield, items, sizes, missing)


def _segments(fields: Sequence[VOField], mask_width: int) -> list[_Segment]:
    segments = [_Segment(width=mask_width)]
    for index, vofield in enumerate(fields):
        if vofield.variable:
            segments[-1].variable = index
            segments[-1].bits = vofield.primitive.bits
            segments.append(_Segment())
        else:
            width = (vofield.items * vofield.primitive.bits + 7) // 8
            segments[-1].columns.append((index, segments[-1].width, width))
            segments[-1].width += width
    return segments


def _scan(data: bytes, steps: Sequence[tuple[int, int]], tail: int, counts_at: list[int]) -> int:
    """Walk from count to count of the variable columns through the whole rows; returns where these end."""
    append = counts_at.append
    end = len(data)
    row = at = 0
    try:
        while row < end:
            for width, bits in steps:
                at += width
                append(at)
                at += 4 + ((_unpack_count(data, at)[0] * bits + 7) >> 3)
            at += tail
            if at > end:
                break
            row = at
    except struct.error:
        # The count itself is not there yet.
        pass
    while counts_at and counts_at[-1] >= row:
        counts_at.pop()
    return row


def _counts(buffer: _Bytes, places: _Places) -> _Places:
    counts = buffer[places[:, None] + np.arange(4)]
    numbers: _Places = counts.reshape(-1).view(">u4").astype(np.int64)
    return numbers


def _records(buffer: _Bytes, places: _Places, width: int) -> _Bytes:
    """The `width` bytes at each place, a row each."""
    rows = len(places)
    if rows and int(places[-1] - places[0]) == (rows - 1) * width:
        return buffer[places[0] : places[0] + rows * width].reshape(rows, width)
    return np.lib.stride_tricks.sliding_window_view(buffer, width)[places]


def _gather(buffer: _Bytes, places: _Places, sizes: _Places) -> _Bytes:
    """The bytes at the places, one after the other."""
    ends = np.cumsum(sizes)
    index = np.repeat(places - ends + sizes, sizes)
    index += np.arange(len(index))
    return buffer[index]


def _unpack_bits(packed: _Bytes, counts: _Places, sizes: _Places) -> _Bytes:
    """Bit arrays, each of which begins at a byte, without the padding."""
    bits = np.unpackbits(packed)
    starts = (np.cumsum(sizes) - sizes) * 8
    return _gather(bits, starts, counts)


def _elements(vofield: VOField, items: _Bytes, missing: _Mask | None) -> Any:
    """Numbers and truth values; `items` are their bytes."""
    kind = vofield.primitive.name
    if kind == "bit":
        # Which bit of a lone byte counts has been read in more than one way.
        return pa.array(items != 0, mask=missing)
    if kind == "boolean":
        true, false = np.isin(items, _TRUE), np.isin(items, _FALSE)
        nulls = ~(true | false) if missing is None else ~(true | false) | missing
        return pa.array(true, mask=nulls if nulls.any() else None)
    values = items.view(vofield.primitive.dtype)
    return with_nulls(values.astype(values.dtype.newbyteorder("=")), vofield, missing)


def _to_strings(vofield: VOField, data: _Bytes, sizes: _Places, missing: _Mask | None) -> Any:
    if vofield.primitive.name == "unicodeChar":
        ends = np.cumsum(sizes)
        decoded = (
            data[end - size : end].tobytes().decode("utf-16-be", "replace")
            for end, size in zip(ends, sizes, strict=True)
        )
        return pa.array([text.partition("\0")[0] for text in decoded], pa.string(), mask=missing)
    offsets = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    validity = None if missing is None else pa.array(~missing).buffers()[1]
    binary = pa.Array.from_buffers(
        pa.binary(), len(sizes), [validity, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    try:
        return binary.cast(pa.string())
    except pa.ArrowInvalid:
        # The standard says ASCII; what is no UTF-8 either is read as Latin-1.
        texts = [_lenient(cell) for cell in binary.to_pylist()]
        return pa.array(texts, pa.string())


def _lenient(cell: bytes | None) -> str | None:
    if cell is None:
        return None
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell.decode("latin-1")
