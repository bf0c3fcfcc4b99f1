"""Rows as a FITS binary table, written a batch at a time (FITS standard 4.0, section 7.3)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy.io import fits
from numpy.typing import NDArray

from esap_jupyter.archive.model import text
from esap_jupyter.errors import NotOffered

BLOCK = 2880

_CODES = {
    pa.bool_(): ("L", "i1"),
    pa.uint8(): ("B", "u1"),
    pa.int8(): ("I", ">i2"),
    pa.int16(): ("I", ">i2"),
    pa.uint16(): ("J", ">i4"),
    pa.int32(): ("J", ">i4"),
    pa.uint32(): ("K", ">i8"),
    pa.int64(): ("K", ">i8"),
    pa.float32(): ("E", ">f4"),
    pa.float64(): ("D", ">f8"),
}
_NULLS = {"B": 255, "I": -(2**15), "J": -(2**31), "K": -(2**63)}


def write_fits_table(
    sink: BinaryIO,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    truncated: Callable[[], bool],
    infos: Mapping[str, str],
) -> None:
    """Write a table with units and descriptions; strings are as wide as the longest.

    The rows are kept in a temporary file until their number and the width of the strings are known.

    Raises
    ------
    NotOffered
        If a column's type has no place in FITS.
    """
    for field in schema:
        if field.type not in _CODES and not _is_text(field.type):
            raise NotOffered(f"The column {field.name} cannot be written as FITS.", hint="Ask for Parquet.")
    widths = dict.fromkeys((field.name for field in schema if _is_text(field.type)), 1)
    rows = 0
    with tempfile.TemporaryFile() as spool:
        with pa.ipc.new_stream(spool, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
                for name in widths:
                    longest = pc.max(pc.binary_length(_as_text(batch.column(name)))).as_py()
                    widths[name] = max(widths[name], longest or 0)
        header = _header(schema, widths, rows, infos, truncated=truncated())
        fits.PrimaryHDU().writeto(sink)
        sink.write(header.tostring().encode("ascii"))
        spool.seek(0)
        dtype = _dtype(schema, widths)
        for batch in pa.ipc.open_stream(spool):
            sink.write(_records(batch, dtype).tobytes())
    sink.write(b"\0" * (-rows * dtype.itemsize % BLOCK))


def _is_text(kind: pa.DataType) -> bool:
    return any(
        is_kind(kind) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_temporal)
    )


def _as_text(column: pa.Array) -> pa.Array:
    return column.cast(pa.string())


def _header(
    schema: pa.Schema, widths: Mapping[str, int], rows: int, infos: Mapping[str, str], *, truncated: bool
) -> fits.Header:
    dtype = _dtype(schema, widths)
    header = fits.Header()
    for key, value in (
        ("XTENSION", "BINTABLE"),
        ("BITPIX", 8),
        ("NAXIS", 2),
        ("NAXIS1", dtype.itemsize),
        ("NAXIS2", rows),
        ("PCOUNT", 0),
        ("GCOUNT", 1),
        ("TFIELDS", len(schema)),
    ):
        header[key] = value
    for number, field in enumerate(schema, start=1):
        code = f"{widths[field.name]}A" if field.name in widths else _CODES[field.type][0]
        header[f"TTYPE{number}"] = field.name
        header[f"TFORM{number}"] = code
        if code in _NULLS:
            header[f"TNULL{number}"] = _NULLS[code]
        if text(field, "unit"):
            header[f"TUNIT{number}"] = text(field, "unit")
        if text(field, "ucd"):
            header[f"TUCD{number}"] = text(field, "ucd")
    header["QSTATUS"] = "OVERFLOW" if truncated else "OK"
    for name, value in infos.items():
        header.add_history(f"{name}: {' '.join(value.split())}".encode("ascii", "replace").decode())
    return header


def _dtype(schema: pa.Schema, widths: Mapping[str, int]) -> np.dtype[np.void]:
    kinds = [f"S{widths[field.name]}" if field.name in widths else _CODES[field.type][1] for field in schema]
    return np.dtype([(f"f{index}", kind) for index, kind in enumerate(kinds)])


def _records(batch: pa.RecordBatch, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    records = np.zeros(batch.num_rows, dtype)
    for index, (field, column) in enumerate(zip(batch.schema, batch.columns, strict=True)):
        records[f"f{index}"] = _values(field.type, column)
    return records


def _values(kind: pa.DataType, column: pa.Array) -> NDArray[np.generic]:
    if _is_text(kind):
        words = _as_text(column).fill_null("").to_pylist()
        return np.array([word.encode("utf-8") for word in words], dtype=bytes)
    if pa.types.is_boolean(kind):
        # "T", "F", or 0 for unknown.
        truth = pc.if_else(column, pa.scalar(ord("T"), pa.int8()), pa.scalar(ord("F"), pa.int8()))
        return np.asarray(truth.fill_null(0).to_numpy(zero_copy_only=False))
    code = _CODES[kind][0]
    if code in _NULLS:
        wide = column.cast(pa.int64()).fill_null(_NULLS[code])
        return np.asarray(wide.to_numpy(zero_copy_only=False))
    return np.asarray(column.fill_null(float("nan")).to_numpy(zero_copy_only=False))
