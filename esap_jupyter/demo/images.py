"""The demo's images: each target in V, R and I, with the catalogue's stars at their places.

An exposure is a model of what the object looks like in outline (a spiral, an ellipse of light, a ring,
filaments) plus the stars, blurred to the seeing, with the sky's and the camera's noise, in electrons per
second. Magnitudes of the stars come from the catalogue's by Riello et al. 2021 (A&A 649, A3, table C.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from esap_jupyter.demo.messier import MessierObject
from esap_jupyter.demo.observations import Observation, write_fits

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.random import Generator

Floats = NDArray[np.float64]

PIXELS = 512
SEEING = 3.2
"""Full width at half maximum of a star, pixels."""
READ_NOISE = 5.0
FIRST_NIGHT = 60_310.0
"""MJD of 2024-01-01."""
INSTRUMENT = "DemoCam"


@dataclass(frozen=True, slots=True)
class Band:
    """A passband (Bessell 2005, ARA&A 43, 293).

    Attributes
    ----------
    shortest, longest : float
        Half-power wavelengths, m.
    zero_point : float
        Magnitude of a source of one electron per second.
    sky : float
        Electrons per second and pixel.
    exposure : float
        s.
    """

    name: str
    shortest: float
    longest: float
    zero_point: float
    sky: float
    exposure: float


BANDS = (
    Band("V", 507e-9, 595e-9, 23.5, 1.2, 120.0),
    Band("R", 589e-9, 727e-9, 23.8, 1.6, 90.0),
    Band("I", 732e-9, 881e-9, 23.2, 2.6, 90.0),
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a target looks like.

    Attributes
    ----------
    field : float
        Field of view, arcmin.
    shape : str
        How `_shape` draws it.
    scale : float
        Its half-light radius, as a fraction of the image.
    brightness : tuple of float
        Typical surface brightness in V, R, I: electrons per second and pixel.
    axis_ratio, angle : float
        Of its ellipse; the angle in deg from north through east.
    """

    field: float
    shape: Literal["glow", "ellipse", "disc", "spiral", "ring", "filaments"]
    scale: float
    brightness: tuple[float, float, float]
    axis_ratio: float = 1.0
    angle: float = 0.0


LOOKS = {
    "M1": Look(12, "filaments", 0.17, (60.0, 95.0, 50.0), 0.7, 125),
    "M13": Look(20, "glow", 0.07, (60.0, 75.0, 78.0)),
    "M31": Look(60, "disc", 0.28, (30.0, 38.0, 42.0), 0.32, 38),
    "M42": Look(40, "filaments", 0.22, (150.0, 400.0, 180.0), 0.8, 30),
    "M45": Look(60, "glow", 0.3, (20.0, 11.0, 6.0)),
    "M51": Look(16, "spiral", 0.16, (24.0, 28.0, 26.0), 0.85, 170),
    "M57": Look(6, "ring", 0.16, (50.0, 70.0, 12.0), 0.77, 60),
    "M87": Look(14, "ellipse", 0.11, (9.0, 12.0, 14.0), 0.86, 155),
}


def make_images(targets: Sequence[MessierObject], sources: pa.Table, directory: Path) -> list[Observation]:
    """Write an image of each target in each band, and describe them."""
    made = []
    for number, target in enumerate(targets):
        for order, band in enumerate(BANDS):
            rng = np.random.default_rng([number, order])
            start = FIRST_NIGHT + 11 * number + 0.85 + order * 0.004
            made.append(_make_image(rng, target, band, start=start, sources=sources, directory=directory))
    return made


