"""The rows of a table, paged; read straight from its parts, by any process."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from esap_jupyter.errors import InputError, NotFound, StateError
from esap_jupyter.models import Query, ServiceReport
from esap_jupyter.storage.tables_manifest import (
    MANIFEST,
    PINNED,
    FileSource,
    Manifest,
    ServiceRows,
    is_being_written,
    load_manifest,
)
from esap_jupyter.storage.tables_merge import MergedSchema

BATCH_ROWS = 100_000
# How often parts may vanish under a reader, because they were compacted, before it gives up.
_ATTEMPTS = 5
_TOUCH_SECONDS = 60.0


class TableRows:
    """What is known of a table, and its rows.

    Parameters
    ----------
    directory : Path
        The table's directory.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory)
        self._only: str | None = None
        self._manifest = load_manifest(self.directory)
        self._touched = 0.0

    # -- what it is

    @property
    def id(self) -> str:
        """The identifier, by which any process of the person opens the same table."""
        return self._manifest.id

    @property
    def title(self) -> str:
        """A line for people."""
        return self._manifest.title

    @property
    def query(self) -> Query | None:
        """What was asked."""
        return self._manifest.query

    @property
    def source(self) -> FileSource | None:
        """The file that it was read from, if it came from no service."""
        return self._manifest.source

    @property
    def created_at(self) -> datetime:
        """When it was asked."""
        return self._manifest.created_at

    @property
    def reports(self) -> dict[str, ServiceReport]:
        """How each service fared."""
        reports = self._manifest.reports
        if self._only is not None:
            return {name: report for name, report in reports.items() if name == self._only}
        return dict(reports)

    @property
    def services(self) -> list[str]:
        """The services that sent columns, in the order in which their rows stand."""
        return list(self._in_view)

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each service that can be read now, in the order in which they stand."""
        return {name: rows.rows for name, rows in self._in_view.items()}

    @property
    def complete(self) -> bool:
        """Whether nothing more comes."""
        return self._manifest.complete

    @property
    def interrupted(self) -> bool:
        """Whether the process that wrote it ended first: the rows that are there are all there will be."""
        if self.complete or is_being_written(self.directory):
            return False
        # It may have been finished since this object looked.
        return not load_manifest(self.directory).complete

    @property
    def truncated(self) -> bool:
        """Whether a service has more rows than it was asked for or would send."""
        return any(report.state == "truncated" for report in self.reports.values())

    @property
    def pinned(self) -> bool:
        """Whether it is saved from being dropped when the cache is full."""
        return (self.directory / PINNED).exists()

    def pin(self) -> None:
        """Keep the table until it is unpinned or deleted, also when the cache is full.

        Raises
        ------
        NotFound
            If it has left the cache already.
        StateError
            If its directory cannot be written.

        Examples
        --------
        >>> stars = esap.search("M 13")
        >>> stars.pin()
        >>> esap.table(stars.id)
        """
        try:
            (self.directory / PINNED).touch()
        except FileNotFoundError as error:
            raise NotFound(f"The table {self.id} has been deleted.") from error
        except OSError as error:
            raise StateError(f"The table {self.id} cannot be pinned: {error.strerror}.") from error

    def unpin(self) -> None:
        """Let the table go when the cache is full and others have been used since.

        Raises
        ------
        StateError
            If its directory cannot be written.
        """
        try:
            (self.directory / PINNED).unlink(missing_ok=True)
        except OSError as error:
            raise StateError(f"The table {self.id} cannot be unpinned: {error.strerror}.") from error

    @property
    def schema(self) -> Any:
        """The Arrow schema, with `unit`, `ucd`, `utype`, `xtype`, `description` as metadata of its fields."""
        return self._merged.schema

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.schema.names)

    @property
    def num_rows(self) -> int:
        """Rows that can be read now."""
        return sum(self.counts.values())

    def __len__(self) -> int:
        return self.num_rows

    def refresh(self) -> Self:
        """Look for rows and reports that came since.

        Returns
        -------
        Table
            Itself.

        Raises
        ------
        NotFound
            If the table has been deleted.
        """
        self._manifest = load_manifest(self.directory)
        self.__dict__.pop("_merged", None)
        return self

    def of(self, service: str) -> Self:
        """The rows of one service, with its own columns.

        Parameters
        ----------
        service : str
            One of `services`.

        Returns
        -------
        Table
            A view: nothing is copied.

        Raises
        ------
        NotFound
            If the service is not part of the table.
        """
        if service not in self._manifest.services and service not in self._manifest.reports:
            known = ", ".join({**self._manifest.services, **self._manifest.reports}) or "none"
            raise NotFound(f"There are no rows of {service!r} in this table.", hint=f"Its services: {known}.")
        view = copy.copy(self)
        view.__dict__.pop("_merged", None)
        view._only = service  # noqa: SLF001 - a copy of itself
        return view

    # -- its rows

    def page(self, offset: int, limit: int, columns: Sequence[str] | None = None) -> Any:
        """Read some rows, and no more of the files than these need.

        Parameters
        ----------
        offset, limit : int
            The first row, from 0, and how many; fewer come at the end.
        columns : sequence of str, optional
            Only these, in this order.

        Returns
        -------
        pyarrow.Table
            With units, UCDs and descriptions as metadata of its fields.

        Raises
        ------
        InputError
            If offset or limit is negative or there is no such column.
        NotFound
            If the table has been deleted.
        """
        if offset < 0 or limit < 0:
            raise InputError("Rows are counted from 0.", field="offset")
        unknown = [name for name in columns or () if name not in self.columns]
        if unknown:
            raise InputError(f"There is no column {unknown[0]!r}.", field="columns")
        self._show_use()
        pieces = []
        for service, rows in self._in_view.items():
            start, stop = max(offset, 0), min(offset + limit, rows.rows)
            if start < stop:
                piece = self._read(service, start, stop, self._merged.needed(service, columns))
                pieces.append(self._merged.conform(service, piece, stop - start, columns))
            offset -= rows.rows
        return pa.concat_tables(pieces) if pieces else self._merged.empty(columns)

    def batches(self) -> Iterator[Any]:
        """All rows as record batches, a part at a time.

        Yields
        ------
        pyarrow.RecordBatch
            With the table's schema.

        Raises
        ------
        NotFound
            If the table has been deleted.
        """
        view = copy.copy(self)
        for offset in range(0, view.num_rows, BATCH_ROWS):
            yield from view.page(offset, BATCH_ROWS).to_batches()

    # -- how it is read

    @property
    def _in_view(self) -> dict[str, ServiceRows]:
        if self._only is None:
            return self._manifest.services
        return {name: rows for name, rows in self._manifest.services.items() if name == self._only}

    @cached_property
    def _merged(self) -> MergedSchema:
        several = self._only is None and len({*self._manifest.services, *self._manifest.reports}) > 1
        # Columns of services that found nothing would only be empty.
        shown = {name: rows for name, rows in self._in_view.items() if rows.rows} or self._in_view
        schemas = {name: rows.arrow_schema for name, rows in shown.items()}
        return MergedSchema(schemas, with_service=several)

    def _read(self, service: str, start: int, stop: int, columns: list[str] | None) -> Any:
        """Rows of one service, from row to row of its own."""
        manifest: Manifest = self._manifest
        for _attempt in range(_ATTEMPTS):
            try:
                return _read_parts(self.directory, manifest.services[service], start, stop, columns)
            except FileNotFoundError:
                # Compacted meanwhile: the same rows are in other parts.
                manifest = load_manifest(self.directory)
            except (pa.ArrowException, OSError) as error:
                raise StateError(f"The table {self.id} cannot be read: {error}.") from error
        raise StateError(f"The files of the table {self.id} keep changing.")

    def _show_use(self) -> None:
        """Tell the cache that the table is in use."""
        if time.monotonic() - self._touched < _TOUCH_SECONDS and self._touched:
            return
        self._touched = time.monotonic()
        try:
            os.utime(self.directory / MANIFEST)
        except OSError as error:
            if not (self.directory / MANIFEST).exists():
                raise NotFound(f"The table {self.id} has been deleted.") from error
            # Somebody else's table, readable all the same.


def _read_parts(directory: Path, rows: ServiceRows, start: int, stop: int, columns: list[str] | None) -> Any:
    pieces = []
    first = 0
    for part in rows.parts:
        begin, end = max(start - first, 0), min(stop - first, part.rows)
        if begin < end:
            pieces.append(_read_part(directory / part.file, begin, end, columns))
        first += part.rows
    return pa.concat_tables(pieces)


def _read_part(path: Path, begin: int, end: int, columns: list[str] | None) -> Any:
    with pq.ParquetFile(path) as file:
        groups, skipped, first = [], 0, 0
        for number in range(file.num_row_groups):
            rows = file.metadata.row_group(number).num_rows
            if first + rows <= begin:
                skipped += rows
            elif first < end:
                groups.append(number)
            first += rows
        return file.read_row_groups(groups, columns=columns).slice(begin - skipped, end - begin)
