"""How much room a person's home has left; measured beside everything else, and seldom."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

from esap_jupyter.models import StorageRoom

_WALK_SECONDS = 60.0
"""A home of more files than can be counted in this time holds at least what was counted."""
_KEEP_SECONDS = 300.0
_KEEP_TIMES = 30
"""A measure is kept at least so many times as long as it took."""


class HomeRoom:
    """Measures a home. Every method is for a thread: a file system of elsewhere may take its time.

    Parameters
    ----------
    workspace : Path
        Where files are written; its file system's free room counts always.
    home, limit : Path and int, optional
        What this directory may hold, in bytes, if the file system itself does not say so (a quota of XFS,
        Ceph or NFS is seen as the size of the file system).
    """

    def __init__(self, workspace: Path, home: Path, limit: int | None = None) -> None:
        self._workspace = workspace
        self._home = home
        self._limit = limit
        self._used: int | None = None
        self._fresh_until = 0.0
        self._walk: threading.Thread | None = None
        self._stop = threading.Event()

    def measure(self) -> StorageRoom:
        """Say what is left now, and what was used when it was last counted."""
        disk = shutil.disk_usage(_existing(self._workspace))
        if self._limit is None:
            return StorageRoom(
                path=str(self._workspace), limit=disk.used + disk.free, used=disk.used, free=disk.free
            )
        if time.monotonic() >= self._fresh_until and (self._walk is None or not self._walk.is_alive()):
            self._walk = threading.Thread(target=self._count, name="esap home", daemon=True)
            self._walk.start()
        left = disk.free if self._used is None else min(disk.free, max(self._limit - self._used, 0))
        return StorageRoom(path=str(self._home), limit=self._limit, used=self._used, free=left)

    def close(self) -> None:
        """Stop counting."""
        self._stop.set()
        if self._walk is not None:
            self._walk.join(5)

    def _count(self) -> None:
        began = time.monotonic()
        used = used_below(self._home, began + _WALK_SECONDS, self._stop)
        took = time.monotonic() - began
        self._fresh_until = time.monotonic() + max(_KEEP_SECONDS, _KEEP_TIMES * took)
        self._used = used


def used_below(directory: Path, until: float, stop: threading.Event) -> int:
    """Count the bytes that a directory takes on its own file system, symbolic links not followed.

    Parameters
    ----------
    until : float
        When to give up, by ``time.monotonic()``; what was counted until then is returned.
    stop : threading.Event
        Gives up, too.
    """
    used, directories = 0, [str(directory)]
    try:
        device = directory.stat().st_dev
    except OSError:
        return 0
    while directories and time.monotonic() < until and not stop.is_set():
        try:
            with os.scandir(directories.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    used += status.st_blocks * 512
                    if entry.is_dir(follow_symlinks=False) and status.st_dev == device:
                        directories.append(entry.path)
        except OSError:
            continue  # what one may not read, or what has just gone
    return used


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())
