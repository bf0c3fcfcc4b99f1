"""Files of the person's that are opened as tables."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from esap_jupyter.errors import Cancelled, EsapError, InputError, NotFound
from esap_jupyter.formats.reading import Batches, open_table, tables_in
from esap_jupyter.models import FileTable, ServiceReport, ServiceState
from esap_jupyter.storage.tables_manifest import FileSource

if TYPE_CHECKING:
    from esap_jupyter.storage.tables import Table, TableStore, TableWriter

FILE = "file"
"""Stands, in a table that was read from a file, where other tables name the service."""

_LOOK_SECONDS = 0.2


class Files:
    """Opens files as tables; one that is open already is not read again.

    Parameters
    ----------
    tables : callable
        Gives the tables on disk.
    """

    def __init__(self, tables: Callable[[], TableStore]) -> None:
        self._tables = tables
        self._opening = asyncio.Lock()
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._closing = threading.Event()

    async def tables_in(self, path: Path) -> list[FileTable]:
        """List the tables of a file, see `esap_jupyter.formats.reading.tables_in`."""
        return await asyncio.to_thread(tables_in, path)

    async def begin(self, path: Path, hdu: int | None) -> Table:
        """Return the table of a file as soon as its first rows can be read; the rest follows.

        Raises
        ------
        InputError, NotFound, BadAnswer
            As `esap_jupyter.formats.reading.open_table`.
        """
        async with self._opening:
            source = await asyncio.to_thread(_source, path, hdu)
            found = await asyncio.to_thread(lambda: self._tables().of_file(source))
            if found is not None:
                return found
            loop = asyncio.get_running_loop()
            begun: asyncio.Future[Table] = loop.create_future()

            def become(table: Table) -> None:
                if not begun.done():
                    begun.set_result(table)

            def tell(table: Table) -> None:
                loop.call_soon_threadsafe(become, table)

            task = asyncio.create_task(asyncio.to_thread(self._read, path, source, tell))
            first: list[asyncio.Future[Any]] = [task, begun]
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if not begun.done():
                await task
            table = await begun
            self._reading[table.id] = task
            task.add_done_callback(functools.partial(self._forget, table.id))
            return table

    async def whole(self, path: Path, hdu: int | None) -> Table:
        """Return the table of a file when all of it has been read.

        Raises
        ------
        InputError, NotFound, BadAnswer
            As `begin`; also for what is wrong further down in the file.
        """
        table = await self.begin(path, hdu)
        task = self._reading.get(table.id)
        if task is not None:
            await asyncio.shield(task)
        await asyncio.to_thread(table.refresh)
        while not table.complete:
            # Another process reads it; one that ended before time is passed over.
            if await asyncio.to_thread(lambda: table.interrupted):
                return await self.whole(path, hdu)
            await asyncio.sleep(_LOOK_SECONDS)
            await asyncio.to_thread(table.refresh)
        return table

    async def close(self) -> None:
        """Stop reading; what has been read stays."""
        self._closing.set()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)

    def _forget(self, table_id: str, task: asyncio.Task[None]) -> None:
        self._reading.pop(table_id, None)
        if not task.cancelled():
            # Why it failed is in the table's report.
            task.exception()

    def _read(self, path: Path, source: FileSource, tell: Callable[[Table], None]) -> None:
        """Read a file into a table, and tell when the first rows are there."""
        with open_table(path, source.hdu) as opened:
            writer = self._tables().create(None, path.name, source=source)
            try:
                with writer:
                    self._copy(opened, writer, tell)
            except EsapError:
                if not writer.table.num_rows:
                    self._tables().delete(writer.table.id)
                raise

    def _copy(self, opened: Batches, writer: TableWriter, tell: Callable[[Table], None]) -> None:
        began = time.monotonic()
        rows = 0

        def report(state: ServiceState, error: EsapError | None = None) -> None:
            said = {"code": error.code, "message": error.message, "hint": error.hint} if error else {}
            taken = time.monotonic() - began
            writer.report(ServiceReport(service=FILE, state=state, rows=rows, seconds=taken, **said))

        # Columns without a row are a table, too.
        writer.append(FILE, pa.RecordBatch.from_pylist([], schema=opened.schema))
        report("receiving")
        try:
            for batch in opened.batches:
                writer.append(FILE, batch)
                if not rows:
                    tell(writer.table)
                rows += batch.num_rows
                report("receiving")
                if self._closing.is_set():
                    raise Cancelled("The file was not read to its end.")
        except EsapError as error:
            report("failed", error)
            raise
        report("complete")
        tell(writer.table)


def _source(path: Path, hdu: int | None) -> FileSource:
    try:
        status = path.stat()
    except OSError as error:
        raise NotFound(f"There is no file {path.name}.", field="path") from error
    if not path.is_file():
        raise InputError(f"{path.name} is no file.", field="path")
    if hdu is None:
        hdu = tables_in(path)[0].hdu
    return FileSource(path=str(path.resolve()), hdu=hdu, size=status.st_size, modified=status.st_mtime_ns)
