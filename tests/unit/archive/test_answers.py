"""The same rows in every format, with nothing lost."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from astropy.io import fits

from esap_jupyter.archive.answers import FORMATS, format_named
from esap_jupyter.archive.database import Database
from esap_jupyter.errors import InputError, NotOffered
from esap_jupyter.formats.votable import open_votable


def answered(database: Database, name: str, row_limit: int = 5000) -> bytes:
    sink = io.BytesIO()
    with database.query("SELECT * FROM sky.stars ORDER BY id", row_limit=row_limit, seconds=10) as rows:
        format_named(name).write(sink, rows.schema, rows, lambda: rows.truncated, {"QUERY": "SELECT <1>"})
    return sink.getvalue()


def same(found: pa.Table, stars: pa.Table) -> bool:
    return bool(found.cast(stars.schema).equals(stars))


@pytest.mark.parametrize(
    "name", ["votable", "votable/td", "application/x-votable+xml; serialization=binary2"]
)
def test_votable(database: Database, stars: pa.Table, name: str) -> None:
    reader = open_votable(io.BytesIO(answered(database, name)))
    table = pa.Table.from_batches(list(reader), schema=reader.schema)

    assert same(table, stars)
    assert table.schema.field("pm").metadata[b"unit"] == b"mas/yr"
    assert table.schema.field("name").metadata[b"description"] == b'A name, <with> & "marks"'
    assert not reader.truncated
    assert reader.infos["QUERY"] == "SELECT <1>"


def test_votable_says_that_it_is_cut(database: Database) -> None:
    reader = open_votable(io.BytesIO(answered(database, "votable", row_limit=7)))

    assert sum(batch.num_rows for batch in reader) == 7
    assert reader.truncated


def test_parquet(database: Database, stars: pa.Table) -> None:
    file = pyarrow.parquet.ParquetFile(io.BytesIO(answered(database, "parquet", row_limit=100)))
    table = file.read()

    assert same(table, stars.slice(0, 100))
    assert table.schema.field("ra").metadata[b"ucd"] == b"pos.eq.ra;meta.main"
    assert file.metadata.metadata[b"QUERY_STATUS"] == b"OVERFLOW"


def test_csv(database: Database, stars: pa.Table) -> None:
    table = pyarrow.csv.read_csv(io.BytesIO(answered(database, "text/csv")))

    assert table.column_names == stars.column_names
    assert table["ra"].to_pylist() == stars["ra"].to_pylist()


def test_fits(database: Database, stars: pa.Table) -> None:
    content = answered(database, "fits")
    first = stars.slice(0, 30).to_pydict()

    with fits.open(io.BytesIO(content), logical_as_bytes=True) as hdus:
        header, table = hdus[1].header, hdus[1].data
        found = {name: table[name] for name in stars.column_names}

    assert len(content) % 2880 == 0
    assert header["TUNIT4"] == "mas/yr"
    assert np.array_equal(found["ra"], stars["ra"].to_numpy())
    assert list(found["name"][:30]) == [name or "" for name in first["name"]]
    assert list(found["count"][:30]) == [header["TNULL7"] if n is None else n for n in first["count"]]
    assert [None if np.isnan(pm) else pm for pm in found["pm"][:30]] == first["pm"]
    flags = [{None: b"", True: b"T", False: b"F"}[f] for f in first["variable"]]
    as_astropy_7_reads = [bool(f) for f in first["variable"]]  # which knows no empty flag
    assert list(found["variable"][:30]) in (flags, as_astropy_7_reads)


def test_fits_without_rows() -> None:
    sink = io.BytesIO()
    schema = pa.schema([("name", pa.string()), ("x", pa.float64())])

    format_named("fits").write(sink, schema, [], lambda: False, {})

    assert len(fits.getdata(io.BytesIO(sink.getvalue()), 1)) == 0


def test_a_column_that_fits_cannot_have() -> None:
    with pytest.raises(NotOffered, match="x"):
        format_named("fits").write(
            io.BytesIO(), pa.schema([("x", pa.list_(pa.int64()))]), [], lambda: False, {}
        )


@pytest.mark.parametrize("name", ["json", "votable/x", "../etc/passwd", "text/csv;header=absent"])
def test_what_is_not_offered_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="not offered") as caught:
        format_named(name)
    assert "parquet" in caught.value.hint


def test_every_name_of_a_format_finds_it() -> None:
    found: dict[str, Any] = {name: offered for offered in FORMATS for name in offered.names}

    assert all(format_named(name.upper()) is offered for name, offered in found.items())
