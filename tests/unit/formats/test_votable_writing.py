"""VOTables that are written: their metadata, their types, their status."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io.votable import parse

from esap_jupyter.errors import InputError
from esap_jupyter.formats.votable import open_votable
from esap_jupyter.formats.votable_writer import write_votable


def written(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    write_votable(sink, table.schema, table.to_batches(), **options)
    return sink.getvalue()


def back(table: pa.Table, **options: Any) -> pa.Table:
    reader = open_votable(io.BytesIO(written(table, **options)))
    return pa.Table.from_batches(reader)


def test_metadata() -> None:
    field = pa.field(
        "a<b",
        pa.float64(),
        metadata={"unit": "km/s", "ucd": "x", "utype": "y", "description": "1 < 2 & \x07 3"},
    )
    table = pa.table({"a<b": [1.0]}, schema=pa.schema([field], metadata={"name": "t", "description": "d"}))
    schema = back(table).schema
    assert schema.names == ["a<b"]
    assert schema.field(0).metadata == {**field.metadata, b"description": "1 < 2 & � 3".encode()}
    assert schema.metadata == {b"name": b"t", b"description": b"d"}


def test_status_and_infos() -> None:
    table = pa.table({"x": [1]})
    votable = parse(io.BytesIO(written(table, truncated=True, infos={"server": "<us>"})))
    infos = [(info.name, info.value) for info in votable.resources[0].infos]
    assert infos == [("QUERY_STATUS", "OK"), ("server", "<us>"), ("QUERY_STATUS", "OVERFLOW")]


def test_overflow_may_be_known_only_after_the_rows() -> None:
    seen: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(3):
            seen.append(number)
            yield pa.RecordBatch.from_pydict({"x": [number]})

    sink = io.BytesIO()
    write_votable(sink, pa.schema([("x", pa.int64())]), batches(), truncated=lambda: len(seen) == 3)
    assert b"OVERFLOW" in sink.getvalue()


def test_service_descriptors_survive() -> None:
    descriptors = [
        {
            "access_url": "https://x/links?a&b",
            "standard_id": "ivo://ivoa.net/std/DataLink#links-1.1",
            "resource_identifier": "",
            "params": [
                {"name": "ID", "value": "", "column": "obs_publisher_did"},
                {"name": "REQUEST", "value": "x", "column": ""},
            ],
        }
    ]
    metadata = {"esap.descriptors": json.dumps(descriptors)}
    table = pa.table({"x": [1], "obs_publisher_did": ["ivo://a"]}).replace_schema_metadata(metadata)
    assert json.loads(back(table).schema.metadata[b"esap.descriptors"]) == descriptors
    resource = parse(io.BytesIO(written(table))).resources[0]
    assert resource.utype == "adhoc:service"
    [inputs] = resource.groups
    assert inputs.entries[0].ref == "column_1"


@pytest.mark.parametrize("serialization", ["TABLEDATA", "BINARY", "BINARY2"])
def test_types_that_votable_has_not(serialization: Any) -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    table = pa.table(
        {
            "small": pa.array([-1, None], pa.int8()),
            "unsigned": pa.array([65535, None], pa.uint16()),
            "huge": pa.array([2**40, None], pa.uint64()),
            "half": pa.array(np.array([1.5, 2.5], np.float16)),
            "decimal": pa.array([decimal.Decimal("1.25"), None]),
            "when": pa.array([moment, None], pa.timestamp("ms", "UTC")),
            "day": pa.array([moment.date(), None]),
            "clock": pa.array([dt.time(1, 2), None]),
            "wait": pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
            "category": pa.array(["a", None]).dictionary_encode(),
            "blob": pa.array([b"\x00\xff", None]),
            "words": pa.array([["a", "b"], None]),
            "record": pa.array([{"a": 1}, None]),
            "nothing": pa.nulls(2),
            "large": pa.array(["ü", None], pa.large_string()),
        }
    )
    read = back(table, serialization=serialization)
    assert read.slice(0, 1).to_pylist() == [
        {
            "small": -1,
            "unsigned": 65535,
            "huge": 2**40,
            "half": 1.5,
            "decimal": 1.25,
            "when": "2026-01-02T03:04:05",
            "day": "2026-01-02T00:00:00",
            "clock": "01:02:00.000000",
            "wait": "MonthDayNano(months=1, days=2, nanoseconds=3)",
            "category": "a",
            "blob": [0, 255],
            "words": '["a", "b"]',
            "record": '{"a": 1}',
            "nothing": None,
            "large": "ü",
        }
    ]
    assert set(read.slice(1, 1).to_pylist()[0].values()) == {None, 2.5}
    assert read.schema.field("when").metadata == {b"xtype": b"timestamp"}
    parse(io.BytesIO(written(table, serialization=serialization)))


@pytest.mark.parametrize(
    ("column", "serialization", "said"),
    [
        (pa.array([2**63], pa.uint64()), "BINARY2", "does not fit"),
        (pa.array([-(2**31), None], pa.int32()), "BINARY", "would be read as null"),
        (pa.array([[1, None]], pa.list_(pa.uint8())), "BINARY2", "no value"),
    ],
)
def test_values_that_cannot_be_written_are_refused(column: pa.Array, serialization: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        written(pa.table({"x": column}), serialization=serialization)


def test_slices_are_written_as_such() -> None:
    table = pa.table({"x": range(10), "s": [f"é{n}" for n in range(10)], "a": [[n, n] for n in range(10)]})
    part = pa.Table.from_batches([table.to_batches()[0].slice(3, 4)])
    for serialization in ("TABLEDATA", "BINARY", "BINARY2"):
        assert back(part, serialization=serialization).to_pylist() == table.to_pylist()[3:7]


def test_text_beyond_ascii_in_a_later_batch_is_not_lost() -> None:
    sink = io.BytesIO()
    batches = [pa.RecordBatch.from_pydict({"s": [text]}) for text in ("Vega", "Véga")]
    write_votable(sink, batches[0].schema, batches)
    rows = pa.Table.from_batches(open_votable(io.BytesIO(sink.getvalue())))
    assert rows["s"].to_pylist() == ["Vega", "Véga"]


def test_characters_that_xml_has_not_are_replaced() -> None:
    table = pa.table({"s": ["a\x00b\x1fc\ufffed", "line\r\nbreak"]})
    assert back(table, serialization="TABLEDATA")["s"].to_pylist() == ["a�b�c�d", "line\r\nbreak"]


def test_no_row_at_all() -> None:
    for serialization in ("TABLEDATA", "BINARY", "BINARY2"):
        empty = pa.table({"x": pa.array([], pa.int64())})
        assert back(empty, serialization=serialization).schema == empty.schema
        sink = io.BytesIO()
        write_votable(sink, empty.schema, [], serialization=serialization)
        assert parse(io.BytesIO(sink.getvalue())).get_first_table().nrows in (None, 0)


def test_memory_stays_flat_while_rows_stream_through() -> None:
    batch = pa.RecordBatch.from_pydict({f"c{n}": np.arange(20_000.0) for n in range(8)})

    class Nowhere(io.RawIOBase):
        written = 0

        def write(self, data: Any, /) -> int:
            self.written += len(data)
            return len(data)

    sink = Nowhere()
    tracemalloc.start()
    write_votable(sink, batch.schema, (batch for _ in range(50)))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sink.written > 64_000_000
    assert peak < 20_000_000
