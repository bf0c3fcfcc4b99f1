"""The demo's spectra: some of the catalogue's stars near each target, at low resolution.

A star is a black body of its effective temperature with the Balmer lines, which are strongest near 9500 K,
and the sodium doublet, which cool stars have; its flux is scaled to its G magnitude.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from esap_jupyter.demo.messier import MessierObject
from esap_jupyter.demo.observations import Observation, write_fits

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]

WAVELENGTHS = np.arange(3800.0, 7600.0, 2.0)
"""Angstrom, in vacuum."""
PER_TARGET = {"M13": 4, "M31": 2, "M45": 6, "M51": 2, "M57": 2, "M42": 2, "M1": 1, "M87": 1}
BALMER = {"H alpha": 6564.6, "H beta": 4862.7, "H gamma": 4341.7, "H delta": 4102.9, "H epsilon": 3971.2}
SODIUM = (5891.6, 5897.6)
EXPOSURE = 1800.0
INSTRUMENT = "DemoSpec"
FIRST_NIGHT = 60_420.0
"""MJD."""
APERTURE = 2.0
"""Width of the slit, arcsec."""


def make_spectra(targets: Sequence[MessierObject], sources: pa.Table, directory: Path) -> list[Observation]:
    """Write spectra of bright stars of each target's field, and describe them."""
    made: list[Observation] = []
    for target in targets:
        for order, star in enumerate(_chosen(target, sources), start=1):
            rng = np.random.default_rng([star["source_id"]])
            start = FIRST_NIGHT + len(made) * 0.7
            made.append(_make_spectrum(rng, target, order=order, star=star, start=start, directory=directory))
    return made


def _chosen(target: MessierObject, sources: pa.Table) -> list[dict[str, Any]]:
    """Stars of different temperature; of a cluster, its members."""
    ra, dec = (sources[name].to_numpy() for name in ("ra", "dec"))
    across = ((ra - target.ra + 180) % 360 - 180) * np.cos(np.radians(target.dec))
    near = np.hypot(across, dec - target.dec) < 0.4
    bright = sources["phot_g_mean_mag"].to_numpy() < 15.5
    population = sources["population"].to_numpy(zero_copy_only=False)
    members = population == target.name
    found = np.flatnonzero(near & bright & (members if members.any() else True))
    by_temperature = found[np.argsort(sources["teff"].to_numpy()[found], kind="stable")]
    places = np.linspace(0, by_temperature.size - 1, PER_TARGET[target.name]).astype(int)
    return [sources.slice(int(row), 1).to_pylist()[0] for row in by_temperature[places]]


def _make_spectrum(
    rng: np.random.Generator,
    target: MessierObject,
    *,
    order: int,
    star: dict[str, Any],
    start: float,
    directory: Path,
) -> Observation:
    flux = _flux(star["teff"], star["phot_g_mean_mag"])
    error = 0.01 * flux + 2e-17 * np.sqrt(1800 / EXPOSURE)
    name = f"{target.name}_star{order}_spectrum.fits"
    title = f"Spectrum of {star['designation']} in the field of {target.name}"
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("WAVELENGTH", "D", unit="Angstrom", array=WAVELENGTHS),
            fits.Column("FLUX", "D", unit="erg / (s cm2 Angstrom)", array=flux + rng.normal(0, error)),
            fits.Column("ERROR", "D", unit="erg / (s cm2 Angstrom)", array=error),
        ],
        name="SPECTRUM",
    )
    table.header.update(
        {
            "OBJECT": (star["designation"], "observed star"),
            "TITLE": title,
            "RA": (star["ra"], "[deg] ICRS"),
            "DEC": (star["dec"], "[deg] ICRS"),
            "RADESYS": ("ICRS", "celestial frame"),
            "TEFF": (round(star["teff"]), "[K] temperature that it was made with"),
            "EXPTIME": (EXPOSURE, "[s] exposure time"),
            "MJD-OBS": (start, "[d] start of the exposure (UTC)"),
            "TELESCOP": ("ESAP-0.5m", "imaginary telescope"),
            "INSTRUME": (INSTRUMENT, "imaginary spectrograph"),
            "OBSERVER": ("ESAP demo", "generated, not observed"),
        }
    )
    write_fits(fits.HDUList([fits.PrimaryHDU(), table]), directory / name)
    return Observation(
        name=name,
        product="spectrum",
        target=target.name,
        title=title,
        ra=star["ra"],
        dec=star["dec"],
        fov=APERTURE / 3600,
        footprint=f"CIRCLE ICRS {star['ra']:.6f} {star['dec']:.6f} {APERTURE / 7200:.6f}",
        resolution=APERTURE,
        start=start,
        end=start + EXPOSURE / 86_400,
        exposure=EXPOSURE,
        wavelengths=(WAVELENGTHS[0] * 1e-10, WAVELENGTHS[-1] * 1e-10),
        spectral_length=WAVELENGTHS.size,
        resolving_power=1400.0,
        unit_ucd="phot.flux.density;em.wl",
        instrument=INSTRUMENT,
    )


def _flux(temperature: float, g: float) -> Floats:
    """erg/s/cm2/Angstrom."""
    # Planck's law: hc/k = 1.4388e8 Angstrom K.
    body = WAVELENGTHS**-5 / np.expm1(1.4388e8 / (WAVELENGTHS * temperature))
    # A source of G = 0 has 2.5e-9 erg/s/cm2/Angstrom in the middle of the band (Gaia DR3 docs, 5.4.1).
    body *= 2.5e-9 * 10 ** (-0.4 * g) / np.interp(6220.0, WAVELENGTHS, body)
    balmer = 0.75 * np.exp(-((np.log(temperature / 9500) / 0.33) ** 2))
    depth = np.zeros_like(WAVELENGTHS)
    for place, strength in zip(BALMER.values(), (0.8, 1.0, 1.0, 0.95, 0.9), strict=True):
        depth += balmer * strength * _lorentz(place, 4 + 14 * balmer)
    sodium = 0.6 * np.exp(-temperature / 4500)
    for place in SODIUM:
        depth += sodium * _lorentz(place, 3.0)
    return np.asarray(body * np.exp(-depth))


def _lorentz(place: float, width: float) -> Floats:
    return np.asarray(1 / (1 + ((WAVELENGTHS - place) / width) ** 2))
