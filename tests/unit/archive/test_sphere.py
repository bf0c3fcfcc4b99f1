"""Regions on the sphere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from esap_jupyter.archive import sphere
from esap_jupyter.archive.sphere import RegionError, parse_region


def holds(region: str, ra: float, dec: float) -> bool:
    return bool(sphere.contains_points(parse_region(region), sphere.vectors(ra, dec)[None])[0])


@pytest.mark.parametrize(
    ("region", "inside", "outside"),
    [
        ("CIRCLE ICRS 0 0 1", (359.5, 0.5), (2, 0)),
        ("circle 0 90 1", (123, 89.5), (123, 88)),
        ("POLYGON ICRS GEOCENTER 359 -1 1 -1 1 1 359 1", (0, 0), (2, 0)),
        ("POLYGON 359 1 1 1 1 -1 359 -1", (0, 0), (180, 0)),
        ("POLYGON ICRS 0 80 90 80 180 80 270 80", (45, 89), (45, 75)),
        # An arrow head: its middle is outside.
        ("POLYGON ICRS 0 0 4 3 8 0 4 8", (4, 5), (4, 1)),
        ("BOX ICRS 10 20 2 4", (10.9, 21.5), (11.3, 20)),
        ("RANGE 10 20 -5 5", (15, 0), (21, 0)),
        ("RANGE 10 20 60 inf", (15, 89), (15, 59)),
        ("POSITION ICRS 10 20", (10, 20), (10, 20.001)),
    ],
)
def test_what_a_region_holds(region: str, inside: tuple[float, float], outside: tuple[float, float]) -> None:
    assert holds(region, *inside)
    assert not holds(region, *outside)


def test_a_range_follows_its_parallels() -> None:
    # Between two corners at dec 60 the great circle passes well north of the parallel.
    assert holds("RANGE 0 60 50 60", 30, 50.02)
    assert holds("RANGE 0 60 50 60", 30, 59.98)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("CIRCLE 0 0 1", "CIRCLE 2 0 1.01", True),
        ("CIRCLE 0 0 1", "CIRCLE 2.1 0 1", False),
        ("CIRCLE 0 0 0.1", "BOX 0 0 5 5", True),
        ("CIRCLE 3 0 0.6", "BOX 0 0 5 5", True),
        ("CIRCLE 3 0 0.4", "BOX 0 0 5 5", False),
        ("BOX 0 0 10 1", "BOX 0 0 1 10", True),
        ("BOX 0 0 10 10", "BOX 0 0 1 1", True),
        ("BOX 0 0 1 1", "BOX 180 0 1 1", False),
        ("BOX 0 0 1 1", "BOX 3 0 1 1", False),
    ],
)
def test_whether_regions_meet(one: str, other: str, meet: bool) -> None:
    assert sphere.intersects(parse_region(one), parse_region(other)) is meet
    assert sphere.intersects(parse_region(other), parse_region(one)) is meet


@pytest.mark.parametrize(
    ("outer", "inner", "inside"),
    [
        ("CIRCLE 0 0 2", "CIRCLE 1 0 1", True),
        ("CIRCLE 0 0 2", "CIRCLE 1 0 1.1", False),
        ("BOX 0 0 4 4", "CIRCLE 0 0 1.9", True),
        ("BOX 0 0 4 4", "CIRCLE 1 0 1.1", False),
        ("CIRCLE 0 0 2", "BOX 0 0 2 2", True),
        ("CIRCLE 0 0 2", "BOX 0 0 3 3", False),
        ("BOX 0 0 4 4", "BOX 1 1 1 1", True),
        ("POLYGON 0 0 4 3 8 0 4 8", "POLYGON 1 0.9 7 0.9 4 7", False),
    ],
)
def test_whether_one_lies_in_the_other(outer: str, inner: str, inside: bool) -> None:
    assert sphere.contains(parse_region(outer), parse_region(inner)) is inside


def test_areas_and_centroids() -> None:
    octant = parse_region("POLYGON 0 0 90 0 0 90")
    assert sphere.area(octant) == pytest.approx(360**2 / math.pi / 8)
    assert sphere.centroid(octant) == pytest.approx((45, math.degrees(math.asin(1 / math.sqrt(3)))))
    assert sphere.area(parse_region("CIRCLE 5 5 180")) == pytest.approx(360**2 / math.pi)
    backwards = parse_region("POLYGON 0 90 90 0 0 0")
    assert sphere.centroid(backwards) == pytest.approx(sphere.centroid(octant))


@pytest.mark.parametrize(
    "region", ["CIRCLE 10 85 8", "BOX 10 20 3 3", "POLYGON 0 0 4 3 8 0 4 8", "RANGE 0 170 -3 3"]
)
def test_the_limits_in_declination_hold_the_region(region: str) -> None:
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(0, 360, 20_000), rng.uniform(-90, 90, 20_000)
    shape = parse_region(region)

    low, high = sphere.declinations(shape)
    inside = dec[sphere.contains_points(shape, sphere.vectors(ra, dec))]

    assert inside.size
    assert low <= inside.min()
    assert inside.max() <= high


@pytest.mark.parametrize(
    "text",
    ["", "CIRCLE", "CIRCLE 1 2", "CIRCLE 1 95 1", "CIRCLE 1 2 -1", "CIRCLE 1 2 nan", "BOX 1 2 200 1",
     "POLYGON 1 2 3 4", "POLYGON 1 2 3 4 5", "RANGE 5 1 0 1", "ELLIPSE 1 2 3 4", "UNION (CIRCLE 1 2 3)",
     "CIRCLE 1 2 3e", "POINT inf 1"],
)  # fmt: skip
def test_what_is_no_region(text: str) -> None:
    with pytest.raises(RegionError):
        parse_region(text)
