"""Files opened as tables, and what is dragged into a notebook."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits

from esap_jupyter.formats.files import write_file
from tests.browser.conftest import Lab, open_side_bar
from tests.browser.person import ROW, grid_box, search, select_rows, tab

ROWS = 2500


@pytest.fixture
def files(lab: Lab) -> None:
    """A table in each format, one with two tables, and an image."""
    numbers = np.arange(ROWS)
    table = pa.table({"number": numbers, "half": numbers / 2})
    for name in ("stars.vot", "stars.parquet", "stars.csv", "stars.fits"):
        write_file(table, lab.workspace / name)
    hdus = [
        fits.BinTableHDU.from_columns([fits.Column(name.lower(), "J", array=np.arange(rows))], name=name)
        for name, rows in (("FIRST", 3), ("OTHER", 4))
    ]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(lab.workspace / "several.fits", overwrite=True)
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(lab.workspace / "image.fits", overwrite=True)


def listed(page: Any, name: str) -> Any:
    """A file in the file browser."""
    browser = page.locator('[data-id="filebrowser"]')
    if not page.locator("#filebrowser").is_visible():
        browser.click()
    return page.locator(".jp-DirListing-item", has_text=re.compile(f"^{re.escape(name)}"))


def open_as_table(page: Any, name: str) -> None:
    listed(page, name).click(button="right")
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Open as Table$")).click()


@pytest.mark.parametrize("name", ["stars.vot", "stars.parquet", "stars.csv", "stars.fits"])
def test_a_file_is_opened_from_its_menu(files: None, page: Any, name: str) -> None:
    open_as_table(page, name)
    document = page.locator(".esap-TableDocument:visible")
    document.get_by_text("2,500 rows").wait_for()
    assert page.locator(".lm-DockPanel-tabBar .lm-mod-current").inner_text().strip() == name


def test_a_parquet_file_opens_with_a_double_click_and_after_a_reload(files: None, page: Any) -> None:
    listed(page, "stars.parquet").dblclick()
    page.locator(".esap-TableFooter-bar").get_by_text("2,500 rows").wait_for()
    # Where one is, is saved a moment later.
    page.wait_for_function(
        "async () => (await (await fetch('/lab/api/workspaces')).text()).includes('stars.parquet')"
    )
    page.goto(page.url.split("?")[0])
    page.locator(".esap-TableFooter-bar").get_by_text("2,500 rows").wait_for(timeout=60_000)


def test_rows_of_a_file_cannot_be_staged(files: None, page: Any) -> None:
    open_as_table(page, "stars.vot")
    page.locator(".esap-TableFooter-bar").get_by_text("2,500 rows").wait_for()
    select_rows(page, 0, 1)
    page.get_by_role("button", name="Add 2 rows").click()
    page.get_by_text("These rows are of a file, not of a service").wait_for()


def test_a_fits_file_with_several_tables(files: None, page: Any) -> None:
    open_as_table(page, "several.fits")
    footer = page.locator(".esap-TableFooter-bar")
    footer.get_by_text("3 rows").wait_for()
    page.get_by_label("Table of the file").select_option("2")
    footer.get_by_text("4 rows").wait_for()


def test_an_image_is_said_to_be_one(files: None, page: Any) -> None:
    open_as_table(page, "image.fits")
    alert = page.locator(".esap-TableDocument:visible").get_by_role("alert")
    alert.get_by_text("image.fits holds an image and no table.").wait_for()
    alert.get_by_text("Open it with the image viewer.").wait_for()


def new_notebook(page: Any) -> Any:
    page.get_by_role("menuitem", name="File").click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^New$")).hover()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Notebook$")).click()
    page.locator(".jp-Dialog").get_by_role("button", name=re.compile("Select")).click()
    page.locator(".jp-Notebook .jp-CodeCell").wait_for()
    return page.locator(".jp-NotebookPanel:visible .jp-Notebook")


def drag_to(page: Any, start: tuple[float, float], target: Any) -> None:
    """Drag as a hand does, by way of some points."""
    box = target.bounding_box()
    end = (box["x"] + box["width"] / 2, box["y"] + box["height"] - 10)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 12, start[1] + 6, steps=4)
    page.locator(".esap-DragImage").wait_for(state="attached")
    page.mouse.move(*end, steps=8)
    page.mouse.up()


def middle(locator: Any) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_did_is_dragged_into_a_notebook(page: Any) -> None:
    notebook = new_notebook(page)
    tab(page, "Data lake").click()
    tree = page.get_by_role("tree")
    tree.get_by_role("treeitem", name=re.compile("^demo$")).click()
    did = tree.get_by_role("treeitem", name="M51", exact=True)
    did.wait_for()
    drag_to(page, middle(did), notebook)
    notebook.get_by_text('esap.datalake.item("demo:M51"').wait_for()


def test_an_item_and_a_staged_file_are_dragged_into_a_notebook(page: Any, lab: Lab) -> None:
    lab.ask("POST", "/basket/dids", service="demo-lake", dids=["demo:M51"])
    page.reload()
    notebook = new_notebook(page)
    open_side_bar(page)
    tab(page, "Basket").click()
    panel = page.locator("#esap-tabpanel")
    [item] = lab.ask("GET", "/basket")
    drag_to(page, middle(panel.locator(".esap-Card-title")), notebook)
    notebook.get_by_text(f'esap.stage(["{item["id"]}"])').wait_for()

    panel.get_by_role("button", name="Stage all").click()
    panel.get_by_text("completed").wait_for()
    panel.locator("summary").click()
    drag_to(page, middle(panel.locator(".esap-Files .esap-Line-title").first), notebook)
    notebook.get_by_text("files = [").wait_for()


def test_selected_rows_are_dragged_by_their_numbers(page: Any) -> None:
    notebook = new_notebook(page)
    open_side_bar(page)
    search(page, "images", "M 51")
    page.locator(".esap-TableFooter-bar").get_by_text("3 rows").wait_for()
    # Both side by side, as one drags between them.
    table = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab.lm-mod-current")
    drop = page.locator(".lm-DockPanel-widget:visible").last.bounding_box()
    page.mouse.move(*middle(table))
    page.mouse.down()
    page.mouse.move(drop["x"] + drop["width"] - 40, drop["y"] + drop["height"] / 2, steps=10)
    page.mouse.up()
    notebook.wait_for()
    select_rows(page, 0, 1)
    box = grid_box(page)
    drag_to(page, (box["x"] + 30, box["y"] + 2.5 * ROW), notebook)
    notebook.get_by_text("rows=[0, 1]").wait_for()
