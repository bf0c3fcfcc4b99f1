"""What a FIELD of a VOTable says of its column, and the Arrow type that the column becomes.

VOTable 1.5, sections 2.1 (primitives), 2.2 (arrays) and 4.1 (FIELD).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from esap_jupyter.errors import BadAnswer

COMPLEX = pa.struct([("real", pa.float64()), ("imag", pa.float64())])
"""A complex number; Arrow has no type of its own for it."""

_ATTRIBUTES = ("unit", "ucd", "utype", "xtype", "description")

COOSYS = {"coosys": "system", "equinox": "equinox", "epoch": "epoch"}
"""Under which names the attributes of the COOSYS that a FIELD refers to are kept."""

METADATA_KEYS = (*_ATTRIBUTES, *COOSYS)
"""What is kept of a FIELD, as metadata of the Arrow field."""


@dataclass(frozen=True, slots=True)
class Primitive:
    """A VOTable datatype.

    Attributes
    ----------
    dtype : numpy.dtype
        One item as it is stored in BINARY and BINARY2 (big-endian).
    bits : int
        Of one item.
    arrow : pyarrow.DataType
        Of one item.
    """

    name: str
    dtype: np.dtype[Any]
    bits: int
    arrow: Any


PRIMITIVES = {
    name: Primitive(name, np.dtype(code), bits, arrow)
    for name, code, bits, arrow in (
        ("boolean", "u1", 8, pa.bool_()),
        ("bit", "u1", 1, pa.bool_()),
        ("unsignedByte", "u1", 8, pa.uint8()),
        ("short", ">i2", 16, pa.int16()),
        ("int", ">i4", 32, pa.int32()),
        ("long", ">i8", 64, pa.int64()),
        ("char", "u1", 8, pa.string()),
        ("unicodeChar", ">u2", 16, pa.string()),
        ("float", ">f4", 32, pa.float32()),
        ("double", ">f8", 64, pa.float64()),
        ("floatComplex", ">c8", 64, COMPLEX),
        ("doubleComplex", ">c16", 128, COMPLEX),
    )
}

# No datatypes of the standard, but services send them.
_OTHER_NAMES = {
    "string": "char",
    "unicodeString": "unicodeChar",
    "bool": "boolean",
    "byte": "unsignedByte",
    "int16": "short",
    "int32": "int",
    "integer": "int",
    "int64": "long",
    "unsignedShort": "int",
    "unsignedInt": "long",
    "float32": "float",
    "float64": "double",
}
_ARRAYSIZE = re.compile(r"(\d+x)*(\d+|\d*\*)")


@dataclass(slots=True)
class VOField:
    """A FIELD.

    Attributes
    ----------
    shape : tuple of int
        The fixed dimensions, fastest first; for strings the first is the length of one string.
    variable : bool
        Whether a last, variable dimension comes on top of `shape` (``*``).
    ref : str
        The ID that it refers to: that of a COOSYS, among others.
    null : str
        The value that stands for null (``<VALUES null=...>``); empty if there is none.
    """

    name: str
    id: str
    primitive: Primitive
    shape: tuple[int, ...] = ()
    variable: bool = False
    null: str = ""
    ref: str = ""
    metadata: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_attributes(cls, attributes: dict[str, str], number: int) -> VOField:
        """Read the attributes of the `number`-th FIELD element.

        Raises
        ------
        BadAnswer
            If there is no such datatype or the arraysize cannot be read.
        """
        identifier = attributes.get("ID", "")
        name = attributes.get("name") or identifier or f"column_{number}"
        # VOTable 1.0 said unicodeChar or char with no datatype at all: a string is the least wrong reading.
        datatype = attributes.get("datatype", "char").strip()
        primitive = PRIMITIVES.get(_OTHER_NAMES.get(datatype, datatype))
        if primitive is None:
            raise BadAnswer(f"Column {name!r} has the datatype {datatype!r}, which VOTable does not know.")
        arraysize = attributes.get("arraysize", "").strip()
        if datatype in ("string", "unicodeString") and not arraysize:
            arraysize = "*"
        shape, variable = _dimensions(name, arraysize)
        metadata = {key: attributes[key] for key in _ATTRIBUTES if attributes.get(key)}
        ref = attributes.get("ref", "")
        return cls(name, identifier, primitive, shape, variable, ref=ref, metadata=metadata)

    @property
    def is_text(self) -> bool:
        """Whether the column is of strings."""
        return self.primitive.name in ("char", "unicodeChar")

    @property
    def items(self) -> int:
        """Primitives in one cell; in one step of the variable dimension, if there is one."""
        return math.prod(self.shape)

    @property
    def cell_shape(self) -> tuple[int, ...]:
        """The fixed dimensions of a cell's elements, fastest first: a string is one element."""
        return self.shape[1:] if self.is_text else self.shape

    @property
    def is_list(self) -> bool:
        """Whether a cell has several elements."""
        if self.is_text:
            return len(self.shape) + self.variable > 1
        return bool(self.shape) or self.variable

    @property
    def arrow_type(self) -> Any:
        """The column's type: nested lists for arrays, innermost the dimension that varies fastest."""
        kind = self.primitive.arrow
        if not self.is_list:
            return kind
        for size in self.cell_shape:
            kind = pa.list_(kind, size)
        return pa.list_(kind) if self.variable else kind

    def arrow_field(self, name: str) -> Any:
        """The Arrow field, under the name that is unique in its table."""
        metadata = {key: value for key, value in self.metadata.items() if value}
        return pa.field(name, self.arrow_type, metadata=metadata or None)


