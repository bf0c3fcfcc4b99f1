"""What a hub must not take for idleness: work that goes on while nobody asks for anything."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime

log = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0


class Activity:
    """Says to Jupyter, again and again while work goes on, that the server is active.

    Jupyter counts requests and what kernels print; a kernel that computes in silence, a search or a staging
    would count for nothing, and whoever stops idle servers would stop these.

    Parameters
    ----------
    times : mutable mapping of str to datetime
        Jupyter Server's ``last_activity_times``.
    working : callable
        Whether work goes on.
    """

    def __init__(self, times: MutableMapping[str, datetime], working: Callable[[], Awaitable[bool]]) -> None:
        self._times = times
        self._working = working
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._watch(), name="esap activity")

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        while True:
            try:
                if await self._working():
                    self._times["esap"] = datetime.now(UTC)
            except Exception:
                # Of a kernel manager, which may be anybody's; the next look may succeed.
                log.warning("What goes on cannot be seen", exc_info=True)
            await asyncio.sleep(_LOOK_SECONDS)
