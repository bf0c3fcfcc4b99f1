"""The data lake as a person uses it: looking, uploading, rules, replicas, by mouse and by keyboard."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from tests.browser.conftest import SCREENSHOTS, Lab
from tests.browser.person import AXE, choose_theme, findings, tab


@pytest.fixture
def lake(page: Any) -> Any:
    """The panel of the data lake."""
    tab(page, "Data lake").click()
    page.get_by_role("treeitem", name="demo", exact=True).wait_for()
    return page.locator("#esap-tabpanel")


def find(lake: Any, pattern: str) -> None:
    lake.get_by_label("DIDs to look for").fill(pattern)
    lake.get_by_role("button", name="Find", exact=True).click()


def no_serious_finding(page: Any, where: str) -> None:
    page.add_script_tag(path=AXE)
    assert not findings(page, where)


def screenshots(page: Any, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for theme in ("Dark", "Light"):
        choose_theme(page, f"JupyterLab {theme}")
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        page.screenshot(path=SCREENSHOTS / f"{name}-{theme.lower()}.png")


def test_search_by_kind_and_metadata_shows_all_about_a_did(page: Any, lake: Any) -> None:
    lake.get_by_label("Kind of DID").select_option("file")
    lake.get_by_role("button", name="Metadata", exact=True).click()
    lake.get_by_label("Metadata key").fill("project")
    lake.get_by_label("Value").fill("M51")
    find(lake, "demo:*")
    lake.get_by_role("status").get_by_text(re.compile(r"\d+ found")).wait_for()
    files = lake.get_by_role("treeitem", level=2)
    assert files.count() > 1
    files.first.click()
    about = lake.get_by_role("region", name=re.compile("^About demo:"))
    about.get_by_role("heading", name="Replicas").wait_for()
    about.get_by_text("DEMO-ARCHIVE").first.wait_for()
    about.get_by_text(re.compile("adler32 [0-9a-f]{8}")).first.wait_for()
    about.get_by_text("Metadata").click()
    about.get_by_text("datatype").wait_for()
    no_serious_finding(page, "#esap-tabpanel")
    screenshots(page, "data-lake-search")


def test_a_rule_is_made_and_deleted(page: Any, lab: Lab, lake: Any) -> None:
    # A file of its own: the demo's Rucio is kept between runs, and its rules with it.
    name = f"ruled-{uuid.uuid4().hex[:8]}.txt"
    (lab.workspace / name).write_text(name)
    job = lab.ask("POST", "/uploads", service="demo-lake", files=[name], rse="DEMO-SITE")
    while lab.ask("GET", f"/jobs/{job['id']}")["phase"] == "EXECUTING":
        page.wait_for_timeout(200)
    find(lake, f"user.demo:{name}")
    lake.get_by_role("treeitem", level=2).first.click()
    about = lake.get_by_role("region", name=f"About user.demo:{name}")
    about.get_by_role("button", name="Add a rule").click()
    assert about.get_by_label("RSE expression").input_value() == "DEMO-SITE"
    about.get_by_label("RSE expression").fill("DEMO-SITE|DEMO-ARCHIVE")
    about.get_by_label("Days").fill("1")
    about.get_by_role("button", name="Make the rule").click()
    delete = about.get_by_role("button", name="Delete the rule on DEMO-SITE|DEMO-ARCHIVE")
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    about.get_by_text(re.compile("until")).wait_for()
    # What Rucio refuses is said in place.
    about.get_by_role("button", name="Add a rule").click()
    about.get_by_label("RSE expression").fill("NO-SUCH-RSE")
    about.get_by_role("button", name="Make the rule").click()
    about.get_by_role("alert").get_by_text(re.compile("RSE expression", re.IGNORECASE)).first.wait_for()
    no_serious_finding(page, "#esap-tabpanel")
    screenshots(page, "data-lake-rules")


def test_usage_and_quota(lake: Any) -> None:
    lake.get_by_text("Usage and quota").click()
    lake.get_by_text(re.compile(r"of 1\.00 GB")).wait_for()


def test_the_tree_by_keyboard(page: Any, lake: Any) -> None:
    lake.get_by_role("treeitem").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    lake.get_by_role("treeitem", level=3).first.wait_for()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    lake.get_by_role("region", name=re.compile("^About demo:")).wait_for()
    page.wait_for_function("document.activeElement.getAttribute('role') === 'treeitem'")


def test_files_are_uploaded_from_the_file_browser(page: Any, lab: Lab) -> None:
    names = [f"up-{uuid.uuid4().hex[:8]}.txt" for _ in range(2)]
    lab.workspace.mkdir(exist_ok=True)
    for name in names:
        (lab.workspace / name).write_text(name)
    # The menu offers what the services offer.
    page.locator(".esap-Services-list label").first.wait_for()
    page.locator('[data-id="filebrowser"]').click()
    listing = page.locator(".jp-DirListing")
    page.get_by_role("button", name=re.compile("^Refresh")).first.click()
    first = listing.get_by_text(names[0])
    first.click()
    listing.get_by_text(names[1]).click(modifiers=["Control"])
    listing.get_by_text(names[1]).click(button="right")
    page.get_by_role("menuitem", name="Upload to the Data Lake …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("RSE").locator("option", has_text="DEMO-SITE").wait_for(state="attached")
    assert dialog.get_by_label("Scope").input_value() == "user.demo"
    dialog.get_by_label(re.compile("^Dataset")).fill(f"set-{uuid.uuid4().hex[:8]}")
    dialog.get_by_label(re.compile("^Keep for days")).fill("2")
    no_serious_finding(page, ".jp-Dialog-content")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "data-lake-upload-light.png")
    dialog.get_by_role("button", name="Upload").click()
    panel = page.locator("#esap-tabpanel")
    panel.get_by_text("completed").wait_for()
    [job] = lab.ask("GET", "/jobs")["jobs"]
    assert job["kind"] == "upload"
    assert {file["did"] for file in job["results"]["files"]} == {f"user.demo:{name}" for name in names}
    no_serious_finding(page, "#esap-tabpanel")


def test_the_basket_is_replicated_to_the_site(page: Any, lab: Lab, lake: Any) -> None:
    find(lake, "demo:M13")
    lake.get_by_role("treeitem", level=2).first.click()
    lake.get_by_role("button", name="Add to basket").click()
    panel = page.locator("#esap-tabpanel")
    panel.get_by_label("How to stage").locator("option", has_text="DEMO-SITE").wait_for(state="attached")
    panel.get_by_label("How to stage").select_option(label="Replicate to DEMO-SITE")
    screenshots(page, "data-lake-basket")
    panel.get_by_role("button", name="Stage all").click()
    panel.get_by_text("completed").wait_for(timeout=60_000)
    [job] = lab.ask("GET", "/jobs")["jobs"]
    assert job["kind"] == "replication"
    assert [rule["state"] for rule in job["results"]["rules"]] == ["OK"]
    assert job["results"]["files"]
