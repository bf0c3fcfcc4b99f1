"""A thread that works for the event loop, one blocking call after another."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs blocking calls one after another.

    Its thread is a daemon: unlike those of `concurrent.futures`, it does not keep the interpreter from
    ending while a server hangs; and it lives as long as there are calls, since a thread for each of many
    small files would cost more than their transfer.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="esap-transfer", daemon=True).start()

    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Start a call; the future of what it returns is never cancelled by waiting for it in vain."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(error: BaseException | None, result: Any) -> None:
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
                future.exception()  # whoever waited may have given up; that is no unhandled error

        def run() -> None:
            error: BaseException | None = None
            result: Any = None
            try:
                result = function(*args, **kwargs)
            except BaseException as raised:  # noqa: BLE001 - handed to whoever waits
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(settle, error, result)

        self._calls.put(run)
        return future

    def end(self) -> None:
        """Let the thread end after its present call."""
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
