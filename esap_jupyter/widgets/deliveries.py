"""From the background loop into the kernel's, without flooding the page that watches."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

from esap_jupyter.face.background import background_loop

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.25


def kernel_loop() -> asyncio.AbstractEventLoop:
    """Return the loop in which a kernel runs its cells; elsewhere the running one, else the background's."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is not None:
        loop: asyncio.AbstractEventLoop = kernel.io_loop.asyncio_loop
        return loop
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return background_loop()


class Deliveries:
    """Runs what it is told in the kernel's loop; of what has one key only the last, and not too often.

    Parameters
    ----------
    pause : float
        Seconds between two rounds.
    """

    def __init__(self, pause: float = PAUSE_SECONDS) -> None:
        self._loop = kernel_loop()
        self._pause = pause
        self._lock = threading.Lock()
        self._waiting: dict[str, Callable[[], None]] = {}
        self._under_way = False
        self._closed = False

    def tell(self, key: str, deed: Callable[[], None]) -> None:
        """Have something done soon; from any thread."""
        with self._lock:
            # Behind what has come since: what is told last is done last.
            self._waiting.pop(key, None)
            self._waiting[key] = deed
            if self._under_way or self._closed:
                return
            self._under_way = True
        self._loop.call_soon_threadsafe(self._deliver)

    def close(self) -> None:
        """Do nothing any more."""
        with self._lock:
            self._closed = True
            self._waiting.clear()

    def _deliver(self) -> None:
        with self._lock:
            deeds, self._waiting = list(self._waiting.values()), {}
            self._under_way = bool(deeds)
        if deeds:
            self._loop.call_later(self._pause, self._deliver)
        for deed in deeds:
            try:
                deed()
            except Exception:
                # The others are still to be done.
                log.exception("A panel failed unexpectedly")
