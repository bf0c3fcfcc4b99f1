"""Which columns of several services are one, and which are kept apart."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from esap_jupyter.storage.tables_merge import MergedSchema, common_type, same_unit


def schema(*columns: tuple[str, Any, str]) -> pa.Schema:
    return pa.schema(
        [pa.field(name, kind, metadata={"unit": unit} if unit else None) for name, kind, unit in columns]
    )


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (pa.int32(), pa.int64(), pa.int64()),
        (pa.uint8(), pa.int16(), pa.int16()),
        (pa.uint8(), pa.int8(), pa.int16()),
        (pa.uint64(), pa.int64(), None),
        (pa.int16(), pa.float32(), pa.float32()),
        (pa.int32(), pa.float32(), pa.float64()),
        (pa.float32(), pa.float64(), pa.float64()),
        # 64-bit identifiers would lose digits as floats.
        (pa.int64(), pa.float64(), None),
        (pa.string(), pa.int64(), None),
        (pa.string(), pa.large_string(), pa.large_string()),
        (pa.null(), pa.int64(), pa.int64()),
        (pa.bool_(), pa.int64(), None),
        (pa.list_(pa.float64()), pa.list_(pa.float64()), pa.list_(pa.float64())),
        (pa.list_(pa.float64()), pa.float64(), None),
    ],
)
def test_types_are_common_if_nothing_is_lost(one: Any, other: Any, common: Any) -> None:
    assert common_type(one, other) == common
    assert common_type(other, one) == common


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"deg", b"deg", True),
        (b"mas/yr", b"mas.yr**-1", True),
        (b"deg", b"rad", False),
        (b"deg", b"", False),
        (b"bananas", b"apples", False),
        (b"mag", b"Jy", False),
    ],
)
def test_units_are_the_same_however_they_are_written(one: bytes, other: bytes, same: bool) -> None:
    assert same_unit(one, other) is same


def merged(**schemas: pa.Schema) -> MergedSchema:
    return MergedSchema(schemas, with_service=len(schemas) > 1)


def test_columns_of_other_units_are_kept_apart() -> None:
    view = merged(
        a=schema(("flux", pa.float64(), "Jy")),
        b=schema(("flux", pa.float64(), "mag")),
        c=schema(("flux", pa.float32(), "Jy")),
        d=schema(("flux", pa.float64(), "mag")),
    )
    assert view.schema.names == ["service", "flux", "flux_b"]
    rows = view.conform("d", pa.table({"flux": [1.5]}), 1, None)
    assert rows.to_pylist() == [{"service": "d", "flux": None, "flux_b": 1.5}]


def test_a_service_s_own_column_named_service_is_kept() -> None:
    view = merged(a=schema(("service", pa.string(), "")), b=schema(("x", pa.int64(), "")))
    assert view.schema.names == ["service", "service_a", "x"]
    rows = view.conform("a", pa.table({"service": ["theirs"]}), 1, None)
    assert rows.to_pylist() == [{"service": "a", "service_a": "theirs", "x": None}]


def test_names_never_clash() -> None:
    view = merged(
        a=schema(("x", pa.int64(), ""), ("x_b", pa.int64(), "")),
        b=schema(("x", pa.string(), ""), ("x_b", pa.string(), "")),
    )
    assert len(set(view.schema.names)) == 5


def test_descriptions_come_from_whoever_has_one() -> None:
    said = pa.schema(
        [pa.field("ra", pa.float64(), metadata={"unit": "deg", "description": "Right ascension"})]
    )
    view = merged(a=schema(("ra", pa.float64(), "deg")), b=said)
    assert view.schema.field("ra").metadata[b"description"] == b"Right ascension"


def test_one_service_alone_is_as_it_came() -> None:
    own = schema(("ra", pa.float64(), "deg")).with_metadata({"esap.descriptors": "[]"})
    assert merged(a=own).schema.equals(own, check_metadata=True)


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ({}, {"coosys": "eq_FK4", "equinox": "B1950"}, ["service", "ra", "ra_b"]),
        ({"coosys": "ICRS"}, {"coosys": "eq_FK5", "equinox": "J1975"}, ["service", "ra", "ra_b"]),
        ({"coosys": "ICRS"}, {"coosys": "eq_FK5", "equinox": "J2000"}, ["service", "ra"]),
        (
            {"coosys": "eq_FK4", "equinox": "B1950"},
            {"coosys": "eq_FK4", "equinox": "B1950"},
            ["service", "ra"],
        ),
    ],
)
def test_positions_of_other_frames_are_kept_apart(one: dict, other: dict, names: list[str]) -> None:
    schemas = {
        service: pa.schema([pa.field("ra", pa.float64(), metadata={"unit": "deg", **said})])
        for service, said in (("a", one), ("b", other))
    }

    found = merged(**schemas).schema

    assert found.names == names
    # Of rows of two frames no one is told.
    assert (b"coosys" in found.field("ra").metadata) == (one == other or (len(names) == 3 and bool(one)))
