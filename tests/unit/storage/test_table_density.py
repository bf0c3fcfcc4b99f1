"""How many rows of a table lie where, on a plane and on the sky, and the same rows as points."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esap_jupyter.errors import InputError
from esap_jupyter.models import Condition, Order, PlotAxis, Selection, SkyCircle
from esap_jupyter.storage import tables_density
from esap_jupyter.storage.tables import TableStore
from esap_jupyter.storage.tables_density import plane_density, sky_density
from esap_jupyter.storage.tables_pages import TablePages
from esap_jupyter.storage.tables_points import plane_points, sky_points

NAN = float("nan")
HYPOTHESIS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def make_table(tmp_path):
    store = TableStore(tmp_path, 10**9)

    def make(units: dict[str, str] | None = None, **columns):
        rows = pa.table(columns)
        schema = pa.schema(
            [each.with_metadata({"unit": (units or {}).get(each.name, "")}) for each in rows.schema]
        )
        writer = store.create(None, "Some rows")
        for batch in rows.cast(schema).to_batches():
            writer.append("one", batch)
        writer.finish()
        return writer.table.refresh()

    return make


def plane(table, x: dict, y: dict, cells=(2, 2), *conditions):
    return plane_density(table, PlotAxis(**x), PlotAxis(**y), cells, conditions)


X, Y = {"column": "x"}, {"column": "y"}


def test_plane_is_counted_from_the_least_to_the_greatest(make_table) -> None:
    table = make_table(
        x=[0.0, 1.0, 4.0, 3.9, 2.0, NAN, None, math.inf], y=[0.0, 0.0, 10.0, 9.0, 4.0, 1.0, 1.0, 1.0]
    )

    found = plane(table, X, Y)

    assert (found.x, found.y, found.columns, found.rows) == ((0.0, 4.0), (0.0, 10.0), 2, 2)
    assert found.counts == (2, 1, 0, 2)


def test_plane_with_logarithm_has_no_place_for_zero(make_table) -> None:
    table = make_table(x=[0.0, -1.0, 1.0, 10.0, 100.0, 99.0], y=[1, 1, 1, 1, 1, 1])

    found = plane(table, {**X, "log": True}, Y, (2, 5))

    assert found.x == pytest.approx((1.0, 100.0))
    assert (found.columns, found.rows, found.counts) == (2, 1, (1, 3))


def test_part_of_the_plane_is_looked_at(make_table) -> None:
    table = make_table(x=[1.0, 2.0, 3.0, 4.0], y=[1.0, 2.0, 3.0, 4.0])

    found = plane(table, {**X, "low": 1.5, "high": 3.5}, {**Y, "high": 2.5}, (4, 1))

    assert (found.x, found.y) == ((1.5, 3.5), (2.0, 2.5))
    assert found.counts == (0, 1, 0, 0)


def test_plane_of_rows_that_meet_a_condition(make_table) -> None:
    table = make_table(x=[1, 2, 3], y=[1, 2, 3])

    found = plane(table, X, Y, (1, 1), Condition(column="x", operator="<", value=3))

    assert (found.counts, found.x) == ((2,), (1.0, 2.0))


def test_plane_without_a_row(make_table) -> None:
    found = plane(make_table(x=[NAN, None], y=[1.0, 2.0]), X, Y)

    assert (found.x, found.counts) == (None, ())


def test_plane_over_the_whole_range_of_doubles(make_table) -> None:
    table = make_table(x=[-1.7e308, 0.0, 1.7e308], y=[0, 0, 0])

    assert plane(table, X, Y, (3, 1)).counts == (1, 1, 1)


@pytest.mark.parametrize(("axis", "field"), [("name", "x.column"), ("none", "x.column")])
def test_what_cannot_be_plotted(make_table, axis, field) -> None:
    table = make_table(name=["a"], y=[1])

    with pytest.raises(InputError) as error:
        plane(table, {"column": axis}, Y)
    assert error.value.field == field
    with pytest.raises(InputError) as error:
        plane_points(TablePages(), table, Selection(), PlotAxis(column=axis), PlotAxis(**Y), 10)
    assert error.value.field == field


@HYPOTHESIS
@given(
    rows=st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6)) | st.just((NAN, 1.0)), min_size=1, max_size=40
    ),
    log=st.booleans(),
)
def test_density_counts_the_points(make_table, rows, log) -> None:
    table = make_table(x=[x for x, _ in rows], y=[y for _, y in rows])
    x, y = PlotAxis(**X), PlotAxis(**Y, log=log)

    found = plane_density(table, x, y, (7, 5))
    points = plane_points(TablePages(), table, Selection(), x, y, 100)

    assert sum(found.counts) == points.total == sum(not math.isnan(x) for x, _ in rows)


def test_points_know_their_rows(make_table) -> None:
    table = make_table(x=[3.0, NAN, 1.0, 2.0], y=[30, 20, 10, -5])
    by_x = Selection(order=(Order(column="x"),))

    all_of_them = plane_points(TablePages(), table, by_x, PlotAxis(**X), PlotAxis(**Y), 10)
    first = plane_points(TablePages(), table, by_x, PlotAxis(**X), PlotAxis(**Y, log=True), 1)

    assert all_of_them.first.tolist() == [1, 2, 3]
    assert (all_of_them.second.tolist(), all_of_them.rows.tolist()) == ([10, -5, 30], [0, 1, 2])
    assert (first.rows.tolist(), first.total) == ([0], 2)


def test_cells_of_healpix_are_those_that_healpy_tells(make_table) -> None:
    """The example of ``healpy.ang2pix``, Nside 16; the first, on an edge, a hair to the north."""
    table = make_table(ra=[0.0, 45.0, 90.0, 0.0, 0.0], dec=[1e-9, 45.0, 0.0, 90.0, -90.0])

    found = sky_density(table, "ra", "dec", 4)

    assert found.cells == tuple(sorted([1440, 427, 1520, 0, 3068]))
    assert found.counts == (1,) * 5


def test_cells_of_healpix_are_of_one_area(make_table) -> None:
    """Places of a lattice of equal areas (Fibonacci): as many in each cell, but for a few at the edges."""
    number = np.arange(192 * 400)
    table = make_table(
        ra=(number * 360 / ((1 + 5**0.5) / 2)) % 360,
        dec=np.degrees(np.arcsin(1 - (2 * number + 1) / len(number))),
    )

    found = sky_density(table, "ra", "dec", 2)

    assert found.cells == tuple(range(192))
    assert min(found.counts) > 370
    assert max(found.counts) < 430


@HYPOTHESIS
@given(ra=st.floats(-360, 720), dec=st.floats(-90, 90), order=st.integers(0, 13))
def test_every_place_is_in_a_cell(make_table, ra, dec, order) -> None:
    found = sky_density(
        make_table(ra=[ra], dec=[dec]), "ra", "dec", order, SkyCircle(ra=0, dec=0, radius=180)
    )

    assert len(found.cells) == 1
    assert 0 <= found.cells[0] < 12 * 4**found.order


def test_circle_reaches_over_zero_and_over_the_pole(make_table) -> None:
    table = make_table(ra=[359.9, 0.1, 180.0, 10.0, 190.0], dec=[0.0, 0.0, 0.0, 89.9, 89.9])
    pages = TablePages()

    for circle, rows in (
        (SkyCircle(ra=0, dec=0, radius=0.2), [0, 1]),
        (SkyCircle(ra=360, dec=0, radius=0.2), [0, 1]),
        (SkyCircle(ra=100, dec=90, radius=0.2), [3, 4]),
        (SkyCircle(ra=100, dec=0, radius=180), [0, 1, 2, 3, 4]),
    ):
        assert sky_points(pages, table, Selection(), "ra", "dec", circle, 10).rows.tolist() == rows
        assert sum(sky_density(table, "ra", "dec", 10, circle).counts) == len(rows)


def test_angles_in_their_units(make_table) -> None:
    table = make_table(
        {"ra": "h", "dec": "rad", "mag": "mag"}, ra=[1.0, -1.0], dec=[0.5, 2.0], mag=[1.0, 2.0]
    )

    points = sky_points(TablePages(), table, Selection(), "ra", "dec", None, 10)

    assert (points.first.tolist(), points.second.tolist()) == ([15.0], [pytest.approx(math.degrees(0.5))])
    with pytest.raises(InputError) as error:
        sky_density(table, "ra", "mag", 3)
    assert error.value.field == "dec"


def test_cells_are_coarser_where_there_would_be_too_many(make_table, monkeypatch) -> None:
    monkeypatch.setattr(tables_density, "MOST_SKY_CELLS", 200)
    table = make_table(ra=[10.0], dec=[20.0])

    assert sky_density(table, "ra", "dec", 9).order == 2
    assert sky_density(table, "ra", "dec", 9, SkyCircle(ra=10, dec=20, radius=1)).order == 8


@pytest.mark.parametrize("said", [{"coosys": "eq_FK4", "equinox": "B1950"}, {"ucd": "pos.galactic.lon"}])
def test_positions_of_other_frames_are_brought_to_icrs(tmp_path, said: dict[str, str]) -> None:
    lon, lat = [266.0, 10.0, 359.99, None], [-29.0, 60.0, 89.5, 0.0]
    rows = pa.table({"lon": pa.array(lon), "lat": pa.array(lat)})
    metadata = {"unit": "deg", **said}
    schema = pa.schema([each.with_metadata(metadata) for each in rows.schema])
    store = TableStore(tmp_path, 10**9)
    writer = store.create(None, "Elsewhere")
    writer.append("one", rows.cast(schema).to_batches()[0])
    writer.finish()
    table = writer.table.refresh()
    wanted = SkyCoord(lon[:3], lat[:3], unit="deg", frame="fk4" if "coosys" in said else "galactic").icrs

    points = sky_points(TablePages(), table, Selection(), "lon", "lat", None, 10)
    around = SkyCircle(ra=wanted[1].ra.deg, dec=wanted[1].dec.deg, radius=0.001)
    near = sky_points(TablePages(), table, Selection(), "lon", "lat", around, 10)
    cells = sky_density(table, "lon", "lat", 5)
    near_cells = sky_density(table, "lon", "lat", 5, around)

    assert points.rows.tolist() == [0, 1, 2]
    found = SkyCoord(points.first, points.second, unit="deg")
    assert found.separation(wanted).arcsec.max() < 1e-3
    assert near.rows.tolist() == [1]
    assert sum(cells.counts) == 3
    assert near_cells.counts == (1,)
    assert set(near_cells.cells) < set(cells.cells)
