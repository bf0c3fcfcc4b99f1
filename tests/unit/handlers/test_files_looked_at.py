"""Images, spectra and light curves over HTTP, as the viewers ask for them."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from esap_jupyter.handlers.session import Session

NAMES = ("image.fits", "spectrum.fits", "lightcurve.fits")


@pytest.fixture
def files(jp_root_dir) -> Path:
    """An image, a spectrum and a light curve, in a directory of the file browser."""
    directory = jp_root_dir / "seen files"
    directory.mkdir()
    rng = np.random.default_rng(3)
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 202.5, "CRVAL2": 47.2})
    header.update({"CRPIX1": 256.5, "CRPIX2": 256.5, "CDELT1": -5e-4, "CDELT2": 5e-4, "RADESYS": "ICRS"})
    header.update({"BUNIT": "electron/s", "FILTER": "R"})
    fits.writeto(directory / NAMES[0], rng.normal(size=(512, 512)).astype(np.float32), header)
    for name, columns in zip(
        NAMES[1:], (("WAVELENGTH", "FLUX", "ERROR"), ("TIME", "MAG", "MAG_ERROR")), strict=True
    ):
        Table({column: np.sort(rng.uniform(size=40)) for column in columns}).write(directory / name)
    return directory


async def test_image(ask, files) -> None:
    path = f"seen files/{NAMES[0]}"
    with fits.open(files / NAMES[0]) as hdus:
        data, wcs, header = np.array(hdus[0].data), WCS(hdus[0].header), hdus[0].header.copy()

    content = (await ask("GET", "files/content", path=path)).json
    image = (await ask("GET", "files/image", path=path)).json
    cards = (await ask("GET", "files/header", path=path)).json
    region = {"path": path, "x": 100, "y": 200, "width": 64, "height": 32}
    pixels = await ask("GET", "files/image/pixels", **region, binning=4)
    sky = await ask("GET", "files/image/sky", **region)
    place = (await ask("GET", "files/image/at", path=path, x=101.25, y=203.5)).json

    assert (content["view"], content["hdu"]) == ("image", 0)
    assert content["location"] == str(files.resolve() / NAMES[0])
    assert (image["width"], image["height"], image["unit"]) == (512, 512, "electron/s")
    assert image["frame"]["name"] == "ICRS"
    assert [card["value"] for card in cards if card["keyword"] == "FILTER"] == [header["FILTER"]]
    assert pixels.headers["Content-Type"] == "application/octet-stream"
    means = data[200:232, 100:164].reshape(8, 4, 16, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(np.frombuffer(pixels.body, "<f4").reshape(8, 16), means, rtol=1e-5)
    vectors = np.frombuffer(sky.body, "<f8").reshape(-1, 3)
    first = np.radians(wcs.all_pix2world(99.5, 199.5, 0))
    np.testing.assert_allclose(vectors[0, 2], np.sin(first[1]), rtol=1e-12)
    assert (place["longitude"], place["latitude"]) == pytest.approx(
        tuple(float(each) for each in wcs.all_pix2world(101.25, 203.5, 1))
    )
    assert place["value"] == pytest.approx(float(data[203, 100]))


@pytest.mark.parametrize(
    ("name", "columns", "is_reversed"),
    [(NAMES[1], ("WAVELENGTH", "FLUX", "ERROR"), False), (NAMES[2], ("TIME", "MAG", "MAG_ERROR"), True)],
)
async def test_curve(ask, files, name, columns, is_reversed) -> None:
    path = f"seen files/{name}"
    content = (await ask("GET", "files/content", path=path)).json
    curve = (await ask("GET", "files/curve", path=path, hdu=content["hdu"])).json
    points = await ask("GET", "files/curve/points", path=path, hdu=content["hdu"])

    table = Table.read(files / name)
    assert content["view"] == curve["kind"]
    assert curve["y"]["reversed"] == is_reversed
    expected = np.concatenate([np.asarray(table[column], float) for column in columns])
    np.testing.assert_array_equal(np.frombuffer(points.body, "<f8"), expected)


async def test_a_file_on_another_disk_is_seen_through_the_persons_link(ask, files, tmp_path) -> None:
    scratch = tmp_path / "scratch"
    files.rename(scratch)
    (files.parent / "data").symlink_to(scratch)
    path = f"data/{NAMES[0]}"

    assert (await ask("GET", "files/image", path=path)).json["width"] == 512
    assert (await ask("GET", "files/content", path=path)).json["location"] == str(
        files.parent.resolve() / path
    )
    assert (await ask("POST", "files/tables", json={"path": f"data/{NAMES[1]}", "hdu": None})).json[
        "rows"
    ] == 40


async def test_wrong_questions(ask, files) -> None:
    path = f"seen files/{NAMES[0]}"
    (files / "page.fits").write_text("<html>")
    (files.parent / ".hidden").symlink_to("/etc/hostname")

    async def told(resource: str, **parameters: object) -> tuple[int, str, str]:
        answer = await ask("GET", f"files/{resource}", **parameters)
        return answer.status, answer.json["code"], answer.json["field"]

    assert await told("content", path="../secret.fits") == (400, "outside-workspace", "directory")
    assert await told("content", path=".hidden") == (400, "outside-workspace", "directory")
    assert await told("content", path="nothing.fits") == (404, "not-found", "")
    assert await told("content", path="seen files/page.fits") == (422, "unreadable-file", "")
    assert await told("image", path=path, hdu=3) == (400, "input", "hdu")
    assert await told("image", path=f"seen files/{NAMES[1]}", hdu=1) == (400, "input", "hdu")
    region = {"path": path, "x": 0, "y": 0, "height": 1}
    assert await told("image/pixels", **region, width=513) == (400, "input", "region")
    assert await told("image/pixels", **region, width=-1) == (400, "input", "width")
    assert await told("image/at", path=path, x="nan", y=1) == (400, "input", "x")
    assert await told("image/at", path=path, x=0, y=1) == (400, "input", "region")
    assert await told("curve", path=path, hdu=0) == (400, "input", "")


def test_copies_of_gzipped_files_are_kept_in_one_place(tmp_path, monkeypatch) -> None:
    """Two documents that are opened at once; from Python 3.12 on cached_property locks no more."""
    both_are_here = threading.Barrier(2)
    made = []

    class Slow:
        def __init__(self) -> None:
            made.append(self)
            with contextlib.suppress(threading.BrokenBarrierError):
                both_are_here.wait(0.2)

    monkeypatch.setattr("esap_jupyter.formats.fits_files.Uncompressed", Slow)
    session = Session(Mock(), Mock(), tmp_path)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda _: session.uncompressed, range(2)))

    assert found == [made[0]] * 2
    assert len(made) == 1
