"""Checksums of bytes as they pass, in the three algorithms that storages of the field give."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

ALGORITHMS = ("adler32", "md5", "sha256")
"""The cheapest first: over TLS, what is to be found is damage, and each of them finds that."""


class Hasher(Protocol):
    """What `hashlib` and `Adler32` have in common."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take the next bytes."""

    def hexdigest(self) -> str:
        """The checksum of all bytes taken so far, in lower-case hexadecimal."""


class Adler32:
    """Adler-32 (RFC 1950, section 8.2), Rucio's own checksum, with the interface of `hashlib`."""

    def __init__(self) -> None:
        self._value = 1

    def update(self, data: bytes | memoryview, /) -> None:
        """Take the next bytes."""
        self._value = zlib.adler32(data, self._value)

    def hexdigest(self) -> str:
        """Eight hexadecimal digits, leading zeros written."""
        return f"{self._value:08x}"


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum that bytes are promised to have."""

    algorithm: str
    value: str

    def hasher(self) -> Hasher:
        """Make the hasher that computes it."""
        if self.algorithm == "adler32":
            return Adler32()
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def matches(self, hasher: Hasher) -> bool:
        """Whether `hasher` arrived at the promised value."""
        return hasher.hexdigest() == self.value


def cheapest(checksums: Mapping[str, str]) -> Checksum | None:
    """Choose, of the checksums a file is promised to have, the one to verify.

    Parameters
    ----------
    checksums : mapping of str to str
        Hexadecimal value by algorithm, in any case, leading zeros or not (some storages drop them).

    Returns
    -------
    Checksum or None
        None if there is none in an algorithm of `ALGORITHMS`.
    """
    given = {
        name.lower().replace("-", ""): value.strip().lower() for name, value in checksums.items() if value
    }
    for algorithm in ALGORITHMS:
        if algorithm in given:
            value = given[algorithm]
            return Checksum(algorithm, value.zfill(8) if algorithm == "adler32" else value)
    return None
