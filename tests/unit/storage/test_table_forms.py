"""A table as people use it: columns and rows, positions, pictures."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.wcs import WCS

from esap_jupyter.errors import InputError, NotOffered
from esap_jupyter.models import Query
from esap_jupyter.storage.tables import Table, TableStore

RA = {"unit": "deg", "ucd": "pos.eq.ra;meta.main"}
DEC = {"unit": "deg", "ucd": "pos.eq.dec;meta.main"}


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Table]:
    """Make a table of one or several services' rows."""
    store = TableStore(tmp_path / "tables", 1_000_000_000)

    def make(**services: pa.Table) -> Table:
        writer = store.create(Query(keyword="stars"), "stars")
        for service, rows in services.items():
            for batch in rows.to_batches() or [pa.RecordBatch.from_pylist([], rows.schema)]:
                writer.append(service, batch)
        writer.finish()
        return writer.table.refresh()

    return make


@pytest.fixture
def stars(made: Callable[..., Table]) -> Table:
    return made(gaia=_stars())


@pytest.fixture(autouse=True)
def pyplot() -> Iterator[Any]:
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    yield plt
    plt.close("all")


def _stars(rows: int = 4, **columns: Any) -> pa.Table:
    numbers = np.arange(rows, dtype=float)
    table = pa.table(
        [
            pa.array(range(rows)),
            pa.array(10 + numbers),
            pa.array(-20 + numbers / rows),
            pa.array([None, *(numbers[1:] + 15)], pa.float64()),
            pa.array(["a"] * rows),
        ],
        schema=pa.schema(
            [
                pa.field("id", pa.int64()),
                pa.field("ra", pa.float64(), metadata=RA),
                pa.field("dec", pa.float64(), metadata=DEC),
                pa.field("g", pa.float64(), metadata={"unit": "mag", "ucd": "phot.mag;em.opt"}),
                pa.field("name", pa.string()),
            ]
        ),
    )
    for name, (values, metadata) in columns.items():
        table = table.append_column(
            pa.field(name, pa.array(values).type, metadata=metadata), pa.array(values)
        )
    return table


def test_columns_come_with_units_and_masks(stars: Table) -> None:
    assert stars["ra"].unit == u.deg
    assert stars["g"].mask.tolist() == [True, False, False, False]
    assert list(stars["name"]) == ["a"] * 4
    assert stars["ra", "dec"].colnames == ["ra", "dec"]
    assert stars[["g"]].colnames == ["g"]
    assert "ra" in stars
    assert "parallax" not in stars
    with pytest.raises(KeyError, match="There are: id, ra"):
        stars["parallax"]


def test_rows_come_by_number_and_one_after_the_other(stars: Table) -> None:
    assert stars[1]["id"] == stars[-3]["id"] == 1
    assert stars[1:3]["id"].tolist() == [1, 2]
    assert stars[::2]["id"].tolist() == [0, 2]
    assert stars[::-1]["id"].tolist() == [3, 2, 1, 0]
    assert stars[3:1]["id"].tolist() == []
    assert [row["id"] for row in stars] == [0, 1, 2, 3]
    with pytest.raises(IndexError):
        stars[4]


def test_rows_are_chosen_as_of_an_astropy_table(stars: Table) -> None:
    whole = stars.to_astropy()
    for chosen in (
        np.array([3, 0]),
        [2],
        [-1, 1],
        [False, True, False, True],
        stars["g"] < 17.5 * u.mag,
        stars["id"] == 2,
        np.zeros(4, bool),
        [],
    ):
        rows = stars[chosen]
        assert isinstance(rows, QTable)
        assert rows["id"].tolist() == whole[chosen]["id"].tolist()
        assert rows["ra"].unit == u.deg
    assert stars[np.int64(1)]["id"] == 1
    assert stars.colnames == whole.colnames
    with pytest.raises(IndexError, match="no row 4"):
        stars[[0, 4]]
    with pytest.raises(InputError, match="3 truth values"):
        stars[[True, False, True]]
    with pytest.raises(InputError, match="no row"):
        stars[1.5]


def test_astropy_gets_quantities(stars: Table) -> None:
    table = stars.to_astropy()

    assert isinstance(table, QTable)
    assert isinstance(table["ra"], u.Quantity)
    assert table["ra"].info.meta["ucd"] == "pos.eq.ra;meta.main"


