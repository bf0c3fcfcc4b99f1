"""Where pixels are on the sky, as a browser interpolates it, against astropy."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from esap_jupyter.formats.fits_files import opened
from esap_jupyter.formats.image_sky import Sky
from esap_jupyter.formats.images import Image, Region

SIZE = 400


def header_of(first: str, second: str, scale: float = 2e-4, **cards) -> fits.Header:
    header = fits.Header()
    header.update(
        {
            "CTYPE1": first,
            "CTYPE2": second,
            "CRPIX1": 180.0,
            "CRPIX2": 220.0,
            "CRVAL1": 359.99,
            "CRVAL2": 62.0,
            "CD1_1": -scale,
            "CD1_2": scale / 5,
            "CD2_1": scale / 5,
            "CD2_2": scale,
        }
    )
    header.update(cards)
    return header


SIP = {
    "A_ORDER": 3,
    "B_ORDER": 3,
    "A_2_0": 3e-5,
    "A_1_1": -2e-5,
    "A_0_3": 1e-7,
    "B_0_2": 4e-5,
    "B_3_0": -1e-7,
}
TPV = {"PV1_1": 1.0, "PV1_4": 0.02, "PV1_7": 0.5, "PV2_1": 1.0, "PV2_4": -0.03, "PV2_7": 0.4}
HEADERS = {
    "TAN": header_of("RA---TAN", "DEC--TAN", RADESYS="ICRS"),
    "whole degrees": header_of("RA---TAN", "DEC--TAN", 0.05, EQUINOX=2000.0, RADESYS="FK5"),
    "SIP": header_of("RA---TAN-SIP", "DEC--TAN-SIP", RADESYS="ICRS", **SIP),
    "TPV": header_of("RA---TPV", "DEC--TPV", 2e-3, RADESYS="ICRS", **TPV),
    "pole": header_of("RA---TAN", "DEC--TAN", CRVAL2=90.0, RADESYS="ICRS"),
    "galactic": header_of("GLON-CAR", "GLAT-CAR", 0.01, CRVAL2=0.0),
    "milliarcseconds": header_of("RA---TAN", "DEC--TAN", 1e-3 / 3600, RADESYS="ICRS"),
}


def write(path, *hdus):
    fits.HDUList(list(hdus)).writeto(path)
    return path


def interpolated(vectors: np.ndarray, region: Region, x: np.ndarray, y: np.ndarray) -> SkyCoord:
    """As the browser does it."""
    cells = len(vectors) - 1
    across, up = (x - region.x + 0.5) / region.width * cells, (y - region.y + 0.5) / region.height * cells
    i, j = np.minimum(across.astype(int), cells - 1), np.minimum(up.astype(int), cells - 1)
    s, t = (across - i)[:, None], (up - j)[:, None]
    v = (1 - t) * ((1 - s) * vectors[j, i] + s * vectors[j, i + 1]) + t * (
        (1 - s) * vectors[j + 1, i] + s * vectors[j + 1, i + 1]
    )
    lon, lat = np.arctan2(v[:, 1], v[:, 0]), np.arctan2(v[:, 2], np.hypot(v[:, 0], v[:, 1]))
    return SkyCoord(lon, lat, unit="rad")


def error_in_pixels(path, region: Region, number: int = 0) -> float:
    with opened(path) as hdus:
        vectors = Sky(Image(hdus, number)).grid(region).vectors
    rng = np.random.default_rng(1)
    x = rng.uniform(region.x - 0.5, region.x + region.width - 0.5, 500)
    y = rng.uniform(region.y - 0.5, region.y + region.height - 0.5, 500)
    with fits.open(path) as hdus:
        wcs = WCS(hdus[number].header, hdus)
    true, beside = (SkyCoord(*wcs.all_pix2world(at, y, 0)[:2], unit="deg") for at in (x, x + 1))
    found = interpolated(vectors, region, x, y)
    return float(np.max(found.separation(true) / true.separation(beside)))


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("region", [Region(0, 0, SIZE, SIZE), Region(150, 200, 40, 30)])
def test_interpolated_places_are_right_to_a_tenth_of_a_pixel(tmp_path, name, region) -> None:
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(np.zeros((SIZE, SIZE), np.uint8), HEADERS[name]))
    assert error_in_pixels(path, region) < 0.1


def test_coordinates_in_a_table_of_the_file(tmp_path) -> None:
    """-TAB (FITS 4.0, section 8.4.3): a mildly bent grid of positions."""
    nodes = np.linspace(1, SIZE, 21)
    x, y = np.meshgrid(nodes, nodes)
    places = np.stack([30 - 2e-4 * x - 3e-9 * y**2, 10 + 2e-4 * y + 4e-9 * x * y], axis=-1)
    columns = [
        fits.Column("coords", f"{places.size}D", dim="(2,21,21)", array=places[None]),
        fits.Column("index1", "21D", array=nodes[None]),
        fits.Column("index2", "21D", array=nodes[None]),
    ]
    header = fits.Header()
    for axis, kind in ((1, "RA---TAB"), (2, "DEC--TAB")):
        header.update(
            {
                f"CTYPE{axis}": kind,
                f"CUNIT{axis}": "deg",
                f"CRPIX{axis}": 1.0,
                f"CRVAL{axis}": 1.0,
                f"CDELT{axis}": 1.0,
                f"PS{axis}_0": "WCS-TABLE",
                f"PS{axis}_1": "coords",
                f"PS{axis}_2": f"index{axis}",
                f"PV{axis}_1": 1,
                f"PV{axis}_2": 1,
                f"PV{axis}_3": axis,
            }
        )
    table = fits.BinTableHDU.from_columns(columns, name="WCS-TABLE")
    pixels = fits.PrimaryHDU(np.zeros((SIZE, SIZE), np.uint8), header)
    path = write(tmp_path / "a.fits", pixels, table)
    # The outer half of the first and last pixels is beyond the table.
    assert error_in_pixels(path, Region(1, 1, SIZE - 2, SIZE - 2)) < 0.1
    with opened(path) as hdus:
        assert Sky(Image(hdus, 0)).at(39, 79) == pytest.approx(
            (30 - 2e-4 * 40 - 3e-9 * 80**2, 10.016 + 1.28e-5), abs=1e-6
        )


def test_all_of_the_sky_has_no_places_outside_of_it(tmp_path) -> None:
    header = header_of(
        "RA---AIT", "DEC--AIT", 1.2, CRVAL1=0.0, CRVAL2=0.0, CD1_2=0.0, CD2_1=0.0, RADESYS="ICRS"
    )
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(np.zeros((SIZE, SIZE), np.uint8), header))
    with opened(path) as hdus:
        sky = Sky(Image(hdus, 0))
        vectors = sky.grid(Region(0, 0, SIZE, SIZE)).vectors
        assert sky.at(0, 0) is None
        assert sky.at(179, 219) == pytest.approx((0, 0), abs=1e-9)
    assert np.isnan(vectors[0, 0]).all()
    middle = vectors[len(vectors) // 2, len(vectors) // 2]
    assert np.linalg.norm(middle) == pytest.approx(1)


@pytest.mark.parametrize(
    ("cards", "name", "angles"),
    [
        ({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "RADESYS": "ICRS"}, "ICRS", "RA Dec"),
        (
            {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "RADESYS": "FK5", "EQUINOX": 2000.0},
            "FK5 J2000",
            "RA Dec",
        ),
        ({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "EQUINOX": 1950.0}, "FK4 B1950", "RA Dec"),
        ({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}, "ICRS (assumed)", "RA Dec"),
        ({"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"}, "Galactic", "l b"),
        ({"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "RADESYS": "ICRS"}, "ICRS", "RA Dec"),
    ],
)
def test_frames(tmp_path, cards, name, angles) -> None:
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(np.zeros((9, 9)), fits.Header(cards)))
    with opened(path) as hdus:
        frame = Sky(Image(hdus, 0)).frame
    assert (frame.name, f"{frame.longitude} {frame.latitude}") == (name, angles)
    assert frame.in_hours == (frame.longitude == "RA")


def test_a_cube_has_a_frequency_for_each_plane(tmp_path) -> None:
    header = header_of("RA---SIN", "DEC--SIN", RADESYS="ICRS")
    header.update({"CTYPE3": "FREQ", "CRPIX3": 1.0, "CRVAL3": 1.4e9, "CD3_3": 1e6, "CUNIT3": "Hz"})
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(np.zeros((3, 50, 60)), header))
    with opened(path) as hdus:
        sky = Sky(Image(hdus, 0), (2,))
        [frequency] = sky.others(4, 5)
        assert (frequency.name, frequency.unit, frequency.value) == ("FREQ", "Hz", pytest.approx(1.402e9))
        expected = WCS(header).all_pix2world(4, 5, 2, 0)
        assert sky.at(4, 5) == pytest.approx((float(expected[0]) % 360, float(expected[1])))


def test_images_without_usable_coordinates(tmp_path) -> None:
    none = fits.PrimaryHDU(np.zeros((9, 9)))
    broken = fits.ImageHDU(np.zeros((9, 9)), header_of("RA---TAN", "DEC--STG"))
    linear = fits.ImageHDU(np.zeros((9, 9)), fits.Header({"CTYPE1": "TIME", "CRVAL1": 5.0, "CTYPE2": "FREQ"}))
    path = write(tmp_path / "a.fits", none, broken, linear)
    with opened(path) as hdus:
        assert (Sky(Image(hdus, 0)).frame, Sky(Image(hdus, 0)).problem) == (None, "")
        assert Sky(Image(hdus, 1)).frame is None
        assert Sky(Image(hdus, 1)).problem
        assert Sky(Image(hdus, 2)).frame is None
        assert [each.name for each in Sky(Image(hdus, 2)).others(0, 0)] == ["TIME", "FREQ"]


@pytest.mark.parametrize("keyword", ["A_ORDER", "BP_ORDER", "WCSAXES"])
def test_coordinates_that_would_take_for_ever_are_not_read(tmp_path, keyword) -> None:
    header = header_of("RA---TAN-SIP", "DEC--TAN-SIP", A_ORDER=2, B_ORDER=2)
    header[keyword] = 100_000
    hdu = fits.ImageHDU(np.zeros((4, 4), np.float32))
    hdu.header.update(header)
    write(tmp_path / "a.fits", fits.PrimaryHDU(), hdu)

    with opened(tmp_path / "a.fits") as hdus:
        sky = Sky(Image(hdus, 1))

    assert sky.frame is None
    assert keyword in sky.problem
