"""Pages of what a service streams."""

import pytest

from esap_jupyter.handlers.changes import Changes
from esap_jupyter.handlers.listings import Listings


class Lake:
    """Streams numbers, and counts what was read and left open."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.begun = self.read = self.open = 0

    async def stream(self):
        self.begun += 1
        self.open += 1
        try:
            for number in range(self.count):
                self.read += 1
                yield number
        finally:
            self.open -= 1


async def test_first_page_reads_no_more_than_itself() -> None:
    lake = Lake(1_000_000)

    page, more = await Listings().page("all", lake.stream, 0, 100)

    assert (page, more) == (list(range(100)), True)
    assert lake.read == 101
    assert lake.open == 0


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 1000])
async def test_pages_together_are_the_whole(count) -> None:
    lake, listings, found, more = Lake(count), Listings(), [], True
    while more:
        page, more = await listings.page("all", lake.stream, len(found), 100)
        found += page

    assert found == list(range(count))
    assert lake.read <= max(4 * count, 1)
    assert lake.open == 0


async def test_first_page_is_always_fresh() -> None:
    lake, listings = Lake(5), Listings()
    await listings.page("all", lake.stream, 0, 10)
    lake.count = 6

    page, _ = await listings.page("all", lake.stream, 0, 10)

    assert len(page) == 6


def test_versions_grow_with_each_change_only() -> None:
    changes = Changes()
    began = changes.latest

    assert changes.note("a", 1)
    assert changes.note("b", 1)
    assert not changes.note("a", 1)
    assert changes.note("a", 2)
    assert began < changes.version("b") < changes.version("a") == changes.latest


def test_versions_go_on_after_a_restart() -> None:
    assert Changes().latest > 1_700_000_000_000
