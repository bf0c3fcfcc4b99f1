"""Watches what other processes change too, the basket and the jobs: one look for all panels that care."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from esap_jupyter.errors import EsapError
from esap_jupyter.face.background import background_loop

T = TypeVar("T")

_LOOK_SECONDS = 1.0


class Watch(Generic[T]):
    """Looks again and again while anybody listens; nobody listening, it rests.

    Parameters
    ----------
    look : callable
        Looks, on the background loop.
    """

    def __init__(self, look: Callable[[], Awaitable[T]]) -> None:
        self._look = look
        # Touched on the background loop only. A lock instead would be asked for again by the thread that
        # holds it: the collector closes panels, at any step of any thread.
        self._listeners: dict[object, Callable[[T | EsapError], None]] = {}
        self._looking: asyncio.Task[None] | None = None

    def listen(self, who: object, tell: Callable[[T | EsapError], None]) -> None:
        """Have `tell` called on the background loop: at once, and whenever what is seen has changed."""

        def look_anew() -> None:
            self._listeners[who] = tell
            self._rest()
            self._looking = background_loop().create_task(self._go_on())

        background_loop().call_soon_threadsafe(look_anew)

    def leave(self, who: object) -> None:
        """Tell it nothing any more, soon."""

        def forget() -> None:
            self._listeners.pop(who, None)
            if not self._listeners:
                self._rest()

        background_loop().call_soon_threadsafe(forget)

    def _rest(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _go_on(self) -> None:
        seen: T | str | None = None
        while True:
            found: T | EsapError
            try:
                found = await self._look()
                news: T | str = found
            except EsapError as error:
                found, news = error, str(error)
            if news != seen:
                seen = news
                for tell in list(self._listeners.values()):
                    tell(found)
            await asyncio.sleep(_LOOK_SECONDS)
