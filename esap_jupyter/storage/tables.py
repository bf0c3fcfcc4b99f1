"""The tables that searches brought: each a directory in the cache, bounded, shared between processes."""

from __future__ import annotations

import re
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

from esap_jupyter.errors import NotFound, StateError
from esap_jupyter.models import Query
from esap_jupyter.storage.tables_manifest import (
    MANIFEST,
    PINNED,
    FileSource,
    Manifest,
    is_being_written,
)
from esap_jupyter.storage.tables_view import Table
from esap_jupyter.storage.tables_writer import TableWriter

__all__ = ["Table", "TableStore", "TableWriter"]

_ID = re.compile(r"[0-9a-f]{12}")
_DELETED = ".deleted-"


class TableStore:
    """All tables of a person.

    Parameters
    ----------
    directory : Path
        Where; made when the first table is.
    limit : int
        Bytes of unpinned tables kept: beyond that those are deleted that have not been used for longest. One
        that is being written never is.
    """

    def __init__(self, directory: Path, limit: int) -> None:
        self.directory = Path(directory)
        self.limit = limit

    def create(self, query: Query | None, title: str, *, source: FileSource | None = None) -> TableWriter:
        """Begin a table.

        Parameters
        ----------
        source : FileSource, optional
            The file whose rows will be in it.

        Raises
        ------
        StateError
            If the directory cannot be written.
        """
        table_id = secrets.token_hex(6)
        manifest = Manifest(
            id=table_id, title=title, query=query, source=source, created_at=datetime.now(UTC)
        )
        try:
            (self.directory / table_id).mkdir(parents=True)
            writer = TableWriter(self.directory / table_id, manifest, lambda: self._make_room(table_id))
        except OSError as error:
            raise StateError(f"No table can be made in {self.directory}: {error}.") from error
        self._make_room(table_id)
        return writer

    def open(self, table_id: str) -> Table:
        """Open a table.

        Raises
        ------
        NotFound
            If there is none of that id.
        StateError
            If it is damaged or from a newer version.
        """
        return Table(self._path(table_id))

    def tables(self) -> list[Table]:
        """Every readable table, the newest first."""
        found = []
        for directory in self._directories():
            try:
                found.append(Table(directory))
            except (NotFound, StateError):
                # Deleted meanwhile, or of no use to this version.
                continue
        return sorted(found, key=lambda table: table.created_at, reverse=True)

    def of_file(self, source: FileSource) -> Table | None:
        """Return the newest sound table that was read from the file as it is."""
        for table in self.tables():
            failed = any(report.state in ("failed", "cancelled") for report in table.reports.values())
            if table.source == source and not failed and not table.interrupted:
                return table
        return None

    def pin(self, table_id: str) -> None:
        """Keep a table until it is unpinned or deleted.

        Raises
        ------
        NotFound
            If there is none of that id.
        """
        self.open(table_id).pin()

    def unpin(self, table_id: str) -> None:
        """Let a table go when room is needed.

        Raises
        ------
        NotFound
            If there is none of that id.
        """
        (self._path(table_id) / PINNED).unlink(missing_ok=True)

    def delete(self, table_id: str) -> None:
        """Delete a table, pinned or not; whoever still writes it gets NotFound.

        Raises
        ------
        NotFound
            If there is none of that id.
        """
        self._remove(self._path(table_id))

    def _path(self, table_id: str) -> Path:
        path = self.directory / table_id
        if not _ID.fullmatch(table_id) or not path.is_dir():
            raise NotFound(f"There is no table {table_id!r}.")
        return path

    def _directories(self) -> list[Path]:
        if not self.directory.is_dir():
            return []
        return [path for path in self.directory.iterdir() if _ID.fullmatch(path.name) and path.is_dir()]

    def _make_room(self, in_use: str) -> None:
        for path in self.directory.glob(f"{_DELETED}*"):
            # Somebody died while deleting it.
            shutil.rmtree(path, ignore_errors=True)
        droppable = []
        kept = 0
        for path in self._directories():
            if (path / PINNED).exists():
                continue
            size = _size(path)
            kept += size
            if path.name != in_use and not is_being_written(path):
                droppable.append((_last_used(path), size, path))
        for _, size, path in sorted(droppable):
            if kept <= self.limit:
                break
            self._remove(path)
            kept -= size

    def _remove(self, path: Path) -> None:
        """Take a table away at once, then its files."""
        doomed = self.directory / f"{_DELETED}{path.name}"
        try:
            path.rename(doomed)
        except FileNotFoundError:
            # Another process was faster.
            return
        shutil.rmtree(doomed, ignore_errors=True)


def _size(directory: Path) -> int:
    total = 0
    for path in directory.glob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _last_used(directory: Path) -> float:
    try:
        return (directory / MANIFEST).stat().st_mtime
    except FileNotFoundError:
        return 0.0
