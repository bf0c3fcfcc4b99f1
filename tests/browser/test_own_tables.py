"""Tables of one's own in the ADQL editor: added, named, put into the query and sent along, by mouse."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.conftest import SCREENSHOTS, Lab
from tests.browser.person import (
    AXE,
    THEMES,
    choose_theme,
    findings,
    open_file,
    rows_in_sight,
    search,
    shade,
)

STARS = """id,ra,dec
1,83.8186,-5.3897
2,202.4696,47.1952
3,10.0,-60.0
"""
NEAR = """ AS m
JOIN demo.sources AS s ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(m.ra, m.dec, 0.05))
GROUP BY m.id ORDER BY m.id"""


@pytest.fixture(autouse=True)
def files(lab: Lab) -> None:
    (lab.workspace / "My stars.csv").write_text(STARS)
    (lab.workspace / "no table.csv").write_bytes(b"")


def open_editor(page: Any) -> Any:
    """Open the ADQL editor and its own tables."""
    page.locator(".jp-LauncherCard", has_text="ADQL Query").click()
    page.locator(".esap-SchemaTable").get_by_text("demo.sources").wait_for()
    page.get_by_role("button", name="Own tables", exact=True).click()
    return page.get_by_role("region", name="Own tables")


def choose_file(page: Any, own: Any, name: str) -> None:
    own.get_by_role("button", name="From the workspace").click()
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_text(name, exact=True).click()
    dialog.get_by_role("button", name="Select").click()
    dialog.wait_for(state="detached")


def type_query(page: Any, text: str) -> None:
    page.get_by_label("ADQL query").and_(page.locator(".cm-content")).click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def is_kept(name: str) -> Any:
    """Whether a response of the server is to the document with a table of this name."""

    def check(response: Any) -> bool:
        return "/api/workspaces" in response.url and f'"name":"{name}"' in (response.request.post_data or "")

    return check


def test_a_file_is_cross_matched_by_mouse(page: Any, lab: Lab) -> None:
    own = open_editor(page)
    choose_file(page, own, "My stars.csv")
    name = own.get_by_label("Name of My stars.csv in the query")
    assert name.input_value() == "My_stars"
    own.get_by_text("3 rows", exact=True).wait_for()
    name.fill("my stars")
    own.get_by_role("alert").get_by_text("Letters, digits and _").wait_for()
    name.fill("mine")
    own.get_by_role("alert").wait_for(state="detached")

    type_query(page, "SELECT m.id, COUNT(*) AS sources\nFROM ")
    own.get_by_role("button", name="Put TAP_UPLOAD.mine into the query").click()
    page.keyboard.insert_text(NEAR + ", m.")
    page.keyboard.press("Control+Space")
    page.locator(".cm-tooltip-autocomplete").get_by_text("dec", exact=True).wait_for()
    page.keyboard.press("Escape")
    for _ in ", m.":
        page.keyboard.press("Backspace")
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".esap-TableFooter-bar").get_by_text("2 rows", exact=True).wait_for()
    assert [texts[0] for texts in rows_in_sight(page).values()] == ["1", "2"]

    page.get_by_role("button", name="Insert code that does this query").click()
    code = page.locator(".jp-Notebook .jp-CodeCell")
    code.get_by_text("uploads={").wait_for()
    code.get_by_text(f'"mine": esap.open_table("{lab.workspace / "My stars.csv"}"),').wait_for()


def test_own_tables_come_back_with_the_query(page: Any, lab: Lab) -> None:
    own = open_editor(page)
    choose_file(page, own, "My stars.csv")
    with page.expect_response(is_kept("mine")):
        own.get_by_label("Name of My stars.csv in the query").fill("mine")

    page.goto(f"{lab.url}/lab?token={lab.token}")
    own = page.get_by_role("region", name="Own tables")
    own.get_by_text("3 rows", exact=True).wait_for(timeout=60_000)
    assert own.get_by_label("Name of My stars.csv in the query").input_value() == "mine"
    own.get_by_role("button", name="Do not send My stars.csv").click()
    type_query(page, "SELECT * FROM TAP_UPLOAD.mine")
    page.get_by_role("button", name="Run", exact=True).click()
    own.get_by_role("alert").get_by_text("no table here has that name").wait_for()


def test_what_is_wrong_with_a_table_is_said_beside_it(page: Any, lab: Lab) -> None:
    own = open_editor(page)
    choose_file(page, own, "no table.csv")
    own.get_by_role("alert").get_by_text("no table.csv").wait_for()
    own.get_by_role("button", name="Do not send no table.csv").click()
    choose_file(page, own, "My stars.csv")
    own.get_by_text("3 rows", exact=True).wait_for()
    (lab.workspace / "My stars.csv").unlink()
    type_query(page, "SELECT * FROM TAP_UPLOAD.My_stars")
    page.get_by_role("button", name="Run", exact=True).click()
    own.get_by_role("alert").get_by_text("There is no file My stars.csv.").wait_for()


def test_a_table_that_is_open_is_asked_with(page: Any) -> None:
    open_file(page, "My stars.csv")
    page.locator(".esap-TableFooter-bar").get_by_text("3 rows", exact=True).wait_for()
    page.get_by_role("button", name="Ask in ADQL with this table").click()
    page.get_by_role("region", name="Own tables").get_by_text("3 rows", exact=True).wait_for()
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".esap-TableFooter-bar:visible").get_by_text("3 rows", exact=True).wait_for()
    assert rows_in_sight(page)[2][:2] == ["3", "10"]


@pytest.mark.parametrize("theme", THEMES)
def test_own_tables_are_for_everybody(page: Any, theme: str) -> None:
    search(page, "images", "M 51")
    page.locator(".esap-Report", has_text="complete").first.wait_for()
    page.evaluate(
        "[...jupyterapp.shell.widgets('main')].find(each => each.title.label !== 'Launcher').close()"
    )
    choose_theme(page, theme)
    own = open_editor(page)
    choose_file(page, own, "My stars.csv")
    own.get_by_text("3 rows", exact=True).wait_for()
    found = own.get_by_label("A table found before")
    found.select_option(index=1)
    own.get_by_label(re.compile("^Name of M 51")).fill("My_Stars")
    own.get_by_role("alert").first.wait_for()
    page.add_script_tag(path=AXE)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"own-tables-{shade(theme)}.png")
    assert not findings(page, ".esap-AdqlDocument")
