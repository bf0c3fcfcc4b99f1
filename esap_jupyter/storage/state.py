"""The person's state: one SQLite file that several processes write at once, often on NFS.

So: no WAL (it needs shared memory), a connection for each operation (safe with threads and forks), short
`BEGIN IMMEDIATE` transactions, a busy time-out. The schema has a version and is migrated forwards; a newer
one is refused. What the tables hold is read and written in the modules `state_*`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from esap_jupyter.errors import StateError

BUSY_SECONDS = 20.0
"""How long a process waits for the others' transactions, each of which takes milliseconds."""

# One tuple of statements leads from each version to the next. Released ones never change.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            title TEXT NOT NULL,
            phase TEXT NOT NULL,
            owner TEXT NOT NULL DEFAULT '',
            lease_until REAL NOT NULL DEFAULT 0,
            cancel_wanted INTEGER NOT NULL DEFAULT 0,
            progress TEXT NOT NULL DEFAULT '{}',
            parameters TEXT NOT NULL DEFAULT '{}',
            results TEXT NOT NULL DEFAULT '{}',
            error_code TEXT NOT NULL DEFAULT '',
            error_message TEXT NOT NULL DEFAULT '',
            error_hint TEXT NOT NULL DEFAULT '',
            created_at REAL NOT NULL,
            started_at REAL,
            ended_at REAL
        )""",
        "CREATE INDEX jobs_created ON jobs (created_at)",
        """CREATE TABLE basket (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            item TEXT NOT NULL
        )""",
        """CREATE TABLE history (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            query TEXT NOT NULL,
            services TEXT NOT NULL,
            at REAL NOT NULL,
            seconds REAL NOT NULL,
            rows INTEGER NOT NULL,
            table_id TEXT NOT NULL
        )""",
        """CREATE TABLE staged (
            path TEXT PRIMARY KEY,
            item_id TEXT NOT NULL,
            source TEXT NOT NULL,
            arrived TEXT NOT NULL DEFAULT '',
            verified TEXT NOT NULL DEFAULT ''
        )""",
    ),
    (
        """CREATE TABLE saved_queries (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            query TEXT NOT NULL,
            saved_at REAL NOT NULL
        )""",
    ),
)

_FAULTS = {
    sqlite3.SQLITE_BUSY: (
        "is in use by other processes and did not become free",
        "Try again; if it stays so, end processes of yours that hang.",
    ),
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full", "Make room on that disk."),
    sqlite3.SQLITE_READONLY: ("cannot be written", "Check who owns it and its permissions."),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "Check who owns the directory and its permissions."),
}
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class State:
    """Opens the state file; makes and migrates it when first used.

    Parameters
    ----------
    path : Path
        The SQLite file; its directory is made readable for its owner only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from.

        Raises
        ------
        StateError
            If the file is newer than this version, damaged, busy for too long, or cannot be opened.
        """
        with self._explained(), contextlib.closing(self._open()) as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a transaction that is committed at the end, or rolled back on an error.

        Raises
        ------
        StateError
            As `reading`.
        """
        with self._explained(), contextlib.closing(self._open()) as connection, _transaction(connection):
            yield connection

    def _open(self) -> sqlite3.Connection:
        if not self.path.exists():
            self._make()
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _make(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.parent.chmod(0o700)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._version(connection) == len(MIGRATIONS):
            return
        with _transaction(connection):
            for version in range(self._version(connection), len(MIGRATIONS)):
                for statement in MIGRATIONS[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")

    def _version(self, connection: sqlite3.Connection) -> int:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StateError(
                f"{self.path} was written by a newer version of ESAP (schema {version}, known here: "
                f"{len(MIGRATIONS)}).",
                hint="Upgrade esap-jupyter, or set storage.state_directory to another directory.",
            )
        return version

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._explain(error) from error
        except OSError as error:
            raise StateError(
                f"{self.path} cannot be used: {error.strerror or error}.",
                hint="Check the disk, or set storage.state_directory to another directory.",
            ) from error

    def _explain(self, error: sqlite3.Error) -> StateError:
        # The low byte is the primary result code (sqlite.org/rescode.html).
        code = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
        if code in _DAMAGED:
            return StateError(
                f"{self.path} is damaged: {error}.",
                hint="Move it away; ESAP then starts with an empty basket and no jobs.",
            )
        fault, hint = _FAULTS.get(code, (f"cannot be used: {error}", "Check the disk it is on."))
        return StateError(f"{self.path} {fault}.", hint=hint)


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.execute("COMMIT")