def test_a_unit_that_nothing_knows_or_on_text_spoils_nothing(made: Callable[..., Table]) -> None:
    table = made(
        gaia=_stars(odd=([1.0] * 4, {"unit": "bananas/h"}), sexagesimal=(["1 2 3"] * 4, {"unit": "h:m:s"}))
    ).to_astropy()

    assert str(table["odd"].unit) == "bananas/h"
    assert str(table["sexagesimal"].unit) == "h:m:s"


def test_pandas_is_told_the_units_and_ucds(stars: Table) -> None:
    frame = stars.to_pandas()

    assert frame.attrs["units"] == {"ra": "deg", "dec": "deg", "g": "mag"}
    assert frame.attrs["ucds"]["g"] == "phot.mag;em.opt"


def test_positions_are_found_by_their_ucds(stars: Table) -> None:
    assert isinstance(stars.skycoord, SkyCoord)
    assert stars.skycoord.frame.name == "icrs"
    assert stars.skycoord.ra.deg.tolist() == [10, 11, 12, 13]


def test_an_epoch_that_is_known_goes_with_them(made: Callable[..., Table]) -> None:
    table = made(gaia=_stars(ref_epoch=([2016.0] * 4, {"unit": "yr", "ucd": "meta.ref;time.epoch"})))

    assert table.skycoord.obstime.jyear == pytest.approx(2016.0)


def test_each_service_has_its_own_columns_of_positions(made: Callable[..., Table]) -> None:
    other = _stars(2).select(["ra", "dec"]).rename_columns(["RAJ2000", "DEJ2000"])
    without = pa.table({"n": [1]})

    coordinates = made(gaia=_stars(2), vizier=other, count=without).skycoord

    assert len(coordinates) == 5
    assert coordinates.ra.deg[:4].tolist() == [10, 11, 10, 11]
    assert np.isnan(coordinates.ra.deg[4])


@pytest.mark.parametrize(
    ("ra", "dec", "metadata"),
    [
        (["13h29m52.7s"], ["+47d11m43s"], {}),
        (["13:29:52.7"], ["+47:11:43"], {}),
        ([202.46958333], [47.19527778], {}),
        ([13.49797222], [47.19527778], {"unit": "h"}),
    ],
)
def test_positions_in_any_usual_form(made: Callable[..., Table], ra: Any, dec: Any, metadata: Any) -> None:
    rows = pa.table([ra, dec], pa.schema([
        pa.field("alpha", pa.array(ra).type, metadata=metadata), pa.field("delta", pa.array(dec).type)
    ]))  # fmt: skip

    found = made(mine=rows).coordinates("alpha", "delta")

    assert found.separation(SkyCoord("13h29m52.7s +47d11m43s"))[0] < 0.1 * u.arcsec


def test_galactic_positions_are_galactic(made: Callable[..., Table]) -> None:
    fields = [
        pa.field("l", pa.float64(), metadata={"ucd": "pos.galactic.lon", "unit": "deg"}),
        pa.field("b", pa.float64(), metadata={"ucd": "pos.galactic.lat", "unit": "deg"}),
    ]

    assert made(dust=pa.table([[1.0], [2.0]], pa.schema(fields))).skycoord.frame.name == "galactic"


def test_no_positions_is_a_clear_error(made: Callable[..., Table]) -> None:
    table = made(gaia=pa.table({"n": [1], "t": ["x"]}))

    with pytest.raises(InputError, match="ra= and dec="):
        _ = table.skycoord
    with pytest.raises(InputError, match="no positions"):
        table.coordinates("t", "n")
    with pytest.raises(InputError, match="'m'"):
        table.coordinates("n", "m")


def test_axes_have_units_and_magnitudes_grow_downwards(stars: Table) -> None:
    ax = stars.plot("ra", "g")

    assert (ax.get_xlabel(), ax.get_ylabel()) == ("ra [deg]", "g [mag]")
    assert ax.yaxis_inverted()
    assert not ax.xaxis_inverted()
    assert not stars.plot("g", "ra").yaxis_inverted()


