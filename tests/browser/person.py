"""What a person does in the panels, for all browser tests."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.browser.conftest import ROOT

AXE = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
ROW = 24
THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
"""Those that JupyterLab brings."""


def tab(page: Any, name: str) -> Any:
    """A tab of the side bar; its name may be followed by a count."""
    return page.locator(".esap-Tabs").get_by_role("tab", name=re.compile(f"^{name}"))


def search(page: Any, product: str, target: str, radius: str = "30") -> None:
    page.select_option("#esap-product", product)
    page.fill("#esap-target", target)
    page.fill("#esap-radius", radius)
    page.get_by_role("button", name="Search", exact=True).click()


def select_rows(page: Any, first: int, last: int) -> None:
    """Click a row of the grid, and another with Shift."""
    box = grid_box(page)
    header = 2 * ROW
    page.mouse.click(box["x"] + 200, box["y"] + header + (first + 0.5) * ROW)
    page.keyboard.down("Shift")
    page.mouse.click(box["x"] + 200, box["y"] + header + (last + 0.5) * ROW)
    page.keyboard.up("Shift")


def grid_box(page: Any) -> Any:
    """Where the grid of the table in front is."""
    return page.locator(".esap-TableDocument:visible .esap-Grid").bounding_box()


GRID = """() => {
  const widgets = [...window.jupyterapp.shell.widgets('main')];
  const document = widgets.find(each => each.isVisible && each.content?.rows);
  return document?.content._grid;
}"""


def ask_grid(page: Any, expression: str, argument: Any = None) -> Any:
    """Evaluate a JavaScript expression of `grid`, the grid in front, and `given`."""
    return page.evaluate(f"given => {{ const grid = ({GRID})(); return {expression}; }}", argument)


def rows_in_sight(page: Any, near: int | None = None) -> dict[int, list[str]]:
    """Wait until every cell in sight, among them those of a row, is filled; its texts by row."""
    shown = f"""near => {{
      const grid = ({GRID})();
      const {{ dataModel }} = grid ?? {{}};
      const all = dataModel?.rowCount('body') ?? 0;
      const first = Math.ceil(grid?.scrollY / {ROW});
      const count = Math.min(Math.ceil(grid?.pageHeight / {ROW}), all - first);
      if (!all || !(count > 0) || (near !== null && (near < first || near >= first + count))) {{
        return null;
      }}
      const columns = Array.from({{ length: dataModel.columnCount('body') }}, (_, column) => column);
      const rows = Array.from({{ length: count }}, (_, index) => [
        first + index, columns.map(column => dataModel.data('body', first + index, column))
      ]);
      return rows.some(([, texts]) => texts.includes('…')) ? null : rows;
    }}"""
    return dict(page.wait_for_function(shown, arg=near).json_value())


def open_file(page: Any, path: str) -> None:
    """Open a file as a table, as the palette does."""
    command = "path => window.jupyterapp.commands.execute('esap:open-file-as-table', { path })"
    page.evaluate(command, path)


def choose_theme(page: Any, theme: str) -> None:
    page.get_by_role("menuitem", name="Settings").click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Theme$")).hover()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{theme}$")).click()
    page.wait_for_selector(f'body[data-jp-theme-name="{theme}"]', state="attached")


def shade(theme: str) -> str:
    """What a theme is called in the names of pictures: light, dark, dark-high-contrast."""
    return theme.removeprefix("JupyterLab ").lower().replace(" ", "-")


def findings(page: Any, selector: str) -> str:
    """What axe finds to be serious or worse in a part of the page, for people to read."""
    found = page.evaluate("selector => axe.run(selector)", selector)
    serious = [
        (
            violation["id"],
            [node["html"][:200] for node in violation["nodes"]],
            violation["nodes"][0]["failureSummary"],
        )
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    return json.dumps(serious, indent=1) if serious else ""
