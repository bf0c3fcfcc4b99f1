"""Rows of a selection as points: on a plane of two columns, and on the sky."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from esap_jupyter.formats.sky_frames import frame_of, icrs_degrees
from esap_jupyter.models import PlotAxis, Selection, SkyCircle
from esap_jupyter.storage.tables_density import degrees_per_unit
from esap_jupyter.storage.tables_pages import TablePages
from esap_jupyter.storage.tables_query import Question
from esap_jupyter.storage.tables_view import Table


@dataclass(frozen=True, slots=True)
class Points:
    """Rows that have a place.

    Attributes
    ----------
    first, second : numpy.ndarray
        The coordinates, of float64.
    rows : numpy.ndarray
        Which row of the selection each is, from 0, ascending.
    total : int
        Rows that have a place, of which these are the first.
    """

    first: Any
    second: Any
    rows: Any
    total: int


def plane_points(
    pages: TablePages, table: Table, selection: Selection, x: PlotAxis, y: PlotAxis, limit: int
) -> Points:
    """Read two columns of numbers of a selection, in its order.

    Raises
    ------
    InputError
        If there is no such column or it holds no numbers, or a condition's value does not fit.
    """
    question = Question(table)
    for axis, at in ((x, "x"), (y, "y")):
        question.number(axis.column, f"{at}.column")
    first, second = _numbers(pages, table, selection, x.column, y.column)
    return _points(first, second, _on_axis(first, x) & _on_axis(second, y), limit)


def sky_points(
    pages: TablePages,
    table: Table,
    selection: Selection,
    ra: str,
    dec: str,
    within: SkyCircle | None,
    limit: int,
) -> Points:
    """Read the positions of a selection, ICRS, in degrees, right ascension from 0, in the selection's order.

    Raises
    ------
    InputError
        If there is no such column or it holds no angles, or a condition's value does not fit.
    """
    question = Question(table)
    for column, at in ((ra, "ra"), (dec, "dec")):
        question.number(column, at)
    first, second = _numbers(pages, table, selection, ra, dec)
    first = first * degrees_per_unit(question, ra, "ra") % 360
    second = second * degrees_per_unit(question, dec, "dec")
    frame = frame_of(table.schema, ra, dec)
    if not frame.is_icrs:
        first, second = icrs_degrees(first, second, frame)
    wanted = np.isfinite(first) & (np.abs(second) <= 90)
    if within:
        wanted &= _haversine(first, second, within) <= np.sin(np.radians(within.radius) / 2) ** 2
    return _points(first, second, wanted, limit)


def _numbers(pages: TablePages, table: Table, selection: Selection, *columns: str) -> list[Any]:
    """Columns of a selection as doubles, NaN where they are empty."""
    rows = pages.page(table, selection, 0, table.num_rows, list(dict.fromkeys(columns))).rows
    return [rows.column(name).cast(pa.float64(), safe=False).to_numpy() for name in columns]


def _on_axis(values: Any, axis: PlotAxis) -> Any:
    shown = np.isfinite(values)
    if axis.log:
        shown &= values > 0
    if axis.low is not None:
        shown &= values >= axis.low
    if axis.high is not None:
        shown &= values <= axis.high
    return shown


def _haversine(ra: Any, dec: Any, circle: SkyCircle) -> Any:
    """The haversine of the distance to the middle of a circle, exact for small distances too."""
    dec, middle = np.radians(dec), np.radians(circle.dec)
    across = np.sin((np.radians(ra) - np.radians(circle.ra)) / 2) ** 2
    return np.sin((dec - middle) / 2) ** 2 + np.cos(dec) * np.cos(middle) * across


def _points(first: Any, second: Any, wanted: Any, limit: int) -> Points:
    rows = np.flatnonzero(wanted)
    shown = rows[:limit]
    return Points(first[shown], second[shown], shown, len(rows))
