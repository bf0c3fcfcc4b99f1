"""Tables that may hold a spectrum or a light curve, in FITS and VOTable files alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from esap_jupyter.errors import BadAnswer, NotFound, UnreadableFile
from esap_jupyter.formats.curve_columns import TableColumn
from esap_jupyter.formats.fits_files import number_of, text_of
from esap_jupyter.formats.votable_times import TimeSystem, time_system_of

_MOST_ROWS = 5_000_000


@dataclass(frozen=True)
class CurveSource:
    """A table, however it is stored; `read` gives a column's cells, one row each."""

    columns: tuple[TableColumn, ...]
    read: Callable[[str], NDArray[Any]]
    title: str
    time: TimeSystem = field(default_factory=TimeSystem)


def source_of_hdu(hdu: Any) -> CurveSource:
    """Describe a table of a FITS file; its columns are read when they are asked for."""
    columns = []
    for number, column in enumerate(hdu.columns, 1):
        kind = hdu.columns.dtype[column.name]
        code = str(column.format).lstrip("0123456789")[:1]
        varies = code in "PQ" and bool(code)
        columns.append(
            TableColumn(
                column.name,
                unit=str(column.unit or ""),
                ucd=text_of(hdu.header, f"TUCD{number}"),
                utype=text_of(hdu.header, f"TUTYP{number}"),
                size=0 if varies else int(np.prod(kind.shape, dtype=int)),
                is_number=varies or (kind.base.kind in "iuf" and code not in "LX"),
            )
        )

    def read(name: str) -> NDArray[Any]:
        values = np.asarray(hdu.data[name])
        null, stored = hdu.columns[name].null, hdu.data.view(np.ndarray)[name]
        if null is None or stored.dtype.kind not in "iu" or values.dtype.kind not in "iuf":
            return values
        # TNULL is what is stored, before TSCAL and TZERO (FITS 4.0, section 7.3.2).
        return np.where(stored == null, np.nan, values.astype(float))

    header = hdu.header
    title = text_of(header, "TITLE", "OBJECT", "SPECID", "EXTNAME")
    return CurveSource(tuple(columns), read, title, _time_of_header(header))


def _time_of_header(header: fits.Header) -> TimeSystem:
    """FITS 4.0, section 9; BJDREF is Kepler's and TESS's."""
    origin = ""
    for keyword, name in (("MJDREF", "MJD"), ("JDREF", "JD"), ("BJDREF", "BJD")):
        parts = [number_of(header, keyword + part) for part in ("", "I", "F")]
        if any(part is not None for part in parts):
            days = parts[0] if parts[0] is not None else (parts[1] or 0.0) + (parts[2] or 0.0)
            origin = f"{name} {days:.10g}" if days else ""
    return TimeSystem(
        text_of(header, "TIMESYS"), origin or text_of(header, "DATEREF"), text_of(header, "TIMEUNIT")
    )


def source_of_votable(path: Path, most: int = _MOST_ROWS) -> CurveSource:
    """Read a VOTable, up to so many rows; its whole batches, so that a few more may come."""
    import pyarrow as pa

    from esap_jupyter.formats.astropy_table import decoded
    from esap_jupyter.formats.votable import open_votable

    if not path.is_file():
        raise NotFound(f"There is no file {path.name}.")
    try:
        with path.open("rb") as file:
            reader = open_votable(file)
            batches = []
            for batch in reader:
                batches.append(batch.replace_schema_metadata(reader.schema.metadata))
                most -= batch.num_rows
                if most <= 0:
                    break
            table = pa.Table.from_batches(batches, None if batches else reader.schema)
    except (BadAnswer, OSError) as error:
        why = error.message if isinstance(error, BadAnswer) else error.strerror
        raise UnreadableFile(f"{path.name} cannot be read as VOTable: {why}") from error

    def describe(field: pa.Field) -> TableColumn:
        said = decoded(field.metadata)
        kind, size = field.type, 1
        while pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
            size = kind.list_size if pa.types.is_fixed_size_list(kind) else 0
            kind = kind.value_type
        is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        return TableColumn(
            field.name, said.get("unit", ""), said.get("ucd", ""), said.get("utype", ""), size, is_number
        )

    def read(name: str) -> NDArray[Any]:
        column = table.column(name).combine_chunks()
        kind = column.type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
        return np.asarray(column.to_numpy(zero_copy_only=False))

    said = decoded(table.schema.metadata)
    return CurveSource(
        tuple(describe(field) for field in table.schema),
        read,
        said.get("name") or said.get("description", ""),
        time_system_of(path),
    )
