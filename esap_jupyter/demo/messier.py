"""The Messier objects, read from ``messier.csv``: what the demo observes and what its name resolver knows."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CATALOGUE = Path(__file__).with_name("messier.csv")


@dataclass(frozen=True, slots=True)
class MessierObject:
    """One of Messier's objects.

    Attributes
    ----------
    name : str
        ``M51``.
    ngc : str
        ``NGC 5194``; empty for the two that have none.
    names : tuple of str
        Common names.
    otype : str
        SIMBAD's short object type: ``G``, ``GlC``, ``OpC``, ``PN``, ``HII``, ``SNR`` ...
    ra, dec : float
        ICRS position, deg.
    v_mag : float
        Integrated V magnitude, mag.
    size : float
        Largest extent, arcmin.
    distance : float
        Distance, kpc.
    """

    name: str
    ngc: str
    names: tuple[str, ...]
    otype: str
    ra: float
    dec: float
    v_mag: float
    size: float
    distance: float


@cache
def messier_objects() -> dict[str, MessierObject]:
    """All 110 of them, by name (``M1`` ... ``M110``)."""
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["messier"]: _object(row) for row in rows}


def _object(row: dict[str, str]) -> MessierObject:
    return MessierObject(
        name=row["messier"],
        ngc=row["ngc"],
        names=tuple(name for name in row["names"].split("|") if name),
        otype=row["otype"],
        ra=15 * _sexagesimal(row["ra"]),
        dec=_sexagesimal(row["dec"]),
        v_mag=float(row["v_mag"]),
        size=float(row["size_arcmin"]),
        distance=float(row["distance_kpc"]),
    )


def _sexagesimal(text: str) -> float:
    units, minutes, seconds = text.split()
    size = abs(float(units)) + float(minutes) / 60 + float(seconds) / 3600
    return -size if text.startswith("-") else size
