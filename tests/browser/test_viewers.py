"""Images, spectra and light curves as a person opens them from the file browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from tests.browser.conftest import SCREENSHOTS, Lab
from tests.browser.person import AXE, THEMES, choose_theme, findings, shade

FILES = ("M51_R.fits", "M31_star1_spectrum.fits", "M31_Cepheid_lightcurve.fits")


@pytest.fixture(scope="module")
def files(lab: Lab) -> Iterator[Path]:
    """The demo's files, and others that are broken, in a directory of the file browser."""
    directory = lab.workspace / "viewed"
    directory.mkdir(exist_ok=True)
    for name in FILES:
        shutil.copy(next(lab.workspace.parent.rglob(f"files/{name}")), directory / name)
    (directory / "page.fits").write_text("<html>Not found</html>")
    whole = (directory / FILES[0]).read_bytes()
    (directory / "short.fits").write_bytes(whole[:50_000])
    cube = np.arange(3 * 40 * 50, dtype=np.float32).reshape(3, 40, 50)
    header = fits.Header({"CTYPE3": "FREQ", "CRPIX3": 1.0, "CRVAL3": 1.4e9, "CDELT3": 1e6, "CUNIT3": "Hz"})
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(cube, header), fits.ImageHDU(cube[0])]).writeto(
        directory / "cube.fits", overwrite=True
    )
    yield directory
    shutil.rmtree(directory)


def open_file(page: Any, name: str) -> None:
    """Double click a file in the file browser."""
    if not page.locator("#filebrowser").is_visible():
        page.locator('[data-id="filebrowser"]').click()
    page.locator(".jp-BreadCrumbs-home").first.click()
    page.locator(".jp-DirListing-item", has_text=re.compile("^viewed")).dblclick()
    page.locator(".jp-DirListing-item", has_text=re.compile(f"^{re.escape(name)}")).dblclick()


def canvas_of(page: Any, name: str) -> Any:
    """The picture of an image, when it is there."""
    canvas = page.get_by_role("application", name=f"Image {name}")
    # The first one makes the server import astropy.
    canvas.wait_for(timeout=90_000)
    page.locator(".esap-Readout:visible", has_text="\N{MULTIPLICATION SIGN}").wait_for()
    page.locator(".esap-Readout:visible").get_by_text("Reading").wait_for(state="hidden")
    return canvas


def part(page: Any, which: str) -> str:
    return page.locator(f".esap-Readout-{which}:visible").inner_text()


