"""Long listings of a service, a page at a time, with nothing left open between two pages."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, cast

_KEPT = 16
_FRESH_SECONDS = 120.0


@dataclass(slots=True)
class _Listing:
    found: list[Any] = field(default_factory=list)
    whole: bool = False
    begun: float = field(default_factory=time.monotonic)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Listings:
    """Pages of what services stream.

    The first page begins anew and reads no more than itself. A later one that is not there yet reads from the
    start again, twice as far as before: all pages together read a listing about twice.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Listing] = OrderedDict()

    async def page(
        self, key: Hashable, stream: Callable[[], AsyncIterator[Any]], offset: int, limit: int
    ) -> tuple[list[Any], bool]:
        """Read a page.

        Parameters
        ----------
        key : hashable
            What is listed.
        stream : callable
            Begins to list it.

        Returns
        -------
        tuple
            The page, and whether there is more.
        """
        listing = self._kept.get(key)
        if listing is None or offset == 0 or time.monotonic() - listing.begun > _FRESH_SECONDS:
            listing = self._kept[key] = _Listing()
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        async with listing.reading:
            if not listing.whole and len(listing.found) <= offset + limit:
                await _read(listing, stream(), max(offset + limit + 1, 2 * len(listing.found)))
        return listing.found[offset : offset + limit], len(listing.found) > offset + limit


async def _read(listing: _Listing, stream: AsyncIterator[Any], count: int) -> None:
    found = []
    async with contextlib.aclosing(cast("AsyncGenerator[Any]", stream)) as parts:
        async for part in parts:
            found.append(part)
            if len(found) >= count:
                break
        else:
            listing.whole = True
    listing.found = found
