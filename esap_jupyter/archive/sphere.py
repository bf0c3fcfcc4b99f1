"""Regions on the sphere: points, circles and polygons, all angles in degrees, ICRS.

A polygon's edges are great circles and it is smaller than a hemisphere, however its corners are ordered.
Read and written as STC-S (as in ObsCore's ``s_region``) and as DALI 1.1, section 3.3, has them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_CORNERS = 1000
"""Of a polygon; every point is compared with every edge."""

_STEPS = 24
"""Corners that stand for a side along a parallel."""


class RegionError(ValueError):
    """A region that cannot be read; the message is for people."""


@dataclass(frozen=True)
class Circle:
    """A circle; a point is a circle without radius."""

    ra: float
    dec: float
    radius: float


@dataclass(frozen=True)
class Polygon:
    """A polygon, as the unit vectors of its corners, shape (n, 3)."""

    corners: Floats

    @property
    def centre(self) -> Floats:
        """A unit vector somewhere in the middle."""
        total = self.corners.sum(axis=0)
        return np.asarray(total / np.linalg.norm(total))


Region = Circle | Polygon


@lru_cache(maxsize=4096)
def parse_region(text: str) -> Region:
    """Read a region from STC-S (POINT, POSITION, CIRCLE, BOX, POLYGON) or DALI text (CIRCLE, RANGE, POLYGON).

    Raises
    ------
    RegionError
        If it is none of these, or its numbers are out of range.
    """
    words = text.split()
    if not words:
        raise RegionError("a region is empty")
    shape = words[0].upper()
    # Words after the first name the frame and reference position.
    numbers = _numbers([word for word in words[1:] if not word.isalpha() or word.lower() in {"inf", "nan"}])
    if shape in {"POINT", "POSITION"} and len(numbers) == 2:
        return Circle(*_position(*numbers), 0.0)
    if shape == "CIRCLE" and len(numbers) == 3:
        if not 0 <= numbers[2] <= 180:
            raise RegionError(f"the radius {numbers[2]:g} is not between 0 and 180")
        return Circle(*_position(*numbers[:2]), numbers[2])
    if shape == "BOX" and len(numbers) == 4:
        return _box(*numbers)
    if shape == "RANGE" and len(numbers) == 4:
        return _range(*numbers)
    if shape == "POLYGON" and len(numbers) >= 6 and len(numbers) % 2 == 0:
        if len(numbers) > 2 * MOST_CORNERS:
            raise RegionError(f"a polygon has more than {MOST_CORNERS} corners")
        corners = [_position(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
        return Polygon(vectors(*np.array(corners).T))
    raise RegionError(f"{text[:60]!r} is not a region")


def vectors(ra: Floats | float, dec: Floats | float) -> Floats:
    """Unit vectors, shape (..., 3)."""
    lon, lat = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def contains_points(region: Region, points: Floats) -> NDArray[np.bool_]:
    """Whether each of the unit vectors (n, 3) lies in the region."""
    if isinstance(region, Circle):
        chord = 2 * math.sin(math.radians(region.radius) / 2)
        centre = vectors(region.ra, region.dec)
        return np.asarray(np.linalg.norm(points - centre, axis=-1) <= chord + 1e-12)
    inside = np.asarray(points @ region.centre > 0)
    # Seen from a point inside, the corners go round it once; from outside they come back.
    turn = np.zeros(len(points))
    for one, other in _edges(region):
        turn += _angle_between(points, one, other)
    return inside & (np.abs(turn) > np.pi)


def contains(outer: Region, inner: Region) -> bool:
    """Whether `inner` lies in `outer` as a whole."""
    if isinstance(inner, Circle):
        centre = vectors(inner.ra, inner.dec)
        if isinstance(outer, Circle):
            return _separation(centre, vectors(outer.ra, outer.dec)) + inner.radius <= outer.radius + 1e-12
        holds_centre = bool(contains_points(outer, centre[None])[0])
        return holds_centre and _distance_to_edges(outer, centre) >= inner.radius
    if not contains_points(outer, inner.corners).all():
        return False
    return isinstance(outer, Circle) or not _edges_cross(outer, inner)


def intersects(one: Region, other: Region) -> bool:
    """Whether the two share a point."""
    if isinstance(one, Polygon) and isinstance(other, Polygon):
        return (
            bool(contains_points(one, other.corners).any())
            or bool(contains_points(other, one.corners).any())
            or _edges_cross(one, other)
        )
    circle, shape = (one, other) if isinstance(one, Circle) else (other, one)
    assert isinstance(circle, Circle)
    centre = vectors(circle.ra, circle.dec)
    if isinstance(shape, Circle):
        between = _separation(centre, vectors(shape.ra, shape.dec))
        return between <= circle.radius + shape.radius + 1e-12
    return bool(contains_points(shape, centre[None])[0]) or _distance_to_edges(shape, centre) <= circle.radius


def area(region: Region) -> float:
    """Square degrees."""
    steradian = math.degrees(1) ** 2
    if isinstance(region, Circle):
        return 2 * math.pi * (1 - math.cos(math.radians(region.radius))) * steradian
    return abs(float(_triangles(region)[1].sum())) * steradian


def declinations(region: Region) -> tuple[float, float]:
    """Limits in declination that hold the region, not always the narrowest."""
    if isinstance(region, Circle):
        middle, reach = region.dec, region.radius
    else:
        middle = ra_dec(region.centre)[1]
        reach = max(_separation(region.centre, corner) for corner in region.corners)
    return max(-90.0, middle - reach - 1e-9), min(90.0, middle + reach + 1e-9)


def centroid(region: Region) -> tuple[float, float]:
    """Right ascension and declination of the middle."""
    if isinstance(region, Circle):
        return region.ra, region.dec
    middles, areas = _triangles(region)
    total = (middles * areas[:, None]).sum(axis=0) * np.sign(areas.sum())
    return ra_dec(total / np.linalg.norm(total))


def ra_dec(vector: Floats) -> tuple[float, float]:
    """Right ascension and declination of a unit vector."""
    x, y, z = (float(part) for part in vector)
    return math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))


def _numbers(words: list[str]) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError as error:
        raise RegionError(str(error)) from None


def _position(ra: float, dec: float) -> tuple[float, float]:
    if not (math.isfinite(ra) and -90 <= dec <= 90):
        raise RegionError(f"the declination {dec:g} is not between -90 and 90")
    return ra % 360, dec


def _box(ra: float, dec: float, width: float, height: float) -> Region:
    """ADQL 2.1, section 4.2.9: the sides of a box are parallel to the axes at its centre."""
    ra, dec = _position(ra, dec)
    if not (0 < width < 180 and 0 < height < 180):
        raise RegionError("the sides of a box are between 0 and 180")
    east, north = np.tan(np.radians([width / 2, height / 2]))
    centre = vectors(ra, dec)
    lon, lat = math.radians(ra), math.radians(dec)
    to_east = np.array([-math.sin(lon), math.cos(lon), 0.0])
    to_north = np.array([-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat)])
    corners = np.stack(
        [centre + x * east * to_east + y * north * to_north for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    )
    return Polygon(corners / np.linalg.norm(corners, axis=1, keepdims=True))


def _range(west: float, east: float, south: float, north: float) -> Region:
    """SIA 2.0, section 2.1.2: between two meridians and two parallels, either of which may be infinite."""
    south, north = max(south, -90.0), min(north, 90.0)
    west, east = max(west, 0.0), min(east, 360.0)
    if not (south <= north and west <= east):
        raise RegionError("a range goes from the smaller to the larger number")
    if east - west >= 180:
        raise RegionError(
            "a range in right ascension is offered up to 180 deg",
        )
    along = np.linspace(west, east, _STEPS)
    corners = np.concatenate(
        [vectors(along, np.full(_STEPS, south)), vectors(along[::-1], np.full(_STEPS, north))]
    )
    return Polygon(corners)


def _edges(polygon: Polygon) -> list[tuple[Floats, Floats]]:
    return list(zip(polygon.corners, np.roll(polygon.corners, -1, axis=0), strict=True))


def _angle_between(points: Floats, one: Floats, other: Floats) -> Floats:
    """The signed angle at each point between the directions to two others."""
    to_one, to_other = np.cross(points, one), np.cross(points, other)
    sine = np.einsum("ij,ij->i", np.cross(to_one, to_other), points)
    cosine = np.einsum("ij,ij->i", to_one, to_other)
    return np.asarray(np.arctan2(sine, cosine))


def _separation(one: Floats, other: Floats) -> float:
    return math.degrees(math.atan2(float(np.linalg.norm(np.cross(one, other))), float(one @ other)))


def _distance_to_edges(polygon: Polygon, point: Floats) -> float:
    return min(_distance_to_edge(point, one, other) for one, other in _edges(polygon))


def _distance_to_edge(point: Floats, one: Floats, other: Floats) -> float:
    pole = np.cross(one, other)
    length = float(np.linalg.norm(pole))
    # The nearest point of the great circle counts if it is between the corners.
    if length > 0 and float(np.cross(pole, one) @ point) >= 0 >= float(np.cross(pole, other) @ point):
        return abs(math.degrees(math.asin(max(-1.0, min(1.0, float(pole @ point) / length)))))
    return min(_separation(point, one), _separation(point, other))


def _edges_cross(one: Polygon, other: Polygon) -> bool:
    return any(_cross(*edge, *with_) for edge in _edges(one) for with_ in _edges(other))


def _cross(a: Floats, b: Floats, c: Floats, d: Floats) -> bool:
    """Whether the arcs a-b and c-d, each shorter than a half circle, cross."""
    first, second = np.cross(a, b), np.cross(c, d)
    sides = (first @ c, first @ d, second @ a, second @ b)
    if sides[0] * sides[1] >= 0 or sides[2] * sides[3] >= 0:
        return False
    # Arcs on opposite sides of the sphere pass the test above, too.
    where = np.cross(first, second)
    where *= np.sign(where @ (a + b))
    return bool(where @ (c + d) > 0)


def _triangles(polygon: Polygon) -> tuple[Floats, Floats]:
    """Middles (not normalised) and signed areas (steradian) of the triangles of a fan."""
    a, b, c = polygon.corners[0], polygon.corners[1:-1], polygon.corners[2:]
    triple = np.cross(b, c) @ a
    excess = 2 * np.arctan2(triple, 1 + b @ a + c @ a + np.einsum("ij,ij->i", b, c))
    return a + b + c, excess
