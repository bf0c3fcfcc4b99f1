"""The panels as a person uses them: by mouse, by keyboard, when something fails, and after a reload."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.conftest import SCREENSHOTS, Lab, SlowFiles, open_side_bar
from tests.browser.person import (
    AXE,
    GRID,
    ROW,
    THEMES,
    ask_grid,
    choose_theme,
    findings,
    grid_box,
    search,
    select_rows,
    shade,
    tab,
)


def test_the_main_job_by_mouse(page: Any, lab: Lab) -> None:
    search(page, "images", "M 51")
    footer = page.locator(".esap-TableFooter-bar")
    footer.get_by_text("3 rows").wait_for()
    select_rows(page, 0, 1)
    page.get_by_role("button", name="Add 2 rows").click()
    page.get_by_text("2 items put into the basket").wait_for()

    tab(page, "Basket").click()
    panel = page.locator("#esap-tabpanel")
    panel.get_by_text("2 items").wait_for()
    panel.get_by_role("button", name="Stage all").click()

    panel.get_by_text("completed").wait_for()
    panel.get_by_text("2 files", exact=True).click()
    panel.get_by_role("button", name=re.compile(r"\.fits")).first.wait_for()
    [job] = lab.ask("GET", "/jobs")["jobs"]
    staged = job["results"]["files"]
    assert len(staged) == 2
    assert all((lab.workspace / file["path"]).is_file() for file in staged)

    panel.get_by_role("button", name="Insert code that uses the result").click()
    page.locator(".jp-Notebook .jp-CodeCell").get_by_text("files = [").wait_for()


def test_a_service_that_fails_is_named_beside_the_rows_of_the_others(page: Any) -> None:
    search(page, "sources", "M 42", "6")
    results = page.get_by_role("region", name="Results")
    results.get_by_text("261 rows from 1 service").wait_for()
    results.get_by_text("127.0.0.1:9 cannot be reached.").wait_for()
    page.locator(".esap-TableFooter-bar").get_by_text("Broken observatory").wait_for()
    results.get_by_role("button", name="Ask the failed again").click()
    results.get_by_role("alert").get_by_text("127.0.0.1:9 cannot be reached.").wait_for()


def test_a_name_that_nobody_knows_is_said_to_be_so(page: Any) -> None:
    search(page, "images", "no such object")
    page.locator(".esap-Search").get_by_role("alert").wait_for()


def test_an_empty_form_leads_to_what_is_missing(page: Any) -> None:
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_text("Type a name or coordinates.").wait_for()
    assert page.evaluate("document.activeElement.id") == "esap-target"


def test_a_staging_goes_on_while_the_page_is_reloaded(page: Any, lab: Lab, slow_files: SlowFiles) -> None:
    start_slow_staging(page, lab, slow_files, "reloaded.bin")
    page.reload()
    open_side_bar(page)
    tab(page, "Jobs").click()
    panel = page.locator("#esap-tabpanel")
    panel.get_by_role("progressbar").wait_for()
    page.locator(".esap-StatusItem").get_by_text("1 ESAP job").wait_for()
    panel.get_by_text("completed").wait_for()


def test_a_staging_is_resumed_after_the_server_was_restarted(
    page: Any, lab: Lab, slow_files: SlowFiles
) -> None:
    start_slow_staging(page, lab, slow_files, "restarted.bin")
    lab.stop()
    page.get_by_role("alert").get_by_text("The Jupyter server cannot be reached.").wait_for()
    lab.start()
    page.reload()
    open_side_bar(page)
    tab(page, "Jobs").click()
    panel = page.locator("#esap-tabpanel")
    panel.get_by_role("button", name=re.compile("^Resume")).click(timeout=60_000)
    panel.get_by_text("completed").wait_for(timeout=60_000)


def start_slow_staging(page: Any, lab: Lab, slow_files: SlowFiles, name: str) -> None:
    lab.ask(
        "POST",
        "/basket/files",
        service="slow",
        url=f"{slow_files.url}/{name}",
        title=name,
        size=SlowFiles.size,
    )
    page.reload()
    open_side_bar(page)
    tab(page, "Basket").click()
    page.get_by_role("button", name="Stage all").click()
    page.locator("#esap-tabpanel").get_by_text("running", exact=True).wait_for()


def test_the_data_lake_is_browsed_and_searched(page: Any) -> None:
    tab(page, "Data lake").click()
    tree = page.get_by_role("tree")
    tree.get_by_role("treeitem", name=re.compile("^demo$")).click()
    tree.get_by_role("treeitem", name="M51", exact=True).click()
    details = page.get_by_role("region", name="About demo:M51")
    details.get_by_text("DEMO-ARCHIVE").wait_for()
    details.get_by_role("button", name="Add to basket").click()
    page.locator("#esap-tabpanel").get_by_text("1 item").wait_for()
    tab(page, "Data lake").click()
    page.get_by_label("DIDs to look for").fill("demo:M42_*.fits")
    page.get_by_role("button", name="Find").click()
    page.get_by_text(re.compile(r"^\d found$")).wait_for()


def test_adql_is_completed_run_and_told_what_is_wrong(page: Any) -> None:
    page.locator(".jp-LauncherCard", has_text="ADQL Query").click()
    editor = page.get_by_label("ADQL query").and_(page.locator(".cm-content"))
    page.locator(".esap-SchemaTable").get_by_text("demo.sources").wait_for()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("SELECT TOP 20 s.")
    page.keyboard.type("source_id FROM demo.sources AS s WHERE s.paral")
    page.locator(".cm-tooltip-autocomplete").get_by_text("parallax").first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+A")
    page.keyboard.type("SELECT nonsense FROM demo.sources")
    page.keyboard.press("Shift+Enter")
    page.locator(".cm-lintRange-error").get_by_text("nonsense").wait_for()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("SELECT TOP 20 * FROM demo.sources")
    page.keyboard.press("Shift+Enter")
    page.locator(".esap-TableFooter-bar").get_by_text("20 rows").wait_for()


@pytest.mark.parametrize("theme", THEMES)
def test_adql_is_for_everybody(page: Any, theme: str) -> None:
    choose_theme(page, theme)
    page.locator(".jp-LauncherCard", has_text="ADQL Query").click()
    page.locator(".esap-SchemaTable").get_by_text("demo.sources").wait_for()
    page.get_by_label("ADQL query").and_(page.locator(".cm-content")).click()
    page.keyboard.press("Control+A")
    page.keyboard.type("SELECT nonsense FROM demo.sources -- a remark")
    page.keyboard.press("Shift+Enter")
    page.locator(".cm-lintRange-error").get_by_text("nonsense").wait_for()
    page.add_script_tag(path=AXE)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"adql-{shade(theme)}.png")
    assert not findings(page, ".esap-AdqlDocument")


def test_a_table_is_filtered_sorted_described_and_saved(page: Any, lab: Lab) -> None:
    search(page, "sources", "M 42", "6")
    footer = page.locator(".esap-TableFooter-bar")
    footer.get_by_text("261 rows").wait_for()
    page.get_by_role("button", name="Filter rows").click()
    page.get_by_label("Column", exact=True).select_option("ra")
    page.get_by_label("Operator").select_option(">")
    page.get_by_label("Value").fill("83.8")
    page.get_by_role("button", name="Add", exact=True).click()
    footer.get_by_text(re.compile(r"\d+ of 261 rows")).wait_for()
    page.get_by_role("button", name="About the columns").click()
    page.get_by_role("img", name=re.compile("^Histogram")).wait_for()
    # By keyboard, as who uses no mouse.
    page.get_by_role("button", name="Sort by it, ascending").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sort by it, descending").wait_for()
    arrow = "[0, 1, 2, 3].some(each => grid.dataModel.data('column-header', 0, each).endsWith('▲'))"
    assert ask_grid(page, arrow)
    page.get_by_role("button", name="Save as").click()
    page.locator(".jp-Dialog input").fill("sources.parquet")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved as sources.parquet").wait_for()
    assert (lab.workspace / "sources.parquet").is_file()


def test_the_rows_shown_are_those_that_the_inserted_cell_takes(page: Any) -> None:
    search(page, "sources", "M 42", "6")
    footer = page.locator(".esap-TableFooter-bar")
    footer.get_by_text("261 rows").wait_for()
    page.get_by_role("button", name="Filter rows").click()
    for column, operator, value in (("ra", ">", "83.8"), ("source_id", "is-not-empty", "")):
        page.get_by_label("Column", exact=True).select_option(column)
        page.get_by_label("Operator").select_option(operator)
        if value:
            page.get_by_label("Value").fill(value)
        page.get_by_role("button", name="Add", exact=True).click()
    shown = footer.get_by_text(re.compile(r"\d+ of 261 rows"))
    shown.wait_for()
    counted = re.search(r"\d+ of 261 rows", shown.inner_text())
    page.get_by_role("button", name="Insert code that opens this table").click()

    cell = page.locator(".jp-Notebook .jp-CodeCell").filter(has_text="esap.table(")
    cell.get_by_text('rows = table.where("ra", ">", 83.8)').wait_for()
    cell.get_by_text('rows = rows.where("source_id", "is-not-empty")').wait_for()
    page.get_by_text("| Idle").wait_for()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    cell.locator(".jp-OutputArea").get_by_text(counted[0]).wait_for()


def test_selected_rows_are_not_mistaken_for_others(page: Any) -> None:
    search(page, "sources", "M 42", "6")
    page.locator(".esap-TableFooter-bar").get_by_text("261 rows").wait_for()
    nothing_selected = page.locator(".esap-TableHeader").get_by_role("button", name="Add to basket")
    select_rows(page, 3, 4)
    page.get_by_role("button", name="Add 2 rows").wait_for()
    box = grid_box(page)
    page.mouse.click(box["x"] + 200, box["y"] + 0.5 * ROW)
    nothing_selected.wait_for()
    select_rows(page, 3, 4)
    page.get_by_role("button", name="Add 2 rows").wait_for()
    page.get_by_role("button", name="Filter rows").click()
    page.get_by_label("Value").fill("nothing")
    page.get_by_role("button", name="Add", exact=True).click()
    nothing_selected.wait_for()


def test_everything_is_reached_by_keyboard(page: Any) -> None:
    tab(page, "Discover").focus()
    for name in ("Basket", "Jobs", "Data lake", "Sign in", "Discover"):
        page.keyboard.press("ArrowRight")
        assert tab(page, name).get_attribute("aria-selected") == "true"
    page.keyboard.press("Tab")
    page.keyboard.type("Images")
    page.keyboard.press("Tab")
    page.keyboard.type("M 51")
    page.keyboard.press("Tab")
    page.keyboard.type("30")
    page.keyboard.press("Enter")
    page.locator(".esap-TableFooter-bar").get_by_text("3 rows").wait_for()
    tab(page, "Data lake").focus()
    page.keyboard.press("Enter")
    tree = page.get_by_role("tree")
    tree.get_by_role("treeitem", name=re.compile("^demo$")).wait_for()
    tree.get_by_role("treeitem").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    tree.get_by_role("treeitem", name="M51", exact=True).wait_for()


def test_the_cells_of_a_table_are_read_by_keyboard(page: Any) -> None:
    search(page, "sources", "M 42", "6")
    page.locator(".esap-TableFooter-bar").get_by_text("261 rows").wait_for()
    grid = page.get_by_role("application", name="Rows of the table")
    page.get_by_role("button", name="Insert code that opens this table").focus()
    page.keyboard.press("Tab")
    assert grid.evaluate("node => node === document.activeElement")
    said = page.locator(".esap-Grid").get_by_role("status")
    names = ask_grid(page, "[0, 1].map(each => grid.dataModel.data('column-header', 0, each))")

    def expect(column: int, row: int, selected: str = "selected") -> None:
        value = ask_grid(page, "grid.dataModel.data('body', ...given)", [row, column])
        begin = re.escape(f"{names[column]}: {value}")
        said.get_by_text(re.compile(f"^{begin}.*, row {row + 1}, {selected}$")).wait_for(state="attached")

    page.keyboard.press("ArrowDown")
    expect(0, 0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(1, 1)
    page.keyboard.press("Shift+ArrowDown")
    expect(1, 1, "2 rows selected")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    expect(0, 0)
    # A click is said, too; scrolling is not.
    select_rows(page, 4, 4)
    said.get_by_text(re.compile(", row 5, selected$")).wait_for(state="attached")
    before = said.text_content()
    page.mouse.wheel(0, 50 * ROW)
    page.wait_for_function(f"() => ({GRID})().scrollY > 0")
    assert said.text_content() == before
    # Nobody is caught in it, and who comes back by mouse is told, too.
    page.keyboard.press("Tab")
    assert not grid.evaluate("node => node === document.activeElement")
    select_rows(page, 6, 6)
    said.get_by_text(re.compile(", selected$")).wait_for(state="attached")


def test_a_missing_server_extension_is_told_with_its_cure(page: Any) -> None:
    page.route("**/esap/api/**", lambda route: route.fulfill(status=404, body="<html>not found</html>"))
    page.reload()
    open_side_bar(page)
    page.get_by_text("The ESAP server extension is missing or too old.").wait_for()
    page.get_by_text("jupyter server extension enable esap_jupyter").wait_for()


@pytest.mark.parametrize("theme", THEMES)
def test_accessible_in_each_theme(page: Any, theme: str, lab: Lab) -> None:
    """No serious finding of axe in any panel; a picture of each is left in build/screenshots."""
    choose_theme(page, theme)
    page.add_script_tag(path=AXE)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def check(name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}-{shade(theme)}.png")
        assert not findings(page, ".esap-SideBar")

    search(page, "images", "M 51")
    page.locator(".esap-TableFooter-bar").get_by_text("3 rows").wait_for()
    page.get_by_text("cannot be reached").first.wait_for()
    check("discover")
    select_rows(page, 0, 1)
    page.get_by_role("button", name="Add 2 rows").click()
    page.get_by_role("button", name="About the columns").click()
    page.locator(".esap-Statistics").wait_for()
    check("table")
    assert not findings(page, ".esap-TableDocument")
    tab(page, "Basket").click()
    page.locator("#esap-tabpanel").get_by_text("2 items").wait_for()
    check("basket")
    page.get_by_role("button", name="Stage all").click()
    page.locator("#esap-tabpanel").get_by_text("completed").wait_for()
    check("jobs")
    tab(page, "Data lake").click()
    page.get_by_role("treeitem", name=re.compile("^demo$")).click()
    page.get_by_role("treeitem", name="M51", exact=True).click()
    page.get_by_text("DEMO-ARCHIVE").wait_for()
    check("datalake")
