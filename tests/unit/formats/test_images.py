"""Images in FITS files: regions, binning, scaling, what is blank, what is broken."""

import gzip
import os
import warnings

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esap_jupyter.errors import InputError, NotFound, UnreadableFile
from esap_jupyter.formats import images
from esap_jupyter.formats.fits_files import Uncompressed, cards, opened
from esap_jupyter.formats.images import Image, Region

RNG = np.random.default_rng(4)
ROWS, COLUMNS = 83, 121


def noise(*shape: int) -> np.ndarray:
    return RNG.normal(100, 20, shape or (ROWS, COLUMNS)).astype(np.float32)


def write(path, *hdus) -> None:
    fits.HDUList(list(hdus)).writeto(path)


def read(path, region, number=0, **how) -> np.ndarray:
    with opened(path) as hdus:
        return Image(hdus, number).read(region, **how)


def mean_of(values: np.ndarray, region: Region) -> np.ndarray:
    """The same, slowly."""
    part = values[region.y : region.y + region.height, region.x : region.x + region.width]
    b = region.binning
    out = np.empty(region.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for row, column in np.ndindex(out.shape):
            out[row, column] = np.nanmean(part[row * b : (row + 1) * b, column * b : (column + 1) * b])
    return out


@st.composite
def regions(draw):
    x, y = draw(st.integers(0, COLUMNS - 1)), draw(st.integers(0, ROWS - 1))
    width, height = draw(st.integers(1, COLUMNS - x)), draw(st.integers(1, ROWS - y))
    return Region(x, y, width, height, draw(st.integers(1, 40)))


@pytest.fixture(scope="module")
def with_holes(tmp_path_factory):
    values = noise()
    values[10:20, 30:44] = np.nan
    values[5, 5] = np.inf
    path = tmp_path_factory.mktemp("images") / "holes.fits"
    write(path, fits.PrimaryHDU(values))
    values[5, 5] = np.nan
    return path, values


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(region=regions())
def test_any_region_is_the_mean_of_what_is_not_blank(with_holes, region) -> None:
    path, values = with_holes
    found = read(path, region)
    if region.binning == 1:
        # Nothing is averaged: what is infinite stays so.
        found[np.isinf(found)] = np.nan
    np.testing.assert_allclose(found, mean_of(values, region), rtol=1e-5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(region=regions())
def test_nearest_takes_pixels_of_the_image(with_holes, region) -> None:
    path, values = with_holes
    found = read(path, region, how="nearest")
    rows = [min(region.y + i * region.binning + region.binning // 2, region.y + region.height - 1)
            for i in range(region.shape[0])]  # fmt: skip
    columns = [min(region.x + i * region.binning + region.binning // 2, region.x + region.width - 1)
               for i in range(region.shape[1])]  # fmt: skip
    expected = values[np.ix_(rows, columns)]
    np.testing.assert_array_equal(np.where(np.isinf(found), np.nan, found), expected)


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "i8", "f4", "f8", "u2", "u4"])
def test_every_type_of_pixel(tmp_path, kind) -> None:
    values = RNG.integers(0, 200, (ROWS, COLUMNS)).astype(kind)
    write(tmp_path / "a.fits", fits.PrimaryHDU(values))
    region = Region(3, 4, 70, 60, 7)
    np.testing.assert_allclose(read(tmp_path / "a.fits", region), mean_of(values, region), rtol=1e-6)


@pytest.mark.parametrize("compression", [None, "RICE_1", "GZIP_2", "HCOMPRESS_1"])
def test_scaled_pixels_and_blank_ones(tmp_path, compression) -> None:
    stored = RNG.integers(-1000, 1000, (ROWS, COLUMNS)).astype(np.int16)
    stored[40:44, 50:60] = -32768
    header = fits.Header({"BSCALE": 0.5, "BZERO": 10.0, "BLANK": -32768})
    hdu = fits.CompImageHDU(stored, compression_type=compression) if compression else fits.ImageHDU(stored)
    path = tmp_path / "a.fits"
    write(path, fits.PrimaryHDU(), hdu)
    with fits.open(path, mode="update", do_not_scale_image_data=True) as hdus:
        hdus[1].header.update(header)
    expected = stored * 0.5 + 10
    expected[stored == -32768] = np.nan
    for binning in (1, 5):
        region = Region(11, 7, 90, 70, binning)
        np.testing.assert_allclose(read(path, region, 1), mean_of(expected, region), rtol=1e-5)
    assert np.isnan(read(path, Region(50, 40, 10, 4), 1)).all()


@pytest.mark.parametrize("tile", [(1, COLUMNS), (16, 32)])
def test_compressed_floats_in_tiles(tmp_path, tile) -> None:
    values = noise()
    write(tmp_path / "a.fits.fz", fits.PrimaryHDU(), fits.CompImageHDU(values, tile_shape=tile))
    with fits.open(tmp_path / "a.fits.fz") as hdus:
        expected = np.array(hdus[1].data)
    for how in ("mean", "nearest"):
        found = read(tmp_path / "a.fits.fz", Region(20, 9, 64, 50, 4), 1, how=how)
        wanted = mean_of(expected, Region(20, 9, 64, 50, 4))
        if how == "nearest":
            wanted = expected[np.ix_(np.minimum(9 + 4 * np.arange(13) + 2, 58), 20 + 4 * np.arange(16) + 2)]
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_planes_of_a_cube_and_further_extensions(tmp_path) -> None:
    cube, other = noise(3, 4, ROWS, COLUMNS), noise(7, 9)
    first = fits.PrimaryHDU(cube)
    first.header["CTYPE3"], first.header["CTYPE4"] = "FREQ", "STOKES"
    write(tmp_path / "a.fits", first, fits.ImageHDU(other))
    with opened(tmp_path / "a.fits") as hdus:
        image = Image(hdus, 0)
        assert [(axis.name, axis.length) for axis in image.axes] == [("FREQ", 4), ("STOKES", 3)]
        found = image.read(Region(0, 0, COLUMNS, ROWS), plane=(3, 1))
        np.testing.assert_array_equal(found, cube[1, 3])
        assert image.value(5, 6, (2,)) == cube[0, 2, 6, 5]
        with pytest.raises(InputError, match="plane"):
            image.read(Region(0, 0, 1, 1), plane=(4, 0))
    np.testing.assert_array_equal(read(tmp_path / "a.fits", Region(0, 0, 9, 7), 1), other)


def test_limits(tmp_path) -> None:
    values = noise(300, 400)
    values[0, 0], values[1, 1] = 1e6, np.nan
    write(tmp_path / "a.fits", fits.PrimaryHDU(values), fits.ImageHDU(np.full((9, 9), np.nan)))
    with opened(tmp_path / "a.fits") as hdus:
        limits = {each.name: each for each in Image(hdus, 0).limits()}
        assert Image(hdus, 1).limits() == []
    assert limits["minmax"].high == 1e6
    assert limits["minmax"].low == np.nanmin(values)
    assert limits["99.5"].high == pytest.approx(np.nanpercentile(values, 99.75))
    assert 0 < limits["zscale"].low < limits["zscale"].high < 300


@pytest.mark.parametrize(
    "region",
    [Region(0, 0, COLUMNS + 1, 1), Region(-1, 0, 2, 2), Region(0, ROWS, 1, 1), Region(0, 0, 2, 2, 0)],
)
def test_regions_that_leave_the_image(with_holes, region) -> None:
    with pytest.raises(InputError, match="121 x 83"):
        read(with_holes[0], region)


def test_gzipped_files_are_read_by_a_copy_that_goes(tmp_path) -> None:
    values = noise()
    write(tmp_path / "a.fits", fits.PrimaryHDU(values))
    packed = tmp_path / "b.fits.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))
    copies = Uncompressed()
    copy = copies.path(packed)

    assert copies.path(tmp_path / "a.fits") == tmp_path / "a.fits"
    assert copies.path(packed) == copy
    np.testing.assert_array_equal(read(copy, Region(0, 0, COLUMNS, ROWS)), values)
    packed.write_bytes(packed.read_bytes()[:-200])
    with pytest.raises(UnreadableFile, match=r"b.fits.gz cannot be uncompressed"):
        copies.path(packed)
    copies.close()
    assert not copy.exists()


def test_few_copies_are_kept(tmp_path) -> None:
    copies = Uncompressed(kept=1)
    made = []
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(gzip.compress(name.encode()))
        made.append(copies.path(tmp_path / name))
    assert [each.exists() for each in made] == [False, True]
    copies.close()


@pytest.mark.parametrize("compressed", [False, True])
def test_truncated_files_say_so(tmp_path, compressed) -> None:
    kind = fits.CompImageHDU if compressed else fits.ImageHDU
    write(tmp_path / "a.fits", fits.PrimaryHDU(), kind(noise()))
    (tmp_path / "a.fits").write_bytes((tmp_path / "a.fits").read_bytes()[:9000])
    with pytest.raises(UnreadableFile, match="breaks off"):
        read(tmp_path / "a.fits", Region(0, 0, 1, 1), 1)


def test_what_is_no_image_says_so(tmp_path) -> None:
    (tmp_path / "page.fits").write_text("<html>Not found</html>" * 500)
    (tmp_path / "empty.fits").touch()
    (tmp_path / "zeros.fits").write_bytes(bytes(5760))
    write(tmp_path / "none.fits", fits.PrimaryHDU())
    for name, kind in [
        ("page", UnreadableFile),
        ("empty", UnreadableFile),
        ("zeros", UnreadableFile),
        ("missing", NotFound),
        ("none", InputError),
    ]:
        with pytest.raises(kind, match=f"{name}.fits|holds no image"):
            read(tmp_path / f"{name}.fits", Region(0, 0, 1, 1))
    with pytest.raises(InputError, match="no HDU 7"):
        read(tmp_path / "none.fits", Region(0, 0, 1, 1), 7)


def test_header_cards(tmp_path) -> None:
    hdu = fits.PrimaryHDU(noise())
    hdu.header["OBJECT"] = ("M 51", "what it is")
    hdu.header["HISTORY"] = "long ago"
    hdu.header["DONE"] = True
    write(tmp_path / "a.fits", hdu)
    with opened(tmp_path / "a.fits") as hdus:
        found = cards(hdus[0].header)
    assert ("OBJECT", "M 51", "what it is") in found
    assert ("HISTORY", "long ago", "") in found
    assert ("DONE", "T", "") in found


def test_tiles_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch) -> None:
    """A file of 800 kB can hold one of 1.6 GB."""
    monkeypatch.setattr(images, "_MOST_TILE_BYTES", 63 * 63 * 4)
    data = np.zeros((64, 64), np.int32)
    for tile in ((64, 64), (1, 64)):
        write(
            tmp_path / f"{tile[0]}.fits",
            fits.PrimaryHDU(),
            fits.CompImageHDU(data, compression_type="GZIP_1", tile_shape=tile),
        )

    assert read(tmp_path / "1.fits", Region(0, 0, 2, 2), 1).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(UnreadableFile, match="tiles"):
        read(tmp_path / "64.fits", Region(0, 0, 2, 2), 1)


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "a.fits")
    with pytest.raises(NotFound):
        Uncompressed().path(tmp_path / "a.fits")
