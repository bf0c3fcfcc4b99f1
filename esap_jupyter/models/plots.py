"""What of a table is plotted, and how many of its rows lie where."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]

MOST_CELLS = 512
"""Cells along an axis of a density."""

FINEST_ORDER = 13
"""Of HEALPix: cells of 26 arcsec."""


class PlotAxis(BaseModel):
    """A column of numbers along an axis.

    Attributes
    ----------
    log : bool
        Whether the axis is logarithmic; what is not positive is then left out.
    low, high : float, optional
        Only values from the one to the other, in the column's unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    log: bool = False
    low: Finite | None = None
    high: Finite | None = None


class Density(BaseModel):
    """How many rows lie in each cell of a grid; along a log axis cells are equally wide in its logarithm.

    Attributes
    ----------
    x, y : tuple of float
        The least and the greatest value on the grid, in the column's unit; None if no row has a place on it.
    columns, rows : int
        Cells along x and y.
    counts : tuple of int
        Row by row from the least y, each from the least x.
    """

    x: tuple[float, float] | None
    y: tuple[float, float] | None
    columns: int
    rows: int
    counts: tuple[int, ...]


class SkyCircle(BaseModel):
    """A part of the sky, ICRS; all in degrees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ra: float = Field(ge=0, le=360)
    dec: float = Field(ge=-90, le=90)
    radius: float = Field(gt=0, le=180)


class SkyDensity(BaseModel):
    """How many rows lie in each cell of HEALPix, numbered in rings; all cells are of one area.

    Attributes
    ----------
    order : int
        There are ``12 * 4**order`` cells on the sky.
    cells : tuple of int
        Those that are not empty, ascending.
    """

    order: int
    cells: tuple[int, ...]
    counts: tuple[int, ...]
