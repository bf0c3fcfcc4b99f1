"""A table is readable while it grows, by anyone, and after its writer was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from esap_jupyter.errors import InputError, NoRoom, NotFound, StateError
from esap_jupyter.models import Query, ServiceReport
from esap_jupyter.storage import tables_writer
from esap_jupyter.storage.tables import Table, TableStore
from esap_jupyter.storage.tables_manifest import WRITER_LEASE, WRITING

QUERY = Query(target="M 31", row_limit=10)


def batch(start: int, rows: int) -> pa.RecordBatch:
    schema = pa.schema([pa.field("n", pa.int64()), pa.field("ra", pa.float64(), metadata={"unit": "deg"})])
    numbers = list(range(start, start + rows))
    return pa.RecordBatch.from_arrays([pa.array(numbers), pa.array([n / 7 for n in numbers])], schema=schema)


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def numbers(table: Table) -> list[int]:
    return table.to_arrow()["n"].to_pylist()


@pytest.fixture
def store(tmp_path: Path) -> TableStore:
    return TableStore(tmp_path / "tables", limit=10**9)


def test_the_first_rows_are_readable_at_once(store: TableStore) -> None:
    with store.create(QUERY, "t") as writer:
        writer.append("gaia", batch(0, 3))
        assert len(writer.table) == 3
        assert not writer.table.complete


def test_later_rows_are_readable_within_about_a_second(store: TableStore) -> None:
    with store.create(QUERY, "t") as writer:
        writer.append("gaia", batch(0, 3))
        writer.append("gaia", batch(3, 4))
        table = writer.table
        wait_until(lambda: len(table.refresh()) == 7, seconds=5)
        assert numbers(table) == list(range(7))


def test_rows_keep_their_order_through_compaction(store: TableStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables_writer, "PART_ROWS", 100)
    with store.create(QUERY, "t") as writer:
        rows = 0
        for size in (1, 100, 30, 80, 99, 100, 7):
            writer.append("gaia", batch(rows, size))
            rows += size
    table = store.open(writer.table.id)
    assert table.complete
    assert numbers(table) == list(range(rows))


def test_small_parts_become_one_when_the_table_is_complete(store: TableStore) -> None:
    writer = store.create(QUERY, "t")
    for start in range(0, 30, 10):
        writer.append("gaia", batch(start, 10))
        table = writer.table
        wait_until(lambda table=table, start=start: len(table.refresh()) == start + 10)
    assert len(list(table.directory.glob("*.parquet"))) == 3
    writer.finish()
    assert [path.name for path in table.directory.glob("*.parquet")] == ["gaia-00003.parquet"]


def test_a_reader_from_before_compaction_reads_on(store: TableStore) -> None:
    writer = store.create(QUERY, "t")
    writer.append("gaia", batch(0, 10))
    writer.append("gaia", batch(10, 10))
    reader = writer.table
    wait_until(lambda: len(reader.refresh()) == 20)
    writer.finish()
    assert numbers(reader) == list(range(20))


def test_columns_are_known_without_a_row(store: TableStore) -> None:
    with store.create(QUERY, "t") as writer:
        writer.append("gaia", batch(0, 0))
        assert writer.table.columns == ["n", "ra"]
        assert len(writer.table) == 0
    assert store.open(writer.table.id).to_arrow().num_rows == 0


def test_metadata_that_comes_late_is_kept(store: TableStore) -> None:
    late = batch(0, 0).replace_schema_metadata({"esap.descriptors": "[]"})
    with store.create(QUERY, "t") as writer:
        writer.append("gaia", batch(0, 5))
        writer.append("gaia", late)
    assert store.open(writer.table.id).of("gaia").schema.metadata == {b"esap.descriptors": b"[]"}


def test_what_was_asked_and_how_services_fared_is_kept(store: TableStore) -> None:
    with store.create(QUERY, "M 31 in two catalogues") as writer:
        writer.append("gaia", batch(0, 10))
        writer.report(ServiceReport(service="gaia", state="truncated", rows=10))
        writer.report(ServiceReport(service="simbad", state="failed", code="service-timeout", message="hung"))
    table = store.open(writer.table.id)
    assert (table.title, table.query) == ("M 31 in two catalogues", QUERY)
    assert table.reports["simbad"].message == "hung"
    assert table.truncated
    assert table.created_at.tzinfo is not None


def test_a_new_state_is_seen_at_once_and_counts_soon(store: TableStore) -> None:
    with store.create(QUERY, "t") as writer:
        writer.report(ServiceReport(service="gaia", state="receiving", rows=1))
        assert writer.table.reports["gaia"].rows == 1
        writer.report(ServiceReport(service="gaia", state="receiving", rows=9))
        table = writer.table
        wait_until(lambda: table.refresh().reports["gaia"].rows == 9, seconds=5)


def test_two_services_may_be_written_side_by_side(store: TableStore) -> None:
    with store.create(QUERY, "t") as writer:

        def write(service: str) -> None:
            for start in range(0, 1000, 10):
                writer.append(service, batch(start, 10))

        threads = [threading.Thread(target=write, args=(name,)) for name in ("gaia", "simbad")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for service in ("gaia", "simbad"):
        assert numbers(writer.table.of(service)) == list(range(1000))


def test_services_whose_names_look_alike_as_files_stay_apart(store: TableStore) -> None:
    with store.create(QUERY, "t") as writer:
        writer.append("a/b", batch(0, 2))
        writer.append("a:b", batch(2, 2))
        writer.append("../../evil", batch(4, 2))
    assert numbers(writer.table.of("a/b")) == [0, 1]
    assert numbers(writer.table.of("a:b")) == [2, 3]
    assert numbers(writer.table.of("../../evil")) == [4, 5]
    assert all(path.parent == writer.table.directory for path in store.directory.rglob("*.parquet"))


def test_other_columns_in_the_middle_are_refused(store: TableStore) -> None:
    with store.create(QUERY, "t") as writer:
        writer.append("gaia", batch(0, 2))
        with pytest.raises(InputError, match="gaia changed its columns"):
            writer.append("gaia", pa.RecordBatch.from_pydict({"other": ["x"]}))
    assert numbers(writer.table) == [0, 1]


def test_nothing_can_be_added_to_a_finished_table(store: TableStore) -> None:
    writer = store.create(QUERY, "t")
    writer.finish()
    writer.finish()
    with pytest.raises(StateError, match="finished"):
        writer.append("gaia", batch(0, 1))


def test_writing_to_a_deleted_table_says_so(store: TableStore) -> None:
    writer = store.create(QUERY, "t")
    writer.append("gaia", batch(0, 1))
    store.delete(writer.table.id)
    with pytest.raises(NotFound, match="deleted"):
        writer.append("simbad", batch(0, 1))
    with pytest.raises(NotFound):
        writer.finish()


def test_a_full_disk_says_so_and_keeps_what_was_written(
    store: TableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = store.create(QUERY, "t")
    writer.append("gaia", batch(0, 5))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tables_writer.pq.ParquetWriter, "write_table", full)
        with pytest.raises(NoRoom, match="full"):
            writer.append("simbad", batch(0, 5))
    assert numbers(writer.table.of("gaia")) == list(range(5))
    assert not list(store.directory.rglob("*.part.*"))
    writer.finish()


WRITE_FOR_EVER = """
import sys, pyarrow as pa
from pathlib import Path
from typing import Any
from esap_jupyter.storage.tables import TableStore
from esap_jupyter.models import Query, ServiceReport

