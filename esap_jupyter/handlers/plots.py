"""What plots of tables are drawn from: rows as points, or how many of them lie where."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from esap_jupyter.handlers.routes import Arrow
from esap_jupyter.handlers.session import Session
from esap_jupyter.handlers.tables import OfTable, with_table
from esap_jupyter.models import Condition, Density, Order, PlotAxis, Selection, SkyCircle, SkyDensity
from esap_jupyter.models.plots import FINEST_ORDER, MOST_CELLS

if TYPE_CHECKING:
    from esap_jupyter.storage.tables import Table
    from esap_jupyter.storage.tables_points import Points

MOST_POINTS = 100_000


class Plotted(OfTable):
    """Rows to be plotted: those that meet all conditions."""

    conditions: tuple[Condition, ...] = ()


class OnPlane(Plotted):
    """Two columns of numbers, one against the other."""

    x: PlotAxis
    y: PlotAxis


class OnSky(Plotted):
    """Columns of right ascension and declination, and where to look; everywhere if that is not said."""

    ra: str
    dec: str
    within: SkyCircle | None = None


class PlanePoints(OnPlane):
    """Rows one by one; `order` says how they are counted."""

    order: tuple[Order, ...] = ()
    limit: int = Field(default=MOST_POINTS, ge=1, le=MOST_POINTS)


class SkyPoints(OnSky):
    """Rows one by one; `order` says how they are counted."""

    order: tuple[Order, ...] = ()
    limit: int = Field(default=MOST_POINTS, ge=1, le=MOST_POINTS)


class PlaneCells(OnPlane):
    """How many cells there are to be along x and y."""

    columns: int = Field(default=200, ge=1, le=MOST_CELLS)
    rows: int = Field(default=150, ge=1, le=MOST_CELLS)


class SkyCells(OnSky):
    """How fine the cells are to be, as an order of HEALPix."""

    healpix_order: int = Field(default=5, ge=0, le=FINEST_ORDER)


async def get_points(session: Session, given: PlanePoints) -> Arrow:
    def ask(table: Table) -> Arrow:
        from esap_jupyter.storage.tables_points import plane_points

        selection = Selection(conditions=given.conditions, order=given.order)
        points = plane_points(session.pages, table, selection, given.x, given.y, given.limit)
        return _arrow(points, "x", "y")

    return await with_table(session, given, ask)


async def get_density(session: Session, given: PlaneCells) -> Density:
    def ask(table: Table) -> Density:
        from esap_jupyter.storage.tables_density import plane_density

        return plane_density(table, given.x, given.y, (given.columns, given.rows), given.conditions)

    return await with_table(session, given, ask)


async def get_sky_points(session: Session, given: SkyPoints) -> Arrow:
    def ask(table: Table) -> Arrow:
        from esap_jupyter.storage.tables_points import sky_points

        selection = Selection(conditions=given.conditions, order=given.order)
        points = sky_points(session.pages, table, selection, given.ra, given.dec, given.within, given.limit)
        return _arrow(points, "ra", "dec")

    return await with_table(session, given, ask)


async def get_sky_density(session: Session, given: SkyCells) -> SkyDensity:
    def ask(table: Table) -> SkyDensity:
        from esap_jupyter.storage.tables_density import sky_density

        return sky_density(table, given.ra, given.dec, given.healpix_order, given.within, given.conditions)

    return await with_table(session, given, ask)


def _arrow(points: Points, first: str, second: str) -> Arrow:
    """An Arrow IPC stream; its schema's metadata says how many points there are altogether."""
    import pyarrow as pa

    rows = pa.table({first: points.first, second: points.second, "row": points.rows})
    rows = rows.replace_schema_metadata({b"esap.total": str(points.total).encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    return Arrow(bytes(sink.getvalue()))
