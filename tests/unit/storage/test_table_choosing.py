"""Rows chosen in Python: the same rows as in the panel, with all that a table does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import matplotlib as mpl
import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.table import QTable
from astropy.time import Time, TimeDelta

from esap_jupyter.errors import InputError, NotFound
from esap_jupyter.formats.files import read_file
from esap_jupyter.models import Condition, Operator, Order, Query, Selection, ServiceReport
from esap_jupyter.storage import tables_chosen, tables_rows
from esap_jupyter.storage.tables import Table, TableStore
from esap_jupyter.storage.tables_pages import TablePages

NAN = float("nan")
BIG = 2**62
TIMES = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
RA, DEC = ({"unit": "deg", "ucd": f"pos.eq.{axis};meta.main"} for axis in ("ra", "dec"))
COLUMNS = pa.table(
    [
        pa.array([BIG + 1, BIG, None, BIG + 2, BIG + 3, BIG + 4], pa.int64()),
        pa.array([3.0, NAN, 1.0, None, float("inf"), 2.0]),
        pa.array([3.5, 0.1, 1.0, None, 12.3, 2.0], pa.float32()),
        pa.array(["M 51", "m 5", "100%", None, "it's", "M 101"]),
        pa.array([True, False, None, True, True, False]),
        pa.array([*TIMES, None, None, None], pa.timestamp("us", "UTC")),
        pa.array(["2026-01-03T00:00:00", "2026-01-01T00:00:00.25", None, None, None, None]),
        pa.array([[1.0], [2.0], None, [], [3.0], [4.0]]),
    ],
    schema=pa.schema(
        [
            pa.field("id", pa.int64()),
            pa.field("parallax", pa.float64(), metadata={"unit": "mas", "ucd": "pos.parallax"}),
            pa.field("g", pa.float32(), metadata={"unit": "mag"}),
            pa.field("name", pa.string()),
            pa.field("seen", pa.bool_()),
            pa.field("at", pa.timestamp("us", "UTC")),
            pa.field("obs_date", pa.string(), metadata={"xtype": "timestamp"}),
            pa.field("flux", pa.list_(pa.float64()), metadata={"unit": "bananas/h"}),
        ]
    ),
)


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Table]:
    """Make a table of one or several services' rows."""
    store = TableStore(tmp_path / "tables", 10**9)

    def make(**services: pa.Table) -> Table:
        writer = store.create(Query(keyword="stars"), "stars")
        for service, rows in services.items():
            for batch in rows.to_batches(max_chunksize=max(4, rows.num_rows // 3)) or [
                pa.RecordBatch.from_pylist([], rows.schema)
            ]:
                writer.append(service, batch)
            writer.report(ServiceReport(service=service, state="complete", rows=rows.num_rows))
        writer.finish()
        return writer.table.refresh()

    return make


@pytest.fixture
def table(made: Callable[..., Table]) -> Table:
    return made(one=COLUMNS)


def _positions(first: int, rows: int, **renamed: str) -> pa.Table:
    """Rows whose magnitudes are among those of others."""
    names = [renamed.get(name, name) for name in ("id", "ra", "dec", "mag")]
    fields = zip(names, (None, RA, DEC, {"unit": "mag"}), strict=True)
    numbers = np.arange(first, first + rows)
    return pa.table(
        [numbers, numbers + 0.5, -numbers / 10, 20.0 - numbers % 10 - numbers / 100],
        pa.schema(
            [
                pa.field(name, pa.int64() if name == "id" else pa.float64(), metadata=said)
                for name, said in fields
            ]
        ),
    )


@pytest.fixture
def several(made: Callable[..., Table]) -> Table:
    """Rows of two services, whose positions have other names."""
    return made(
        gaia=_positions(0, 6), empty=_positions(0, 0), vizier=_positions(6, 5, ra="RAJ2000", dec="DEJ2000")
    )


def cells(rows: pa.Table) -> str:
    """As text, where NaN is the same as NaN."""
    return str(rows.to_pylist())


def ids(table: Table) -> list[Any]:
    return list(table.to_arrow().column("id").to_pylist())


@pytest.mark.parametrize(
    ("column", "operator", "value"),
    [
        ("parallax", "=", 3),
        ("parallax", "!=", 1.0),
        ("parallax", "<", 2.5),
        ("parallax", "<=", "2"),
        ("parallax", ">", 1e300),
        ("parallax", ">=", 2),
        ("parallax", "is-empty", None),
        ("parallax", "is-not-empty", None),
        ("g", "=", 12.3),
        ("g", "<", -(10**60)),
        ("id", "=", BIG + 1),
        ("id", "=", str(BIG + 1)),
        ("id", ">", BIG + 2),
        ("id", "is-empty", None),
        ("name", "=", "it's"),
        ("name", "!=", "M 51"),
        ("name", ">", "N"),
        ("name", "contains", "M 5"),
        ("name", "contains", "%"),
        ("name", "starts-with", "m 1"),
        ("name", "=", "' OR 1=1 --"),
        ("seen", "=", True),
        ("seen", "!=", False),
        ("at", "<=", "2026-01-02T01:00:00+01:00"),
        ("flux", "is-not-empty", None),
    ],
)
def test_they_are_the_rows_of_the_panel(table: Table, column: str, operator: Any, value: Any) -> None:
    asked = Selection(conditions=(Condition(column=column, operator=operator, value=value),))
    shown = TablePages().page(table, asked, 0, 100)

    chosen = table.where(column, operator, value)

    assert chosen.row_numbers.tolist() == shown.numbers.tolist()
    assert cells(chosen.to_arrow()) == cells(shown.rows)
    assert chosen.schema.equals(shown.rows.schema, check_metadata=True)
    assert len(chosen) == shown.total


def test_every_operator_of_the_panel_is_compared_there() -> None:
    [compared] = [
        mark for mark in test_they_are_the_rows_of_the_panel.pytestmark if mark.name == "parametrize"
    ]  # type: ignore[attr-defined]
    assert {operator for _, operator, _ in compared.args[1]} == set(get_args(Operator))


def test_sorted_they_are_those_of_the_panel(table: Table) -> None:
    orders = (Order(column="seen"), Order(column="id", descending=True))
    shown = TablePages().page(table, Selection(order=orders), 0, 100)

    chosen = table.sort("seen", "id", descending=[False, True])

    assert cells(chosen.to_arrow()) == cells(shown.rows)
    assert table.sort("parallax", descending=True).row_numbers.tolist() == [4, 0, 5, 2, 1, 3]


def test_choices_follow_each_other(table: Table) -> None:
    chosen = table.where("seen", "is-not-empty").sort("parallax").where("parallax", ">", 0)

    assert chosen.row_numbers.tolist() == [5, 0, 4]
    assert chosen.where("name", "contains", "m").sort("name").row_numbers.tolist() == [5, 0]
    assert chosen.where("seen", "=", False).where("seen", "=", True).row_numbers.tolist() == []
    assert chosen.whole.row_numbers.tolist() == [0, 1, 2, 3, 4, 5]
    assert len(table) == 6


@pytest.mark.parametrize(
    ("column", "operator", "value", "expected"),
    [
        ("parallax", ">=", 2 * u.mas, [0, 4, 5]),
        ("parallax", ">=", 0.002 * u.arcsec, [0, 4, 5]),
        ("parallax", "<", np.float32(2), [2]),
        ("parallax", "=", np.array(2.0), [5]),
        ("parallax", ">", QTable({"p": np.ma.array([2.0, 1.0], mask=[False, True]) * u.mas})["p"][0], [0, 4]),
        ("g", "=", 12.3 * u.mag, [4]),
        ("id", ">", np.int64(BIG + 2), [4, 5]),
        ("id", "<", 5 * u.dimensionless_unscaled, []),
        ("seen", "=", np.bool_(False), [1, 5]),
        ("name", "=", np.str_("M 51"), [0]),
        ("at", ">", Time("2026-01-02T00:00:00", scale="utc"), [0]),
        ("at", ">", Time("2026-01-02T00:00:30", scale="tai"), [0, 2]),
        ("at", ">=", datetime(2026, 1, 2), [0, 2]),  # noqa: DTZ001 - as people write it
        ("at", ">", datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=1))), [0]),
        ("at", "=", date(2026, 1, 1), [1]),
        ("at", "<", np.datetime64("2026-01-02T12:00:00.000000001"), [1, 2]),
        ("obs_date", ">", Time("2026-01-02", scale="utc"), [0]),
        ("obs_date", "=", Time("2026-01-03", scale="utc"), [0]),
        ("obs_date", "<", "2026-01-03T01:00:00+02:00", [1]),
        ("obs_date", "contains", "00.25", [1]),
    ],
)
def test_values_of_numpy_and_astropy(
    table: Table, column: str, operator: Any, value: Any, expected: list[int]
) -> None:
    assert table.where(column, operator, value).row_numbers.tolist() == expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("=", [0, 1, 2, 3]), ("!=", [4]), ("<", []), ("<=", [0, 1, 2, 3]), (">", [4]), (">=", [0, 1, 2, 3, 4])],
)
def test_one_moment_is_written_in_many_ways(
    made: Callable[..., Table], operator: Operator, expected: list[int]
) -> None:
    days = [f"2026-01-03{text}" for text in ("", "T00:00:00", "T00:00:00.000", " 00:00:00Z", "T00:00:00.5")]
    field = pa.field("day", pa.string(), metadata={"xtype": "timestamp"})
    table = made(one=pa.table([pa.array([*days, None, "soon"])], schema=pa.schema([field])))

    for value in ("2026-01-03T00:00:00", "2026-01-03T01:00:00+01:00", Time("2026-01-03", scale="utc")):
        assert table.where("day", operator, value).row_numbers.tolist() == expected


