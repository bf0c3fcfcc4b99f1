"""Numbers by which whoever polls asks only for what has changed since."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import Any


class Changes:
    """Remembers the last value of each thing, and the version at which it changed.

    Versions grow, over restarts of the server too: they begin at the time, in milliseconds since 1970.
    """

    def __init__(self) -> None:
        self._latest = time.time_ns() // 1_000_000
        self._seen: dict[Hashable, tuple[Any, int]] = {}

    @property
    def latest(self) -> int:
        """The version of the last change."""
        return self._latest

    def note(self, key: Hashable, value: Any) -> bool:
        """Say what a thing is now; returns whether that is a change."""
        known = self._seen.get(key)
        if known is not None and known[0] == value:
            return False
        self._latest += 1
        self._seen[key] = (value, self._latest)
        return True

    def version(self, key: Hashable) -> int:
        """The version at which a thing that has been noted changed."""
        return self._seen[key][1]

    def keep_only(self, keys: set[Hashable]) -> None:
        """Forget what is no more."""
        for key in self._seen.keys() - keys:
            del self._seen[key]
