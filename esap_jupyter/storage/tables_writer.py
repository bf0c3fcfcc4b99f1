"""Writes a table while it is read: closed Parquet parts, a sequence for each service.

The first rows of a service make a part at once; later ones gather until there are many or a second has
passed. Whatever has a part is safe from kill -9.
"""

from __future__ import annotations

import errno
import re
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from esap_jupyter.errors import EsapError, InputError, NoRoom, NotFound, StateError
from esap_jupyter.formats.files import replacing
from esap_jupyter.models import ServiceReport
from esap_jupyter.storage.tables_manifest import (
    WRITING,
    Manifest,
    Part,
    ServiceRows,
    encode_schema,
    save_manifest,
)
from esap_jupyter.storage.tables_view import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PART_ROWS = 100_000
_PART_BYTES = 64_000_000
ROW_GROUP_ROWS = 20_000
_GATHER_SECONDS = 1.0
_TOUCH_SECONDS = 15.0


class TableWriter:
    """Writes one table; made by `TableStore.create`.

    Safe to call from several threads; its methods block on the disk. `finish` must come in the end, or use it
    in a ``with`` statement; until then the table counts as being written.

    Parameters
    ----------
    directory : Path
        Of the table, with its manifest.
    on_finish : callable
        Called when the table is complete.
    """

    def __init__(self, directory: Path, manifest: Manifest, on_finish: Callable[[], None]) -> None:
        self._directory = directory
        self._manifest = manifest
        self._on_finish = on_finish
        self._lock = threading.RLock()
        self._pending: dict[str, list[Any]] = {}
        self._unsaved = False
        self._failure: EsapError | None = None
        self._finished = threading.Event()
        self._touched = time.monotonic()
        # First, so that nobody finds a table that nobody writes.
        (directory / WRITING).touch()
        self._save()
        threading.Thread(target=self._tend, name=f"esap-table-{manifest.id}", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()

    @property
    def table(self) -> Table:
        """The table as far as it is readable."""
        return Table(self._directory)

    def append(self, service: str, batch: Any) -> None:
        """Add rows of a service; an empty batch tells its columns.

        The schema's metadata may grow from batch to batch; the latest counts.

        Raises
        ------
        InputError
            If the columns are others than before.
        NoRoom
            If the disk is full.
        NotFound
            If the table has been deleted meanwhile.
        StateError
            If the table cannot be written, or is finished.
        """
        with self._writing():
            rows = self._rows(service, batch.schema)
            if not batch.num_rows:
                return
            batches = self._pending.setdefault(service, [])
            batches.append(_conform(batch, rows.arrow_schema, service))
            many = sum(batch.num_rows for batch in batches) >= PART_ROWS
            large = sum(batch.nbytes for batch in batches) >= _PART_BYTES
            if many or large or not rows.parts:
                self._close_part(service)

    def report(self, report: ServiceReport) -> None:
        """Say how a service fares; a new state is saved at once, counts within a second.

        Raises
        ------
        EsapError
            As `append`.
        """
        with self._writing():
            before = self._manifest.reports.get(report.service)
            self._manifest.reports[report.service] = report
            self._unsaved = True
            if before is None or before.state != report.state:
                self._save()

    def finish(self, *, interrupted: bool = False) -> None:
        """Write what is left, compact the parts, and call the table complete. Does nothing the second time.

        Parameters
        ----------
        interrupted : bool
            Only write what is left, and let the table show as interrupted: this process ends before time.

        Raises
        ------
        EsapError
            As `append`.
        """
        with self._lock:
            if self._finished.is_set():
                return
            try:
                with self._writing():
                    for service in list(self._pending):
                        self._close_part(service)
                    outdated = [] if interrupted else self._compact()
                    self._manifest.complete = not interrupted
                    self._save()
                    for part in outdated:
                        (self._directory / part.file).unlink(missing_ok=True)
            finally:
                self._finished.set()
                (self._directory / WRITING).unlink(missing_ok=True)
        self._on_finish()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            if self._failure:
                raise self._failure
            if self._finished.is_set():
                raise StateError(f"The table {self._manifest.id} is finished.")
            try:
                yield
            except FileNotFoundError as error:
                raise NotFound(f"The table {self._manifest.id} has been deleted.") from error
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise NoRoom(f"The disk of {self._directory} is full.") from error
                raise StateError(f"The table {self._manifest.id} cannot be written: {error}.") from error

    def _rows(self, service: str, schema: Any) -> ServiceRows:
        rows = self._manifest.services.get(service)
        if rows is None:
            rows = ServiceRows(stem=self._free_stem(service), encoded_schema=encode_schema(schema))
            self._manifest.services[service] = rows
            self._save()
        elif schema.metadata != rows.arrow_schema.metadata:
            latest = rows.arrow_schema.with_metadata(schema.metadata)
            rows.encoded_schema = encode_schema(latest)
            self._unsaved = True
        return rows

    def _free_stem(self, service: str) -> str:
        stem = re.sub(r"[^A-Za-z0-9_-]", "_", service)[:60] or "_"
        taken = {rows.stem for rows in self._manifest.services.values()}
        return stem if stem not in taken else f"{stem}_{len(taken)}"

    def _close_part(self, service: str) -> None:
        batches = self._pending.pop(service, [])
        if not batches:
            return
        rows = self._manifest.services[service]
        table = pa.Table.from_batches([batch.replace_schema_metadata(None) for batch in batches])
        rows.parts.append(self._write_part(rows, [table]))
        self._save()

    def _write_part(self, rows: ServiceRows, tables: Sequence[Any] | Iterator[Any]) -> Part:
        name = f"{rows.stem}-{rows.next_number:05d}.parquet"
        rows.next_number += 1
        written = 0
        with replacing(self._directory / name) as partial:
            schema = rows.arrow_schema.remove_metadata()
            # The names of lists' elements stay as they are, so that reading needs no cast.
            options = {"compression": "zstd", "compression_level": 1, "use_compliant_nested_type": False}
            with pq.ParquetWriter(partial, schema, **options) as writer:
                for table in tables:
                    writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
                    written += table.num_rows
        return Part(file=name, rows=written)

    def _save(self) -> None:
        save_manifest(self._directory, self._manifest)
        self._unsaved = False

    def _compact(self) -> list[Part]:
        """Make one part of neighbouring small ones; returns those that are no longer needed."""
        outdated: list[Part] = []
        for rows in self._manifest.services.values():
            parts: list[Part] = []
            for run in _runs(rows.parts):
                if len(run) == 1:
                    parts += run
                    continue
                parts.append(self._write_part(rows, _gathered(self._directory, run)))
                outdated += run
            rows.parts = parts
        return outdated

    def _tend(self) -> None:
        """Close parts that have waited long enough, and show that the writer lives."""
        while not self._finished.wait(_GATHER_SECONDS):
            try:
                with self._writing():
                    for service in list(self._pending):
                        self._close_part(service)
                    if self._unsaved:
                        self._save()
                    if time.monotonic() - self._touched >= _TOUCH_SECONDS:
                        (self._directory / WRITING).touch()
                        self._touched = time.monotonic()
            except EsapError as error:
                # Whoever appends next is told.
                if not self._finished.is_set():
                    self._failure = error
                return


def _conform(batch: Any, schema: Any, service: str) -> Any:
    if batch.schema.equals(schema):
        return batch
    try:
        return pa.Table.from_batches([batch]).cast(schema.remove_metadata()).combine_chunks().to_batches()[0]
    except (pa.ArrowException, ValueError) as error:
        raise InputError(f"{service} changed its columns in the middle: {error}.") from error


def _runs(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Neighbouring parts that are small, together; each large one alone."""
    run: list[Part] = []
    for part in parts:
        if part.rows < PART_ROWS:
            run.append(part)
            continue
        if run:
            yield run
        run = []
        yield [part]
    if run:
        yield run


def _gathered(directory: Path, parts: Sequence[Part]) -> Iterator[Any]:
    """The parts' rows, many at a time so that row groups fill."""
    tables: list[Any] = []
    for part in parts:
        tables.append(pq.read_table(directory / part.file, partitioning=None))
        if sum(table.num_rows for table in tables) >= PART_ROWS:
            yield pa.concat_tables(tables)
            tables = []
    if tables:
        yield pa.concat_tables(tables)
