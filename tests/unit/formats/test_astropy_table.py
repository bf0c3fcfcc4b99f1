"""Arrow tables and astropy tables say the same."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from astropy import units
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time

from esap_jupyter.errors import InputError
from esap_jupyter.formats.astropy_table import from_astropy, to_astropy


def test_units_and_descriptions_both_ways() -> None:
    metadata = {"unit": "mas.yr**-1", "ucd": "pos.pm", "utype": "a:b", "xtype": "x", "description": "motion"}
    schema = pa.schema(
        [pa.field("pm", pa.float64(), metadata=metadata)], metadata={"name": "t", "description": "d"}
    )
    table = pa.table({"pm": [1.0, None]}, schema=schema)
    made = to_astropy(table)
    assert made["pm"].unit == units.mas / units.yr
    assert made["pm"].description == "motion"
    assert made["pm"].meta == {"ucd": "pos.pm", "utype": "a:b", "xtype": "x"}
    assert made.meta == {"name": "t", "description": "d"}
    assert from_astropy(made).equals(table, check_metadata=True)


def test_a_unit_that_is_none_stays_as_it_is() -> None:
    table = pa.table(
        {"x": [1.0]}, schema=pa.schema([pa.field("x", pa.float64(), metadata={"unit": "bananas/h"})])
    )
    assert from_astropy(to_astropy(table)).schema.field("x").metadata == {b"unit": b"bananas/h"}


def test_qtable_takes_it() -> None:
    table = pa.table(
        {"x": [1.0, None]}, schema=pa.schema([pa.field("x", pa.float64(), metadata={"unit": "deg"})])
    )
    quantities = QTable(to_astropy(table))
    assert float(quantities["x"].to_value("rad").unmasked[0]) == pytest.approx(np.pi / 180)
    assert from_astropy(quantities).equals(table, check_metadata=True)


def test_masked_values_of_all_kinds() -> None:
    table = Table(
        [
            MaskedColumn([1, 2], mask=[True, False], name="i"),
            MaskedColumn(["a", "b"], mask=[True, False], name="s"),
            MaskedColumn([[1, 2], [3, 4]], mask=[[True, False], [True, True]], name="m"),
            MaskedColumn([1j, 2j], mask=[True, False], name="c"),
        ]
    )
    assert from_astropy(table).to_pydict() == {
        "i": [None, 2],
        "s": [None, "b"],
        "m": [[None, 2], None],
        "c": [None, {"real": 0.0, "imag": 2.0}],
    }


def test_nulls_within_arrays_are_masked() -> None:
    kinds = {"variable": pa.list_(pa.int32()), "fixed": pa.list_(pa.int32(), 2)}
    table = pa.table({name: pa.array([[1, None], None, [3, 4]], kind) for name, kind in kinds.items()})
    made = to_astropy(table)
    assert made["variable"][0].mask.tolist() == [False, True]
    assert made["fixed"].mask.tolist() == [[False, True], [True, True], [False, False]]
    assert from_astropy(made).equals(table)


def test_times_become_timestamps() -> None:
    times = Time(["2026-01-02T03:04:05.123456", "2026-01-02T03:04:06"])
    table = from_astropy(Table({"t": times, "tai": times.tai, "jd": Time(times.jd1, times.jd2, format="jd")}))
    for name in ("t", "tai", "jd"):
        assert table[name].to_pylist() == ["2026-01-02T03:04:05.123456", "2026-01-02T03:04:06.000000"]
        assert table.schema.field(name).metadata == {b"xtype": b"timestamp"}


def test_bytes_and_other_byte_orders() -> None:
    table = from_astropy(
        Table({"s": np.array([b"ab"]), "x": np.array([1.5], ">f8"), "i": np.array([7], ">i2")})
    )
    assert table.to_pylist() == [{"s": "ab", "x": 1.5, "i": 7}]


def test_objects_that_no_table_holds_are_named() -> None:
    objects = np.empty(2, object)
    objects[:] = [{1}, 2]
    with pytest.raises(InputError, match="'odd'"):
        from_astropy(Table({"odd": objects}))


def test_no_rows() -> None:
    table = pa.table({"x": pa.array([], pa.float64()), "s": pa.array([], pa.string())})
    assert to_astropy(table).colnames == ["x", "s"]
    assert len(to_astropy(table)) == 0
