"""Arrow tables as FITS binary tables and back (FITS 4.0, section 7.3).

UCD, utype, xtype and description are kept in the header cards that TOPCAT and STILTS use.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io import fits

from esap_jupyter.errors import InputError
from esap_jupyter.formats.astropy_table import decoded, to_arrow_array, to_astropy
from esap_jupyter.formats.fits_files import Uncompressed
from esap_jupyter.formats.votable_fields import METADATA_KEYS, unique_names
from esap_jupyter.models import FileTable

_CARDS = {"description": "TCOMM", "ucd": "TUCD", "utype": "TUTYP", "xtype": "TXTYP"}
# No other program knows these; a table that comes back still has its frame.
_CARDS |= {"coosys": "TCSYS", "equinox": "TEQUI", "epoch": "TEPOC"}
_FORMATS = {"b1": "L", "u1": "B", "i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D", "c16": "M"}
# FITS has these only with an offset (TZERO).
_WIDENED = {"i1": "i2", "u2": "i4", "u4": "i8", "u8": "i8", "f2": "f4"}


def write_fits(table: pa.Table, path: Path) -> None:
    """Write a table as the first extension of a FITS file.

    Text beyond ASCII, which FITS has not, is written as Python escapes; lists of strings as JSON text.
    """
    columns = to_astropy(table)
    hdu = fits.BinTableHDU.from_columns(
        [_fits_column(columns[field.name], field) for field in table.schema], nrows=table.num_rows
    )
    metadata = decoded(table.schema.metadata)
    if metadata.get("name"):
        hdu.name = _ascii(metadata["name"])
    for number, field in enumerate(table.schema, 1):
        described = decoded(field.metadata)
        for key, card in _CARDS.items():
            if described.get(key):
                hdu.header[f"{card}{number}"] = _ascii(described[key])
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    _write_logical_nulls(path, columns)


def read_fits(path: Path) -> pa.Table:
    """Read the first table of a FITS file.

    Raises
    ------
    InputError
        If it has no table.
    OSError, ValueError
        If it is no FITS file.
    """
    with open_fits(path, None, None) as (schema, batches):
        return pa.Table.from_batches(list(batches), schema)


def fits_tables(path: Path) -> list[FileTable]:
    """List the tables of a FITS file, as `esap_jupyter.formats.reading.tables_in`."""
    with _opened(path) as hdus:
        return [
            FileTable(hdu=number, name=hdu.name, rows=hdu.header["NAXIS2"], columns=hdu.header["TFIELDS"])
            for number, hdu in _tables(path, hdus).items()
        ]


@contextlib.contextmanager
def open_fits(path: Path, hdu: int | None, batch_rows: int | None) -> Iterator[tuple[Any, Iterator[Any]]]:
    """Begin to read a table of a FITS file; gives its schema and an iterator over its record batches.

    Parameters
    ----------
    hdu : int, optional
        Its number; by default that of the first table.
    batch_rows : int, optional
        Rows in a batch; None for all in one, as where columns hold arrays of variable length.
    """
    with _opened(path) as hdus:
        found = _tables(path, hdus)
        chosen = found.get(next(iter(found)) if hdu is None else hdu)
        if chosen is None:
            known = ", ".join(map(str, found))
            raise InputError(f"HDU {hdu} of {path.name} is no table.", hint=f"Tables: {known}.", field="hdu")
        rows = len(chosen.data)
        size = rows if batch_rows is None or _is_variable(chosen) else batch_rows
        first = _read_rows(chosen, slice(0, size))
        starts = range(size, rows, size) if size else ()
        rest = (_read_rows(chosen, slice(start, start + size), first.schema) for start in starts)
        yield first.schema, itertools.chain([first], rest)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file, memory-mapped: it need not fit into memory, nor need what is uncompressed of it."""
    with contextlib.closing(Uncompressed()) as copies, copies.path(path).open("rb") as file:
        hdus = fits.open(file, memmap=True)
        try:
            yield hdus
        finally:
            # Otherwise all of a table is copied into memory first.
            hdus.close(closed=False)


def _tables(path: Path, hdus: Any) -> dict[int, Any]:
    # An image that is compressed is kept in a table, too.
    tables = {
        number: hdu
        for number, hdu in enumerate(hdus)
        if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not isinstance(hdu, fits.CompImageHDU)
    }
    if not tables:
        images = any(hdu.is_image and hdu.header.get("NAXIS") for hdu in hdus)
        raise InputError(
            f"{path.name} holds {'an image and no' if images else 'no'} table.",
            hint="Open it with the image viewer." if images else "",
            field="path",
        )
    return tables


def _is_variable(hdu: Any) -> bool:
    return any(column.format.lstrip("0123456789")[:1] in ("P", "Q") for column in hdu.columns)


