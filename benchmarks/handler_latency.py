"""What HTTP adds: a page of a table through the handlers, and the same page from the library.

The table is sorted, and filtered by nothing: 500 rows of 100,000, another page each time. `floor` is what
Jupyter's own smallest answer takes (`/api`), so that nothing served by it can be quicker.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from urllib.parse import quote

from benchmarks.figure import Figure, seconds, tell
from benchmarks.served import Served, esap_serving, storage

ROWS = 100_000
PAGE = 500
TIMES = 200
ROUNDS = 5


def handler_latency() -> Figure:
    """Medians of what the handler takes longer than the library."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        table_id = _make_table(directory)
        with esap_serving({}, directory) as served:
            rounds = [_round(served, directory, table_id) for _ in range(ROUNDS)]
    library, handler, basket, smallest = (statistics.median(each) for each in zip(*rounds, strict=True))
    more = {"handler": handler, "library": library, "basket": basket, "page_rows": PAGE}
    return Figure("handler-latency", "ms", ours=handler - library, floor=smallest, more=more)


def _round(served: Served, directory: Path, table_id: str) -> tuple[float, float, float, float]:
    """Milliseconds of a page from the library and by HTTP, of the basket and of `/api` by HTTP."""
    from esap_jupyter.models import Order, Selection
    from esap_jupyter.storage.tables import TableStore
    from esap_jupyter.storage.tables_pages import TablePages

    pages, store = TablePages(), TableStore(directory / "cache" / "tables", 10**10)
    selection = Selection(order=(Order(column="mag"),))
    order = quote(json.dumps([{"column": "mag"}]))
    taken: dict[str, list[float]] = {"library": [], "handler": [], "basket": [], "smallest": []}
    for number in range(TIMES):
        offset = number * PAGE % ROWS
        path = f"/esap/api/tables/{table_id}/rows?order={order}&offset={offset}&limit={PAGE}"
        taken["library"].append(
            seconds(lambda offset=offset: pages.page(store.open(table_id), selection, offset, PAGE))
        )
        taken["handler"].append(served.seconds(path))
        taken["basket"].append(served.seconds("/esap/api/basket"))
        taken["smallest"].append(served.seconds("/api"))
    medians = [1000 * statistics.median(each) for each in taken.values()]
    tell(f"  library {medians[0]:.2f} ms, handler {medians[1]:.2f} ms, /api {medians[3]:.2f} ms")
    return medians[0], medians[1], medians[2], medians[3]


def _make_table(directory: Path) -> str:
    import numpy as np
    import pyarrow as pa

    from esap_jupyter.storage.tables import TableStore

    random = np.random.default_rng(1)
    columns = {
        "source_id": np.arange(ROWS),
        "ra": random.uniform(0, 360, ROWS),
        "dec": random.uniform(-90, 90, ROWS),
        "mag": random.normal(15, 2, ROWS),
    }
    store = TableStore(Path(storage(directory)["cache_directory"]) / "tables", 10**10)
    writer = store.create(None, "benchmark")
    writer.append("benchmark", pa.record_batch(columns))
    writer.finish()
    return writer.table.id


BENCHMARKS = {"handler-latency": handler_latency}
