"""Watches what other processes change too, the basket and the jobs: one look for all panels that care."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from esap_jupyter.errors import EsapError
from esap_jupyter.face.background import begin

log = logging.getLogger(__name__)

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
        self._lock = threading.Lock()
        self._listeners: dict[object, Callable[[T | EsapError], None]] = {}
        self._looking: concurrent.futures.Future[None] | None = None

    def listen(self, who: object, tell: Callable[[T | EsapError], None]) -> None:
        """Have `tell` called, in any thread, with what is seen whenever it has changed, and at once."""
        with self._lock:
            self._listeners[who] = tell
            if self._looking is not None:
                self._looking.cancel()
            self._looking = begin(self._go_on())

    def leave(self, who: object) -> None:
        """Tell it nothing any more."""
        with self._lock:
            self._listeners.pop(who, None)
            if not self._listeners and self._looking is not None:
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
                with self._lock:
                    listeners = list(self._listeners.values())
                for tell in listeners:
                    tell(found)
            await asyncio.sleep(_LOOK_SECONDS)
