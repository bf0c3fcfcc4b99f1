"""The frames that positions are in, as tables tell them: COOSYS (VOTable 1.5), else UCDs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.time import Time

from esap_jupyter.errors import InputError
from esap_jupyter.formats.astropy_table import decoded

# The words of VOTable 1.5 and of the IVOA vocabulary `refframe`; astropy's name, and the usual equinox.
_SYSTEMS = {
    "icrs": ("icrs", ""),
    "eq_fk5": ("fk5", "J2000"),
    "fk5": ("fk5", "J2000"),
    "eq_fk4": ("fk4", "B1950"),
    "fk4": ("fk4", "B1950"),
    "ecl_fk5": ("barycentricmeanecliptic", "J2000"),
    "ecliptic": ("barycentricmeanecliptic", "J2000"),
    "galactic": ("galactic", ""),
    "supergalactic": ("supergalactic", ""),
    "super_galactic": ("supergalactic", ""),
}
_NOT_SAID = ("", "unknown")


@dataclass(frozen=True, slots=True)
class SkyFrame:
    """The frame of two columns.

    Attributes
    ----------
    system : str
        As the table has it (``ICRS``, ``eq_FK5``); empty if it does not say, which is taken for ICRS.
    equinox, epoch : str
        ``J2000``, ``B1950``, ``2015.5``; empty if not said.
    """

    system: str = ""
    equinox: str = ""
    epoch: str = ""

    @classmethod
    def of(cls, metadata: Mapping[bytes, bytes] | None) -> SkyFrame:
        """Read it from the metadata of a field."""
        said = decoded(metadata)
        system = said.get("coosys", "")
        if system.lower() not in _NOT_SAID:
            return cls(system, said.get("equinox", ""), said.get("epoch", ""))
        galactic = said.get("ucd", "").lower().startswith("pos.galactic")
        return cls("galactic" if galactic else "", epoch=said.get("epoch", ""))

    @property
    def is_icrs(self) -> bool:
        """Whether positions are ICRS, or nothing else is said of them."""
        return self.system.lower() in (*_NOT_SAID, "icrs")

    @property
    def is_about_icrs(self) -> bool:
        """Whether positions are within 0.03 arcsec of ICRS: those of FK5 at J2000 are."""
        return self.is_icrs or (
            self.system.lower() in ("eq_fk5", "fk5") and _year(self.equinox, "J") in (None, "J2000")
        )

    def coordinates(self, lon: Any, lat: Any, *, obstime: Time | None = None) -> SkyCoord:
        """Make coordinates of angles with units.

        Parameters
        ----------
        obstime : Time, optional
            When the positions hold; by default the epoch that the frame tells.

        Raises
        ------
        InputError
            If nothing here brings such positions to ICRS.
        """
        name, usual = _SYSTEMS.get(self.system.lower() or "icrs", ("", ""))
        if not name:
            raise InputError(
                f"The positions are in {self.system}, which cannot be brought to ICRS here.",
                hint="Choose columns in ICRS, FK5, FK4 or Galactic coordinates.",
                field="ra",
            )
        attributes: dict[str, Any] = {}
        if usual:
            equinox = _year(self.equinox or usual, usual[0])
            if equinox is None:
                raise InputError(f"{self.equinox!r} is no equinox.", hint="One is like J2000.", field="ra")
            attributes["equinox"] = Time(equinox)
        when = obstime if obstime is not None else _epoch(self.epoch, usual[:1] or "J")
        if when is not None:
            attributes["obstime"] = when
        return SkyCoord(lon, lat, frame=name, **attributes)


def frame_of(schema: Any, lon: str, lat: str) -> SkyFrame:
    """Say which frame two columns are in.

    Raises
    ------
    InputError
        If they are not in the same one.
    """
    one, other = (SkyFrame.of(schema.field(name).metadata) for name in (lon, lat))
    if not (one.system and other.system):
        return one if one.system else other
    if (one.system.lower(), one.equinox) != (other.system.lower(), other.equinox):
        raise InputError(
            f"{lon} and {lat} are in different frames: {one.system} {one.equinox} and"
            f" {other.system} {other.equinox}.",
            hint="Choose two columns that belong together.",
            field="dec",
        )
    return one


def icrs_degrees(lon: Any, lat: Any, frame: SkyFrame) -> tuple[Any, Any]:
    """Bring angles in degrees to right ascension and declination, ICRS; NaN where a place is none.

    Raises
    ------
    InputError
        If nothing here brings such positions to ICRS.
    """
    there = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90)
    ra, dec = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    icrs = frame.coordinates(lon[there] * units.deg, lat[there] * units.deg).icrs
    ra[there], dec[there] = icrs.ra.deg, icrs.dec.deg
    return ra, dec


def _year(text: str, usual: str) -> str | None:
    """A Besselian or Julian year as astropy writes it: ``J2000``; None if it is none."""
    text = text.strip().upper()
    kind, number = (text[0], text[1:]) if text[:1] in ("J", "B") else (usual, text)
    try:
        year = float(number)
    except ValueError:
        return None
    return f"{kind}{year:.10g}" if 1000 < year < 3000 else None


def _epoch(text: str, usual: str) -> Time | None:
    year = _year(text, usual)
    if year is None:
        return None
    return Time(float(year[1:]), format="jyear" if year[0] == "J" else "byear", scale="tcb")