def _make_image(
    rng: Generator, target: MessierObject, band: Band, *, start: float, sources: pa.Table, directory: Path
) -> Observation:
    look = LOOKS[target.name]
    wcs = _wcs(target, look.field / 60)
    light = _shape(look, rng) * look.brightness[BANDS.index(band)] + _stars(sources, wcs, band)
    electrons = (_blurred(light) + band.sky) * band.exposure
    # Photons arrive at random; with so many, Poisson's distribution is Gauss's.
    noise = rng.normal(0, 1, electrons.shape) * np.sqrt(electrons + READ_NOISE**2)
    image = ((electrons + noise) / band.exposure).astype(np.float32)
    name = f"{target.name}_{band.name}.fits"
    title = f"{_title(target)} in {band.name}"
    header = wcs.to_header()
    header.update(_cards(target, band, start, title))
    write_fits(fits.HDUList([fits.PrimaryHDU(image, header)]), directory / name)
    corners = wcs.calc_footprint()
    return Observation(
        name=name,
        product="image",
        target=target.name,
        title=title,
        ra=target.ra,
        dec=target.dec,
        fov=look.field / 60,
        footprint="POLYGON ICRS " + " ".join(f"{value:.6f}" for value in corners.ravel()),
        pixels=(PIXELS, PIXELS),
        resolution=SEEING * look.field * 60 / PIXELS,
        start=start,
        end=start + band.exposure / 86_400,
        exposure=band.exposure,
        wavelengths=(band.shortest, band.longest),
        resolving_power=(band.shortest + band.longest) / 2 / (band.longest - band.shortest),
        filter=band.name,
        unit_ucd="phot.flux",
        instrument=INSTRUMENT,
    )


def _title(target: MessierObject) -> str:
    return f"{target.name} ({target.names[0]})" if target.names else target.name


def _wcs(target: MessierObject, field: float) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [target.ra, target.dec]
    wcs.wcs.crpix = [PIXELS / 2 + 0.5, PIXELS / 2 + 0.5]
    wcs.wcs.cdelt = [-field / PIXELS, field / PIXELS]
    wcs.wcs.radesys = "ICRS"
    wcs.array_shape = (PIXELS, PIXELS)
    return wcs


def _cards(target: MessierObject, band: Band, start: float, title: str) -> dict[str, object]:
    # FITS standard 4.0, sections 4.4.2 and 9.
    return {
        "OBJECT": (target.name, "observed object"),
        "TITLE": title,
        "BUNIT": ("electron/s", "unit of the pixels"),
        "FILTER": (band.name, "passband"),
        "WAVELENG": ((band.shortest + band.longest) / 2 * 1e9, "[nm] middle of the passband"),
        "EXPTIME": (band.exposure, "[s] exposure time"),
        "DATE-OBS": (_iso(start), "start of the exposure (UTC)"),
        "DATE-END": (_iso(start + band.exposure / 86_400), "end of the exposure (UTC)"),
        "MJD-OBS": (start, "[d] start of the exposure"),
        "TIMESYS": ("UTC", "time scale"),
        "TELESCOP": ("ESAP-0.5m", "imaginary telescope"),
        "INSTRUME": (INSTRUMENT, "imaginary camera"),
        "OBSERVER": ("ESAP demo", "generated, not observed"),
        "MAGZPT": (band.zero_point, "[mag] of one electron per second"),
        "SEEING": (SEEING, "[pix] FWHM of stars"),
        "ORIGIN": ("ESAP for Jupyter", "who made this file"),
    }


def _iso(mjd: float) -> str:
    moment = np.datetime64("1858-11-17T00:00:00", "ms") + np.timedelta64(round(mjd * 86_400_000), "ms")
    return str(moment)


def _stars(sources: pa.Table, wcs: WCS, band: Band) -> Floats:
    """Electrons per second of each pixel's stars, before the atmosphere blurs them."""
    ra, dec = (sources[name].to_numpy() for name in ("ra", "dec"))
    centre_ra, centre_dec = wcs.wcs.crval
    reach = PIXELS * abs(wcs.wcs.cdelt[1])
    near_ra = np.abs((ra - centre_ra + 180) % 360 - 180) * np.cos(np.radians(centre_dec)) < reach
    near = near_ra & (np.abs(dec - centre_dec) < reach)
    x, y = wcs.world_to_pixel_values(ra[near], dec[near])
    g = sources["phot_g_mean_mag"].to_numpy()[near].astype(float)
    colour = sources["bp_rp"].to_numpy()[near].astype(float)
    flux = 10 ** (-0.4 * (_magnitude(g, colour, band) - band.zero_point))
    image = np.zeros((PIXELS + 2, PIXELS + 2))
    inside = (x > -1) & (y > -1) & (x < PIXELS) & (y < PIXELS)
    # A star's light goes to the four pixels next to its place, so that its centroid is where it should be.
    column, row = np.floor(x[inside]).astype(int), np.floor(y[inside]).astype(int)
    right, up = x[inside] - column, y[inside] - row
    for step_y, part_y in ((0, 1 - up), (1, up)):
        for step_x, part_x in ((0, 1 - right), (1, right)):
            place = (row + 1 + step_y, column + 1 + step_x)
            np.add.at(image, place, flux[inside] * part_x * part_y)
    return image[1:-1, 1:-1]


