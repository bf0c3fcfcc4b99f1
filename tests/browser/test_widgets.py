"""The widgets with a real kernel, in JupyterLab, in Notebook 7 and in Voila, which one server serves here."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pyarrow as pa
import pytest

from esap_jupyter.config import load_config
from esap_jupyter.models import ServiceReport
from esap_jupyter.storage.tables import TableStore
from tests.browser.conftest import SCREENSHOTS, WAIT, Lab
from tests.browser.person import AXE, findings

ROWS = 1_000_000
ROW = 24
HEADER = 2 * ROW
NUMBERS = 64

FURTHER = {"lab/tree": "&reset", "voila/render": "&theme=dark"}


@pytest.fixture(scope="session")
def million(lab: Lab) -> tuple[str, int]:
    """A table of a million rows, and which of them is the brightest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESAP_CONFIG", str(lab.config))
        storage = load_config().storage
    magnitudes = np.random.default_rng(seed=1).normal(15, 2, ROWS)
    writer = TableStore(storage.cache_path() / "tables", storage.cache_limit).create(None, "A million")
    rows = pa.table({"id": np.arange(ROWS), "mag": magnitudes})
    for batch in rows.to_batches(max_chunksize=250_000):
        writer.append("demo-archive", batch)
    writer.report(ServiceReport(service="demo-archive", state="complete", rows=ROWS))
    writer.finish()
    return writer.table.id, int(magnitudes.argmin())


@pytest.fixture
def opened(browser: Any, lab: Lab) -> Iterator[Any]:
    """Opens a new notebook with some cells; errors of the widgets fail the test."""
    lab.ask("DELETE", "/basket")
    with contextlib.ExitStack() as stack:
        faults: list[str] = []

        def open_notebook(where: str, name: str, *cells: str) -> Any:
            write_notebook(lab, name, cells)
            if where != "voila/render":
                start_kernel(lab, name)
            window = browser.new_context(viewport={"width": 1200, "height": 1000})
            stack.callback(window.close)
            page = window.new_page()
            page.on("pageerror", lambda error: faults.append(f"{error} {error.stack}"))
            page.set_default_timeout(WAIT)
            page.goto(f"{lab.url}/{where}/{name}.ipynb?token={lab.token}{FURTHER.get(where, '')}")
            if where != "voila/render":
                run_all(page, len(cells))
            return page

        yield open_notebook
    # Notebook 7 has faults of its own.
    assert not [fault for fault in faults if "esap-jupyter" in fault or "blob:" in fault]


def write_notebook(lab: Lab, name: str, cells: tuple[str, ...]) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.workspace / f"{name}.ipynb")


def start_kernel(lab: Lab, name: str) -> None:
    """Start the notebook's kernel, so that a page that opens it finds it there."""
    path = f"{name}.ipynb"
    end_sessions(lab)
    lab.ask_jupyter("POST", "/sessions", path=path, name=path, type="notebook", kernel={"name": "python3"})


def end_sessions(lab: Lab) -> None:
    for session in lab.ask_jupyter("GET", "/sessions"):
        lab.ask_jupyter("DELETE", f"/sessions/{session['id']}")


KERNEL_IS_THERE = """() => {
  const [context] = [...window.jupyterapp.shell.widgets('main')].flatMap(shown => shown.sessionContext ?? []);
  return context?.isReady && context.kernelDisplayStatus === 'idle';
}"""


def run_all(page: Any, count: int) -> None:
    """Run the first cells, once the kernel is there: before that a notebook asks for one, in a dialog."""
    # What the page shows of the kernel is "idle", too, before it knows of any.
    page.wait_for_function(f"window.jupyterapp && ({KERNEL_IS_THERE})()")
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    for place in range(count):
        cell = cells.nth(place)
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        cell.locator(".jp-InputPrompt", has_text=re.compile(r"\[(\*|\d+)\]")).wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("b")


