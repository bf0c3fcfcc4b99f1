"""The pictures of the manual, taken from the demo: ``python -m tests.browser.pictures [NAME ...]``.

Each is a function that brings the page to what is to be seen and returns the part of the page to keep.
They land in ``docs/pictures`` as ``name-light.png`` and ``name-dark.png``.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from esap_jupyter.models import KnownToken, SignInState
from tests.browser.conftest import CHROMIUM_FLAGS, ROOT, SCREENSHOTS, Lab, demo_lab, open_side_bar
from tests.browser.person import choose_theme, rows_in_sight, search, select_rows, tab

PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 150_000
FILES = ("M51_R.fits", "M31_star1_spectrum.fits", "M31_Cepheid_lightcurve.fits")

PANEL = "#jp-left-stack"
DOCUMENT = "#jp-main-dock-panel"
WINDOW = "#main"

_CLOSE_LAUNCHER = """() => {
  const documents = [...window.jupyterapp.shell.widgets('main')];
  if (documents.length > 1) {
    documents.find(each => each.title.label === 'Launcher').close();
  }
}"""

Steps = Callable[[Any], str]

# When something was, and how long it took, is another number each time.
_SAME_EVERY_TIME = r"""() => {
  const texts = document.createTreeWalker(document.querySelector('.esap-SideBar'), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    text.nodeValue = text.nodeValue
      .replace(/\b[\d.]+ m?s$/, '0.2 s')
      .replace(/\b\d\d:\d\d\b/, '10:15');
  }
}"""


@dataclass(frozen=True)
class Picture:
    """What to do with the page, and how large its window is, in CSS pixels."""

    steps: Steps
    width: int
    height: int


_pictures: dict[str, Picture] = {}


def picture(*, width: int = 1280, height: int = 640) -> Callable[[Steps], Steps]:
    """Make a picture of the function's name; the function returns the selector of what it shows."""

    def remember(steps: Steps) -> Steps:
        _pictures[steps.__name__.replace("_", "-")] = Picture(steps, width, height)
        return steps

    return remember


@picture(height=760)
def panels(page: Any) -> str:
    """The whole window."""
    search(page, "sources", "M 13", "20")
    _table(page)
    page.get_by_role("button", name="About the columns").click()
    page.get_by_role("img", name=re.compile("^Histogram")).first.wait_for()
    return WINDOW


@picture(height=860)
def discover(page: Any) -> str:
    search(page, "images", "M 51")
    _table(page)
    return PANEL


@picture(height=360)
def basket(page: Any) -> str:
    _gather(page)
    return PANEL


@picture(height=310)
def jobs(page: Any) -> str:
    _gather(page)
    page.get_by_role("button", name="Stage all").click()
    panel = page.locator("#esap-tabpanel")
    panel.get_by_text("completed").wait_for(timeout=60_000)
    panel.get_by_text("2 files", exact=True).click()
    panel.get_by_role("button", name=re.compile(r"\.fits")).first.wait_for()
    return PANEL


@picture(height=780)
def datalake(page: Any) -> str:
    tab(page, "Data lake").click()
    page.get_by_role("treeitem", name=re.compile("^demo$")).click(timeout=90_000)
    page.get_by_role("treeitem", name="M51", exact=True).click()
    page.get_by_text("DEMO-ARCHIVE").wait_for()
    return PANEL


@picture(height=360)
def sign_in(page: Any) -> str:
    # The demo has nobody to sign in with: the answer is one of a site with a hub.
    page.route("**/esap/api/sign-in", lambda route: route.fulfill(json=_signed_in()))
    tab(page, "Sign in").click()
    page.locator("#esap-tabpanel").get_by_text("Alice Archer").wait_for()
    return PANEL


@picture(height=700)
def table(page: Any) -> str:
    search(page, "sources", "M 42", "6")
    _table(page)
    page.get_by_role("button", name="About the columns").click()
    page.get_by_role("button", name=re.compile("^phot_g_mean_mag")).click()
    page.get_by_role("img", name="Histogram of phot_g_mean_mag").wait_for()
    return DOCUMENT


@picture(height=600)
def plot(page: Any) -> str:
    search(page, "sources", "M 13", "20")
    _table(page)
    page.get_by_role("button", name="Plot two columns").click()
    region = page.get_by_role("region", name="Plot", exact=True)
    region.get_by_label("Across", exact=True).select_option("bp_rp")
    region.get_by_label("Up", exact=True).select_option("phot_g_mean_mag")
    region.get_by_text("rows drawn").wait_for()
    return DOCUMENT


@picture(height=600)
def sky(page: Any) -> str:
    search(page, "sources", "M 13", "20")
    _table(page)
    page.get_by_role("button", name="Show on the sky").click()
    page.locator(".esap-SkyDocument").get_by_role("status").get_by_text("rows").wait_for()
    return DOCUMENT


@picture(height=560)
def adql(page: Any) -> str:
    page.locator(".jp-LauncherCard", has_text="ADQL Query").click()
    editor = page.get_by_label("ADQL query").and_(page.locator(".cm-content"))
    page.locator(".esap-SchemaTable").get_by_text("demo.sources").wait_for()
    page.locator(".esap-SchemaTable", has_text="demo.sources").first.click()
    page.locator(".esap-SchemaTable").get_by_text("source_id").wait_for()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(
        "SELECT TOP 2000 phot_g_mean_mag, bp_rp, parallax\nFROM demo.sources\nWHERE parallax > 2\n"
        "ORDER BY phot_g"
    )
    page.keyboard.press("Control+Space")
    page.locator(".cm-completionInfo").wait_for()
    return DOCUMENT