def _magnitude(g: Floats, colour: Floats, band: Band) -> Floats:
    c = np.clip(colour, -0.5, 2.75)
    minus = {
        "V": -0.02704 + 0.01424 * c - 0.2156 * c**2 + 0.01426 * c**3,
        "R": -0.02275 + 0.3961 * c - 0.1243 * c**2 - 0.01396 * c**3 + 0.003775 * c**4,
        "I": 0.01753 + 0.76 * c - 0.0991 * c**2,
    }
    return np.asarray(g - minus[band.name])


def _blurred(image: Floats) -> Floats:
    """Convolve with a Gaussian point spread function."""
    sigma = SEEING / 2.3548
    frequency = np.fft.fftfreq(PIXELS), np.fft.rfftfreq(PIXELS)
    squared = frequency[0][:, None] ** 2 + frequency[1][None, :] ** 2
    transfer = np.exp(-2 * (np.pi * sigma) ** 2 * squared)
    return np.maximum(np.fft.irfft2(np.fft.rfft2(image) * transfer, image.shape), 0)


def _shape(look: Look, rng: Generator) -> Floats:
    """Surface brightness, about 1 where the object is typically bright."""
    y, x = (np.mgrid[:PIXELS, :PIXELS] - (PIXELS - 1) / 2) / (PIXELS * look.scale)
    angle = np.radians(look.angle)
    # North is up and east is left.
    along = -x * np.sin(angle) + y * np.cos(angle)
    across = (x * np.cos(angle) + y * np.sin(angle)) / look.axis_ratio
    radius = np.hypot(along, across)
    match look.shape:
        case "glow":
            return np.asarray(1 / (1 + radius**2) ** 1.5)
        case "ellipse":
            return _sersic(radius, 4.0)
        case "disc":
            return _sersic(radius, 1.0) + _sersic(radius * 6, 2.0)
        case "spiral":
            return _spiral(radius, np.arctan2(across, along))
        case "ring":
            return np.asarray(np.exp(-(((radius - 0.8) / 0.25) ** 2)) + 0.15 * np.exp(-(radius**2)))
        case "filaments":
            return np.asarray(np.exp(-(radius**2) / 1.2) * (0.25 + _turbulence(rng)))


def _sersic(radius: Floats, index: float) -> Floats:
    """Sersic 1963, 1 at the half-light radius; b after Ciotti & Bertin 1999; the cusp is cut."""
    b = 2 * index - 1 / 3
    return np.asarray(np.exp(-b * (np.maximum(radius, 0.03) ** (1 / index) - 1)))


def _spiral(radius: Floats, angle: Floats) -> Floats:
    """A disc with two logarithmic arms (pitch angle 20 deg) and a bulge."""
    winding = np.log(np.maximum(radius, 0.05)) / np.tan(np.radians(20))
    arms = 1 + 0.8 * np.cos(2 * (angle - winding)) * np.minimum(radius, 1)
    return np.asarray(_sersic(radius, 1.0) * arms + 1.5 * _sersic(radius * 6, 1.5))


def _turbulence(rng: Generator) -> Floats:
    """Noise with a power-law spectrum, folded so that it has ridges; between 0 and 1."""
    frequency = np.hypot(np.fft.fftfreq(PIXELS)[:, None], np.fft.rfftfreq(PIXELS)[None, :])
    frequency[0, 0] = 1
    phases = np.exp(2j * np.pi * rng.uniform(0, 1, frequency.shape))
    field = np.fft.irfft2(phases * frequency**-1.8, (PIXELS, PIXELS))
    return np.asarray(np.exp(-np.abs(field) / field.std()))