def run(page: Any, code: str) -> Any:
    """Run code in the empty cell at the end; returns that cell's output."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").last
    cell.locator(".cm-content").click()
    page.keyboard.insert_text(code)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    place = cells.count() - 1
    page.keyboard.press("Shift+Enter")
    return cells.nth(place).locator(".jp-OutputArea-output")


def click_row(page: Any, row: int, display: int = 0) -> None:
    grid = page.locator(".esap-GridWidget:visible").nth(display)
    # Until the rows are there, words stand in their place.
    grid.locator(".esap-GridPreview").wait_for(state="hidden")
    grid.click(position={"x": NUMBERS + 20, "y": HEADER + (row + 0.5) * ROW})


SEARCH = """import esap_jupyter as esap
panel = esap.SearchPanel(product="sources", services=["demo-archive", "broken", "slow"])
panel"""


@pytest.mark.parametrize("where", ["lab/tree", "notebooks"])
def test_a_search_runs_while_cells_do(opened: Any, where: str) -> None:
    page = opened(where, "search", SEARCH, "panel")
    targets = page.locator(".esap-Panel").get_by_label("Target", exact=True)
    targets.nth(1).wait_for()
    targets.first.fill("M 42")
    targets.first.press("Enter")

    # One service fails, one is slow, one has sent its rows; and the kernel does other things.
    page.get_by_text("127.0.0.1:9 cannot be reached.").first.wait_for()
    assert run(page, "print(panel.running, 6 * 7)").inner_text().strip() == "True 42"
    page.locator(".esap-Panel").get_by_role("button", name="Cancel").first.click()
    page.get_by_role("cell", name="cancelled", exact=True).first.wait_for()
    page.get_by_text(re.compile("^261 rows from demo-archive")).first.wait_for()

    # What is done in one display is seen in the other, and in code.
    assert targets.nth(1).input_value() == "M 42"
    page.locator(".esap-GridWidget:visible canvas").first.scroll_into_view_if_needed()
    click_row(page, 2)
    page.get_by_text(re.compile("^1 selected; 261 rows")).nth(1).wait_for()
    said = page.locator(".esap-GridWidget:visible").first.get_by_role("status")
    said.get_by_text(re.compile(", row 3, selected$")).wait_for(state="attached")
    assert run(page, "print(panel.selected, panel.running)").inner_text().strip() == "(2,) False"


MILLION = """import esap_jupyter as esap
import ipywidgets
view = esap.TableView(esap.table({table!r}), height=600)
said = ipywidgets.Label()
view.observe(lambda change: setattr(said, "value", f"code has {{change.new}}"), "selected")
ipywidgets.VBox([said, view])"""


def test_a_million_rows_are_scrolled_and_sorted(opened: Any, million: tuple[str, int]) -> None:
    table, brightest = million
    page = opened("lab/tree", "million", MILLION.format(table=table), "1", "2", "3", "4")
    page.get_by_text("1,000,000 rows from demo-archive").first.wait_for()
    grid = page.locator(".esap-GridWidget:visible").first
    grid.locator("canvas").first.wait_for()
    click_row(page, 0)
    page.get_by_text("code has (0,)", exact=True).wait_for()

    # The wheel scrolls the grid, not the notebook around it.
    thumb = grid.locator(".lm-ScrollBar[data-orientation=vertical] .lm-ScrollBar-thumb")
    top, place = thumb.evaluate("thumb => thumb.style.top"), grid.bounding_box()
    page.mouse.wheel(0, 10 * ROW)
    page.wait_for_function("([thumb, top]) => thumb.style.top !== top", arg=[thumb.element_handle(), top])
    assert grid.bounding_box() == place
    click_row(page, 3)
    page.get_by_text("code has (13,)", exact=True).wait_for()

    page.keyboard.press("Control+ArrowDown")
    page.get_by_text(f"code has ({ROWS - 1},)", exact=True).wait_for()

    page.get_by_label("Sort by").select_option("mag")
    page.get_by_text("code has ()", exact=True).wait_for()
    # What was in sight stays so; the first row is far above.
    click_row(page, 0)
    page.keyboard.press("Control+ArrowUp")
    page.get_by_text(f"code has ({brightest},)", exact=True).wait_for()


def test_the_basket_is_staged_and_a_saved_notebook_tells_what_came(opened: Any, lab: Lab) -> None:
    page = opened(
        "notebooks",
        "basket",
        "import esap_jupyter as esap\ntable = esap.search('M 51', product='images')",
        "esap.basket.add(esap.items(table, [0, 1]))",
        "esap.BasketPanel()",
    )
    page.get_by_role("button", name="Stage all").click()
    staged = page.get_by_role("cell", name=re.compile(r"\.fits$"))
    staged.nth(1).wait_for()
    assert page.locator(".esap-LastState:visible").count() == 0
    names = {Path(text.strip()).name for text in staged.all_inner_texts()}
    assert len(names) == 2
    assert names <= {path.name for path in (lab.workspace / "esap-data").rglob("*.fits")}

    # The notebook as others get it, who have no kernel that knows the panel.
    state = page.locator(".esap-LastState", has_text="M51_V.fits")
    state.wait_for(state="attached")
    page.keyboard.press("Control+s")
    end_sessions(lab)
    page.reload()
    state.wait_for()


def test_voila_serves_the_panels(opened: Any, million: tuple[str, int]) -> None:
    page = opened("voila/render", "dashboard", SEARCH, f"esap.TableView(esap.table({million[0]!r}))")
    page.get_by_text("1,000,000 rows from demo-archive").first.wait_for()
    page.locator(".esap-GridWidget:visible canvas").first.wait_for()
    page.get_by_label("Target", exact=True).fill("M 42")
    page.get_by_label("slow").uncheck()
    page.get_by_role("button", name="Search").click()
    page.get_by_text(re.compile("^261 rows from demo-archive")).first.wait_for()
    page.get_by_text("127.0.0.1:9 cannot be reached.").first.wait_for()


PANELS = """import esap_jupyter as esap
import ipywidgets
view = esap.TableView(esap.table({table!r}), conditions=[("mag", "<", 8)], height=200)
kinds = (esap.SearchPanel, esap.AdqlPanel, esap.DataLakePanel, esap.BasketPanel, esap.JobsPanel)
panels = [kind() for kind in (*kinds, esap.SignInPanel)]
panels[0].targets = ["M 51", "M 42"]
ipywidgets.VBox([*panels, view])"""


@pytest.mark.parametrize("where", ["lab/tree", "voila/render"])
def test_axe_finds_nothing_serious(opened: Any, million: tuple[str, int], where: str) -> None:
    page = opened(where, "panels", PANELS.format(table=million[0]))
    page.get_by_text(re.compile("of 1,000,000 rows from demo-archive")).first.wait_for()
    page.locator(".esap-GridWidget:visible canvas").first.wait_for()
    page.get_by_text(re.compile(r"^Services: \d+ of \d+")).first.wait_for()
    panels = page.locator(".esap-Panel")
    panels.get_by_role("button", name="Find more services").focus()
    page.keyboard.press("Space")
    panels.get_by_label("Words").wait_for()
    for name in ("Several targets: 2 targets", "Further fields", "Tables, columns and examples", "Where to"):
        panels.get_by_role("button", name=name).click()
    for fold in panels.get_by_role("button", name="Saved queries").all():
        fold.click()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.locator(".esap-Panel").first.screenshot(path=SCREENSHOTS / f"widgets-{where.partition('/')[0]}.png")
    page.add_script_tag(path=AXE)
    assert not findings(page, ".esap-Panel")


LAKE = """import esap_jupyter as esap
panel = esap.DataLakePanel()
panel"""


@pytest.mark.parametrize(("where", "theme"), [("lab/tree", "light"), ("notebooks", "dark")])
def test_a_file_is_uploaded_and_kept_by_a_rule(opened: Any, lab: Lab, where: str, theme: str) -> None:
    # A file of its own: the demo's Rucio is kept between runs, and its rules with it.
    name = f"own-{uuid.uuid4().hex[:8]}.txt"
    (lab.workspace / name).write_text(name)
    page = opened(where, f"lake-{theme}", LAKE)
    if theme == "dark":
        page.evaluate("jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    panel = page.locator(".esap-Panel")
    panel.get_by_role("button", name="Upload files").click()
    panel.get_by_label("File", exact=True).fill(name)
    panel.get_by_label("RSE", exact=True).fill("DEMO-SITE")
    panel.get_by_role("button", name=re.compile("Upload$")).click()
    panel.get_by_role("cell", name=f"user.demo:{name}").wait_for()

    panel.get_by_label("DIDs").fill(f"user.demo:{name}")
    panel.get_by_label("DIDs").press("Enter")
    panel.get_by_role("listbox").select_option(f"user.demo:{name} · file · {len(name)} bytes")
    panel.get_by_text("Metadata", exact=True).last.click()
    panel.get_by_role("button", name="New rule").click()
    panel.get_by_label("RSE expression").fill("DEMO-SITE|DEMO-ARCHIVE")
    panel.get_by_label("Days").fill("1")
    panel.get_by_role("button", name="Make the rule").click()
    panel.get_by_role("cell", name="DEMO-SITE|DEMO-ARCHIVE").wait_for()
    panel.get_by_role("button", name="Delete a rule").click()
    own = panel.get_by_label("Rule of mine")
    own.select_option(own.locator("option", has_text="DEMO-ARCHIVE").inner_text())
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    panel.screenshot(path=SCREENSHOTS / f"lake-widget-{theme}.png")
    page.add_script_tag(path=AXE)
    assert not findings(page, ".esap-Panel")
    panel.get_by_role("button", name="Delete the rule").click()
    page.get_by_text("The rule is deleted").wait_for()


ADQL = """import esap_jupyter as esap
panel = esap.AdqlPanel(service="demo-archive")
panel"""


@pytest.mark.parametrize(
    ("where", "theme"), [("lab/tree", "light"), ("lab/tree", "dark"), ("voila/render", "dark")]
)
def test_a_query_is_completed_and_sent_by_a_key(opened: Any, where: str, theme: str) -> None:
    page = opened(where, f"adql-{theme}", ADQL)
    if (where, theme) == ("lab/tree", "dark"):
        page.evaluate("jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
        page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    editor = page.locator(".esap-AdqlWidget").get_by_role("textbox", name="ADQL")
    editor.click()
    page.keyboard.type("SELECT TOP 7 * FROM demo.sou")
    option = page.locator(".cm-tooltip-autocomplete").get_by_role("option", name="demo.sources")
    option.wait_for()
    take(page)
    page.keyboard.type(" WHERE paral")
    page.get_by_role("option", name=re.compile("^parallaxmas")).wait_for()
    _picture(page, f"adql-widget-{where.partition('/')[0]}-{theme}")
    take(page)
    page.keyboard.type(" > foo")
    page.keyboard.press("Shift+Enter")
    page.locator(".esap-AdqlWidget .cm-lintRange-error").wait_for()
    _picture(page, f"adql-widget-fault-{where.partition('/')[0]}-{theme}")

    for _ in "foo":
        page.keyboard.press("Backspace")
    page.keyboard.type("2")
    page.keyboard.press("Control+Enter")
    page.get_by_text(re.compile("^7 rows from demo-archive")).first.wait_for()
    assert page.locator(".esap-AdqlWidget .cm-lintRange-error").count() == 0
    assert editor.inner_text().strip() == "SELECT TOP 7 * FROM demo.sources WHERE parallax > 2"
    if where == "lab/tree":
        said = run(page, "print(panel.adql.endswith('parallax > 2'), len(panel.table))")
        assert said.inner_text().strip() == "True 7"
        run(page, "panel.adql = 'SELECT 1'")
        page.locator(".esap-AdqlWidget").get_by_text("SELECT 1", exact=True).wait_for()
        # What a kernel that was busy tells of the text before does not undo what was typed meanwhile.
        run(page, "import time; time.sleep(2); panel._tell_all_again(); print('told')")
        editor.click()
        page.keyboard.press("Control+End")
        page.keyboard.type(", 22")
        page.get_by_text("told", exact=True).wait_for()
        assert run(page, "print(panel.adql)").inner_text().strip() == "SELECT 1, 22"
        assert editor.inner_text().strip() == "SELECT 1, 22"


def test_tables_are_found_by_a_part_of_their_name(opened: Any) -> None:
    page = opened("voila/render", "adql-tables", ADQL)
    page.get_by_role("button", name="Tables, columns and examples").click()
    page.get_by_role("button", name="Look which tables there are").click()
    tables = page.get_by_role("listbox", name="Tables", exact=True)
    tables.get_by_role("option", name="demo.sources").wait_for()
    page.get_by_label("Tables with").fill("MESS")
    page.get_by_text(re.compile(r"^1 of \d+ tables")).wait_for()
    tables.select_option("demo.messier")
    page.get_by_role("cell", name="common_name", exact=True).wait_for()
    _picture(page, "adql-widget-tables")


def take(page: Any) -> None:
    """Take the first of the list, a moment after it appeared: before that Enter is a new line still."""
    page.wait_for_timeout(200)
    page.keyboard.press("Enter")


def _picture(page: Any, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")
