"""What a person does with a table: pages it, converts it, writes it, looks at it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from esap_jupyter.errors import EsapError, InputError, NotFound, StateError
from esap_jupyter.formats.files import read_file
from esap_jupyter.models import Query, ServiceReport
from esap_jupyter.storage.tables import Table, TableStore
from esap_jupyter.storage.tables_manifest import MANIFEST
from esap_jupyter.storage.tables_preview import headline, preview_text

GAIA = pa.schema(
    [
        pa.field("source_id", pa.int64(), metadata={"ucd": "meta.id"}),
        pa.field("ra", pa.float64(), metadata={"unit": "deg", "description": "Right ascension"}),
        pa.field("mag", pa.float32(), metadata={"unit": "mag"}),
    ]
)
SIMBAD = pa.schema(
    [
        pa.field("main_id", pa.string()),
        pa.field("ra", pa.float64(), metadata={"unit": "deg"}),
        pa.field("mag", pa.float64(), metadata={"unit": "Jy"}),
    ]
)


def gaia(rows: int, start: int = 0) -> pa.RecordBatch:
    numbers = np.arange(start, start + rows)
    arrays = [pa.array(numbers), pa.array(numbers / 10), pa.array([None, *range(1, rows)], pa.float32())]
    return pa.RecordBatch.from_arrays(arrays, schema=GAIA)


def simbad(rows: int) -> pa.RecordBatch:
    arrays = [pa.array([f"* {n}" for n in range(rows)]), pa.array([0.5] * rows), pa.array([1e-3] * rows)]
    return pa.RecordBatch.from_arrays(arrays, schema=SIMBAD)


@pytest.fixture
def store(tmp_path: Path) -> TableStore:
    return TableStore(tmp_path / "tables", limit=10**9)


@pytest.fixture
def both(store: TableStore) -> Table:
    with store.create(Query(target="M 31", row_limit=5), "M 31") as writer:
        writer.append("gaia", gaia(5))
        writer.append("simbad", simbad(3))
        writer.report(ServiceReport(service="gaia", state="truncated", rows=5))
        writer.report(ServiceReport(service="simbad", state="complete", rows=3))
        writer.report(ServiceReport(service="ned", state="failed", message="no <route> to host"))
    return store.open(writer.table.id)


def one_service(store: TableStore, *batches: pa.RecordBatch, query: Query | None = None) -> Table:
    with store.create(query, "one") as writer:
        for batch in batches:
            writer.append("gaia", batch)
        writer.report(ServiceReport(service="gaia", state="complete", rows=sum(b.num_rows for b in batches)))
    return writer.table


def test_rows_of_several_services_say_where_they_are_from(both: Table) -> None:
    assert both.columns == ["service", "source_id", "ra", "mag", "main_id", "mag_simbad"]
    assert both.to_arrow()["service"].to_pylist() == ["gaia"] * 5 + ["simbad"] * 3
    assert both.to_arrow()["ra"].null_count == 0
    assert both.to_arrow()["source_id"].to_pylist() == [0, 1, 2, 3, 4, None, None, None]
    assert both.schema.field("mag_simbad").metadata[b"unit"] == b"Jy"


def test_one_service_has_its_own_columns(both: Table) -> None:
    assert both.of("simbad").columns == ["main_id", "ra", "mag"]
    assert both.of("simbad").to_arrow().num_rows == 3
    assert both.of("gaia").schema.equals(GAIA, check_metadata=True)
    assert len(both.of("ned")) == 0
    with pytest.raises(NotFound, match="vizier"):
        both.of("vizier")


def test_pages_run_on_from_service_to_service(both: Table) -> None:
    page = both.page(4, 2)
    assert page["service"].to_pylist() == ["gaia", "simbad"]
    assert both.page(7, 100).num_rows == 1
    assert both.page(8, 10).num_rows == 0
    assert both.page(8, 10).schema.equals(both.schema)
    assert both.page(3, 4, ["main_id", "service"]).to_pydict() == {
        "main_id": [None, None, "* 0", "* 1"],
        "service": ["gaia", "gaia", "simbad", "simbad"],
    }
    assert both.page(4, 2, ["service"]).to_pydict() == {"service": ["gaia", "simbad"]}


@pytest.mark.parametrize(("offset", "limit", "columns"), [(-1, 1, None), (0, -1, None), (0, 1, ["nope"])])
def test_a_page_that_cannot_be_is_refused(both: Table, offset: int, limit: int, columns: Any) -> None:
    with pytest.raises(InputError):
        both.page(offset, limit, columns)


def test_a_page_reads_only_the_row_groups_it_needs(
    store: TableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = one_service(store, *(gaia(50_000, start) for start in range(0, 200_000, 50_000)))
    read: list[int] = []
    original = pq.ParquetFile.read_row_groups

    def counting(self: pq.ParquetFile, groups: list[int], **options: Any) -> pa.Table:
        result = original(self, groups, **options)
        read.append(result.num_rows)
        return result

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", counting)
    assert table.page(130_007, 10)["source_id"].to_pylist() == list(range(130_007, 130_017))
    assert sum(read) <= 20_000
    assert table.page(99_995, 10)["source_id"].to_pylist() == list(range(99_995, 100_005))


def test_another_process_reads_it(both: Table) -> None:
    program = "import sys; from pathlib import Path; from esap_jupyter.storage.tables import TableStore; "
    program += "print(TableStore(Path(sys.argv[1]), 1).open(sys.argv[2]).to_arrow().num_rows)"
    arguments = [sys.executable, "-c", program, str(both.directory.parent), both.id]
    assert subprocess.run(arguments, capture_output=True, text=True, check=True).stdout == "8\n"


def test_astropy_gets_units_and_masks(both: Table) -> None:
    table = both.of("gaia").to_astropy()
    assert str(table["ra"].unit) == "deg"
    assert table["ra"].info.description == "Right ascension"
    assert table["mag"].mask.tolist() == [True, False, False, False, False]


def test_pandas_keeps_integers_with_nulls(both: Table) -> None:
    frame = both.to_pandas()
    assert frame["source_id"].dtype == "Int64"
    assert frame["source_id"].isna().sum() == 3
    assert frame.attrs["units"]["ra"] == "deg"


def test_polars(both: Table) -> None:
    assert both.to_polars().shape == (8, 6)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_missing_library_is_named(both: Table, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(EsapError, match=f"pip install {library}"):
        getattr(both, f"to_{library}")()


@pytest.mark.parametrize("suffix", [".vot", ".xml", ".fits", ".parquet"])
def test_units_survive_in_files(both: Table, suffix: str, tmp_path: Path) -> None:
    path = both.write(tmp_path / f"m31{suffix}")
    written = read_file(path)
    assert written.column_names == both.columns
    assert written["source_id"].to_pylist() == both.to_arrow()["source_id"].to_pylist()
    assert written.schema.field("mag_simbad").metadata[b"unit"] == b"Jy"
    assert written.schema.field("ra").metadata[b"description"] == b"Right ascension"
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"m31{suffix}", "tables"]


def test_csv(both: Table, tmp_path: Path) -> None:
    assert read_file(both.write(str(tmp_path / "m31.csv"))).num_rows == 8


def test_a_file_that_cannot_be_is_refused(both: Table, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.docx"):
        both.write(tmp_path / "m31.docx")
    with pytest.raises(InputError, match="no directory"):
        both.write(tmp_path / "nowhere" / "m31.vot")


def test_the_first_line_says_it_all(both: Table) -> None:
    first = repr(both).splitlines()[0]
    assert first == (
        "8 rows (gaia cut at the row limit; ask for row_limit=None to get all) from gaia, simbad; "
        "ned failed: no <route> to host"
    )


def test_the_first_line_for_one_service(store: TableStore) -> None:
    with store.create(Query(target="M 31", row_limit=5), "t") as writer:
        writer.append("gaia", gaia(5))
        writer.report(ServiceReport(service="gaia", state="truncated", rows=5))
    first = "5 rows (cut at the row limit; ask for row_limit=None to get all) from gaia"
    assert repr(writer.table).splitlines()[0] == first


def test_a_limit_of_the_service_itself_is_told_apart(store: TableStore) -> None:
    with store.create(Query(target="M 31", row_limit=None), "t") as writer:
        writer.append("gaia", gaia(5))
        writer.report(ServiceReport(service="gaia", state="truncated", rows=5, message="3 million at most"))
    assert "(cut by gaia: 3 million at most)" in repr(writer.table)


def test_html_has_units_and_no_markup_of_services(store: TableStore) -> None:
    schema = pa.schema(
        [
            pa.field("<b>name</b>", pa.string(), metadata={"unit": "<i>deg</i>"}),
            pa.field("z", pa.struct([("real", pa.float64()), ("imag", pa.float64())])),
        ]
    )
    rows = pa.RecordBatch.from_arrays(
        [
            pa.array(["<script>alert(1)</script>"]),
            pa.array([{"real": 1.0, "imag": -2.0}], schema.field(1).type),
        ],
        schema=schema,
    )
    with store.create(None, "t") as writer:
        writer.append("<u>evil</u>", rows)
    shown = writer.table._repr_html_()
    assert "&lt;i&gt;deg&lt;/i&gt;" in shown
    assert "&lt;script&gt;" in shown
    assert "1-2j" in shown
    for tag in ("<script", "<b>", "<i>", "<u>"):
        assert tag not in shown


def test_a_preview_of_a_large_table_is_short(store: TableStore) -> None:
    wide = pa.RecordBatch.from_pydict({f"c{n}": ["x" * 1000] * 500 for n in range(60)})
    table = one_service(store, wide)
    assert "490 more rows and 40 more columns" in table._repr_html_()
    assert len(table._repr_html_()) < 40_000
    assert len(repr(table)) < 6_000


def test_unknown_and_outlandish_tables_are_not_found(store: TableStore, both: Table) -> None:
    for table_id in ("", "000000000000", "../tables", both.id + "/", "."):
        with pytest.raises(NotFound):
            store.open(table_id)


def test_a_damaged_or_newer_table_says_so(store: TableStore, both: Table) -> None:
    manifest = both.directory / MANIFEST
    text = manifest.read_text()
    manifest.write_text(text.replace('"version":1', '"version":99'))
    with pytest.raises(StateError, match="newer"):
        store.open(both.id)
    manifest.write_text(text[:100])
    with pytest.raises(StateError, match="damaged"):
        store.open(both.id)
    assert store.tables() == []


def test_a_table_that_was_deleted_says_so(store: TableStore, both: Table) -> None:
    store.delete(both.id)
    with pytest.raises(NotFound, match=both.id):
        both.page(0, 1)
    with pytest.raises(NotFound):
        both.refresh()
    for shown in (repr(both), both._repr_html_(), preview_text(both)):
        assert f"The table {both.id}" in shown
        assert "has left the cache" in shown


def test_a_table_that_was_deleted_while_it_grew_says_so_too(store: TableStore) -> None:
    writer = store.create(None, "<b>stars</b>")
    writer.append("gaia", gaia(2))
    growing = writer.table
    store.delete(growing.id)
    assert "has left the cache" in headline(growing)
    assert "<b>" not in growing._repr_html_()
