"""How far a transfer is, file by file and in total."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from esap_jupyter.errors import EsapError

RATE_SECONDS = 3.0
"""The rate is that of so many last seconds."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one file fared.

    Attributes
    ----------
    bytes : int
        Size of the file at `target`, if it is there.
    error : EsapError, optional
        Why it is not there.
    verified : str
        The checksum algorithm that confirmed the bytes; empty if no checksum was known.
    """

    target: Path
    ok: bool
    bytes: int
    error: EsapError | None = None
    verified: str = ""


@dataclass(frozen=True, slots=True)
class FileProgress:
    """One file under way; `total` is None while its size is not known."""

    target: Path
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """A whole transfer at one moment.

    Attributes
    ----------
    done, total : int
        Bytes; `total` is None while the size of any file is not known.
    files_done, files_failed, files_total : int
        `files_total` is None while files are still being listed.
    rate : float
        Bytes per second from the network, over the last seconds.
    active : tuple of FileProgress
        The files under way.
    finished : tuple of Outcome
        The files that ended since the previous call.
    """

    done: int
    total: int | None
    files_done: int
    files_failed: int
    files_total: int | None
    rate: float
    active: tuple[FileProgress, ...]
    finished: tuple[Outcome, ...]


class FileMeter:
    """Counts one file's bytes; written by the thread that transfers it, read by the event loop.

    Attributes
    ----------
    done : int
        Bytes of the file that are here, those of an earlier attempt included.
    received : int
        Bytes that came over the network.
    """

    __slots__ = ("done", "received", "size", "target")

    def __init__(self, target: Path, size: int | None) -> None:
        self.target = target
        self.size = size
        self.done = 0
        self.received = 0


class Meter:
    """Adds up the files of one transfer."""

    def __init__(self) -> None:
        self._listed = 0
        self._all_listed = False
        self._known_bytes = 0
        self._of_unknown_size = 0
        self._active: dict[FileMeter, None] = {}
        self._done = 0
        self._received = 0
        self._files_done = 0
        self._files_failed = 0
        self._finished: list[Outcome] = []
        self._samples: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def expect(self, sizes: Iterable[int | None]) -> None:
        """Take note of files to come."""
        for size in sizes:
            self._listed += 1
            if size is None:
                self._of_unknown_size += 1
            else:
                self._known_bytes += size

    def all_listed(self) -> None:
        """Take note that no more files will come."""
        self._all_listed = True

    def begin(self, target: Path, size: int | None) -> FileMeter:
        """Start counting a file."""
        file = FileMeter(target, size)
        self._active[file] = None
        return file

    def end(self, file: FileMeter, promised: int | None, outcome: Outcome) -> None:
        """Take note of how a file that was promised to have so many bytes fared."""
        del self._active[file]
        self._received += file.received
        self._finished.append(outcome)
        if not outcome.ok:
            self._files_failed += 1
            return
        self._files_done += 1
        self._done += outcome.bytes
        if promised is None:
            self._of_unknown_size -= 1
            self._known_bytes += outcome.bytes

    def read(self) -> TransferProgress:
        """Say how far it is; files that ended are named once."""
        active = tuple(FileProgress(file.target, file.done, file.size) for file in self._active)
        finished, self._finished = tuple(self._finished), []
        sizes_known = self._all_listed and not self._of_unknown_size
        return TransferProgress(
            done=self._done + sum(file.done for file in active),
            total=self._known_bytes if sizes_known else None,
            files_done=self._files_done,
            files_failed=self._files_failed,
            files_total=self._listed if self._all_listed else None,
            rate=self._rate(),
            active=active,
            finished=finished,
        )

    def _rate(self) -> float:
        now = time.monotonic()
        received = self._received + sum(file.received for file in self._active)
        self._samples.append((now, received))
        while len(self._samples) > 2 and now - self._samples[1][0] >= RATE_SECONDS:
            self._samples.popleft()
        since, before = self._samples[0]
        return (received - before) / (now - since) if now > since else 0.0
