"""Arrow columns as the cells of a VOTable: the types they get, and their rows in each serialisation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from esap_jupyter.errors import InputError
from esap_jupyter.formats.votable_fields import COMPLEX, PRIMITIVES

_Bytes = np.ndarray[Any, np.dtype[np.uint8]]

# What XML 1.0 does not allow, whatever way it is written.
_CONTROLS = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
_WITHOUT = re.compile(_CONTROLS)
_DATATYPES = {
    primitive.arrow: name
    for name, primitive in PRIMITIVES.items()
    if name not in ("bit", "char", "unicodeChar", "floatComplex")
}
_WIDENED = {
    pa.int8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.int64(),
    pa.float16(): pa.float32(),
}


@dataclass(slots=True)
class OutColumn:
    """A column as it is written.

    Attributes
    ----------
    plain : Callable
        Turns an Arrow array into one of a type that VOTable has.
    sentinel : int, optional
        The integer that stands for null, where nothing else can.
    fixed : int
        Numbers in a cell of a fixed size; 0 for a cell of variable size.
    """

    name: str
    datatype: str
    arraysize: str
    metadata: dict[str, str]
    plain: Callable[[Any], Any]
    element: Any
    sentinel: int | None = None
    fixed: int = 1
    is_text: bool = field(default=False)


def without_controls(text: str) -> str:
    """Replace the characters that XML cannot hold."""
    return _WITHOUT.sub("\ufffd", text)


def out_column(arrow_field: Any, is_unicode: bool, serialization: str) -> OutColumn:
    """Decide how a column is written."""
    metadata = {key.decode(): value.decode() for key, value in (arrow_field.metadata or {}).items()}
    kind = arrow_field.type.value_type if pa.types.is_dictionary(arrow_field.type) else arrow_field.type
    sizes, element = _dimensions(kind)
    element = _WIDENED.get(element, element)
    if pa.types.is_decimal(element):
        element = pa.float64()
    if element == pa.uint8() and serialization == "BINARY" and not sizes:
        # All 256 values may occur, and null needs one more.
        element = pa.int16()
    if element not in _DATATYPES:
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            metadata.setdefault("xtype", "timestamp")
        datatype = "unicodeChar" if is_unicode else "char"
        return OutColumn(
            arrow_field.name, datatype, "*", metadata, _to_text, pa.string(), fixed=0, is_text=True
        )
    sentinel = None
    if pa.types.is_signed_integer(element) and (sizes or serialization == "BINARY"):
        sentinel = int(np.iinfo(element.to_pandas_dtype()).min)
    plain_type = element
    for size in sizes:
        plain_type = pa.list_(plain_type, size) if size > 0 else pa.list_(plain_type)
    return OutColumn(
        arrow_field.name,
        _DATATYPES[element],
        "x".join(str(size) if size > 0 else "*" for size in sizes),
        metadata,
        lambda column: _cast(arrow_field.name, column, plain_type),
        element,
        sentinel,
        0 if -1 in sizes else int(np.prod(sizes, dtype=np.int64)),
    )


def _dimensions(kind: Any) -> tuple[list[int], Any]:
    """Sizes, fastest first, -1 for variable, and the type of the elements."""
    if _is_bytes(kind):
        return [-1], pa.uint8()
    sizes: list[int] = []
    element = kind
    while pa.types.is_fixed_size_list(element):
        sizes.insert(0, element.list_size)
        element = element.value_type
    if (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and not sizes:
        inner, element = _dimensions(kind.value_type)
        # Only the last dimension can vary.
        sizes = [*inner, -1] if -1 not in inner else []
    plain = element in _DATATYPES or element in _WIDENED
    return (sizes, element) if plain and 0 not in sizes else ([], kind)


def _cast(name: str, column: Any, kind: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _is_bytes(column.type):
        return _byte_lists(column.cast(pa.binary()))
    try:
        values = column.cast(kind)
    except pa.ArrowInvalid as error:
        raise InputError(
            f"Column {name!r} does not fit the types of VOTable: {error}.", field=name
        ) from error
    if pa.types.is_nested(kind) and kind != COMPLEX:
        elements = pc.list_flatten(values, recursive=True)
        if elements.type == pa.uint8() and elements.null_count:
            raise InputError(
                f"Column {name!r} has nulls within arrays of bytes, for which VOTable has no value."
            )
    return values


def _is_bytes(kind: Any) -> bool:
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    )


def _byte_lists(blobs: Any) -> Any:
    counts = pc.fill_null(pc.binary_length(blobs), 0).to_numpy()
    data = np.frombuffer(b"".join(blob or b"" for blob in blobs.to_pylist()), np.uint8)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    return pa.ListArray.from_arrays(
        offsets, pa.array(data), mask=blobs.is_null() if blobs.null_count else None
    )


def _to_text(column: Any) -> Any:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        # DALI 1.1, section 3.3.3: no zone means UTC.
        naive = column.cast(pa.timestamp("us"), safe=False)
        text = pc.replace_substring(naive.cast(pa.string()), " ", "T")
        return pc.replace_substring_regex(text, r"\.000000$", "")
    if pa.types.is_nested(kind):
        cells = [None if cell is None else json.dumps(cell, default=str) for cell in column.to_pylist()]
        return pa.array(cells, pa.string())
    try:
        return column.cast(pa.string())
    except pa.ArrowNotImplementedError:
        return pa.array([None if cell is None else str(cell) for cell in column.to_pylist()], pa.string())


# -- TABLEDATA


def tabledata_rows(columns: Sequence[OutColumn], batch: Any) -> bytes:
    """The rows as XML; null is an empty cell (VOTable 1.4, section 6)."""
    if not batch.num_rows:
        return b""
    cells = [
        _xml_cells(column, column.plain(values))
        for column, values in zip(columns, batch.columns, strict=True)
    ]
    rows = pc.binary_join_element_wise(*cells, "</TD><TD>")
    return ("<TR><TD>" + "</TD></TR>\n<TR><TD>".join(rows.to_pylist()) + "</TD></TR>\n").encode()


def _xml_cells(column: OutColumn, values: Any) -> Any:
    if column.is_text:
        for character, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
            values = pc.replace_substring(values, character, escaped)
        return pc.fill_null(pc.replace_substring_regex(values, _CONTROLS, "\ufffd"), "")
    if not column.arraysize and column.element != COMPLEX:
        return pc.fill_null(_texts(column, values), "")
    nulls = values.is_null()
    elements, counts = _flat(column, values)
    words = _texts(column, elements)
    if column.sentinel is not None:
        words = pc.fill_null(words, str(column.sentinel))
    offsets = np.concatenate(([0], np.cumsum(counts * (2 if column.element == COMPLEX else 1)))).astype(
        np.int32
    )
    return pc.if_else(nulls, "", pc.binary_join(pa.ListArray.from_arrays(offsets, words), " "))


def _texts(column: OutColumn, elements: Any) -> Any:
    """Each element as a word; two for a complex number."""
    if column.element == pa.bool_():
        words = pc.if_else(elements, "T", "F")
        return pc.fill_null(words, "?") if column.arraysize else words
    if column.element == COMPLEX:
        return _real_words(pa.array(_complex(elements).view(np.float64)), "NaN")
    if pa.types.is_floating(column.element):
        return _real_words(elements, "NaN" if column.arraysize else "")
    return elements.cast(pa.string())


def _real_words(numbers: Any, missing: str) -> Any:
    words = pc.if_else(pc.is_null(numbers, nan_is_null=True), missing, numbers.cast(pa.string()))
    infinite = pc.is_inf(numbers)
    if pc.any(infinite).as_py():
        return pc.if_else(
            pc.fill_null(infinite, False), pc.if_else(pc.greater(numbers, 0), "+Inf", "-Inf"), words
        )
    return words


# -- BINARY and BINARY2


def binary_rows(columns: Sequence[OutColumn], batch: Any, *, null_mask: bool) -> bytes:
    """The rows as bytes (VOTable 1.4, sections 5.3 and 5.4)."""
    rows = batch.num_rows
    plain = [column.plain(values) for column, values in zip(columns, batch.columns, strict=True)]
    fixed: list[_Bytes] = []
    if null_mask:
        nulls = np.zeros((rows, len(columns)), bool)
        for index, values in enumerate(plain):
            nulls[:, index] = values.is_null().to_numpy(zero_copy_only=False)
        fixed.append(np.packbits(nulls, axis=1))
    # Neighbouring columns of fixed size are one piece; after each, all but the last, comes a variable column.
    pieces: list[_Bytes] = []
    variables: list[tuple[_Bytes, np.ndarray[Any, Any]]] = []
    for column, values in zip(columns, plain, strict=True):
        if column.fixed:
            fixed.append(_fixed_cells(column, values))
            continue
        data, counts, sizes = _variable_cells(column, values)
        fixed.append(counts.astype(">u4").view(np.uint8).reshape(rows, 4))
        pieces.append(np.hstack(fixed))
        variables.append((data, sizes))
        fixed = []
    pieces.append(np.hstack(fixed) if fixed else np.empty((rows, 0), np.uint8))
    return _interleave(pieces, variables)


def _interleave(pieces: Sequence[_Bytes], variables: Sequence[tuple[_Bytes, np.ndarray[Any, Any]]]) -> bytes:
    if not variables:
        return pieces[0].tobytes()
    widths = sum(piece.shape[1] for piece in pieces)
    lengths = widths + np.sum([sizes for _, sizes in variables], axis=0)
    at = np.cumsum(lengths) - lengths
    out = np.empty(int(lengths.sum()), np.uint8)
    nothing = np.empty(0, np.uint8), np.zeros(len(at), np.int64)
    for piece, (data, sizes) in zip(pieces, [*variables, nothing], strict=True):
        width = piece.shape[1]
        if width and len(out):
            np.lib.stride_tricks.sliding_window_view(out, width, writeable=True)[at] = piece
        at = at + width
        index = np.repeat(at - np.cumsum(sizes) + sizes, sizes)
        index += np.arange(len(index))
        out[index] = data
        at = at + sizes
    return out.tobytes()


def _fixed_cells(column: OutColumn, values: Any) -> _Bytes:
    elements, _ = _flat(column, values)
    return _binary_elements(column, elements).view(np.uint8).reshape(len(values), -1)


def _variable_cells(
    column: OutColumn, values: Any
) -> tuple[_Bytes, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """All cells' bytes, and for each cell the count of its items and of its bytes."""
    if column.is_text:
        return _text_cells(column, values)
    elements, counts = _flat(column, values)
    item = PRIMITIVES[column.datatype].dtype.itemsize
    return _binary_elements(column, elements).view(np.uint8), counts, counts * item