def numbers(text: str) -> list[float]:
    return [
        float(each)
        for each in re.findall(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", text.replace("\N{MINUS SIGN}", "-"))
    ]


def test_an_image_has_the_coordinates_that_astropy_has(page: Any, files: Path) -> None:
    open_file(page, "M51_R.fits")
    canvas = canvas_of(page, "M51_R.fits")
    with fits.open(files / "M51_R.fits") as hdus:
        data, wcs = np.array(hdus[0].data), WCS(hdus[0].header)
    box = canvas.bounding_box()
    pixel = np.hypot(*wcs.wcs.cdelt) / np.sqrt(2)

    def check(right: float, down: float) -> None:
        page.mouse.move(box["x"] + right * box["width"], box["y"] + down * box["height"])
        # Whatever is shown first is interpolated here.
        interpolated = SkyCoord(*numbers(part(page, "degrees")), unit="deg")
        # When the pointer rests the server says what is there.
        page.get_by_role("status").get_by_text(re.compile(r"; at \d+, \d+$")).wait_for()
        x, y = numbers(part(page, "pixel"))
        true = SkyCoord(*(float(each) for each in wcs.all_pix2world(x, y, 1)), unit="deg")
        for shown in (interpolated, SkyCoord(*numbers(part(page, "degrees")), unit="deg")):
            # The place in the image is shown to a hundredth of a pixel.
            assert shown.separation(true).deg < 0.02 * pixel
        # 13h29m52.70s +47 11 42.9, with signs of its own.
        hours, dec = part(page, "sky").split()
        written = SkyCoord(
            hours,
            ":".join(re.findall(r"[-+]?\d+(?:\.\d+)?", dec.replace("\N{MINUS SIGN}", "-"))),
            unit=("hourangle", "deg"),
        )
        assert written.separation(true).deg < 0.1 * pixel
        assert numbers(part(page, "value"))[0] == pytest.approx(data[round(y) - 1, round(x) - 1], rel=1e-4)
        assert part(page, "value").endswith("electron/s")

    check(0.507, 0.513)
    check(0.4, 0.2)
    canvas.focus()
    page.keyboard.press("1")
    page.keyboard.press("+")
    check(0.72, 0.83)


def test_an_image_is_read_by_keyboard(page: Any, files: Path) -> None:
    open_file(page, "M51_R.fits")
    canvas = canvas_of(page, "M51_R.fits")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    first = numbers(part(page, "pixel"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    second = numbers(part(page, "pixel"))
    assert second[0] > first[0]
    assert second[1] > first[1]
    page.get_by_role("status").get_by_text(re.compile(r"^13h.*; at \d+, \d+$")).wait_for()


def test_stretch_limits_header_and_code(page: Any, files: Path) -> None:
    open_file(page, "M51_R.fits")
    canvas = canvas_of(page, "M51_R.fits")
    page.get_by_label("Stretch").select_option("log")
    page.get_by_label("Colours").select_option("inferno")
    page.get_by_label("Limits").select_option("zscale")
    black = page.get_by_label("Black at")
    black.fill("-5")
    black.press("Enter")
    assert page.get_by_label("Limits").evaluate("it => it.selectedOptions[0].text") == "typed"
    before = canvas.evaluate("it => it.toDataURL()")
    page.get_by_role("button", name="Dark for bright").click()
    page.wait_for_function(
        "([it, before]) => it.toDataURL() !== before", arg=[canvas.element_handle(), before]
    )

    page.get_by_role("button", name="Header").click()
    page.get_by_label("Look for in the header").fill("passband")
    page.locator(".esap-HeaderDrawer-cards").get_by_text("FILTER").wait_for()
    page.get_by_role("button", name="Insert code that opens this image").click()
    page.locator(".jp-Notebook .jp-CodeCell").get_by_text("simple_norm").first.wait_for()


def test_planes_and_extensions(page: Any, files: Path) -> None:
    open_file(page, "cube.fits")
    canvas = canvas_of(page, "cube.fits")
    page.get_by_label("FREQ, of 3").fill("3")
    canvas_of(page, "cube.fits")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 0.512 * box["width"], box["y"] + 0.492 * box["height"])
    page.locator(".esap-Readout:visible").get_by_text("FREQ 1.4020e+9 Hz").wait_for()
    x, y = numbers(part(page, "pixel"))
    assert numbers(part(page, "value"))[0] == 2 * 2000 + (round(y) - 1) * 50 + round(x) - 1
    page.get_by_label("HDU").select_option("2")
    page.get_by_label("FREQ, of 3").wait_for(state="detached")


@pytest.mark.parametrize(
    ("name", "title", "words"),
    [
        (FILES[1], "Spectrum of ESAP", r"WAVELENGTH from .*Angstrom; FLUX"),
        (FILES[2], "Light curve of a Cepheid", r"TIME \(UTC\) from .* d; MAG"),
    ],
)
def test_curves_are_drawn(page: Any, files: Path, name: str, title: str, words: str) -> None:
    open_file(page, name)
    page.locator(".esap-Viewer-title").get_by_text(title).wait_for()
    page.locator(".esap-Chart:visible").get_by_text(re.compile(words)).wait_for(state="attached")
    page.get_by_role("button", name="Insert code that opens this file").click()
    page.locator(".jp-Notebook .jp-CodeCell").get_by_text("Table.read").first.wait_for()


@pytest.mark.parametrize(
    ("name", "words"), [("page.fits", "cannot be read as FITS"), ("short.fits", "breaks off: 50000 of")]
)
def test_broken_files_say_what_is_wrong(page: Any, files: Path, name: str, words: str) -> None:
    open_file(page, name)
    page.locator(".esap-FileView:visible").get_by_role("alert").get_by_text(words).wait_for()


def test_an_image_is_there_again_after_a_reload(page: Any, files: Path) -> None:
    page.goto(page.url.partition("?")[0])
    page.wait_for_selector(".jp-Launcher")
    open_file(page, "M51_R.fits")
    canvas_of(page, "M51_R.fits")
    # JupyterLab saves its layout when it has not changed for a moment.
    with page.expect_response(
        lambda answer: "/api/workspaces" in answer.url and answer.request.method == "PUT"
    ):
        pass
    page.reload()
    canvas_of(page, "M51_R.fits")


@pytest.mark.parametrize("theme", THEMES)
def test_accessible_in_each_theme(page: Any, files: Path, theme: str) -> None:
    """No serious finding of axe in any viewer; a picture of each is left in build/screenshots."""
    choose_theme(page, theme)
    page.add_script_tag(path=AXE)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name, kind in zip(FILES, ("image", "spectrum", "lightcurve"), strict=True):
        open_file(page, name)
        if kind == "image":
            box = canvas_of(page, name).bounding_box()
        else:
            page.locator(".esap-Chart:visible").get_by_text(re.compile("points")).first.wait_for(
                state="attached"
            )
        page.get_by_role("button", name="Header").locator("visible=true").click()
        page.locator(".esap-HeaderDrawer:visible td").first.wait_for()
        if kind == "image":
            page.mouse.move(box["x"] + 0.48 * box["width"], box["y"] + 0.2 * box["height"])
            page.get_by_role("status").get_by_text(re.compile(r"; at \d+, \d+$")).wait_for()
        page.screenshot(path=SCREENSHOTS / f"{kind}-{shade(theme)}.png")
        assert not findings(page, ".jp-Document:not(.lm-mod-hidden) .esap-FileView")
    open_file(page, "short.fits")
    page.get_by_role("alert").get_by_text("breaks off").wait_for()
    page.screenshot(path=SCREENSHOTS / f"broken-file-{shade(theme)}.png")