@pytest.mark.parametrize(
    ("column", "operator", "value", "says"),
    [
        ("parallax", ">", 5 * u.km, r"parallax is in mas; 5.0 km does not convert"),
        ("id", ">", 5 * u.km, "id has no unit; 5.0 km"),
        ("name", "=", 5 * u.km, "name has no unit"),
        ("flux", "=", 5 * u.km, "bananas/h"),
        ("at", ">", TimeDelta(1, format="jd"), "at has no unit"),
        ("parallax", ">", Time("2026-01-02"), "parallax holds no times.*mjd"),
        ("name", "<", date(2026, 1, 1), "name holds no times"),
        ("parallax", ">", [1, 2], "one value"),
        ("parallax", ">", [1, 2] * u.mas, "one value"),
        ("parallax", ">", np.ma.masked, "masked"),
        ("parallax", ">", None, "no value to compare parallax with.*is-empty"),
        ("parallax", ">", "bright", "parallax holds a number, 'bright' does not fit"),
        ("parallax", ">", NAN, "cannot be compared with 'nan'"),
        ("parallax", ">", np.inf, "cannot be compared"),
        ("parallax", ">", object, "cannot be compared"),
        ("parallax", "==", 1, "no operator '=='.*There are: =, !=, <"),
        ("parallax", ["="], 1, "no operator"),
        ("parallax", "contains", 1, "no text"),
        ("name", "=", 1, "holds text"),
        ("none", "=", 1, "no column 'none'"),
        (3, "=", 1, "no column 3"),
    ],
)
def test_what_does_not_fit_is_said(table: Table, column: Any, operator: Any, value: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        table.where(column, operator, value)


@pytest.mark.parametrize(
    ("columns", "descending", "says"),
    [
        ((), False, "names of columns"),
        ((["id", "g"],), False, "names of columns"),
        (("none",), False, "no column 'none'"),
        (("flux",), False, "flux has no order"),
        (("id", "g"), [True], "2 columns to sort by, and 1 directions"),
    ],
)
def test_what_cannot_be_sorted_by_is_said(table: Table, columns: Any, descending: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        table.sort(*columns, descending=descending)


class TestAsATable:
    @pytest.fixture
    def chosen(self, table: Table) -> Table:
        """Rows 0, 5 and 2."""
        return table.where("parallax", "<", 100).sort("parallax", descending=True)

    def test_rows_and_columns_are_read_as_of_any(self, chosen: Table) -> None:
        assert len(chosen) == chosen.num_rows == 3
        assert chosen["parallax"].unit == u.mas
        assert chosen["parallax"].value.tolist() == [3, 2, 1]
        assert chosen["id"].mask.tolist() == [False, False, True]
        assert chosen[0]["name"] == "M 51"
        assert list(chosen[1:]["name"]) == list(chosen[[1, 2]]["name"]) == ["M 101", "100%"]
        assert list(chosen[chosen["parallax"] < 2.5 * u.mas]["name"]) == ["M 101", "100%"]
        assert [row["name"] for row in chosen] == ["M 51", "M 101", "100%"]
        assert chosen.page(1, 1, ["name"]).to_pydict() == {"name": ["M 101"]}
        assert chosen.page(3, 5).num_rows == chosen.page(0, 2, []).num_rows == 0
        with pytest.raises(IndexError, match="3 rows"):
            chosen[3]
        for wrong in ((-1, 1), (0, -1), (0, 1, ["none"])):
            with pytest.raises(InputError):
                chosen.page(*wrong)

    def test_it_becomes_other_tables_and_files(self, chosen: Table, tmp_path: Path) -> None:
        assert chosen.to_astropy()["parallax"].info.meta["ucd"] == "pos.parallax"
        assert chosen.to_pandas().attrs["units"]["parallax"] == "mas"
        assert chosen.to_pandas()["id"].tolist()[:2] == [BIG + 1, BIG + 4]
        assert chosen.to_polars()["name"].to_list() == ["M 51", "M 101", "100%"]
        written = read_file(chosen.where("g", ">", 1).write(tmp_path / "some.parquet"))
        assert written.column("name").to_pylist() == ["M 51", "M 101"]
        assert written.schema.field("parallax").metadata[b"unit"] == b"mas"

    def test_it_says_how_many_of_how_many(self, chosen: Table, table: Table) -> None:
        assert repr(chosen).startswith("3 of 6 rows from one\n")
        assert "<p>3 of 6 rows from one</p>" in chosen._repr_html_()
        assert repr(table.sort("id")).startswith("6 rows from one\n")

    def test_nothing_is_a_table_too(self, table: Table) -> None:
        nothing = table.where("name", "=", "nothing")

        assert len(nothing) == len(nothing["parallax"]) == len(list(nothing)) == 0
        assert repr(nothing).startswith("0 of 6 rows from one\n")
        assert nothing.colnames == table.colnames
        assert nothing.sort("id").where("id", ">", 1).to_arrow().num_rows == 0

    def test_the_numbers_of_its_rows_cannot_be_changed(self, chosen: Table) -> None:
        with pytest.raises(ValueError, match="read-only"):
            chosen.row_numbers[0] = 1


class TestOfSeveralServices:
    def test_sorted_rows_stand_among_each_other(self, several: Table) -> None:
        chosen = several.where("mag", "<", 18).sort("mag")
        whole = several.to_arrow()

        assert cells(chosen.to_arrow()) == cells(whole.take(pa.array(chosen.row_numbers)))
        assert list(chosen["service"]) == ["vizier"] * 4 + ["gaia"] * 4
        assert ids(several.sort("mag")) == [9, 8, 7, 6, 5, 4, 3, 2, 1, 10, 0]

    def test_each_has_its_position(self, several: Table) -> None:
        chosen = several.sort("mag", descending=True)

        assert chosen.skycoord.ra.deg.tolist() == pytest.approx([number + 0.5 for number in ids(chosen)])
        named = several.of("vizier").sort("mag").coordinates("RAJ2000", "DEJ2000")
        assert named.ra.deg.tolist() == pytest.approx([9.5, 8.5, 7.5, 6.5, 10.5])

    def test_each_is_drawn(self, several: Table) -> None:
        mpl.use("Agg")
        chosen = several.where("mag", "<", 18).sort("mag")

        assert len(chosen.plot("id", "mag").collections[0].get_offsets()) == 8
        assert len(chosen.plot_sky(c="mag").collections[0].get_offsets()) == 8

    def test_those_of_a_service_have_its_own_columns(self, several: Table) -> None:
        chosen = several.sort("mag")
        own = chosen.of("vizier")

        assert chosen.counts == {"gaia": 6, "empty": 0, "vizier": 5}
        assert several.where("mag", "<", 13).counts == {"gaia": 0, "empty": 0, "vizier": 3}
        assert own.columns == ["id", "RAJ2000", "DEJ2000", "mag"]
        assert ids(own) == [9, 8, 7, 6, 10]
        assert own.row_numbers.tolist() == [3, 2, 1, 0, 4]
        assert ids(own.where("RAJ2000", "<", 8)) == [7, 6]
        assert ids(chosen.of("gaia").of("gaia")) == [5, 4, 3, 2, 1, 0]
        assert ids(chosen.of("empty")) == []
        with pytest.raises(NotFound, match="moon"):
            chosen.of("moon")


def test_rows_that_came_since_are_shown_by_refresh(tmp_path: Path) -> None:
    writer = TableStore(tmp_path, 10**9).create(None, "Growing")
    writer.append("a", _positions(0, 3).to_batches()[0])
    writer.append("b", _positions(6, 3).to_batches()[0])
    table = writer.table.refresh()
    chosen = table.where("id", "!=", 1).sort("id", descending=True)
    own = chosen.of("b")
    before = chosen.to_arrow()
    writer.append("a", _positions(3, 2).to_batches()[0])
    writer.append("b", _positions(9, 1).to_batches()[0])
    writer.finish()

    # Rows of the second service have other numbers now, those that were chosen are the same.
    assert chosen.to_arrow().equals(before)
    assert ids(own) == [8, 7, 6]
    assert ids(chosen.refresh()) == [9, 8, 7, 6, 4, 3, 2, 0]
    assert ids(own.refresh()) == [9, 8, 7, 6]
    assert chosen.complete
    assert len(chosen.whole.refresh()) == 9
    assert len(table) == 6


def test_only_what_is_needed_is_read(made: Callable[..., Table], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables_chosen, "_STRETCH", 1_000)
    table = made(one=_positions(0, 10_000))
    read: list[tuple[int, Any]] = []
    read_part = tables_rows._read_part

    def seen(path: Path, begin: int, end: int, columns: Any) -> Any:
        read.append((end - begin, columns))
        return read_part(path, begin, end, columns)

    monkeypatch.setattr(tables_rows, "_read_part", seen)

    chosen = table.where("id", ">=", 9_000).sort("mag")
    assert {column for _, columns in read for column in columns} == {"id", "mag"}
    read.clear()
    chosen.page(0, 3, ["ra"])
    assert sum(rows for rows, _ in read) <= 1_000
    assert {column for _, columns in read for column in columns} == {"ra"}
    read.clear()
    assert len(table.sort("mag").to_arrow()) == 10_000
    # But for the column that sorts, the whole is never read at once.
    assert max(rows for rows, columns in read if columns != ["mag"]) <= 1_000