def test_it_is_drawn_where_one_wants_it(stars: Table, pyplot: Any) -> None:
    _, ax = pyplot.subplots()

    assert stars.plot("ra", "dec", ax=ax, color="red") is ax
    assert stars.plot("ra", "dec", ax=ax, c="g").figure.axes[-1].get_ylabel() == "g [mag]"


def test_many_rows_are_drawn_as_a_density(made: Callable[..., Table]) -> None:
    table = made(gaia=_stars(20_001))

    density, points = table.plot("ra", "g"), table.plot("ra", "g", s=1)

    assert density.figure.axes[-1].get_ylabel() == "rows"
    assert len(points.collections[0].get_offsets()) == 20_001
    assert table.plot_sky().figure.axes[-1].get_ylabel() == "rows"


@pytest.mark.parametrize(
    ("kinds", "system", "equinox"),
    [("RA DEC", "FK5", 2000.0), ("RA DEC", "FK4", 1950.0), ("GLON GLAT", "", np.nan)],
)
def test_a_density_is_drawn_where_the_points_would_be(
    made: Callable[..., Table], pyplot: Any, kinds: str, system: str, equinox: float
) -> None:
    table = made(gaia=_stars(20_001))
    middle = table.skycoord[10_000]
    frame = {"FK5": "fk5", "FK4": "fk4", "": "galactic"}[system]
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"{kind.ljust(4, '-')}-TAN" for kind in kinds.split()]
    wcs.wcs.radesys, wcs.wcs.equinox = system, equinox
    wcs.wcs.crval = [getattr(middle.transform_to(frame).spherical, axis).deg for axis in ("lon", "lat")]
    wcs.wcs.crpix, wcs.wcs.cdelt = [1, 1], [-0.01, 0.01]
    ax = pyplot.subplot(projection=wcs)

    hexagons = table.plot_sky(ax=ax, gridsize=4000, extent=(-10, 10, -10, 10)).collections[0]

    nearest = np.hypot(*hexagons.get_offsets().T).min()
    assert nearest < 0.1


def test_columns_without_a_number_are_drawn_as_empty_axes(made: Callable[..., Table], pyplot: Any) -> None:
    nothing = pa.nulls(20_001, pa.float64())
    table = made(
        gaia=pa.table(
            [nothing, nothing],
            pa.schema(
                [pa.field("ra", pa.float64(), metadata=RA), pa.field("dec", pa.float64(), metadata=DEC)]
            ),
        )
    )

    axes = [table.plot("ra", "dec"), table.plot_sky(), table.plot_sky(projection="tan")]
    axes += [table.plot_sky(ax=pyplot.figure().subplots()), table.plot_sky(s=1)]

    for ax in axes:
        ax.figure.canvas.draw()
    assert axes[0].get_xlabel() == "ra [deg]"


@pytest.mark.parametrize("projection", ["aitoff", "hammer", "mollweide", "tan"])
def test_right_ascension_grows_to_the_left(stars: Table, projection: str) -> None:
    ax = stars.plot_sky(projection=projection)
    ax.figure.canvas.draw()

    drawn = ax.collections[0]
    across = (drawn.get_offset_transform() - ax.transAxes).transform(drawn.get_offsets())[:, 0]
    assert (np.diff(across) < 0).all()
    assert ((across > 0) & (across < 1)).all()


def test_right_ascension_grows_to_the_left_in_plain_axes(stars: Table, pyplot: Any) -> None:
    _, ax = pyplot.subplots()
    stars.plot_sky(ax=ax)
    stars.plot_sky(ax=ax)

    assert ax.xaxis_inverted()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda table: table.plot("ra", "nothing"), "nothing"),
        (lambda table: table.plot("ra", "name"), "name"),
        (lambda table: table.plot_sky(projection="flat"), "aitoff"),
        (lambda table: table.plot_sky("ra"), "both"),
    ],
)
def test_what_cannot_be_drawn_is_a_clear_error(stars: Table, call: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        call(stars)


def test_a_table_of_nothing_is_drawn_all_the_same(made: Callable[..., Table]) -> None:
    empty = made(gaia=_stars(1).slice(0, 0))

    empty.plot("ra", "g")
    for projection in ("aitoff", "tan"):
        empty.plot_sky(projection=projection)


def test_without_matplotlib_the_extra_is_named(stars: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(NotOffered, match=r"esap-jupyter\[plots\]"):
        stars.plot("ra", "dec")
