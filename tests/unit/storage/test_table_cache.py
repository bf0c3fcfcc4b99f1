"""The cache of tables is bounded: what was not used for longest goes, saved and growing tables stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from esap_jupyter.errors import NotFound
from esap_jupyter.storage.tables import TableStore
from esap_jupyter.storage.tables_manifest import MANIFEST

SIZE = 100_000
RANDOM = np.random.default_rng(7)


@pytest.fixture
def store(tmp_path: Path) -> TableStore:
    return TableStore(tmp_path / "tables", limit=int(2.5 * SIZE))


def add(store: TableStore, title: str, *, age: float = 0.0) -> str:
    """A table of about SIZE bytes, last used `age` seconds ago."""
    with store.create(None, title) as writer:
        writer.append("gaia", pa.RecordBatch.from_pydict({"x": RANDOM.random(SIZE // 8)}))
    used = time.time() - age
    os.utime(writer.table.directory / MANIFEST, (used, used))
    return writer.table.id


def titles(store: TableStore) -> set[str]:
    return {table.title for table in store.tables()}


def test_the_table_used_longest_ago_goes(store: TableStore) -> None:
    add(store, "old", age=300)
    add(store, "older", age=400)
    add(store, "new")
    assert titles(store) == {"old", "new"}


def test_reading_a_table_is_using_it(store: TableStore) -> None:
    older = add(store, "older", age=400)
    add(store, "old", age=300)
    store.open(older).page(0, 1)
    add(store, "new")
    assert titles(store) == {"older", "new"}


def test_a_pinned_table_stays_and_counts_for_nothing(store: TableStore) -> None:
    saved = add(store, "saved", age=400)
    store.pin(saved)
    assert store.open(saved).pinned
    add(store, "old", age=300)
    add(store, "new")
    assert titles(store) == {"saved", "old", "new"}
    store.unpin(saved)
    add(store, "newest")
    assert titles(store) == {"new", "newest"}


def test_a_person_pins_the_table_itself(store: TableStore) -> None:
    table = store.open(add(store, "saved", age=400))
    table.pin()
    table.pin()
    assert table.pinned
    add(store, "old", age=300)
    add(store, "new")
    assert "saved" in titles(store)
    table.unpin()
    table.unpin()
    assert not table.pinned
    store.delete(table.id)
    with pytest.raises(NotFound, match="has been deleted"):
        table.pin()


def test_a_table_that_is_being_written_stays(store: TableStore) -> None:
    with store.create(None, "growing") as writer:
        writer.append("gaia", pa.RecordBatch.from_pydict({"x": RANDOM.random(SIZE // 8)}))
        os.utime(writer.table.directory / MANIFEST, (1, 1))
        add(store, "old", age=300)
        add(store, "new")
        assert titles(store) == {"growing", "new"}


def test_a_table_larger_than_the_cache_is_there_when_it_is_complete(tmp_path: Path) -> None:
    store = TableStore(tmp_path, limit=10)
    add(store, "large")
    assert titles(store) == {"large"}


def test_the_newest_table_is_listed_first(store: TableStore) -> None:
    add(store, "first")
    add(store, "second")
    assert [table.title for table in store.tables()] == ["second", "first"]


def test_deleting(store: TableStore) -> None:
    table = add(store, "t")
    store.pin(table)
    store.delete(table)
    assert titles(store) == set()
    assert list(store.directory.iterdir()) == []
    for act in (store.delete, store.pin, store.unpin):
        with pytest.raises(NotFound):
            act(table)


def test_a_deletion_that_broke_off_is_brought_to_its_end(store: TableStore) -> None:
    add(store, "t")
    half = store.directory / ".deleted-000000000000"
    half.mkdir()
    (half / "gaia-00000.parquet").write_bytes(b"x" * 100)
    add(store, "another")
    assert not half.exists()
