"""Searches that go on: among the jobs, after a reload, in a second window, when the server is restarted."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.conftest import SCREENSHOTS, Lab, open_side_bar
from tests.browser.person import AXE, choose_theme, findings, tab

TITLE = "M 42 · sources"


def ask_the_slow(page: Any) -> None:
    """Ask three services, of which one answers, one cannot be reached, and one never answers."""
    page.select_option("#esap-product", "sources")
    page.locator(".esap-Services-list").get_by_label("Slow files").check()
    page.fill("#esap-target", "M 42")
    page.get_by_role("button", name="Search", exact=True).click()
    results(page).get_by_text("261 rows · 2 of 3 services answered").wait_for()


def results(page: Any) -> Any:
    return page.get_by_role("region", name="Results")


def card(page: Any) -> Any:
    return page.locator("#esap-tabpanel .esap-Job", has_text=TITLE)


def close_tables(page: Any) -> None:
    page.evaluate(
        """() => [...window.jupyterapp.shell.widgets('main')]
          .filter(each => each.id.startsWith('esap-table')).forEach(each => each.close())"""
    )
    page.locator(".esap-TableDocument").wait_for(state="detached")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_is_among_the_jobs_and_cancelled_there(page: Any, lab: Lab, theme: str) -> None:
    choose_theme(page, theme)
    ask_the_slow(page)
    close_tables(page)
    tab(page, "Jobs").click()
    panel = page.locator("#esap-tabpanel")
    panel.get_by_text("1 running, 0 ended").wait_for()
    card(page).get_by_text(re.compile(r"^2 of 3 services answered · 1 failed · 261 rows · ")).wait_for()
    assert card(page).get_by_role("progressbar").get_attribute("aria-valuenow") == "67"
    page.locator(".esap-StatusItem").get_by_text("1 ESAP job · 66 %").wait_for()
    assert tab(page, "Jobs").inner_text().split() == ["Jobs", "1"]
    card(page).get_by_role("button", name=f"Open the table of {TITLE}").click()
    page.locator(".esap-TableFooter-bar").get_by_text("261 rows · more are coming").wait_for()
    page.add_script_tag(path=AXE)
    page.screenshot(path=SCREENSHOTS / f"running-search-{theme.removeprefix('JupyterLab ').lower()}.png")
    assert not findings(page, ".esap-SideBar")

    card(page).get_by_role("button", name=f"Cancel {TITLE}").click()
    panel.get_by_text("There are no jobs.").wait_for()
    assert lab.ask("GET", "/searches") == []
    tab(page, "Discover").click()
    page.locator("summary", has_text=re.compile("^Tables$")).click()
    page.locator("details", has_text="Tables").locator("li", has_text=TITLE).first.wait_for()


def test_goes_on_in_the_page_that_was_reloaded(page: Any, lab: Lab) -> None:
    ask_the_slow(page)
    close_tables(page)
    page.reload()
    open_side_bar(page)
    results(page).get_by_text("261 rows · 2 of 3 services answered").wait_for()
    assert page.input_value("#esap-target") == "M 42"
    assert page.locator(".esap-Services-list").get_by_label("Slow files").is_checked()
    results(page).get_by_text("127.0.0.1:9 cannot be reached.").wait_for()
    page.locator(".esap-TableFooter-bar").get_by_text("261 rows").wait_for()
    close_tables(page)
    results(page).get_by_role("button", name="Open table").click()
    page.locator(".esap-TableFooter-bar").get_by_text("261 rows").wait_for()

    page.get_by_role("button", name="Stop", exact=True).click()
    results(page).get_by_text("stopped").wait_for()
    assert lab.ask("GET", "/searches") == []
    page.reload()
    open_side_bar(page)
    page.locator("#esap-target").wait_for()
    page.get_by_text("Asked before").wait_for()
    assert not results(page).is_visible()


def test_is_in_a_second_window_too_and_tables_there_are_as_they_are(page: Any, lab: Lab) -> None:
    ask_the_slow(page)
    second = page.context.new_page()
    second.goto(f"{lab.url}/lab/workspaces/second?token={lab.token}&reset")
    open_side_bar(second)
    results(second).get_by_text("261 rows · 2 of 3 services answered").wait_for()
    second.locator("summary", has_text=re.compile("^Tables$")).click()
    newest = second.locator("details", has_text="Tables").locator("li", has_text=TITLE).first
    newest.get_by_text("more are coming").wait_for()

    page.get_by_role("button", name="Stop", exact=True).click()
    results(second).get_by_text("stopped").wait_for()
    newest.get_by_text("more are coming").wait_for(state="detached")


@pytest.mark.parametrize("how", ["in good order", "by force"])
def test_says_that_a_restart_of_the_server_interrupted_it_and_asks_again(
    page: Any, lab: Lab, how: str
) -> None:
    # JupyterLab's own word on the server that is away.
    page.add_locator_handler(
        page.locator(".jp-Dialog"), lambda dialog: dialog.get_by_role("button", name="Close").click()
    )
    ask_the_slow(page)
    # What is in the table is safe; rows that have just come wait for a second until they are.
    page.locator(".esap-TableFooter-bar").get_by_text("261 rows").wait_for()
    lab.stop(by_force=how == "by force")
    results(page).get_by_text("The Jupyter server cannot be reached.").wait_for()
    lab.start()
    results(page).get_by_role("alert").get_by_text("the Jupyter server was restarted.").wait_for()
    page.locator("#esap-tabpanel").get_by_text("261 rows from 1 service").wait_for()
    tab(page, "Jobs").click()
    card(page).get_by_text("interrupted", exact=True).wait_for()
    card(page).get_by_role("button", name=f"Open the table of {TITLE}").wait_for()
    page.add_script_tag(path=AXE)
    page.screenshot(path=SCREENSHOTS / "interrupted-search-jobs.png")
    assert not findings(page, ".esap-SideBar")
    card(page).get_by_role("button", name=f"Forget {TITLE}").click()
    page.locator("#esap-tabpanel").get_by_text("There are no jobs.").wait_for()

    tab(page, "Discover").click()
    page.screenshot(path=SCREENSHOTS / "interrupted-search-discover.png")
    assert not findings(page, ".esap-SideBar")
    if how == "in good order":
        page.locator(".esap-TableFooter-bar").get_by_text("Interrupted").wait_for()
    results(page).get_by_role("button", name="Search again").click()
    results(page).get_by_text("261 rows · 2 of 3 services answered").wait_for()
