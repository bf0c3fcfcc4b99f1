"""Blocking libraries, called without blocking the event loop: a bounded pool for each service."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from typing import Any, ParamSpec, TypeVar

from esap_jupyter.errors import ServiceTimeout

P = ParamSpec("P")
T = TypeVar("T")

_CLOSING_SECONDS = 5.0
_HINT = "Try again later, ask for less, or raise the service's `deadline` in esap.toml."

_loop: contextvars.ContextVar[asyncio.AbstractEventLoop] = contextvars.ContextVar("_loop")


def ask_loop(ask: Callable[[], Coroutine[Any, Any, T]], seconds: float) -> T:
    """From inside a call's thread, await something in the event loop that made the call.

    Parameters
    ----------
    ask : callable
        Called in the event loop.
    seconds : float
        How long to wait.

    Raises
    ------
    ServiceTimeout
        If it takes longer.
    """
    future = asyncio.run_coroutine_threadsafe(ask(), _loop.get())
    try:
        return future.result(seconds)
    except TimeoutError:
        future.cancel()
        raise ServiceTimeout("What the request needs did not come in time.", hint="Try again.") from None


class ServiceCalls:
    """Runs one service's blocking calls in threads, so many at once, so long each.

    Hung calls to one service keep only its own places. The threads are daemons: a call that hangs does not
    keep the process from ending.

    Parameters
    ----------
    service : str
        For the error messages.
    at_once : int
        Calls side by side.
    deadline : float
        Seconds that a call may take, waiting for its place included.
    hint : str
        What to do about a call that takes longer.
    """

    def __init__(self, service: str, *, at_once: int, deadline: float, hint: str = _HINT) -> None:
        self.service = service
        self.deadline = deadline
        self._hint = hint
        self._places = asyncio.Semaphore(at_once)

    async def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` in a thread and await what it returns.

        Raises
        ------
        ServiceTimeout
            Past the deadline; the thread goes on until its own socket time-out and keeps its place.
        """
        try:
            async with asyncio.timeout(self.deadline):
                return await (await self._start(lambda: function(*args, **kwargs)))
        except TimeoutError:
            raise self._timeout() from None

    async def stream(
        self, function: Callable[P, Iterator[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncGenerator[T, None]:
        """Run a blocking generator in a thread and yield what it yields, two items ahead at most.

        Closing the iterator early closes the generator, whose ``finally`` clauses then clean up.

        Raises
        ------
        ServiceTimeout
            If the next item takes longer than the deadline.
        """
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[tuple[bool, Any]] = asyncio.Queue()
        room = threading.Semaphore(2)
        stop = threading.Event()

        def tell(*message: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody reads any more
                loop.call_soon_threadsafe(arrived.put_nowait, message)

        def produce() -> None:
            generator = function(*args, **kwargs)
            try:
                for item in generator:
                    room.acquire()
                    if stop.is_set():
                        return
                    tell(True, item)
            finally:
                close = getattr(generator, "close", None)
                if close:
                    close()

        producer: asyncio.Future[None] | None = None
        try:
            async with asyncio.timeout(self.deadline):
                producer = await self._start(produce)
            producer.add_done_callback(lambda _: arrived.put_nowait((False, None)))
            while True:
                async with asyncio.timeout(self.deadline):
                    more, item = await arrived.get()
                if not more:
                    break
                yield item
                room.release()
            producer.result()
        except TimeoutError:
            raise self._timeout() from None
        finally:
            stop.set()
            room.release()
            if producer is not None:
                await asyncio.wait([producer], timeout=_CLOSING_SECONDS)

    async def _start(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Wait for a place, start the thread, and return the future of what it returns."""
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(error: BaseException | None, result: Any) -> None:
            self._places.release()
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
                future.exception()  # its caller may have given up; that is no unhandled error

        def run() -> None:
            error: BaseException | None = None
            result: Any = None
            try:
                result = context.run(function)
            except BaseException as raised:  # noqa: BLE001 - handed to whoever awaits
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(settle, error, result)

        context = contextvars.copy_context()
        context.run(_loop.set, loop)
        threading.Thread(target=run, name=f"esap-{self.service}", daemon=True).start()
        return future

    def _timeout(self) -> ServiceTimeout:
        return ServiceTimeout(f"No answer within {self.deadline:g} s.", hint=self._hint, service=self.service)
