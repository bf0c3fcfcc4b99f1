"""Where the pixels of an image are on the sky, for any world coordinates that astropy reads.

Whoever shows an image wants coordinates under a moving pointer. They are given as a grid of unit vectors,
fine enough that what lies between two of them can be interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from esap_jupyter.formats.fits_files import number_of, quietly, text_of, wcs_of
from esap_jupyter.formats.images import Image, Region

Floats = NDArray[np.float64]

_FIRST_CELLS = 8
_MOST_CELLS = 128
_GOOD = 0.05
"""Error of interpolation to be satisfied with, in pixels."""
_NAMES = {"icrs": "ICRS", "fk5": "FK5", "fk4": "FK4", "galactic": "Galactic", "itrs": "ITRS"}
_LONGITUDES = {"RA": ("RA", "Dec"), "GLON": ("l", "b"), "ELON": ("λ", "β"), "SLON": ("SGL", "SGB")}


@dataclass(frozen=True, slots=True)
class Frame:
    """What the two angles are.

    Attributes
    ----------
    name : str
        ``ICRS``, ``FK5 J2000``, ``Galactic`` ...
    longitude, latitude : str
        What the angles are called.
    in_hours : bool
        Whether the longitude is customarily written in hours.
    """

    name: str
    longitude: str
    latitude: str
    in_hours: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """Places on the sky at equal steps over a region.

    Attributes
    ----------
    vectors : ndarray
        Unit vectors, of shape (rows, columns, 3); NaN where the image shows no sky. The first is at the
        outer corner of the region's first pixel, the last at that of its last one.
    error : float
        How far, in pixels, interpolated places are from true ones at most; NaN if there is nothing between.
    """

    vectors: Floats
    error: float


@dataclass(frozen=True, slots=True)
class Coordinate:
    """A world coordinate of a place that is no angle on the sky."""

    name: str
    value: float
    unit: str


class Sky:
    """The world coordinates of an image.

    Parameters
    ----------
    image : Image
        With its file open, since some coordinates are in other HDUs of it.
    plane : tuple of int
        Of a cube, in the order of FITS, counted from 0.

    Attributes
    ----------
    frame : Frame or None
        None if the image shows no sky.
    problem : str
        Why the header's coordinates cannot be used; empty if they can, or if it has none.
    """

    def __init__(self, image: Image, plane: tuple[int, ...] = ()) -> None:
        self._plane = image.plane(plane)
        self.problem = ""
        self._wcs: Any = None
        with quietly():
            try:
                self._wcs = wcs_of(image.hdu.header, image.hdus)
                self._wcs.wcs.set()
            except Exception as error:  # noqa: BLE001 - wcslib has many of its own, and headers are what they are
                self._wcs = None
                self.problem = str(error).strip().rpartition("\n")[2] or type(error).__name__
        has_sky = self._wcs is not None and self._wcs.wcs.lng >= 0 and self._wcs.wcs.lat >= 0
        self.frame = _frame(self._wcs, image.hdu.header) if has_sky else None

    def vectors(self, x: Floats, y: Floats) -> Floats:
        """Return unit vectors of places in the image, 0 being the middle of the first pixel."""
        world = self._world(x, y)
        lon, lat = (np.radians(world[which]) for which in (self._wcs.wcs.lng, self._wcs.wcs.lat))
        return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)

    def at(self, x: float, y: float) -> tuple[float, float] | None:
        """Return longitude and latitude in deg of a place in the image; None if it is not on the sky."""
        if self.frame is None:
            return None
        world = self._world(np.array([x]), np.array([y]))
        lon, lat = float(world[self._wcs.wcs.lng][0]), float(world[self._wcs.wcs.lat][0])
        return (lon % 360, lat) if np.isfinite([lon, lat]).all() else None

    def others(self, x: float, y: float) -> list[Coordinate]:
        """Return the coordinates that are no angles on the sky: a wavelength, a velocity, a polarisation."""
        if self._wcs is None:
            return []
        world = self._world(np.array([x]), np.array([y]))
        on_sky = {self._wcs.wcs.lng, self._wcs.wcs.lat} if self.frame else set()
        names = [each.split("-")[0] for each in self._wcs.wcs.ctype]
        return [
            Coordinate(names[axis], float(world[axis][0]), str(self._wcs.wcs.cunit[axis]))
            for axis in range(self._wcs.naxis)
            if axis not in on_sky and names[axis] and np.isfinite(world[axis][0])
        ]

    def grid(self, region: Region) -> Grid:
        """Return places over a region, as many as interpolating wants."""
        cells = _FIRST_CELLS
        while True:
            x, y, vectors = self._nodes(region, cells)
            error = self._error(x, y, vectors)
            if not error > _GOOD or cells >= _MOST_CELLS:
                return Grid(vectors, error)
            cells *= 2

    def _nodes(self, region: Region, cells: int) -> tuple[Floats, Floats, Floats]:
        x = np.linspace(region.x - 0.5, region.x + region.width - 0.5, cells + 1)
        y = np.linspace(region.y - 0.5, region.y + region.height - 0.5, cells + 1)
        return x, y, self.vectors(*np.meshgrid(x, y))

    def _error(self, x: Floats, y: Floats, vectors: Floats) -> float:
        """In the middle of each cell, where it is greatest."""
        middle = np.meshgrid((x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2)
        true = self.vectors(*middle)
        between = (vectors[1:, 1:] + vectors[1:, :-1] + vectors[:-1, 1:] + vectors[:-1, :-1]) / 4
        between /= np.linalg.norm(between, axis=-1, keepdims=True)
        step = self.vectors(middle[0] + 0.5, middle[1]) - self.vectors(middle[0] - 0.5, middle[1])
        with np.errstate(invalid="ignore", divide="ignore"):
            errors = np.linalg.norm(between - true, axis=-1) / np.linalg.norm(step, axis=-1)
        return float(np.nanmax(errors)) if np.isfinite(errors).any() else float("nan")

    def _world(self, x: Floats, y: Floats) -> list[Floats]:
        further = [np.full(x.shape, float(each)) for each in self._plane]
        # A header may name more axes than the image has, or fewer.
        places = [x, y, *further][: self._wcs.naxis]
        places += [np.zeros(x.shape)] * (self._wcs.naxis - len(places))
        with np.errstate(all="ignore"):
            world = self._wcs.all_pix2world(*places, 0)
        return [np.asarray(each, dtype=float) for each in world]


def _frame(wcs: Any, header: Any) -> Frame:
    from astropy.wcs.utils import wcs_to_celestial_frame

    kind = wcs.wcs.ctype[wcs.wcs.lng].split("-")[0]
    longitude, latitude = _LONGITUDES.get(kind, ("Longitude", "Latitude"))
    try:
        with quietly():
            found = wcs_to_celestial_frame(wcs.celestial)
    except ValueError:
        # Another planet's, say.
        return Frame(text_of(header, "RADESYS") or kind, longitude, latitude, kind == "RA")
    name = _NAMES.get(found.name, found.name)
    if found.name == "fk4":
        name += f" B{found.equinox.byear:g}"
    elif found.name == "fk5":
        name += f" J{found.equinox.jyear:g}"
    elif kind == "RA" and not text_of(header, "RADESYS", "RADECSYS") and not number_of(header, "EQUINOX"):
        name += " (assumed)"
    return Frame(name, longitude, latitude, kind == "RA")