writer = TableStore(Path(sys.argv[1]), 10**9).create(Query(target="M 31"), "to be killed")
print(writer.table.id, flush=True)
writer.report(ServiceReport(service="gaia", state="receiving"))
row = 0
while True:
    writer.append("gaia", pa.RecordBatch.from_pydict({"n": list(range(row, row + 5000))}))
    row += 5000
"""


def test_a_table_that_is_finished_between_two_looks_is_not_interrupted(store: TableStore) -> None:
    with store.create(QUERY, "t") as writer:
        table = writer.table
    assert (table.complete, table.interrupted) == (False, False)
    assert table.refresh().complete


def test_a_table_that_others_see_has_its_writer(store: TableStore, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    save = tables_writer.save_manifest

    def save_and_look(directory: Path, manifest: Any) -> None:
        save(directory, manifest)
        seen.extend(table.interrupted for table in store.tables())

    monkeypatch.setattr(tables_writer, "save_manifest", save_and_look)
    with store.create(QUERY, "t"):
        assert seen == [False]


def test_what_was_written_survives_kill_9(store: TableStore) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_FOR_EVER, str(store.directory)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        table_id = process.stdout.readline().strip()
        table = store.open(table_id)
        wait_until(lambda: len(table.refresh()) > 150_000, seconds=60)
        # In another process, while it grows.
        seen = len(table)
        assert numbers(table) == list(range(seen))
        assert not table.interrupted
        process.send_signal(signal.SIGKILL)
    table.refresh()
    assert len(table) >= seen
    assert numbers(table) == list(range(len(table)))
    assert not table.complete
    assert "so far" in repr(table)
    # The mark of the writer grows old, since nobody touches it any more.
    long_ago = time.time() - 2 * WRITER_LEASE
    os.utime(table.directory / WRITING, (long_ago, long_ago))
    assert table.interrupted
    assert "interrupted" in repr(table)


WRITE_MUCH = """
import json, resource, sys, numpy as np, pyarrow as pa
from pathlib import Path
from typing import Any
from esap_jupyter.storage.tables import TableStore
from esap_jupyter.models import Query

values = np.random.default_rng(1).random(50_000)
def batch(): return pa.RecordBatch.from_pydict({f"c{i}": values + i for i in range(12)})
writer = TableStore(Path(sys.argv[1]), 10**10).create(Query(target="M 31"), "large")
peaks = []
for number in range(20):
    writer.append("gaia", batch())
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
writer.finish()
peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
print(json.dumps({"rows": len(writer.table), "early": peaks[5], "end": peaks[-1]}))
"""


def test_memory_stays_flat_over_a_million_rows(store: TableStore) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", WRITE_MUCH, str(store.directory)], capture_output=True, text=True, check=True
    )
    measured = json.loads(answer.stdout)
    assert measured["rows"] == 1_000_000
    # The rows are 96 MB; a quarter of them was written at the first measure.
    assert measured["end"] - measured["early"] < 30_000_000
