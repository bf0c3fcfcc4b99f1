"""Python values in ADQL: each as a literal, whatever it holds."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sqlglot
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import MaskedColumn, QTable
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from esap_jupyter.errors import InputError, UnknownName
from esap_jupyter.face.adql_values import fill_in
from esap_jupyter.models import Position


def _filled(adql: str, **names: Any) -> str:
    return fill_in(adql, names)[0]


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (5, "5"),
        (-5, "(-5)"),
        (0.1, "0.1"),
        (1e-30, "1e-30"),
        (np.int64(2**62), str(2**62)),
        (np.float32(0.5), "0.5"),
        (Decimal("1.10"), "1.10"),
        ("M 51", "'M 51'"),
        ("it's", "'it''s'"),
        (np.str_("a"), "'a'"),
        (dt.date(2026, 1, 2), "'2026-01-02'"),
        (dt.datetime(2026, 1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=1))), "'2026-01-02T02:00:00'"),
        (np.datetime64("2026-01-02T03:04:05"), "'2026-01-02T03:04:05'"),
        (pd.Timestamp("2026-01-02"), "'2026-01-02T00:00:00'"),
        (Time("2026-01-02T03:04:05"), "'2026-01-02T03:04:05.000000'"),
        (Time("2026-01-02T03:04:42.123456", scale="tai"), "'2026-01-02T03:04:05.123456'"),
        (SkyCoord(10, -5, unit="deg"), "POINT('ICRS', 10, -5)"),
        (Position(ra=10, dec=-5), "POINT('ICRS', 10, -5)"),
        (0.5 * u.dimensionless_unscaled, "0.5"),
        ([1, 2], "(1, 2)"),
        (("a", "it's"), "('a', 'it''s')"),
        (range(3), "(0, 1, 2)"),
        (np.array([1.5, -2.0]), "(1.5, (-2.0))"),
        (pd.Series(["a"]), "('a')"),
        (pl.Series([1, 2]), "(1, 2)"),
        (pa.array([1, 2]), "(1, 2)"),
        (MaskedColumn([1, 2]), "(1, 2)"),
    ],
    ids=repr,
)
def test_values_are_written_as_adql_does(value: Any, literal: str) -> None:
    assert _filled("{x}", x=value) == literal


def test_a_list_needs_no_brackets_and_may_have_them() -> None:
    assert _filled("a IN {ids} AND b IN ( {ids} )", ids=[1, 2]) == "a IN (1, 2) AND b IN ( 1, 2 )"
    assert _filled("ABS({x})", x=-1) == "ABS((-1))"
    assert _filled("1 -{x}", x=-0.0) == "1 -(-0.0)"  # and no comment


def test_a_quantity_is_written_in_the_unit_that_the_query_says() -> None:
    assert _filled("{r:deg}", r=6 * u.arcmin) == "0.1"
    assert _filled("{r : m}", r=[1, 2] * u.km) == "(1000.0, 2000.0)"
    assert _filled("{where.ra:deg}", where=SkyCoord(10, 5, unit="deg")) == "10.0"
    with pytest.raises(InputError, match="arcmin") as caught:
        _filled("{r}", r=6 * u.arcmin)
    assert ":arcmin}" in caught.value.hint
    with pytest.raises(InputError, match="not in deg"):
        _filled("{r:deg}", r=6 * u.kg)
    with pytest.raises(InputError, match="no unit"):
        _filled("{r:deg}", r=6)
    with pytest.raises(InputError):
        _filled("{r:nonsense}", r=6 * u.deg)


def test_expressions_are_python() -> None:
    names = {"d": {"a b": 3}, "x": [4, 5, 6]}

    assert (
        _filled("{d['a b']} {x[1:]} {max(x) + 1} {[v for v in x if v > 4]}", **names) == "3 (5, 6) 7 (5, 6)"
    )


def test_doubled_braces_are_plain_ones() -> None:
    assert _filled("'{{x}}' {{}}") == "'{x}' {}"


def test_comments_stay_as_they_are() -> None:
    for comment in ("{nothing} it's", "an open { and it's", "a } alone", "{{doubled}}", "{it's}"):
        assert _filled(f"SELECT 1 -- {comment}\n+ {{x}}", x=1) == f"SELECT 1 -- {comment}\n+ 1"


@pytest.mark.parametrize(
    "value",
    [
        np.datetime64("NaT"),
        pd.NaT,
        SkyCoord(np.nan, 1, unit="deg"),
        np.ma.masked,
        MaskedColumn([1.0], mask=[True])[0],
        Time(np.ma.array([2026.0], mask=[True]), format="jyear")[0],
        [np.datetime64("NaT")],
    ],
    ids=repr,
)
def test_what_is_missing_is_no_value(value: Any) -> None:
    with pytest.raises(InputError, match="no value"):
        _filled("{x}", x=value)


@pytest.mark.parametrize(
    ("adql", "error", "says"),
    [
        ("{nothing}", UnknownName, "'nothing'"),
        ("{x.nothing}", InputError, "AttributeError"),
        ("{1 / 0}", InputError, "ZeroDivisionError"),
        ("{x y}", InputError, "no Python"),
        ("{x!r}", InputError, "no Python"),
        ("{}", InputError, "nothing between"),
        ("{x", InputError, "never closed"),
        ("x}", InputError, "alone"),
        ("'{x}'", InputError, "within quotes"),
        ('"{x}"', InputError, "only values"),
        ("{None}", InputError, "IS NULL"),
        ("{float('nan')}", InputError, "no value"),
        ("{float('inf')}", InputError, "inf"),
        ("{True}", InputError, "truth"),
        ("{[]}", InputError, "empty"),
        ("{[None]}", InputError, "no value"),
        ("{[[1]]}", InputError, "cannot hold a list"),
        ("{{'a': 1}['a']}", InputError, "alone"),
        ("{dict(a=1)}", InputError, "dict"),
        ("{b'a'}", InputError, "bytes"),
        ("{print}", InputError, "builtin"),
        ("{range(10001)}", InputError, "upload"),
        ("{'a\\x00b'}", InputError, "NUL"),
    ],
)
def test_what_cannot_be_filled_in_is_a_clear_error(adql: str, error: type[InputError], says: str) -> None:
    with pytest.raises(error) as caught:
        _filled(adql, x=1)

    assert says in str(caught.value)


def test_tables_are_uploaded_under_their_names() -> None:
    mine, select = pd.DataFrame({"a": [1]}), pa.table({"a": [1]})
    places = SkyCoord([1, 2], [3, 4], unit="deg")

    query, uploads = fill_in(
        "FROM {mine} JOIN {mine} AS again JOIN {select} JOIN {places} JOIN {QTable({'b': [2]})}",
        {"mine": mine, "select": select, "places": places, "QTable": QTable},
    )

    assert query == (
        "FROM TAP_UPLOAD.mine JOIN TAP_UPLOAD.mine AS again JOIN TAP_UPLOAD.upload_2"
        " JOIN TAP_UPLOAD.places JOIN TAP_UPLOAD.upload_4"
    )
    assert uploads["mine"] is mine
    assert uploads["upload_2"] is select
    assert uploads["places"] is places
    assert uploads["upload_4"].colnames == ["b"]


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_no_text_leaves_its_literal(text: str) -> None:
    query = _filled("SELECT a FROM t WHERE b = {text} AND c = 1", text=text)

    parsed = sqlglot.parse_one(query, dialect="postgres")
    equals = list(parsed.find_all(sqlglot.exp.EQ))
    assert len(equals) == 2
    assert text in [equal.right.this for equal in equals]
