"""Arrow tables as astropy tables and back.

Unit, UCD, utype, xtype, description and masked values are kept both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Column, MaskedColumn, QTable, Table
from astropy.time import Time, TimeDelta

from esap_jupyter.errors import InputError
from esap_jupyter.formats.votable_fields import COMPLEX, COOSYS

_IN_META = ("ucd", "utype", "xtype", *COOSYS)


def to_astropy(table: pa.Table) -> Table:
    """Make an astropy Table, which `astropy.table.QTable` takes as it is.

    Columns with nulls are masked. Lists of a fixed size become array columns, other lists columns of arrays.
    `ucd`, `utype`, `xtype` and the frame (`coosys`, `equinox`, `epoch`) are in the columns' `meta`; `name`
    and `description` in the table's.

    Parameters
    ----------
    table : pyarrow.Table
        With units as field metadata, in VOUnits syntax.
    """
    columns = [_to_column(field, table.column(index)) for index, field in enumerate(table.schema)]
    metadata = decoded(table.schema.metadata)
    return Table(columns, meta={key: metadata[key] for key in ("name", "description") if key in metadata})


def to_qtable(table: pa.Table) -> QTable:
    """Make an astropy QTable: numbers with a unit are (masked) Quantities, the rest as in `to_astropy`."""
    plain = to_astropy(table)
    kept = {}
    for column in plain.itercols():
        if column.unit is not None and column.dtype.kind not in "iufc":
            # There is no Quantity of text: a QTable would warn.
            kept[column.name], column.unit = column.unit, None
    quantities = QTable(plain)
    for name, unit in kept.items():
        quantities[name].unit = unit
    return quantities


def from_astropy(table: Table) -> pa.Table:
    """Make an Arrow table from an astropy Table or QTable.

    Masked values and NaN become null; `Time` columns become ISO strings, UTC, with the xtype ``timestamp``,
    `TimeDelta` days, and a `SkyCoord` two columns in degrees, ICRS: ``ra`` and ``dec``, with the name of the
    column before them if the table has columns of these names.

    Raises
    ------
    InputError
        If a column holds Python objects that are neither strings nor arrays.
    """
    fields, columns = [], []
    for name, values in _without_coordinates(table):
        try:
            field, column = _from_column(name, values)
        except (pa.ArrowException, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"Column {name!r} has no type that a table can hold: {error}.", field=name
            ) from error
        fields.append(field)
        columns.append(column)
    metadata = {key: str(table.meta[key]) for key in ("name", "description") if table.meta.get(key)}
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=metadata or None))


def _without_coordinates(table: Table) -> Iterator[tuple[str, Any]]:
    """The columns by name, each SkyCoord as two."""
    for name in table.colnames:
        values = table[name]
        if not isinstance(values, SkyCoord):
            yield name, values
            continue
        alone = not {"ra", "dec"} & set(table.colnames)
        alone = alone and sum(isinstance(column, SkyCoord) for column in table.itercols()) == 1
        for axis in ("ra", "dec"):
            degrees = getattr(values.icrs, axis).to_value(units.deg)
            if hasattr(degrees, "filled"):
                degrees = degrees.filled(np.nan)
            column = Column(np.asarray(degrees, float), unit=units.deg)
            column.info.meta = {"ucd": f"pos.eq.{axis};meta.main"}
            column.info.description = f"{axis.upper() if axis == 'ra' else 'Dec'}, ICRS"
            yield (axis if alone else f"{name}_{axis}"), column


def parse_unit(text: str) -> units.UnitBase | None:
    """Read a unit in VOUnits syntax (VOUnits 1.1) or any other that astropy knows; the rest stays text."""
    if not text:
        return None
    try:
        return units.Unit(text, format="vounit")
    except (ValueError, TypeError):
        return units.Unit(text, parse_strict="silent")


def utc_text(times: Time) -> Any:
    """Times of any scale as ISO 8601 text, UTC, to the microsecond."""
    return Time(times, scale="utc", format="isot", precision=6).value


def decoded(metadata: Mapping[bytes, bytes] | None) -> dict[str, str]:
    """Arrow metadata as text."""
    return {key.decode(): value.decode("utf-8", "replace") for key, value in (metadata or {}).items()}


def _to_column(field: pa.Field, chunked: pa.ChunkedArray) -> Column:
    metadata = decoded(field.metadata)
    array = chunked.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    values, mask = _to_numpy(array)
    what = {
        "name": field.name,
        "unit": parse_unit(metadata.get("unit", "")),
        "description": metadata.get("description"),
        "meta": {key: metadata[key] for key in _IN_META if key in metadata},
    }
    return MaskedColumn(values, mask=mask, **what) if mask is not None else Column(values, **what)


def _to_numpy(array: pa.Array) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    """Values, and a mask if any is null."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        array = array.cast(pa.timestamp("us"), safe=False).cast(pa.string())
        array, kind = pc.replace_substring(array, " ", "T"), pa.string()
    nulls = array.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_fixed_size_list(kind):
        return _to_matrix(array, nulls)
    return _filled(array), nulls if nulls.any() else None


