"""What the DataLink of a row offers."""

from __future__ import annotations

from typing import Any

from tests.browser.conftest import Lab
from tests.browser.person import AXE, findings, search, select_rows, tab


def test_a_file_of_a_row_s_datalink_is_put_into_the_basket(page: Any, lab: Lab) -> None:
    page.add_script_tag(path=AXE)
    search(page, "images", "M 51")
    page.locator(".esap-TableFooter-bar").get_by_text("3 rows").wait_for()
    select_rows(page, 0, 0)
    page.get_by_role("button", name="What the DataLink of the selected row offers").click()
    drawer = page.get_by_role("region", name="DataLink")
    drawer.get_by_role("cell", name="#this").wait_for()
    assert not findings(page, ".esap-TableDocument")
    drawer.get_by_role("row").filter(has_text="#this").get_by_role("button").click()

    tab(page, "Basket").click()
    page.locator("#esap-tabpanel").get_by_text("1 item").wait_for()
    [item] = lab.ask("GET", "/basket")
    assert item["service"] == "demo-archive"

    drawer.get_by_role("button", name="Close").click()
    drawer.wait_for(state="detached")