def _text_cells(column: OutColumn, values: Any) -> tuple[_Bytes, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    values = pc.fill_null(values, "")
    if column.datatype == "unicodeChar":
        texts = [text.encode("utf-16-be") for text in values.to_pylist()]
        sizes = np.array([len(text) for text in texts], np.int64)
        return np.frombuffer(b"".join(texts), np.uint8), sizes // 2, sizes
    # The offsets of a slice do not begin at 0.
    _, offsets_buffer, data_buffer = values.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int32)[values.offset : values.offset + len(values) + 1].astype(
        np.int64
    )
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.empty(0, np.uint8)
    sizes = np.diff(offsets)
    return data[offsets[0] : offsets[-1]], sizes, sizes


def _flat(column: OutColumn, values: Any) -> tuple[Any, np.ndarray[Any, Any]]:
    """All elements of all cells, and how many each cell has; null cells of fixed size have theirs, null."""
    if not column.arraysize:
        return values, np.ones(len(values), np.int64)
    if not column.fixed:
        counts = pc.fill_null(pc.list_value_length(values), 0).to_numpy().astype(np.int64)
        values = values.flatten()
        while pa.types.is_fixed_size_list(values.type):
            counts *= values.type.list_size
            values = _fixed_flat(values)
        return values, counts
    rows = len(values)
    while pa.types.is_fixed_size_list(values.type):
        values = _fixed_flat(values)
    return values, np.full(rows, column.fixed, np.int64)


