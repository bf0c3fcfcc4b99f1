"""The generated data: plausible, whole, and the same every time."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from esap_jupyter.demo import data as data_module
from esap_jupyter.demo.catalogue import make_sources
from esap_jupyter.demo.data import TARGETS, DemoData, make_demo_data
from esap_jupyter.demo.images import LOOKS, PIXELS, make_images
from esap_jupyter.demo.messier import messier_objects
from esap_jupyter.demo.previews import make_previews
from esap_jupyter.demo.spectra import make_spectra


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoData:
    return make_demo_data(tmp_path_factory.mktemp("demo"))


def file_named(demo: DemoData, name: str) -> Path:
    return next(file.path for file in demo.files if file.name == name)


def test_the_catalogue_is_large_and_looks_like_the_milky_way(demo: DemoData) -> None:
    table = pq.read_table(demo.catalogue)
    sources = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}

    assert table.num_rows >= 100_000
    assert len(set(table["source_id"].to_pylist())) == table.num_rows
    assert all((field.metadata or {}).get(b"description") for field in table.schema)
    assert table.schema.field("pmra").metadata[b"unit"] == b"mas/yr"
    # Half of the sky lies beyond 30 deg from the plane, but far fewer of its stars.
    assert np.mean(np.abs(sources["b"]) > 30) < 0.3
    # Nearer stars move faster, by and large, at some 40 km/s.
    near = (sources["distance"] < 200) & (sources["population"] == "thin disc")
    across = 4.74 * np.hypot(sources["pmra"], sources["pmdec"]) * sources["distance"] / 1000
    assert 20 < np.median(across[near]) < 70
    # Parallax and distance agree within the errors.
    off = (sources["parallax"] - 1000 / sources["distance"]) / sources["parallax_error"]
    assert np.std(off) == pytest.approx(1, abs=0.05)
    # On the main sequence, redder is fainter.
    absolute = sources["phot_g_mean_mag"] - 5 * np.log10(sources["distance"]) + 5
    dwarfs = near & (absolute > 4) & (absolute < 9)
    assert np.corrcoef(sources["bp_rp"][dwarfs], absolute[dwarfs])[0, 1] > 0.8


def test_there_is_something_around_every_target(demo: DemoData) -> None:
    table = pq.read_table(demo.catalogue, columns=["ra", "dec"])
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    for name in TARGETS:
        target = messier_objects()[name]
        across = (ra - target.ra) * np.cos(np.radians(target.dec))
        assert np.sum(np.hypot(across, dec - target.dec) < 0.1) > 150


def test_files_are_what_the_listing_says(demo: DemoData) -> None:
    kinds = [file.observation.product for file in demo.files]

    assert (kinds.count("image"), kinds.count("spectrum"), kinds.count("timeseries")) == (24, 20, 2)
    for file in demo.files:
        content = file.path.read_bytes()
        assert len(content) == file.size
        assert f"{zlib.adler32(content):08x}" == file.adler32
        assert hashlib.md5(content).hexdigest() == file.md5
        assert file.dataset in TARGETS
    assert len({file.name for file in demo.files}) == len(demo.files)
    assert ("demo", "M51", "M51_V.fits") in demo.dataset_contents()


def test_making_it_again_gives_the_same_bytes(demo: DemoData, tmp_path: Path) -> None:
    target = [messier_objects()[TARGETS[0]]]
    assert make_sources(target, all_sky=1000).equals(make_sources(target, all_sky=1000))

    sources = pq.read_table(demo.catalogue)
    for made in (*make_images(target, sources, tmp_path), *make_spectra(target, sources, tmp_path)):
        assert (tmp_path / made.name).read_bytes() == file_named(demo, made.name).read_bytes()


def test_it_is_made_once(demo: DemoData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_module, "_generate", lambda _: pytest.fail("made again"))

    assert make_demo_data(demo.directory.parent) == demo


def test_an_interrupted_run_leaves_nothing_that_looks_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(directory: Path) -> None:
        (directory / "sources.parquet").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(data_module, "_generate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_demo_data(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_an_image_shows_the_stars_of_the_catalogue_where_they_are(demo: DemoData) -> None:
    path = file_named(demo, "M57_V.fits")
    with fits.open(path, checksum=True) as hdus:
        hdus.verify("exception")
        image, header = hdus[0].data, hdus[0].header
        wcs = WCS(header)
    assert (header["OBJECT"], header["FILTER"], header["BUNIT"]) == ("M57", "V", "electron/s")
    assert header["DATE-OBS"].startswith("2024-")
    assert image.shape == (PIXELS, PIXELS)

    sources = pq.read_table(demo.catalogue)
    x, y = wcs.world_to_pixel_values(sources["ra"].to_numpy(), sources["dec"].to_numpy())
    bright = sources["phot_g_mean_mag"].to_numpy() < 16
    edge = 10
    away = np.hypot(x - PIXELS / 2, y - PIXELS / 2) > LOOKS["M57"].scale * PIXELS * 1.5
    inside = np.flatnonzero(
        bright & away & (x > edge) & (y > edge) & (x < PIXELS - edge) & (y < PIXELS - edge)
    )
    assert inside.size > 3
    sky = np.median(image)
    for star in inside:
        column, row = round(float(x[star])), round(float(y[star]))
        assert image[row - 1 : row + 2, column - 1 : column + 2].max() > 10 * sky


def test_a_spectrum_is_a_table_with_units(demo: DemoData) -> None:
    table = Table.read(file_named(demo, "M45_star6_spectrum.fits"), hdu=1)

    assert table.colnames == ["WAVELENGTH", "FLUX", "ERROR"]
    assert str(table["WAVELENGTH"].unit) == "Angstrom"
    assert str(table["FLUX"].unit) == "erg / (Angstrom s cm2)"
    # A hot star: bluer is brighter, and H alpha is dark.
    wavelength, flux = np.asarray(table["WAVELENGTH"]), np.asarray(table["FLUX"])
    assert flux[wavelength < 4500].mean() > flux[wavelength > 7000].mean()
    core = flux[np.abs(wavelength - 6564.6) < 5].mean()
    assert core < 0.97 * flux[np.abs(wavelength - 6450) < 20].mean()


def test_a_light_curve_repeats_itself(demo: DemoData) -> None:
    table = Table.read(file_named(demo, "M13_RRLyrae_lightcurve.fits"), hdu=1)
    period = table.meta["PERIOD"]
    phase = (np.asarray(table["TIME"]) / period) % 1
    order = np.argsort(phase)
    magnitude = np.asarray(table["MAG"])[order]

    assert np.std(magnitude) > 3 * np.std(np.diff(magnitude)) / np.sqrt(2)


def test_previews_are_pictures_of_the_images_alone(demo: DemoData, tmp_path: Path) -> None:
    image, spectrum = file_named(demo, "M51_R.fits"), file_named(demo, "M51_star1_spectrum.fits")

    made = make_previews([image, spectrum], tmp_path / "previews")

    assert made.keys() == {image}
    assert made[image].read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert make_previews([image, spectrum], tmp_path / "previews") == made
