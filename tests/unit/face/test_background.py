"""Blocking and awaited faces of the same work, on one loop in the background."""

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable

import pytest

from esap_jupyter.errors import EsapError
from esap_jupyter.face.background import Verbs, awaitable, blocking, run, verb


async def _where() -> str:
    return threading.current_thread().name


def test_work_runs_on_the_background_loop_also_when_another_loop_runs_here() -> None:
    async def in_a_kernel() -> str:
        return run(_where())

    assert run(_where()) == "esap"
    assert asyncio.run(in_a_kernel()) == "esap"


def test_a_callback_that_calls_a_verb_is_told_so_and_the_next_verb_works() -> None:
    async def tell(callback: Callable[[], str]) -> str:
        return callback()

    with pytest.raises(EsapError, match="callback"):
        run(tell(lambda: run(_where())))

    assert run(_where()) == "esap"


async def test_the_awaited_face_leaves_the_callers_loop_free() -> None:
    turns = 0

    async def slow() -> str:
        await asyncio.sleep(0.05)
        return "done"

    work = asyncio.ensure_future(awaitable(slow)())
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert await work == "done"
    assert turns > 5


async def test_cancelling_the_awaited_face_cancels_the_work() -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def endless() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    work = asyncio.ensure_future(awaitable(endless)())
    await asyncio.to_thread(started.wait)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert await asyncio.to_thread(cancelled.wait, 5)


def test_a_verb_is_written_once_for_both_kinds() -> None:
    class Greeting(Verbs):
        @verb
        async def greet(self, name: str) -> str:
            """Greet somebody."""
            return f"Hello, {name}"

    async def awaited() -> str:
        return await Greeting(awaitable).greet("M 51")

    assert Greeting(blocking).greet("M 51") == "Hello, M 51"
    assert asyncio.run(awaited()) == "Hello, M 51"
    assert Greeting.greet.__doc__ == "Greet somebody."
    for how in (blocking, awaitable):
        assert str(inspect.signature(Greeting(how).greet)) == "(name: str) -> str"


def test_ctrl_c_waits_until_the_work_has_cleaned_up() -> None:
    program = textwrap.dedent("""
        import asyncio
        from esap_jupyter.face.background import run

        async def work():
            print("started", flush=True)
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.1)
                print("cleaned up", flush=True)

        try:
            run(work())
        except KeyboardInterrupt:
            print("stopped", flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "started\n"
        os.kill(process.pid, signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "cleaned up\nstopped\n"
