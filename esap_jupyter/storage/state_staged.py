"""Which file of which item each staged path belongs to, so that no item's file takes another's place."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from esap_jupyter.models import SourceFile
from esap_jupyter.storage.state import State

# A transaction must stay short; each file costs a look at the disk.
_FILES_PER_TRANSACTION = 200

_COMPRESSED = frozenset({".gz", ".bz2", ".xz", ".zst", ".fz"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file goes, or already is.

    Attributes
    ----------
    present : bool
        The file is there, as it arrived, and is still what is promised.
    size : int
        Then: its bytes.
    verified : str
        Then: the checksum algorithm that confirmed them.
    """

    path: Path
    present: bool = False
    size: int = 0
    verified: str = ""


class StagedRows:
    """Gives files their places; a place belongs to one file of one item for ever."""

    def __init__(self, state: State) -> None:
        self._state = state

    def places(self, wanted: Sequence[tuple[SourceFile, Path]]) -> list[Place]:
        """Give each file a place at, or beside, the wanted path, the same one as last time.

        A path that holds, or was given to, something else is left alone: the file is then named after
        its item too.
        """
        places = []
        for start in range(0, len(wanted), _FILES_PER_TRANSACTION):
            with self._state.writing() as connection:
                places += [
                    _place(connection, file, path)
                    for file, path in wanted[start : start + _FILES_PER_TRANSACTION]
                ]
        return places

    def arrived(self, files: Sequence[tuple[Path, str]]) -> None:
        """Note files that are there now, each with the checksum that confirmed it: ``adler32:00620062``."""
        for start in range(0, len(files), _FILES_PER_TRANSACTION):
            with self._state.writing() as connection:
                for path, checksum in files[start : start + _FILES_PER_TRANSACTION]:
                    connection.execute(
                        "UPDATE staged SET arrived = ?, verified = ? WHERE path = ?",
                        (_look(path), checksum, str(path)),
                    )


def _place(connection: sqlite3.Connection, file: SourceFile, wanted: Path) -> Place:
    return next(
        place
        for path in _candidates(file, wanted)
        if (place := _place_at(connection, file, path)) is not None
    )


def _place_at(  # noqa: PLR0911 - one line for each case
    connection: sqlite3.Connection, file: SourceFile, path: Path
) -> Place | None:
    """The place at exactly this path, or None if the path is something else's."""
    row = connection.execute("SELECT * FROM staged WHERE path = ?", (str(path),)).fetchone()
    look = _look(path)
    if row is None:
        if look:
            return None
        connection.execute(
            "INSERT INTO staged (path, item_id, source) VALUES (?, ?, ?)",
            (str(path), file.item_id, file.path),
        )
        return Place(path)
    if (row["item_id"], row["source"]) != (file.item_id, file.path):
        return None
    if not look or not row["arrived"]:
        return Place(path)
    if look != row["arrived"]:
        return None  # what the person has changed since is theirs now
    size = int(look.split()[0])
    algorithm, _, digest = row["verified"].partition(":")
    if file.size not in (None, size) or (file.checksums and file.checksums.get(algorithm) != digest):
        return Place(path)  # as it arrived, but no longer what the service has: it is brought anew
    return Place(path, present=True, size=size, verified=algorithm)


def _look(path: Path) -> str:
    """Size and time of what is at a path, by which a change is noticed; empty if there is nothing."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"


def _candidates(file: SourceFile, path: Path) -> itertools.chain[Path]:
    stem, suffixes = _split(path.name)
    return itertools.chain(
        (path, path.with_name(f"{stem}-{file.item_id}{suffixes}")),
        (path.with_name(f"{stem}-{file.item_id}-{number}{suffixes}") for number in itertools.count(2)),
    )


def _split(name: str) -> tuple[str, str]:
    """Split off ``.fits`` or ``.fits.gz``, not the ``.5`` of ``ngc224_0.5``."""
    path = PurePosixPath(name)
    suffixes = (
        "".join(path.suffixes[-2:]) if path.suffix in {".gz", ".bz2", ".xz", ".zst", ".fz"} else path.suffix
    )
    return name.removesuffix(suffixes) or name, suffixes
