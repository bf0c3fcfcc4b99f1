"""Where the rows of a table are on the sky: the columns with positions, by their UCDs, as a SkyCoord.

UCD1+ (IVOA UCD list 1.5): ``pos.eq.ra;meta.main`` and its like; UCD1 as VizieR and Cone Search still use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.time import Time

from esap_jupyter.errors import InputError
from esap_jupyter.formats.astropy_table import decoded, parse_unit, to_astropy
from esap_jupyter.formats.sky_frames import SkyFrame, frame_of

_BY_UCD = (
    ("pos.eq.ra;meta.main", "pos.eq.dec;meta.main"),
    ("pos_eq_ra_main", "pos_eq_dec_main"),
    ("pos.eq.ra", "pos.eq.dec"),
)
_BY_NAME = (
    ("ra", "dec"), ("s_ra", "s_dec"), ("raj2000", "dej2000"), ("_raj2000", "_dej2000"),
    ("ra_icrs", "de_icrs"), ("ra_deg", "dec_deg"), ("raj2000", "decj2000"),
)  # fmt: skip
_GALACTIC_BY_UCD = (
    ("pos.galactic.lon;meta.main", "pos.galactic.lat;meta.main"),
    ("pos.galactic.lon", "pos.galactic.lat"),
)


@dataclass(frozen=True, slots=True)
class PositionColumns:
    """The columns that say where a row is.

    Attributes
    ----------
    lon, lat : str
        Names of the columns.
    frame : SkyFrame
        That of the columns.
    epoch : str
        Name of the column with the epoch of the positions, Julian years; empty if there is none.
    """

    lon: str
    lat: str
    frame: SkyFrame
    epoch: str = ""

    @property
    def names(self) -> list[str]:
        """The columns that must be read."""
        return [self.lon, self.lat, *([self.epoch] if self.epoch else [])]


def position_columns(schema: Any, ra: str | None = None, dec: str | None = None) -> PositionColumns:
    """Find the columns with the positions.

    Parameters
    ----------
    schema : pyarrow.Schema
        With UCDs as metadata of its fields.
    ra, dec : str, optional
        Names of the columns, when the UCDs do not tell or tell of others.

    Raises
    ------
    InputError
        If there are no such columns.
    """
    if (ra is None) != (dec is None):
        raise InputError("Name both columns, ra and dec.", field="ra")
    if ra is not None and dec is not None:
        for name in (ra, dec):
            if name not in schema.names:
                raise InputError(f"There is no column {name!r}.", field="ra" if name == ra else "dec")
        return PositionColumns(ra, dec, frame_of(schema, ra, dec), _epoch_column(schema))
    for found in _candidates(schema):
        return found
    raise InputError(
        "No column of the table says by its UCD that it is a position.",
        hint="Name the columns with ra= and dec=; table.columns lists them.",
        field="ra",
    )


def sky_coordinates(rows: pa.Table, columns: PositionColumns) -> SkyCoord:
    """Make the positions of all rows; NaN where a row has none.

    Parameters
    ----------
    rows : pyarrow.Table
        With the columns.

    Raises
    ------
    InputError
        If a column holds no angles.
    """
    try:
        lon, lat = (_angles(rows, name, is_lon=name == columns.lon) for name in (columns.lon, columns.lat))
        epoch = _epoch(rows.column(columns.epoch)) if columns.epoch else None
        return columns.frame.coordinates(lon, lat, obstime=epoch)
    except (ValueError, TypeError, units.UnitsError) as error:
        raise InputError(
            f"{columns.lon!r} and {columns.lat!r} are no positions on the sky: {error}.", field="ra"
        ) from error


def _candidates(schema: Any) -> Iterator[PositionColumns]:
    epoch = _epoch_column(schema)
    ucds: dict[str, str] = {}
    for field in schema:
        ucds.setdefault(decoded(field.metadata).get("ucd", "").lower(), field.name)
    pairs = [(ucds[lon], ucds[lat]) for lon, lat in _BY_UCD if lon in ucds and lat in ucds]
    names = {name.lower(): name for name in reversed(schema.names)}
    pairs += [(names[ra], names[dec]) for ra, dec in _BY_NAME if ra in names and dec in names]
    pairs += [(ucds[lon], ucds[lat]) for lon, lat in _GALACTIC_BY_UCD if lon in ucds and lat in ucds]
    for lon, lat in pairs:
        yield PositionColumns(lon, lat, frame_of(schema, lon, lat), epoch)


def _epoch_column(schema: Any) -> str:
    for field in schema:
        said = decoded(field.metadata)
        is_epoch = "time.epoch" in said.get("ucd", "").lower() or field.name.lower() == "ref_epoch"
        if is_epoch and said.get("unit", "yr") in ("yr", "a") and pa.types.is_floating(field.type):
            return str(field.name)
    return ""


def _epoch(years: pa.ChunkedArray) -> Time | None:
    """The epoch, one for all if it is the same; None where a row has none."""
    values = np.asarray(years.to_numpy(), float)
    if not len(values) or not np.isfinite(values).all():
        return None
    same = (values == values[0]).all()
    return Time(values[0] if same else values, format="jyear", scale="tcb")


def _angles(rows: pa.Table, name: str, *, is_lon: bool) -> Any:
    field = rows.schema.field(name)
    unit = parse_unit(decoded(field.metadata).get("unit", ""))
    column = to_astropy(rows.select([name]))[name]
    if column.dtype.kind == "U":
        from astropy.coordinates import Angle

        # Sexagesimal text: hours for a right ascension unless it says degrees.
        return Angle(column.data, units.hourangle if is_lon and unit != units.deg else units.deg)
    values = np.asarray(np.ma.filled(column.data.astype(float), np.nan))
    if unit is None or not unit.is_equivalent(units.deg):
        unit = units.hourangle if is_lon and unit == units.hour else units.deg
    return values * unit
