"""What services said and what stays true for a while, in files that several processes share."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_EXPIRY = struct.Struct("<d")


class DiskCache:
    """Bytes by key, each with an expiry; implements `connectors.base.Cache`.

    A cache must never make a call fail: what cannot be read is not there, what cannot be written is not kept.

    Parameters
    ----------
    directory : Path
        May be shared by several caches and processes.
    namespace : str
        Keeps apart those that share it.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self, directory: Path, *, namespace: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self._directory = directory
        self._namespace = namespace
        self._clock = clock

    def within(self, namespace: str) -> DiskCache:
        """A cache in the same directory whose keys clash with nobody's."""
        return DiskCache(self._directory, namespace=f"{self._namespace}{namespace}\n", clock=self._clock)

    def get(self, key: str) -> bytes | None:
        """Return what was put, unless it is too old."""
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        if len(content) < _EXPIRY.size or _EXPIRY.unpack_from(content)[0] <= self._clock():
            return None
        return content[_EXPIRY.size :]

    def put(self, key: str, value: bytes, *, seconds: float) -> None:
        """Keep it for at most so long."""
        with contextlib.suppress(OSError):
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(dir=self._directory, suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_EXPIRY.pack(self._clock() + seconds) + value)
                Path(name).replace(self._path(key))
            except OSError:
                Path(name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what is too old."""
        with contextlib.suppress(OSError):
            for path in self._directory.iterdir():
                with contextlib.suppress(OSError), path.open("rb") as file:
                    head = file.read(_EXPIRY.size)
                    if len(head) < _EXPIRY.size or _EXPIRY.unpack(head)[0] <= self._clock():
                        path.unlink()

    def _path(self, key: str) -> Path:
        return self._directory / hashlib.sha256(f"{self._namespace}{key}".encode()).hexdigest()
