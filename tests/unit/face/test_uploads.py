"""Tables of one's own, kept in whatever people keep tables in, on their way to a TAP service."""

import datetime as dt
import io
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Column, MaskedColumn, QTable
from astropy.table import Table as AstropyTable
from astropy.time import Time

from esap_jupyter.errors import InputError
from esap_jupyter.face.uploads import as_upload, as_uploads, is_table
from esap_jupyter.formats.votable import open_votable
from esap_jupyter.formats.votable_writer import write_votable

STARS = {"name": ["a", "b"], "ra": [10.0, 11.0], "n": [1, 2]}


def _sent(table: Any) -> pa.Table:
    """The table as the service reads it."""
    arrow = as_upload(table)
    sink = io.BytesIO()
    write_votable(sink, arrow.schema, arrow.to_batches(), serialization="TABLEDATA")
    sink.seek(0)
    reader = open_votable(sink)
    return pa.Table.from_batches(list(reader), reader.schema)


@pytest.mark.parametrize(
    "table",
    [
        AstropyTable(STARS),
        QTable(STARS),
        pd.DataFrame(STARS),
        pl.DataFrame(STARS),
        pa.table(STARS),
        pa.table(STARS).to_batches()[0],
        STARS,
    ],
    ids=lambda table: f"{type(table).__module__.partition('.')[0]} {type(table).__name__}",
)
def test_every_kind_of_table_is_the_same_to_the_service(table: Any) -> None:
    assert _sent(table).to_pydict() == STARS


def test_duckdb_answers_are_tables() -> None:
    assert _sent(duckdb.sql("SELECT 1 AS n, 'a' AS name")).to_pydict() == {"n": [1], "name": ["a"]}


def test_units_and_ucds_go_with_it() -> None:
    mine = QTable({"plx": [1.0, 2.0] * u.mas})
    mine["plx"].info.meta = {"ucd": "pos.parallax"}
    frame = pd.DataFrame({"plx": [1.0]})
    frame.attrs["units"] = {"plx": "mas"}

    assert _sent(mine).schema.field("plx").metadata == {b"unit": b"mas", b"ucd": b"pos.parallax"}
    assert _sent(frame).schema.field("plx").metadata == {b"unit": b"mas"}


@pytest.mark.parametrize(
    "table",
    [
        AstropyTable({"n": MaskedColumn([1, 2], mask=[True, False])}),
        pd.DataFrame({"n": pd.array([None, 2], "Int64")}),
        pl.DataFrame({"n": [None, 2]}),
    ],
    ids=["astropy", "pandas", "polars"],
)
def test_masked_values_are_nulls(table: Any) -> None:
    assert _sent(table)["n"].to_pylist() == [None, 2]


def test_pandas_writes_null_as_nan() -> None:
    assert _sent(pd.DataFrame({"x": [np.nan, 2.0]}))["x"].to_pylist() == [None, 2.0]


def test_a_named_index_of_pandas_is_a_column() -> None:
    frame = pd.DataFrame({"x": [1.0]}, index=pd.Index(["M 51"], name="target"))

    assert _sent(frame).to_pydict() == {"target": ["M 51"], "x": [1.0]}
    assert _sent(frame.reset_index(drop=True)).to_pydict() == {"x": [1.0]}


def test_coordinates_are_two_columns_with_ucds() -> None:
    places = SkyCoord([10, 11], [-5, 5], unit="deg")

    alone, among, clash = (
        _sent(table)
        for table in (places, QTable({"n": [1, 2], "where": places}), QTable({"ra": [1, 2], "at": places}))
    )

    assert alone.to_pydict() == {"ra": [10, 11], "dec": [-5, 5]}
    assert alone.schema.field("dec").metadata[b"ucd"] == b"pos.eq.dec;meta.main"
    assert among.column_names == ["n", "ra", "dec"]
    assert clash.column_names == ["ra", "at_ra", "at_dec"]


def test_galactic_coordinates_are_sent_as_icrs() -> None:
    centre = _sent(SkyCoord([0], [0], unit="deg", frame="galactic"))

    assert centre["ra"][0].as_py() == pytest.approx(266.405, abs=1e-3)


def test_times_are_timestamps() -> None:
    instant = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=1)))

    sent = _sent(AstropyTable({"t": Time(["2026-01-02T03:04:05"])}))
    zoned = _sent(pd.DataFrame({"t": [instant]}))

    assert sent.schema.field("t").metadata[b"xtype"] == b"timestamp"
    assert zoned["t"][0].as_py().startswith("2026-01-02T02:04:05")


def test_categories_are_sent_as_what_they_stand_for() -> None:
    assert _sent(pd.DataFrame({"c": pd.Categorical(["a", "b", "a"])}))["c"].to_pylist() == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pd.DataFrame({"odd": [1, "a"]}), "'odd'"),
        (pd.DataFrame({"odd": [{"a": 1}]}), "'odd'"),
        (pl.DataFrame({"odd": [object()]}, schema={"odd": pl.Object}), "'odd'"),
        (AstropyTable({"odd": Column([{"a": 1}, 2], dtype=object)}), "'odd'"),
        (pa.table({"odd": [["a"]]}), "'odd'"),
        (pa.table({"odd": [dt.timedelta(1)]}), "'odd'"),
        (pd.DataFrame({0: [1]}), "0, a column"),
        (pa.table({"": [1]}), "''"),
        (pa.table({'a"b': [1]}), "a column"),
        (pa.table({"RA": [1], "ra": [2]}), "the same to ADQL"),
        (pa.table({}), "no columns"),
        (pl.LazyFrame({"a": [1]}), "collect"),
        ([1, 2, 3], "not a table"),
        ({"a": [1, 2], "b": [1]}, "make no table"),
    ],
)
def test_what_cannot_be_sent_is_a_clear_error(table: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        as_upload(table)


@pytest.mark.parametrize("name", ["my stars", "1st", "_mine", "étoiles", "select", "x; DROP", ""])
def test_a_name_that_adql_cannot_write_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        as_uploads({name: pa.table(STARS)})


def test_what_is_a_table() -> None:
    assert all(
        map(is_table, [AstropyTable(STARS), pd.DataFrame(STARS), pl.DataFrame(STARS), pa.table(STARS)])
    )
    assert not any(
        map(is_table, [1, "a", [1], np.arange(2), pd.Series([1]), pl.Series([1]), SkyCoord(1, 2, unit="deg")])
    )
