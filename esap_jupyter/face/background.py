"""One event loop in the background, so that one gateway serves synchronous and asynchronous callers alike.

A kernel's own loop stays free: `run` blocks only its caller, `awaitable` hands the work over and awaits it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

from esap_jupyter.errors import EsapError

if TYPE_CHECKING:
    from esap_jupyter.gateway import Gateway

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound="Verbs")

_CLEAN_UP_SECONDS = 10.0
_LOOK_SECONDS = 0.2


class _Background:
    """The loop, its thread and the process's gateway, made on first use."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._gateway: Gateway | None = None
        self.thread = threading.Thread(target=self._serve, name="esap", daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def gateway(self) -> Gateway:
        if self._gateway is None:
            from esap_jupyter.gateway import Gateway

            self._gateway = Gateway()
        return self._gateway

    def close(self) -> None:
        if self._gateway is not None:
            gateway, self._gateway = self._gateway, None
            asyncio.run_coroutine_threadsafe(gateway.close(), self.loop).result(_CLEAN_UP_SECONDS)


@functools.cache
def _background() -> _Background:
    return _Background()


async def gateway() -> Gateway:
    """Return the process's gateway; to be awaited on the background loop only."""
    return await _background().gateway()


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, once what ran has stopped; its text says how to go on."""

    def _render_traceback_(self) -> list[str]:
        """Show the person a sentence instead of a stack trace (IPython's own protocol)."""
        return [str(self) or "Stopped."]


def begin(work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
    """Start a coroutine on the background loop; nobody waits for it."""
    return asyncio.run_coroutine_threadsafe(work, background_loop())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for what it returns.

    Ctrl-C cancels the coroutine and waits until it has cleaned up.

    Raises
    ------
    Interrupted
        After Ctrl-C, with what the coroutine's own `CancelledError` says.
    EsapError
        If it is called from a callback, for which the loop itself waits.
    """
    if threading.current_thread() is _background().thread:
        work.close()
        raise EsapError(
            "A callback cannot call ESAP and wait for it: ESAP waits for the callback.",
            hint="Keep what the callback is told, and call ESAP when the search or transfer has ended.",
        )
    ended = threading.Event()
    advice: list[str] = []

    async def tracked() -> T:
        try:
            return await work
        except asyncio.CancelledError as stopped:
            advice.extend(map(str, stopped.args))
            raise
        finally:
            ended.set()

    future = begin(tracked())
    try:
        # Python sees a signal between two steps of its own only, not while it waits without end.
        while not concurrent.futures.wait([future], _LOOK_SECONDS).done:
            pass
        return future.result()
    except KeyboardInterrupt:
        # The future is cancelled at once; what it stood for still cleans up.
        future.cancel()
        ended.wait(_CLEAN_UP_SECONDS)
        raise Interrupted(*advice) from None


def background_loop() -> asyncio.AbstractEventLoop:
    """Return the background loop."""
    return _background().loop


def blocking(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Make the synchronous face of a coroutine function."""

    @functools.wraps(function)
    def face(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(function(*args, **kwargs))

    return face


def awaitable(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Awaitable[T]]:
    """Make the face of a coroutine function that can be awaited on any loop; cancelling reaches the work."""

    @functools.wraps(function)
    async def face(*args: P.args, **kwargs: P.kwargs) -> T:
        future = asyncio.run_coroutine_threadsafe(function(*args, **kwargs), _background().loop)
        return await asyncio.wrap_future(future)

    return face


def directly(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Leave a coroutine function as it is, for who is on the background loop already."""
    return function


class Verbs:
    """A group of verbs (``esap.basket``, ``esap.jobs``, ...), written once, for both kinds of caller.

    Parameters
    ----------
    how : callable
        `blocking`, `awaitable` or `directly`.
    """

    def __init__(self, how: Callable[..., Any] = blocking) -> None:
        self._how = how


class verb(Generic[S, P, T]):  # noqa: N801 - a decorator
    """Makes a coroutine method of `Verbs` into a method of the group's kind; typed as the blocking kind."""

    def __init__(self, method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]]) -> None:
        self._method = method
        self.__doc__ = method.__doc__

    def __get__(self, group: S, _: type[S]) -> Callable[P, T]:
        if group is None:
            return self._method
        bound = functools.partial(self._method, group)
        signature = inspect.signature(bound)
        functools.update_wrapper(bound, self._method)
        # What it wraps takes the group, which nobody passes.
        bound.__signature__ = signature  # type: ignore[attr-defined]
        return group._how(bound)  # type: ignore[no-any-return]  # noqa: SLF001


def close() -> None:
    """Stop what still runs and forget the gateway; the next call makes a new one from the configuration.

    A process that ends without it loses nothing: its jobs show as interrupted and can be resumed.
    """
    if _background.cache_info().currsize:
        _background().close()
