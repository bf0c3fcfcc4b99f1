"""Plots of a table: two columns against each other, and the sky; by mouse and by keyboard."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.conftest import SCREENSHOTS, Lab
from tests.browser.person import AXE, THEMES, choose_theme, findings, search, select_rows, shade


def open_sources(page: Any) -> None:
    search(page, "sources", "M 42", "6")
    page.locator(".esap-TableFooter-bar").get_by_text("261 rows").wait_for()


def test_two_columns_are_plotted_by_mouse(page: Any) -> None:
    open_sources(page)
    page.get_by_role("button", name="Plot two columns").click()
    plot = page.get_by_role("region", name="Plot", exact=True)
    plot.get_by_text("261 rows drawn").wait_for()
    assert (
        plot.get_by_label("Up", exact=True).input_value()
        != plot.get_by_label("Across", exact=True).input_value()
    )

    area = plot.get_by_role("application")
    box = area.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 60, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(*middle, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.get_by_role("button", name=re.compile(r"^Add \d+ rows")).wait_for()

    plot.get_by_role("button", name="Swap the axes").click()
    plot.get_by_label("Logarithmic up").check()
    # Colours below zero have no logarithm.
    plot.get_by_text(re.compile(r"^2(?!61)\d\d rows drawn")).wait_for()
    with page.expect_download() as download:
        plot.get_by_role("button", name="Save as PNG").click()
    assert download.value.suggested_filename.endswith(".png")
    plot.get_by_role("button", name="Insert code").click()
    cell = page.locator(".jp-Notebook .jp-CodeCell")
    cell.get_by_text("ax = table.plot(").wait_for()


def test_two_columns_are_plotted_by_keyboard(page: Any) -> None:
    open_sources(page)
    page.get_by_role("button", name="Plot two columns").focus()
    page.keyboard.press("Enter")
    plot = page.get_by_role("region", name="Plot", exact=True)
    plot.get_by_text("261 rows drawn").wait_for()
    area = plot.get_by_role("application")
    area.focus()
    page.keyboard.press("n")
    plot.get_by_role("status").get_by_text(re.compile(r"^Row \d+")).wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add 1 row").wait_for()
    for key in ("+", "ArrowLeft", "-", "0"):
        page.keyboard.press(key)
    described = area.get_attribute("aria-describedby").split()[0]
    assert "261 points" in page.locator(f"#{described}").text_content()


def open_sky(page: Any) -> Any:
    search(page, "images", "M 51")
    page.locator(".esap-TableFooter-bar").get_by_text("3 rows").wait_for()
    page.get_by_role("button", name="Show on the sky").click()
    sky = page.locator(".esap-SkyDocument")
    sky.get_by_role("status").get_by_text("3 footprints").wait_for()
    return sky


def test_footprints_and_sources_are_on_the_sky(page: Any) -> None:
    sky = open_sky(page)
    box = sky.get_by_role("application").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    sky.get_by_text(re.compile(r"13h 29m .*\+47° 1")).wait_for()
    page.mouse.click(*middle)
    page.get_by_role("button", name="Add 1 row").wait_for()

    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 40, middle[1] + 20, steps=4)
    page.mouse.up()
    page.mouse.wheel(0, 300)
    sky.get_by_label("Projection").select_option("hammer")
    with page.expect_download() as download:
        sky.get_by_role("button", name="Save as PNG").click()
    assert download.value.suggested_filename == "sky.png"


def test_the_sky_is_read_by_keyboard_and_comes_back_after_a_reload(page: Any, lab: Lab) -> None:
    sky = open_sky(page)
    area = sky.get_by_role("application")
    area.focus()
    page.keyboard.press("n")
    sky.get_by_role("status").get_by_text(re.compile(r"^Row \d")).wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add 1 row").wait_for()
    for key in ("+", "ArrowLeft", "ArrowUp", "-", "0"):
        page.keyboard.press(key)
    with page.expect_response(re.compile("/api/workspaces")):
        sky.get_by_label("Projection").select_option("mollweide")

    page.goto(f"{lab.url}/lab?token={lab.token}")
    sky = page.locator(".esap-SkyDocument")
    sky.get_by_role("status").get_by_text("3 footprints").wait_for(timeout=60_000)
    assert sky.get_by_label("Projection").input_value() == "mollweide"


@pytest.mark.parametrize("theme", THEMES)
def test_plots_are_accessible_in_each_theme(page: Any, theme: str) -> None:
    choose_theme(page, theme)
    page.add_script_tag(path=AXE)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    open_sources(page)
    page.get_by_role("button", name="Plot two columns").click()
    page.get_by_text("261 rows drawn").wait_for()
    select_rows(page, 2, 6)
    page.get_by_role("button", name="Add 5 rows").wait_for()
    page.screenshot(path=SCREENSHOTS / f"plot-{shade(theme)}.png")
    assert not findings(page, ".esap-TableDocument")

    page.get_by_role("button", name="Show on the sky").click()
    page.locator(".esap-SkyDocument").get_by_role("status").get_by_text("261 rows").wait_for()
    page.screenshot(path=SCREENSHOTS / f"sky-{shade(theme)}.png")
    assert not findings(page, ".esap-SkyDocument")
