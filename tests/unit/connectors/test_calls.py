"""Blocking calls: bounded, with a deadline, and never on the event loop."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from esap_jupyter.connectors.calls import ServiceCalls
from esap_jupyter.errors import ServiceTimeout


async def test_a_call_returns_or_raises_what_the_function_does() -> None:
    calls = ServiceCalls("archive", at_once=1, deadline=5)

    assert await calls.call(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await calls.call(divmod, 7, 0)


async def test_a_hung_call_is_a_timeout_that_names_the_service_and_leaves_the_loop_free() -> None:
    calls = ServiceCalls("archive", at_once=1, deadline=0.2)
    hang = threading.Event()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    counting = asyncio.create_task(count())
    with pytest.raises(ServiceTimeout) as caught:
        await calls.call(hang.wait)
    counting.cancel()
    hang.set()

    assert caught.value.service == "archive"
    assert turns > 20


async def test_no_more_calls_at_once_than_allowed() -> None:
    calls = ServiceCalls("archive", at_once=3, deadline=5)
    running, most = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    await asyncio.gather(*(calls.call(work) for _ in range(20)))

    assert most == 3


async def test_hung_calls_to_one_service_starve_no_other() -> None:
    hung = ServiceCalls("hung", at_once=2, deadline=30)
    healthy = ServiceCalls("healthy", at_once=2, deadline=5)
    hang = threading.Event()
    waiting = [asyncio.create_task(hung.call(hang.wait)) for _ in range(10)]
    await asyncio.sleep(0)

    assert await healthy.call(lambda: "answer") == "answer"

    hang.set()
    await asyncio.gather(*waiting)


async def test_a_stream_yields_everything_in_order() -> None:
    calls = ServiceCalls("archive", at_once=1, deadline=5)

    assert [item async for item in calls.stream(range, 1000)] == list(range(1000))


async def test_a_stream_raises_what_its_generator_raises_after_what_it_yielded() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("the archive broke off")

    calls = ServiceCalls("archive", at_once=1, deadline=5)
    seen = []
    with pytest.raises(ValueError, match="broke off"):
        async for item in calls.stream(broken):
            seen.append(item)  # noqa: PERF401 - what arrived before the failure counts

    assert seen == [1]


async def test_closing_a_stream_early_cleans_up_its_generator() -> None:
    closed = threading.Event()
    made = 0

    def endless() -> Iterator[int]:
        nonlocal made
        try:
            while True:
                made += 1
                yield made
        finally:
            closed.set()

    stream = ServiceCalls("archive", at_once=1, deadline=5).stream(endless)
    assert await anext(stream) == 1
    await stream.aclose()

    assert closed.is_set()
    assert made < 10, "the generator ran ahead of its reader"


async def test_a_silent_stream_is_a_timeout() -> None:
    hang = threading.Event()

    def silent() -> Iterator[int]:
        yield 1
        hang.wait(1)

    calls = ServiceCalls("archive", at_once=1, deadline=0.1)
    with pytest.raises(ServiceTimeout):
        async for _ in calls.stream(silent):
            pass
    hang.set()