def _dimensions(name: str, arraysize: str) -> tuple[tuple[int, ...], bool]:
    if arraysize in ("", "1"):
        return (), False
    if not _ARRAYSIZE.fullmatch(arraysize):
        raise BadAnswer(f"Column {name!r} has the arraysize {arraysize!r}, which VOTable does not know.")
    sizes = arraysize.split("x")
    variable = sizes[-1].endswith("*")
    if variable:
        # "10*" bounds the dimension, which is as variable as "*".
        sizes.pop()
    shape = tuple(int(size) for size in sizes)
    if 0 in shape or math.prod(shape) > 1 << 28:
        raise BadAnswer(f"Column {name!r} has the arraysize {arraysize!r}.")
    return shape, variable


def unique_names(names: Iterable[str]) -> list[str]:
    """Tell columns of the same name apart: the second `ra` becomes `ra_2`."""
    taken: set[str] = set()
    unique: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate)
        unique.append(candidate)
    return unique


def nest(vofield: VOField, elements: Any, counts: np.ndarray[Any, Any] | None, nulls: Any) -> Any:
    """Build the column of lists from all its elements in a row.

    Parameters
    ----------
    elements : pyarrow.Array
        The elements of all cells, one after the other.
    counts : numpy.ndarray, optional
        Elements of each cell, for a variable column.
    nulls : numpy.ndarray of bool
        Cells that are null; those of a fixed column still have their elements.
    """
    for position, size in enumerate(vofield.cell_shape):
        outermost = position == len(vofield.cell_shape) - 1 and not vofield.variable
        mask = pa.array(nulls) if outermost and nulls.any() else None
        elements = pa.FixedSizeListArray.from_arrays(elements, size, mask=mask)
    if not vofield.variable:
        return elements
    assert counts is not None
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts // math.prod(vofield.cell_shape), out=offsets[1:])
    return pa.ListArray.from_arrays(offsets, elements, mask=pa.array(nulls) if nulls.any() else None)


def with_nulls(values: np.ndarray[Any, Any], vofield: VOField, missing: np.ndarray[Any, Any] | None) -> Any:
    """Numbers to Arrow: null where NaN, where the FIELD's null value stands, and where `missing`.

    NaN within an array stays NaN.
    """
    if values.dtype.kind == "c":
        return _complex_with_nulls(values, vofield, missing)
    nulls = np.isnan(values) if values.dtype.kind == "f" and not vofield.is_list else None
    if vofield.null:
        sentinel = _sentinel(vofield, values.dtype)
        if sentinel is not None:
            nulls = values == sentinel if nulls is None else nulls | (values == sentinel)
    if missing is not None:
        nulls = missing if nulls is None else nulls | missing
    return pa.array(values, mask=nulls if nulls is not None and nulls.any() else None)


def _complex_with_nulls(values: np.ndarray[Any, Any], vofield: VOField, missing: Any) -> Any:
    nulls = np.isnan(values) if not vofield.is_list else np.zeros(len(values), bool)
    if missing is not None:
        nulls = nulls | missing
    parts: Sequence[Any] = [
        pa.array(np.ascontiguousarray(part, np.float64)) for part in (values.real, values.imag)
    ]
    return pa.StructArray.from_arrays(
        parts, fields=list(COMPLEX), mask=pa.array(nulls) if nulls.any() else None
    )


def _sentinel(vofield: VOField, dtype: np.dtype[Any]) -> Any:
    """The FIELD's null value as a number of the column; None if no value of the column can equal it."""
    try:
        if dtype.kind == "f":
            return dtype.type(float(vofield.null))
        number = parse_integer(vofield.null)
    except ValueError:
        return None
    limits = np.iinfo(dtype)
    return dtype.type(number) if limits.min <= number <= limits.max else None


def parse_integer(text: str) -> int:
    """Read an integer of TABLEDATA: decimal, or hexadecimal with ``0x`` (VOTable 1.5, section 6)."""
    digits = text.strip().lower()
    if digits.startswith(("0x", "-0x", "+0x")):
        return int(digits, 16)
    return int(digits)