def _fixed_flat(values: Any) -> Any:
    """Elements of lists of fixed size, null where the list is."""
    size = values.type.list_size
    elements = values.values.slice(values.offset * size, len(values) * size)
    if not values.null_count:
        return elements
    nulls = np.repeat(values.is_null().to_numpy(zero_copy_only=False), size)
    return pc.if_else(pa.array(nulls), pa.scalar(None, elements.type), elements)


def _binary_elements(column: OutColumn, elements: Any) -> np.ndarray[Any, Any]:
    if column.element == pa.bool_():
        codes = pc.fill_null(pc.if_else(elements, ord("T"), ord("F")), ord("?"))
        return np.asarray(codes.to_numpy(), np.uint8)
    dtype = PRIMITIVES[column.datatype].dtype
    if column.element == COMPLEX:
        return _complex(elements).astype(dtype)
    if pa.types.is_floating(column.element):
        return np.ascontiguousarray(elements.fill_null(float("nan")).to_numpy().astype(dtype))
    if column.sentinel is None:
        # What is null the mask of BINARY2 says.
        return np.ascontiguousarray(elements.fill_null(0).to_numpy().astype(dtype))
    if pc.any(pc.equal(elements, column.sentinel)).as_py():
        raise InputError(
            f"Column {column.name!r} holds {column.sentinel}, which would be read as null.", field=column.name
        )
    return np.ascontiguousarray(elements.fill_null(column.sentinel).to_numpy().astype(dtype))


def _complex(elements: Any) -> np.ndarray[Any, Any]:
    """Complex numbers, NaN where null."""
    missing = elements.is_null().to_numpy(zero_copy_only=False)
    parts = [part.fill_null(float("nan")).to_numpy(zero_copy_only=False) for part in elements.flatten()]
    values = np.empty(len(elements), np.complex128)
    values.real, values.imag = parts
    values[missing] = complex(float("nan"), float("nan"))
    return values
