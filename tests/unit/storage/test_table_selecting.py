"""Rows of a table filtered and sorted, and what its columns hold."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from esap_jupyter.errors import InputError
from esap_jupyter.formats.files import read_file
from esap_jupyter.models import Condition, Order, Selection
from esap_jupyter.storage import tables_pages
from esap_jupyter.storage.tables import TableStore
from esap_jupyter.storage.tables_pages import TablePages
from esap_jupyter.storage.tables_query import selected_rows
from esap_jupyter.storage.tables_statistics import column_histogram, column_statistics

NAN = float("nan")
BIG = 2**62
TIMES = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
COLUMNS = pa.table(
    {
        "id": pa.array([BIG + 1, BIG, None, BIG + 2, BIG + 3, BIG + 4], pa.int64()),
        "mag": pa.array([3.0, NAN, 1.0, None, float("inf"), 2.0]),
        "name": pa.array(["M 51", "m 5", "100%", None, "it's", "M 101"]),
        "seen": pa.array([True, False, None, True, True, False]),
        "at": pa.array([*TIMES, None, None, None], pa.timestamp("us", "UTC")),
        "flux": pa.array([[1.0], [2.0], None, [], [3.0], [4.0]]),
        'a"b; --': pa.array([1, 2, 3, 4, 5, 6]),
    }
)


@pytest.fixture
def table(tmp_path):
    writer = TableStore(tmp_path, 10**9).create(None, "Some rows")
    for batch in COLUMNS.to_batches(max_chunksize=4):
        writer.append("one", batch)
    writer.finish()
    return writer.table.refresh()


def rows(table, *conditions, order=()) -> list[int]:
    selection = Selection(
        conditions=tuple(Condition(column=c, operator=o, value=v) for c, o, v in conditions),
        order=tuple(Order(column=name.lstrip("-"), descending=name.startswith("-")) for name in order),
    )
    return selected_rows(table, selection).tolist()


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("mag", "<", 2.5), [2, 5]),
        (("mag", ">=", "2"), [0, 4, 5]),
        (("mag", "!=", 1), [0, 4, 5]),
        (("mag", "is-empty", None), [1, 3]),
        (("mag", "is-not-empty", None), [0, 2, 4, 5]),
        (("id", "=", str(BIG + 1)), [0]),
        (("id", ">", BIG + 2), [4, 5]),
        (("id", "<", 10**60), [0, 1, 3, 4, 5]),
        (("name", "contains", "M 5"), [0, 1]),
        (("name", "starts-with", "m 1"), [5]),
        (("name", "contains", "%"), [2]),
        (("name", "=", "it's"), [4]),
        (("name", "=", "' OR 1=1 --"), []),
        (("seen", "=", False), [1, 5]),
        (("at", ">", "2026-01-01T12:00:00"), [0, 2]),
        (("at", "<=", "2026-01-02T01:00:00+01:00"), [1, 2]),
        (("flux", "is-empty", None), [2]),
        (('a"b; --', ">", 4), [4, 5]),
    ],
)
def test_conditions(table, condition, expected) -> None:
    assert rows(table, condition) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("g", "=", 12.3), [0]),
        (("g", "=", "12.3"), [0]),
        (("g", "!=", 12.3), [1, 2]),
        (("g", "<", 12.3), [2]),
        (("g", ">=", 12.3), [0, 1]),
        (("g", "<", 1e300), [0, 1, 2]),
        (("g", ">", -(10**60)), [0, 1, 2]),
    ],
)
def test_short_floats_are_found_as_they_are_written(tmp_path, condition, expected) -> None:
    writer = TableStore(tmp_path, 10**9).create(None, "Some rows")
    writer.append("one", pa.record_batch({"g": pa.array([12.3, 13, 0.1], pa.float32())}))
    writer.finish()
    table = writer.table.refresh()

    assert rows(table, condition) == expected
    assert repr(table).split()[-3:] == ["12.3", "13", "0.1"]


def test_all_conditions_are_met(table) -> None:
    assert rows(table, ("mag", ">", 0), ("seen", "=", True)) == [0, 4]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["mag"], [2, 5, 0, 4, 1, 3]),
        (["-mag"], [4, 0, 5, 2, 1, 3]),
        (["seen", "-id"], [5, 1, 4, 3, 0, 2]),
        (["at"], [1, 2, 0, 3, 4, 5]),
    ],
)
def test_order_has_empty_last(table, order, expected) -> None:
    assert rows(table, order=order) == expected


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        (("none", "=", 1), "conditions.0.column"),
        (("mag", "=", "bright"), "conditions.0.value"),
        (("mag", "=", "nan"), "conditions.0.value"),
        (("mag", "=", True), "conditions.0.value"),
        (("mag", "=", None), "conditions.0.value"),
        (("mag", "contains", 1), "conditions.0.operator"),
        (("name", "=", 1), "conditions.0.value"),
        (("seen", "=", "yes"), "conditions.0.value"),
        (("at", "<", "yesterday"), "conditions.0.value"),
        (("flux", "=", 1), "conditions.0.value"),
        (("id", "<", 10**400), "conditions.0.value"),
        (("id", "<", "1e400"), "conditions.0.value"),
    ],
)
def test_what_does_not_fit(table, condition, field) -> None:
    with pytest.raises(InputError) as error:
        rows(table, condition)

    assert error.value.field == field


def test_arrays_have_no_order(table) -> None:
    with pytest.raises(InputError) as error:
        rows(table, order=["flux"])

    assert error.value.field == "order.0.column"


class TestStatistics:
    def test_of_numbers_leave_out_what_is_not_finite(self, table) -> None:
        found = column_statistics(table, "mag")

        assert (found.rows, found.empty, found.minimum, found.maximum) == (6, 2, 1.0, 3.0)
        assert found.mean == pytest.approx(2.0)
        assert found.standard_deviation == pytest.approx(1.0)
        assert found.quartiles == pytest.approx((1.5, 2.0, 2.5))

    def test_of_large_integers_are_exact(self, table) -> None:
        found = column_statistics(table, "id")

        assert (found.minimum, found.maximum) == (BIG, BIG + 4)

    def test_of_the_largest_numbers(self, tmp_path) -> None:
        writer = TableStore(tmp_path, 10**9).create(None, "Large")
        writer.append("one", pa.record_batch({"x": [1e300, -1e300, 0.0]}))
        writer.finish()

        found = column_statistics(writer.table.refresh(), "x")

        assert found.standard_deviation == pytest.approx(1e300)
        assert column_histogram(writer.table, "x", 2).counts == (1, 2)

    def test_of_text_and_truth(self, table) -> None:
        names, seen = column_statistics(table, "name"), column_statistics(table, "seen")

        assert (names.minimum, names.maximum, names.empty) == ("100%", "m 5", 1)
        assert [(each.value, each.count) for each in seen.most_frequent] == [(True, 3), (False, 2)]

    def test_of_times_and_arrays(self, table) -> None:
        assert column_statistics(table, "at").minimum == "2026-01-01 00:00:00"
        assert column_statistics(table, "flux").empty == 1

    def test_of_some_rows(self, table) -> None:
        few = [Condition(column="mag", operator="<", value=2.5)]

        assert column_statistics(table, "mag", few).rows == 2

    def test_of_nothing(self, table) -> None:
        none = [
            Condition(column="mag", operator=">", value=1e9),
            Condition(column="mag", operator="<", value=0),
        ]

        assert column_statistics(table, "mag", none).mean is None
        assert column_histogram(table, "mag", 5, none).counts == ()


class TestHistogram:
    def test_counts_every_finite_number_once(self, table) -> None:
        found = column_histogram(table, "mag", 4)

        assert found.edges == (1.0, 1.5, 2.0, 2.5, 3.0)
        assert found.counts == (1, 0, 1, 1)

    def test_of_one_value(self, table) -> None:
        same = [Condition(column="mag", operator="=", value=2)]

        assert column_histogram(table, "mag", 10, same).counts == (1,)

    def test_agrees_with_numpy(self, tmp_path) -> None:
        values = np.random.default_rng(7).normal(size=5000)
        writer = TableStore(tmp_path, 10**9).create(None, "Normal")
        writer.append("one", pa.record_batch({"x": values}))
        writer.finish()

        found = column_histogram(writer.table.refresh(), "x", 40)

        counts, edges = np.histogram(values, 40)
        assert list(found.counts) == counts.tolist()
        assert np.allclose(found.edges, edges)

    def test_needs_numbers(self, table) -> None:
        with pytest.raises(InputError):
            column_histogram(table, "name", 10)


class TestPages:
    BRIGHT = Selection(order=(Order(column="mag", descending=True),))

    def test_follow_each_other(self, table) -> None:
        pages = TablePages()

        found = [pages.page(table, self.BRIGHT, offset, 2, ["mag", "name"]) for offset in (0, 2, 4, 6)]

        assert [page.total for page in found] == [6] * 4
        assert [number for page in found for number in page.numbers] == [4, 0, 5, 2, 1, 3]
        assert found[0].rows.to_pydict() == {"mag": [math.inf, 3.0], "name": ["it's", "M 51"]}
        assert found[3].rows.num_rows == 0

    def test_of_columns_too_large_to_keep(self, table, monkeypatch) -> None:
        monkeypatch.setattr(tables_pages, "_KEPT_COLUMN_BYTES", 10)

        page = TablePages().page(table, self.BRIGHT, 1, 2)

        assert page.rows.column("name").to_pylist() == ["M 51", "M 101"]

    def test_of_a_table_that_grew(self, tmp_path) -> None:
        store, pages = TableStore(tmp_path, 10**9), TablePages()
        writer = store.create(None, "Growing")
        selection = Selection(order=(Order(column="x"),))
        writer.append("one", pa.record_batch({"x": [2.0]}))
        first = pages.page(store.open(writer.table.id), selection, 0, 9)
        writer.append("one", pa.record_batch({"x": [1.0]}))
        writer.finish()

        second = pages.page(store.open(writer.table.id), selection, 0, 9)

        assert first.rows.column("x").to_pylist() == [2.0]
        assert second.rows.column("x").to_pylist() == [1.0, 2.0]

    def test_unknown_column(self, table) -> None:
        with pytest.raises(InputError):
            TablePages().page(table, self.BRIGHT, 0, 1, ["none"])

    def test_written_as_shown(self, table, tmp_path) -> None:
        selection = Selection(
            conditions=(Condition(column="mag", operator="<", value=5),), order=self.BRIGHT.order
        )

        TablePages().write(table, selection, tmp_path / "some.parquet")

        assert read_file(tmp_path / "some.parquet").column("mag").to_pylist() == [3.0, 2.0, 1.0]