@picture(width=1000, height=520)
def image(page: Any) -> str:
    _open(page, FILES[0])
    canvas = page.get_by_role("application", name=f"Image {FILES[0]}")
    canvas.wait_for(timeout=90_000)
    page.locator(".esap-Readout:visible").get_by_text("Reading").wait_for(state="hidden")
    page.get_by_label("Stretch").select_option("asinh")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 0.52 * box["width"], box["y"] + 0.3 * box["height"])
    page.get_by_role("status").get_by_text(re.compile(r"; at \d+, \d+$")).wait_for()
    return DOCUMENT


@picture(height=560)
def spectrum(page: Any) -> str:
    return _curve(page, FILES[1])


@picture(height=560)
def light_curve(page: Any) -> str:
    return _curve(page, FILES[2])


def _signed_in() -> dict[str, Any]:
    state = SignInState(
        source="the hub",
        username="alice",
        name="Alice Archer",
        issuer="https://iam.example.org",
        groups=("/escape", "/escape/lofar"),
        tokens=(
            KnownToken(audience="", expires_at=datetime.now(UTC) + timedelta(minutes=59.9)),
            KnownToken(audience="rucio", expires_at=datetime.now(UTC) + timedelta(minutes=24.9)),
        ),
        sign_in_url="/hub/oauth_login",
    )
    return state.model_dump(mode="json")


def _table(page: Any) -> None:
    page.locator(".esap-TableFooter-bar").get_by_text(re.compile(r"\d rows")).wait_for()
    page.locator(".esap-Report", has_text="complete").first.wait_for()
    rows_in_sight(page)


def _gather(page: Any) -> None:
    search(page, "images", "M 51")
    _table(page)
    select_rows(page, 0, 1)
    page.get_by_role("button", name="Add 2 rows").click()
    tab(page, "Basket").click()
    page.locator("#esap-tabpanel").get_by_text("2 items").wait_for()


def _open(page: Any, name: str) -> None:
    page.evaluate("path => { window.jupyterapp.commands.execute('docmanager:open', { path }); }", name)


def _curve(page: Any, name: str) -> str:
    _open(page, name)
    page.locator(".esap-Chart:visible").get_by_text(re.compile("points")).first.wait_for(state="attached")
    return DOCUMENT


def _take(browser: Any, lab: Lab, name: str, theme: str) -> bytes:
    for job in lab.ask("GET", "/jobs")["jobs"]:
        lab.ask("DELETE", f"/jobs/{job['id']}")
    lab.ask("DELETE", "/basket")
    wanted = _pictures[name]
    context = browser.new_context(
        viewport={"width": wanted.width, "height": wanted.height},
        device_scale_factor=1.5,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    page = context.new_page()
    page.goto(f"{lab.url}/lab?token={lab.token}&reset")
    open_side_bar(page)
    choose_theme(page, theme)
    shown = page.locator(wanted.steps(page))
    page.evaluate(_CLOSE_LAUNCHER)
    page.locator(".Toastify__toast").first.wait_for(state="hidden")
    page.evaluate(_SAME_EVERY_TIME)
    data = shown.screenshot(animations="disabled", caret="hide")
    context.close()
    return _smaller(data)


def _smaller(data: bytes) -> bytes:
    """The same picture in few colours: a palette of as many as fit."""
    from PIL import Image

    whole = Image.open(BytesIO(data)).convert("RGB")
    small = b""
    for colours in (256, 128, 64, 32):
        kept = BytesIO()
        whole.quantize(colours, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
        small = kept.getvalue()
        if len(small) < MOST_BYTES:
            break
    return small


def take(names: list[str], themes: dict[str, str], directory: Path) -> None:
    """Take pictures in each theme, and keep them in a directory."""
    from playwright.sync_api import sync_playwright

    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as server, demo_lab(Path(server)) as lab, sync_playwright() as driver:
        for name in FILES:
            shutil.copy(next(lab.workspace.parent.rglob(f"files/{name}")), lab.workspace / name)
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        for name in names:
            for shade, theme in themes.items():
                kept = directory / f"{name}-{shade}.png"
                kept.write_bytes(_take(browser, lab, name, theme))
                print(f"{kept.relative_to(ROOT)}  {kept.stat().st_size / 1000:.0f} kB", flush=True)
        browser.close()


def main() -> None:
    """Take the named pictures, or all of them."""
    arguments = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=main.__doc__)
    arguments.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_pictures))
    arguments.add_argument(
        "--high-contrast", action="store_true", help="in that theme, to be looked at in build/screenshots"
    )
    given = arguments.parse_args()
    if unknown := set(given.names) - set(_pictures):
        arguments.error(f"unknown: {', '.join(unknown)}")
    names = given.names or list(_pictures)
    if given.high_contrast:
        take(names, {"high-contrast": "JupyterLab Dark High Contrast"}, SCREENSHOTS)
    else:
        take(names, {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}, PICTURES)


if __name__ == "__main__":
    main()