def _read_rows(hdu: Any, wanted: slice, schema: Any = None) -> Any:
    """Rows of a table as a record batch, of the given schema if there is one."""
    data = hdu.data[wanted]
    columns = [_read_column(data, column) for column in hdu.columns]
    if schema is not None:
        arrays = [column.cast(kind) for column, kind in zip(columns, schema.types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
    fields = []
    for number, (name, array) in enumerate(zip(unique_names(hdu.columns.names), columns, strict=True), 1):
        metadata = {key: str(hdu.header.get(f"{card}{number}", "")) for key, card in _CARDS.items()}
        metadata["unit"] = str(hdu.header.get(f"TUNIT{number}", ""))
        kept = {key: metadata[key] for key in METADATA_KEYS if metadata[key]}
        fields.append(pa.field(name, array.type, metadata=kept or None))
    named = {"name": hdu.header["EXTNAME"]} if hdu.header.get("EXTNAME") else None
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields, metadata=named))


def _ascii(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable.encode("ascii", "backslashreplace").decode()


def _dimensions(sizes: tuple[int, ...]) -> str | None:
    return f"({','.join(str(size) for size in reversed(sizes))})" if len(sizes) > 1 else None


def _fits_column(column: Any, field: pa.Field) -> fits.Column:
    values, mask = np.ma.getdata(column), np.ma.getmaskarray(column)
    what = {"name": field.name, "unit": _ascii(decoded(field.metadata).get("unit", "")) or None}
    if values.dtype.kind == "O":
        return _variable_column(values, mask, what)
    if values.dtype.kind == "U":
        texts = np.char.encode(values, "ascii", "backslashreplace")
        sizes = (*values.shape[1:], max(texts.dtype.itemsize, 1))
        return fits.Column(**what, format=f"{math.prod(sizes)}A", array=texts, dim=_dimensions(sizes))
    values, null = _fits_numbers(values, mask)
    sizes = values.shape[1:]
    form = f"{math.prod(sizes)}{_FORMATS[values.dtype.str[1:]]}"
    return fits.Column(**what, format=form, array=values, dim=_dimensions(sizes), null=null)


def _fits_numbers(
    values: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], int | None]:
    """Numbers of a type that FITS has, NaN or the returned integer (TNULL) where they are null."""
    code = values.dtype.str[1:]
    values = values.astype(_WIDENED.get(code, code))
    if not mask.any() or values.dtype.kind == "b":
        return values, None
    if values.dtype.kind in "fc":
        values[mask] = np.nan
        return values, None
    present = values[~mask]
    if values.dtype.kind == "u" and 255 in present:
        values = values.astype(np.int16)
    limits = np.iinfo(values.dtype)
    null = int(limits.max if values.dtype.kind == "u" else limits.min)
    if null in present:
        raise InputError(f"{null} stands for null in FITS and cannot be written beside nulls.")
    values[mask] = null
    return values, null


def _variable_column(
    cells: np.ndarray[Any, Any], mask: np.ndarray[Any, Any], what: dict[str, Any]
) -> fits.Column:
    """A column of arrays of variable length; of JSON text for arrays that FITS has not. Null is empty."""
    kinds = {np.asarray(cell).dtype for cell in cells if np.size(cell)} or {np.dtype(np.float64)}
    kind = np.result_type(*kinds)
    code = kind.str[1:]
    form = _FORMATS.get(_WIDENED.get(code, code))
    if form is None or any(np.ndim(cell) > 1 for cell in cells):
        texts = np.array(
            [
                b"" if missing else json.dumps(np.asarray(cell).tolist(), default=str).encode()
                for cell, missing in zip(cells, mask, strict=True)
            ]
        )
        return fits.Column(**what, format=f"{max(texts.dtype.itemsize, 1)}A", array=texts)
    arrays = np.empty(len(cells), object)
    for index, cell in enumerate(cells):
        arrays[index] = np.asarray(cell, _WIDENED.get(code, code))
    return fits.Column(**what, format=f"Q{form}()", array=arrays)


def _write_logical_nulls(path: Path, columns: Any) -> None:
    """Put the zero bytes that are null in columns of truth values (FITS 4.0, section 7.3.3.1) into the file.

    fits.Column takes no such values.
    """
    masked = [
        name
        for name in columns.colnames
        if columns[name].dtype.kind == "b" and np.ma.getmaskarray(columns[name]).any()
    ]
    if not masked:
        return
    with fits.open(path, memmap=False) as hdus:
        begin, kind, rows = hdus[1].fileinfo()["datLoc"], hdus[1].columns.dtype, len(columns)
    records = np.memmap(path, kind, "r+", begin, (rows,))
    for name in masked:
        records[name][np.ma.getmaskarray(columns[name])] = 0
    records.flush()


def _read_column(data: Any, column: Any) -> pa.Array:
    stored = data.view(np.ndarray)[column.name]
    if column.format.endswith("L") and "P" not in column.format and "Q" not in column.format:
        shape = data.dtype[column.name].shape
        return to_arrow_array((stored == ord("T")).reshape(-1, *shape), (stored == 0).reshape(-1, *shape))
    values = np.asarray(data[column.name])
    if values.dtype.kind == "O":
        # FITS cannot tell an empty array from null.
        return to_arrow_array(values, np.array([np.size(cell) == 0 for cell in values], bool))
    if values.dtype.kind in "SU":
        values = np.char.rstrip(values)
        return to_arrow_array(values, values == np.zeros((), values.dtype))
    return to_arrow_array(values, None if column.null is None else stored == column.null)
