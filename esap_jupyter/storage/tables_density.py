"""How many rows of a table lie where: on a plane of two columns, and on the sky."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyarrow as pa

from esap_jupyter.errors import InputError
from esap_jupyter.formats.sky_frames import frame_of, icrs_degrees
from esap_jupyter.models import Condition, Density, PlotAxis, SkyCircle, SkyDensity
from esap_jupyter.storage.tables_query import Question
from esap_jupyter.storage.tables_view import Table

MOST_SKY_CELLS = 200_000
"""Cells of HEALPix in the part of the sky that is looked at."""

_DEGREES = {
    "": 1.0,
    "deg": 1.0,
    "rad": math.degrees(1.0),
    "h": 15.0,
    "hourangle": 15.0,
    "arcmin": 1 / 60,
    "arcsec": 1 / 3600,
}


def plane_density(
    table: Table, x: PlotAxis, y: PlotAxis, cells: tuple[int, int], conditions: Sequence[Condition] = ()
) -> Density:
    """Count the rows in the cells of a grid over two columns of numbers.

    Parameters
    ----------
    cells : tuple of int
        How many along x and y.

    Raises
    ------
    InputError
        If there is no such column or it holds no numbers, or a condition's value does not fit.
    """
    question = Question(table)
    along_x, on_x = _along(question, x, "x")
    along_y, on_y = _along(question, y, "y")
    where = f"{question.where(conditions)} AND {on_x} AND {on_y}"
    (extent,) = question.rows(
        f"min({along_x}) AS x_low, max({along_x}) AS x_high,"
        f" min({along_y}) AS y_low, max({along_y}) AS y_high",
        where,
    )
    if extent["x_low"] is None:
        return Density(x=None, y=None, columns=0, rows=0, counts=())
    x_low, x_high = _ends(x, extent["x_low"], extent["x_high"])
    y_low, y_high = _ends(y, extent["y_low"], extent["y_high"])
    columns, rows = cells[0] if x_low < x_high else 1, cells[1] if y_low < y_high else 1
    # Quarters, since the difference of two doubles may leave their range.
    counted = question.rows(
        f"least(floor(({along_x} / 4 - $x_low) / $x_width), $columns - 1)::INTEGER AS x,"
        f" least(floor(({along_y} / 4 - $y_low) / $y_width), $rows - 1)::INTEGER AS y, count(*) AS count",
        where,
        "GROUP BY ALL",
        x_low=x_low / 4,
        x_width=(x_high / 4 - x_low / 4) / columns or 1.0,
        columns=columns,
        y_low=y_low / 4,
        y_width=(y_high / 4 - y_low / 4) / rows or 1.0,
        rows=rows,
    )
    counts = [0] * (columns * rows)
    for each in counted:
        counts[each["y"] * columns + each["x"]] = each["count"]
    return Density(
        x=(_value(x, x_low), _value(x, x_high)),
        y=(_value(y, y_low), _value(y, y_high)),
        columns=columns,
        rows=rows,
        counts=tuple(counts),
    )


def sky_density(
    table: Table,
    ra: str,
    dec: str,
    order: int,
    within: SkyCircle | None = None,
    conditions: Sequence[Condition] = (),
) -> SkyDensity:
    """Count the rows in the cells of HEALPix (Gorski et al. 2005, ApJ 622, 759), numbered in rings.

    Parameters
    ----------
    ra, dec : str
        Columns of right ascension and declination; those of another frame are brought to ICRS.
    order : int
        How fine; coarser where more than `MOST_SKY_CELLS` cells would be looked at.

    Raises
    ------
    InputError
        If there is no such column or it holds no angles, or a condition's value does not fit.
    """
    question = Question(table)
    right_ascension, declination = _icrs(question, table, ra, dec)
    where = f"{question.where(conditions)} AND {right_ascension} IS NOT NULL AND abs({declination}) <= 90"
    fraction = 1.0
    circle: dict[str, float] = {}
    if within:
        # The haversine formula, exact for small distances too.
        where += (
            f" AND pow(sin(radians({declination} - $dec) / 2), 2)"
            f" + cos(radians({declination})) * cos(radians($dec))"
            f" * pow(sin(radians({right_ascension} - $ra) / 2), 2) <= pow(sin(radians($radius) / 2), 2)"
        )
        circle = within.model_dump()
        fraction = math.sin(math.radians(within.radius) / 2) ** 2
    while order and 12 * 4**order * fraction > MOST_SKY_CELLS:
        order -= 1
    counted = question.rows(
        f"{_healpix_cell(2**order)} AS cell, count(*) AS count",
        where,
        "GROUP BY cell ORDER BY cell",
        f"{right_ascension} / 90 AS quarter, sin(radians({declination})) AS z,"
        f" cos(radians({declination})) AS from_axis",
        **circle,
    )
    return SkyDensity(
        order=order,
        cells=tuple(each["cell"] for each in counted),
        counts=tuple(each["count"] for each in counted),
    )


def degrees_per_unit(question: Question, column: str, at: str) -> float:
    """Say how many degrees the unit of a column is; without a unit it is taken to be in degrees.

    Raises
    ------
    InputError
        If it is no unit of angles.
    """
    unit = question.unit(column)
    if unit not in _DEGREES:
        raise InputError(f"{column} is in {unit}, which is no angle.", hint="Choose a coordinate.", field=at)
    return _DEGREES[unit]


def _along(question: Question, axis: PlotAxis, at: str) -> tuple[str, str]:
    """SQL for the place of a row along an axis, and for whether it has one."""
    value = question.number(axis.column, f"{at}.column")
    met = [f"{value} > 0" if axis.log else f"{value} IS NOT NULL"]
    if axis.low is not None:
        met.append(f"{value} >= {question.parameter(axis.low)}")
    if axis.high is not None:
        met.append(f"{value} <= {question.parameter(axis.high)}")
    return (f"log10({value})" if axis.log else value), " AND ".join(met)


def _ends(axis: PlotAxis, low: float, high: float) -> tuple[float, float]:
    """Where the grid begins and ends: where the axis does, else where the rows do."""
    begin = low if axis.low is None or (axis.log and axis.low <= 0) else _place(axis, axis.low)
    end = high if axis.high is None else _place(axis, axis.high)
    # Rounding of the logarithm leaves no row outside.
    return min(begin, low), max(end, high)


def _place(axis: PlotAxis, value: float) -> float:
    return math.log10(value) if axis.log else value


def _value(axis: PlotAxis, place: float) -> float:
    return float(10.0**place) if axis.log else place


def _angle(question: Question, column: str, at: str) -> str:
    """SQL for an angle in degrees."""
    return f"({question.number(column, at)} * {degrees_per_unit(question, column, at)!r})"


def _icrs(question: Question, table: Table, ra: str, dec: str) -> tuple[str, str]:
    """SQL for right ascension from 0 to 360 and declination, ICRS, in degrees."""
    lon, lat = _angle(question, ra, "ra"), _angle(question, dec, "dec")
    frame = frame_of(table.schema, ra, dec)
    if frame.is_icrs:
        return f"fmod(fmod({lon}, 360) + 360, 360)", lat
    rows = table.page(0, table.num_rows, list(dict.fromkeys((ra, dec))))
    lons, lats = (
        rows.column(name).cast(pa.float64(), safe=False).to_numpy() * degrees_per_unit(question, name, at)
        for name, at in ((ra, "ra"), (dec, "dec"))
    )
    places = icrs_degrees(lons, lats, frame)
    lon, lat = (f"(CASE WHEN isfinite({name}) THEN {name} END)" for name in map(question.made, places))
    return lon, lat


def _healpix_cell(nside: int) -> str:
    """SQL for the cell of a place, by equations 1 to 8 of Gorski et al. solved for it.

    The place is right ascension in quarters of the sky, height over the equator and distance from the axis.
    """
    quarter, z = "quarter", "z"
    # Between the polar caps: how many rising and falling lines of cells lie below.
    rising = f"floor({nside} * (0.5 + {quarter} - 0.75 * {z}))"
    falling = f"floor({nside} * (0.5 + {quarter} + 0.75 * {z}))"
    ring = f"({nside} + {rising} - {falling})"
    along = f"floor(({rising} + {falling} - {nside} + {ring} % 2 + 1) / 2)"
    belt = f"{2 * nside * (nside - 1)} + {ring} * {4 * nside} + fmod({along} + {4 * nside}, {4 * nside})"
    # In a cap: distances from both edges of the quarter, counted from the pole.
    part = f"({quarter} - floor({quarter}))"
    distance = f"({nside} * from_axis * sqrt(3 / (1 + abs({z}))))"
    cap_ring = f"least(floor({part} * {distance}) + floor((1 - {part}) * {distance}) + 1, {nside})"
    in_ring = f"least(floor({quarter} * {cap_ring}), 4 * {cap_ring} - 1)"
    north = f"2 * {cap_ring} * ({cap_ring} - 1) + {in_ring}"
    south = f"{12 * nside * nside} - 2 * {cap_ring} * ({cap_ring} + 1) + {in_ring}"
    return f"(CASE WHEN abs({z}) <= 2.0 / 3 THEN {belt} WHEN {z} > 0 THEN {north} ELSE {south} END)::BIGINT"
