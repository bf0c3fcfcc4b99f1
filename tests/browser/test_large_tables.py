"""A million rows in the browser: scrolled, sorted, filtered, described; what is seen is what is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.browser.conftest import Lab
from tests.browser.person import GRID, ROW, ask_grid, grid_box, open_file, rows_in_sight

ROWS = 1_000_000
FIRST_IS = f"text => ({GRID})()?.dataModel.data('body', 0, 0) === text"


@pytest.fixture(scope="module")
def numbers() -> Any:
    return np.random.default_rng(1).permutation(ROWS)


@pytest.fixture
def large(lab: Lab, numbers: Any, page: Any) -> Iterator[Any]:
    """The table, open in the page."""
    path = lab.workspace / "large.parquet"
    if not path.exists():
        columns = {"row_id": np.arange(ROWS), "value": numbers, "text": [f"t{each}" for each in numbers]}
        pq.write_table(pa.table(columns), path)
    open_file(page, "large.parquet")
    page.locator(".esap-TableFooter-bar").get_by_text("1,000,000 rows", exact=True).wait_for()
    yield page
    page.get_by_role("menuitem", name="File").click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Close Tab")).first.click()


def seen(page: Any, numbers: Any, near: int | None = None, order: Any = None) -> list[int]:
    """Wait until every row in sight is filled, compare them with the data, and return their positions."""
    rows = rows_in_sight(page, near)
    for position, texts in rows.items():
        expected = position if order is None else int(order[position])
        assert texts == [str(expected), str(numbers[expected]), f"t{numbers[expected]}"]
    return sorted(rows)


def test_what_is_seen_while_scrolling_is_what_is_there(large: Any, numbers: Any) -> None:
    box = grid_box(large)
    assert seen(large, numbers, 0)[0] == 0

    large.mouse.move(box["x"] + 200, box["y"] + 200)
    large.mouse.wheel(0, 50 * ROW)
    assert seen(large, numbers, 50)

    # The thumb of the scroll bar, to the middle and to the end.
    thumb = large.locator(
        ".esap-TableDocument:visible .lm-ScrollBar[data-orientation=vertical] .lm-ScrollBar-thumb"
    )
    place = thumb.bounding_box()
    large.mouse.move(place["x"] + 4, place["y"] + place["height"] / 2)
    large.mouse.down()
    large.mouse.move(place["x"] + 4, box["y"] + box["height"] / 2, steps=20)
    large.mouse.up()
    [first, *_] = seen(large, numbers)
    # What is painted piece by piece is what is painted at once.
    painted = large.locator(".esap-TableDocument:visible .esap-Grid canvas").first.screenshot()
    ask_grid(large, "grid.repaintContent?.() ?? grid.dataModel.drawAgain()")
    assert large.locator(".esap-TableDocument:visible .esap-Grid canvas").first.screenshot() == painted
    assert 0.3 * ROWS < first < 0.7 * ROWS

    # By keyboard: the row in the middle, a page, and the end.
    large.mouse.click(box["x"] + 200, box["y"] + 8 * ROW)
    large.keyboard.press("PageDown")
    assert seen(large, numbers)[0] > first
    large.keyboard.press("Control+ArrowDown")
    assert seen(large, numbers, ROWS - 1)[-1] == ROWS - 1
    large.keyboard.press("Control+ArrowUp")
    assert seen(large, numbers, 0)[0] == 0


def test_sorted_filtered_and_described(large: Any, numbers: Any) -> None:
    box = grid_box(large)
    order = np.argsort(numbers)
    seen(large, numbers)
    width = ask_grid(large, "grid.columnSize('body', 0) + grid.headerWidth")
    large.mouse.click(box["x"] + width + 20, box["y"] + ROW / 2)
    large.wait_for_function(FIRST_IS, arg=str(order[0]))
    assert seen(large, numbers, 0, order)

    large.get_by_role("button", name="Filter rows").click()
    large.get_by_label("Column", exact=True).select_option("value")
    large.get_by_label("Operator").select_option("<")
    large.get_by_label("Value").fill("1000")
    large.get_by_role("button", name="Add", exact=True).click()
    large.locator(".esap-TableFooter-bar").get_by_text("1,000 of 1,000,000 rows").wait_for()
    assert seen(large, numbers, 0, order)

    large.get_by_role("button", name="Remove the condition").click()
    large.get_by_role("button", name="About the columns").click()
    large.get_by_role("button", name="value").click()
    statistics = large.locator(".esap-Statistics")
    statistics.get_by_text("999999").wait_for()
    statistics.get_by_text("500000").first.wait_for()
    large.get_by_role("img", name="Histogram of value").wait_for()


def test_memory_of_the_page_stays_bounded(large: Any, numbers: Any) -> None:
    session = large.context.new_cdp_session(large)

    def heap() -> int:
        session.send("HeapProfiler.collectGarbage")
        used: int = session.send("Runtime.getHeapUsage")["usedSize"]
        return used

    def jump(places: int) -> None:
        for place in range(places):
            ask_grid(large, "grid.scrollTo(0, given * grid.maxScrollY)", place / places)
            seen(large, numbers)

    jump(85)
    full = heap()
    jump(60)
    assert heap() < full + 20_000_000, "pages that were left are let go"
