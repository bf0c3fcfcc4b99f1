"""What one generated file shows, in the terms of ObsCore 1.1, and how such a file is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astropy.io import fits


@dataclass(frozen=True, slots=True)
class Observation:
    """A generated observation, with what ObsCore 1.1 (section 3) wants to know of it.

    Attributes
    ----------
    name : str
        File name.
    product : str
        ObsCore ``dataproduct_type``: ``image``, ``spectrum``, ``timeseries``.
    target : str
        ``M51``.
    media_type : str
        Of the file.
    ra, dec : float
        Centre, deg.
    fov : float
        Diameter of the field, deg.
    footprint : str
        STC-S region, ICRS.
    pixels : tuple of int
        Image axes; empty if there are none.
    resolution : float
        Spatial resolution (FWHM), arcsec; for spectra the size of the aperture.
    start, end : float
        MJD.
    exposure : float
        s.
    wavelengths : tuple of float
        Shortest and longest, m.
    spectral_length : int
        Number of spectral samples, 1 for an image.
    resolving_power : float
        Lambda over its resolution.
    filter : str
        Passband, empty for a spectrum.
    facility, instrument : str
        Imaginary ones.
    unit_ucd : str
        UCD of what was measured (``o_ucd``).
    """

    name: str
    product: str
    target: str
    title: str
    ra: float
    dec: float
    fov: float
    footprint: str
    start: float
    end: float
    exposure: float
    wavelengths: tuple[float, float]
    resolution: float
    resolving_power: float
    unit_ucd: str
    instrument: str
    pixels: tuple[int, ...] = ()
    spectral_length: int = 1
    time_length: int = 1
    filter: str = ""
    facility: str = "ESAP Demo Observatory"
    media_type: str = "application/fits"

    @classmethod
    def from_json(cls, described: Mapping[str, Any]) -> Observation:
        """Read what `dataclasses.asdict` wrote, with tuples again where JSON has lists."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in described.items()}
        return cls(**values)


def write_fits(hdus: fits.HDUList, path: Path) -> None:
    """Write a FITS file with the checksums of the standard (section 4.4.2.7), the same bytes every time."""
    for hdu in hdus:
        hdu.add_checksum(when="not dated")
    hdus.writeto(path)
