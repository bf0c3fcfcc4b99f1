"""Many jobs, files and items in the side bar."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from esap_jupyter.models import Item, Job, Phase, Progress, Provenance
from esap_jupyter.storage.state import State
from esap_jupyter.storage.state_basket import BasketRows
from esap_jupyter.storage.state_jobs import Failure, JobRows
from tests.browser.conftest import Lab, SlowFiles, open_side_bar
from tests.browser.person import tab

FILES = 1_000


def test_a_staging_of_many_files_shows_those_it_has_room_for(page: Any, lab: Lab) -> None:
    keep_staging(lab, FILES)
    tab(page, "Jobs").click()
    panel = page.locator("#esap-tabpanel")

    panel.get_by_text(f"{FILES} files", exact=True).click()
    panel.get_by_text("and 799 more").wait_for()
    panel.get_by_role("button", name="file-0.fits").wait_for()
    panel.get_by_text("The disk is full.").wait_for()
    panel.get_by_role("button", name="Insert code that uses the result").click()
    page.locator(".jp-Notebook .jp-CodeCell").get_by_text("files = [").wait_for()
    page.get_by_text("| Idle").wait_for()  # a server that stops while a kernel starts may hang


def test_a_large_basket_is_shown_a_page_at_a_time(page: Any, lab: Lab) -> None:
    fill_basket(lab, 450)
    page.reload()
    open_side_bar(page)
    tab(page, "Basket").click()
    panel = page.locator("#esap-tabpanel")
    cards = panel.locator(".esap-Card")

    panel.get_by_text("450 items").wait_for()
    panel.get_by_text("250 more items").wait_for()
    assert cards.count() == 200
    panel.get_by_role("button", name="Show more").click()
    panel.get_by_text("50 more items").wait_for()
    assert cards.count() == 400


def test_what_would_lose_much_is_asked_first(page: Any, lab: Lab) -> None:
    fill_basket(lab, 2)
    keep_staging(lab, 2)
    keep_staging(lab, 3)
    page.reload()
    open_side_bar(page)
    tab(page, "Basket").click()
    panel = page.locator("#esap-tabpanel")
    dialog = page.locator(".jp-Dialog")

    panel.get_by_role("button", name="Empty the basket").click()
    dialog.get_by_role("button", name="Cancel").click()
    panel.get_by_text("2 items").wait_for()
    panel.get_by_role("button", name="Empty the basket").click()
    dialog.get_by_role("button", name="Empty").click()
    panel.get_by_text("The basket is empty.").wait_for()

    tab(page, "Jobs").click()
    panel.get_by_role("button", name="Forget jobs").click()
    dialog.get_by_role("button", name="Cancel").click()
    panel.get_by_text("0 running, 2 ended").wait_for()
    panel.get_by_role("button", name="Forget jobs").click()
    dialog.get_by_role("button", name="Forget").click()
    panel.get_by_text("There are no jobs.").wait_for()


def test_a_staging_that_is_complete_is_done_again(page: Any, lab: Lab, slow_files: SlowFiles) -> None:
    lab.ask("POST", "/basket/files", service="slow", url=f"{slow_files.url}/again.bin", title="again.bin")
    page.reload()
    open_side_bar(page)
    tab(page, "Basket").click()
    page.get_by_role("button", name="Stage all").click()
    panel = page.locator("#esap-tabpanel")
    panel.get_by_text("completed").wait_for()
    (lab.workspace / lab.ask("GET", "/jobs")["jobs"][0]["results"]["files"][0]["path"]).unlink()

    panel.get_by_role("button", name="Do again.bin again").click()
    panel.get_by_text("completed").nth(1).wait_for()
    job, earlier = lab.ask("GET", "/jobs")["jobs"]
    assert job["id"] != earlier["id"]
    assert (lab.workspace / job["results"]["files"][0]["path"]).is_file()


def fill_basket(lab: Lab, count: int) -> None:
    """Items as another process of the person puts them in."""
    basket = BasketRows(State(lab.config.parent / "state" / "state.sqlite"))
    now = datetime.now(UTC)
    basket.add(
        Item(
            service="slow",
            kind="url",
            locator=f"https://archive.test/{number}.fits",
            provenance=Provenance(service="slow", identifier=f"{number}", retrieved_at=now),
        )
        for number in range(count)
    )


def keep_staging(lab: Lab, count: int) -> None:
    """A staging that has ended, as another process of the person leaves it."""
    rows = JobRows(State(lab.config.parent / "state" / "state.sqlite"))
    now = time.time()
    job = Job(
        id=f"many{count}",
        kind="staging",
        title="Many files",
        phase=Phase.EXECUTING,
        owner="a notebook",
        created_at=datetime.fromtimestamp(now, UTC),
    )
    rows.insert(job, lease_until=now + 30)
    paths = [lab.workspace / f"file-{number}.fits" for number in range(count - 1)]
    rows.end(
        job.id,
        owner=job.owner,
        phase=Phase.ERROR,
        now=now,
        results={
            "files": [{"item": "i", "path": str(path), "bytes": 1, "verified": "md5"} for path in paths],
            "failed": [
                {"item": "i", "path": "last", "code": "no-room", "message": "The disk is full.", "hint": ""}
            ],
        },
        progress=Progress(files_done=count - 1, files_total=count),
        failure=Failure(),
    )
