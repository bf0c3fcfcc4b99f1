"""What panels see of what others change."""

import gc
import threading

import pytest

from esap_jupyter.face.background import begin
from esap_jupyter.widgets.watching import Watch


class Closed:
    """A panel that the collector closes, as ipywidgets does."""

    def __init__(self, watch):
        self.watch, self.itself = watch, self

    def __del__(self):
        self.watch.leave(self)


@pytest.fixture
def watch():
    """Counts how often it has looked."""
    looks = []

    async def look():
        looks.append(1)
        return len(looks)

    return Watch(look)


def test_a_panel_that_the_collector_closes_while_another_is_told_stops_nobody(watch):
    told = threading.Event()

    def tell(_):
        Closed(watch)
        gc.collect()
        told.set()

    ended = threading.Event()

    def listen():
        for who in range(20):
            Closed(watch)
            watch.listen(who, tell)
            gc.collect()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    assert ended.wait(20)
    assert told.wait(20)
    for who in range(20):
        watch.leave(who)


def test_who_comes_later_is_told_at_once_and_who_left_is_not(watch):
    first, second = threading.Event(), threading.Event()
    heard = []
    watch.listen("first", lambda _: first.set())
    assert first.wait(20)

    async def come_and_go():
        watch.listen("gone", heard.append)
        watch.leave("gone")

    begin(come_and_go()).result(20)
    watch.listen("second", lambda _: second.set())
    assert second.wait(20)
    assert not heard
    watch.leave("first")
    watch.leave("second")