def _filled(array: pa.Array) -> np.ndarray[Any, Any]:
    """Values with something of their type where they are null."""
    kind = array.type
    values: np.ndarray[Any, Any]
    if kind == COMPLEX:
        values = np.empty(len(array), np.complex128)
        values.real, values.imag = (part.fill_null(np.nan).to_numpy() for part in array.flatten())
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        array = array.cast(pa.float64()) if pa.types.is_decimal(kind) else array
        values = array.fill_null(np.nan).to_numpy()
    elif pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        values = array.fill_null(pa.scalar(0).cast(kind)).to_numpy(zero_copy_only=False)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        values = np.empty(len(array), object)
        for index, cell in enumerate(array):
            items, mask = _to_numpy(cell.values if cell.is_valid else pa.array([], kind.value_type))
            # Masked arrays all, as astropy's own VOTable writer wants them.
            values[index] = np.ma.array(items, mask=np.zeros(items.shape, bool) if mask is None else mask)
    else:
        texts = ["" if cell is None else str(cell) for cell in array.to_pylist()]
        values = np.array(texts, dtype=np.str_)
    return values


def _to_matrix(
    array: pa.Array, nulls: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    size = array.type.list_size
    elements = array.values.slice(array.offset * size, len(array) * size)
    values, mask = _to_numpy(elements)
    shape = (len(array), size, *values.shape[1:])
    values = values.reshape(shape)
    if mask is None and not nulls.any():
        return values, None
    mask = np.zeros(shape, bool) if mask is None else mask.reshape(shape)
    mask[nulls] = True
    return values, mask


def _from_column(name: str, column: Any) -> tuple[pa.Field, pa.Array]:
    info = column.info
    metadata = {"description": info.description, **{key: (info.meta or {}).get(key) for key in _IN_META}}
    if isinstance(column, TimeDelta):
        column, metadata["unit"] = np.asarray(column.to_value(units.day)), "d"
    elif isinstance(column, Time):
        # DALI 1.1, section 3.3.3.
        metadata["xtype"] = "timestamp"
        column = np.ma.masked_array(utc_text(column), mask=np.asarray(column.mask))
    elif info.unit is not None:
        metadata["unit"] = _unit_text(info.unit)
    mask = np.asarray(column.mask) if hasattr(column, "mask") else None
    # A Quantity is masked in another way than a column.
    values = np.asarray(getattr(column, "unmasked", column))
    array = to_arrow_array(values, mask)
    kept = {key: str(value) for key, value in metadata.items() if value}
    return pa.field(name, array.type, metadata=kept or None), array


def _unit_text(unit: units.UnitBase) -> str:
    if isinstance(unit, units.UnrecognizedUnit):
        return str(unit.name)
    try:
        return str(unit.to_string("vounit"))
    except (ValueError, TypeError):
        return str(unit)


def to_arrow_array(
    values: np.ndarray[Any, Any], mask: np.ndarray[Any, Any] | None, *, nan_is_null: bool = True
) -> pa.Array:
    """Make an Arrow array of numpy values of any shape, null where masked or NaN; NaN stays within arrays."""
    if values.dtype.kind == "O":
        return _objects_to_arrow(values, mask)
    if values.ndim > 1:
        inner_mask = None if mask is None else mask.reshape(-1, *values.shape[2:])
        inner = to_arrow_array(values.reshape(-1, *values.shape[2:]), inner_mask, nan_is_null=False)
        nulls = np.zeros(len(values), bool) if mask is None else mask.reshape(len(values), -1).all(axis=1)
        return pa.FixedSizeListArray.from_arrays(
            inner, values.shape[1], mask=pa.array(nulls) if nulls.any() else None
        )
    values = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="), copy=False))
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    nulls = np.zeros(len(values), bool) if mask is None else mask
    if values.dtype.kind in "fc" and nan_is_null:
        nulls = nulls | np.isnan(values)
    arrow_mask = nulls if nulls.any() else None
    if values.dtype.kind == "c":
        parts = [pa.array(np.ascontiguousarray(part, np.float64)) for part in (values.real, values.imag)]
        return pa.StructArray.from_arrays(
            parts, fields=list(COMPLEX), mask=None if arrow_mask is None else pa.array(arrow_mask)
        )
    return pa.array(values, mask=arrow_mask)


def _objects_to_arrow(values: np.ndarray[Any, Any], mask: np.ndarray[Any, Any] | None) -> pa.Array:
    """Strings, or arrays of any length."""
    missing = np.zeros(len(values), bool) if mask is None else mask
    cells: list[Any] = []
    for value, is_missing in zip(values, missing, strict=True):
        if is_missing or value is None:
            cells.append(None)
        elif isinstance(value, np.ndarray):
            cells.append(to_arrow_array(np.ma.getdata(value), np.ma.getmaskarray(value), nan_is_null=False))
        else:
            cells.append(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)
    arrays = [cell for cell in cells if isinstance(cell, pa.Array)]
    if not arrays:
        return pa.array(cells)
    counts = [len(cell) if cell is not None else 0 for cell in cells]
    nulls = np.array([cell is None for cell in cells])
    # An empty array may have come with no proper type of its own, and adds nothing.
    filled = [array for array in arrays if len(array)] or arrays[:1]
    elements = pa.concat_arrays([array.cast(filled[0].type) for array in filled])
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, elements, mask=pa.array(nulls) if nulls.any() else None)
