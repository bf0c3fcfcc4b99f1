"""The demo's light curves: a pulsating star in each of two fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from astropy.io import fits

from esap_jupyter.demo.messier import MessierObject
from esap_jupyter.demo.observations import Observation, write_fits

if TYPE_CHECKING:
    import pyarrow as pa

FIRST_NIGHT = 60_310.0
"""MJD."""
VISITS = 240
EXPOSURE = 60.0


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable star that is not in the catalogue.

    Attributes
    ----------
    offset : tuple of float
        From the target's centre, deg, east and north.
    period : float
        d.
    mean, amplitude : float
        V magnitude.
    """

    kind: str
    title: str
    offset: tuple[float, float]
    period: float
    mean: float
    amplitude: float


VARIABLES = {
    "M13": Variable("RRLyrae", "an RR Lyrae star", (0.02, -0.03), 0.56217, 14.8, 0.9),
    "M31": Variable("Cepheid", "a Cepheid", (0.11, 0.17), 31.4159, 18.6, 1.1),
}


def make_light_curves(
    targets: Sequence[MessierObject],
    sources: pa.Table,  # noqa: ARG001  (the signature of every maker of observations)
    directory: Path,
) -> list[Observation]:
    """Write the light curves as FITS tables, and describe them."""
    return [
        _make_light_curve(target, VARIABLES[target.name], directory)
        for target in targets
        if target.name in VARIABLES
    ]


def _make_light_curve(target: MessierObject, star: Variable, directory: Path) -> Observation:
    rng = np.random.default_rng([len(star.kind), VISITS])
    time = FIRST_NIGHT + np.sort(rng.integers(0, 150, VISITS) + rng.uniform(0.75, 1.15, VISITS))
    phase = (time - FIRST_NIGHT) / star.period
    # A saw tooth of four harmonics: a steep rise and a slow decline.
    shape = sum(np.sin(2 * np.pi * n * phase) / n for n in range(1, 5))
    error = np.full(VISITS, 0.01 + 0.01 * 10 ** (0.3 * (star.mean - 16)))
    magnitude = star.mean + star.amplitude * shape / 3 + rng.normal(0, error)
    ra = target.ra + star.offset[0] / np.cos(np.radians(target.dec))
    dec = target.dec + star.offset[1]
    name = f"{target.name}_{star.kind}_lightcurve.fits"
    title = f"Light curve of {star.title} in the field of {target.name}"
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("TIME", "D", unit="d", array=time),
            fits.Column("MAG", "E", unit="mag", array=magnitude),
            fits.Column("MAG_ERROR", "E", unit="mag", array=error),
        ],
        name="LIGHTCURVE",
    )
    table.header.update(
        {
            "OBJECT": (f"{star.title} near {target.name}", "observed star"),
            "TITLE": title,
            "RA": (ra, "[deg] ICRS"),
            "DEC": (dec, "[deg] ICRS"),
            "RADESYS": ("ICRS", "celestial frame"),
            "FILTER": ("V", "passband"),
            "PERIOD": (star.period, "[d] that it was made with"),
            "TIMESYS": ("UTC", "time scale"),
            "TIMEUNIT": ("d", "of TIME, a modified Julian date"),
            "EXPTIME": (EXPOSURE, "[s] of each exposure"),
            "OBSERVER": ("ESAP demo", "generated, not observed"),
        }
    )
    write_fits(fits.HDUList([fits.PrimaryHDU(), table]), directory / name)
    return Observation(
        name=name,
        product="timeseries",
        target=target.name,
        title=title,
        ra=float(ra),
        dec=float(dec),
        fov=10 / 3600,
        footprint=f"CIRCLE ICRS {ra:.6f} {dec:.6f} {5 / 3600:.6f}",
        resolution=2.0,
        start=float(time[0]),
        end=float(time[-1]),
        exposure=EXPOSURE * VISITS,
        wavelengths=(507e-9, 595e-9),
        resolving_power=6.3,
        filter="V",
        time_length=VISITS,
        unit_ucd="phot.mag;em.opt.V",
        instrument="DemoCam",
    )
