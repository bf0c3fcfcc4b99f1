"""ADQL's geometry (ADQL 2.1, section 4.2) as SQL.

A point in a circle, and a distance, are plain trigonometry that DuckDB runs fast, with a first cut in
declination that lets it skip most rows and use a range join. All other relations are worked out by
`sphere`, through functions that `database` registers; there a region is a string in STC-S, as ObsCore's
``s_region`` is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from esap_jupyter.archive import sphere

Lower = Callable[[exp.Expr], exp.Expr]
"""Translates an argument."""

_FRAMES = frozenset({"", "ICRS", "FK5", "J2000", "ICRS GEOCENTER", "ICRS BARYCENTER", "ICRS TOPOCENTER"})


class GeometryError(ValueError):
    """A geometry that makes no sense; the message is for people."""


@dataclass(frozen=True, slots=True)
class Point:
    """Two expressions, deg."""

    lon: exp.Expr
    lat: exp.Expr


@dataclass(frozen=True, slots=True)
class Circle:
    """Three expressions, deg."""

    centre: Point
    radius: exp.Expr


@dataclass(frozen=True, slots=True)
class Region:
    """Any other region: an expression of STC-S text, and what it is if that is known already."""

    text: exp.Expr
    constant: sphere.Region | None = None


Geometry = Point | Circle | Region

CONSTRUCTORS = frozenset({"POINT", "CIRCLE", "BOX", "POLYGON", "REGION", "CENTROID"})


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """Call of a DuckDB function."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def geometry(node: exp.Expr, lower: Lower) -> Geometry:  # noqa: PLR0911  (a case for each constructor)
    """Read a constructor, or take an expression (a column) to be STC-S text.

    Raises
    ------
    GeometryError
        If the constructor is given what it does not take.
    """
    name = node.name.upper() if isinstance(node, exp.Anonymous) else ""
    match name:
        case "POINT":
            return _point(_without_frame(node), lower)
        case "CIRCLE":
            return _circle(_without_frame(node), lower)
        case "BOX":
            return _box(_without_frame(node), lower)
        case "POLYGON":
            return _polygon(_without_frame(node), lower)
        case "REGION":
            return _stc_s(lower(_one(node)))
        case "CENTROID":
            return as_point(Region(call("esap_centroid", region_text(geometry(_one(node), lower)))))
        case _:
            return Region(lower(node))


def region_text(shape: Geometry) -> exp.Expr:
    """STC-S text of a geometry."""
    match shape:
        case Point(lon, lat):
            return _words("POINT ICRS", lon, lat)
        case Circle(Point(lon, lat), radius):
            return _words("CIRCLE ICRS", lon, lat, radius)
        case Region(text):
            return text


def contains(inner: Geometry, outer: Geometry) -> exp.Expr:
    """Condition that `inner` lies in `outer`."""
    match inner, outer:
        case Point() as point, Circle(centre, radius):
            return _within(point, centre, radius)
        case Point(lon, lat), Region(text, constant):
            inside = call("esap_contains_point", text, _number(lon), _number(lat))
            if constant is None:
                return inside
            south, north = sphere.declinations(constant)
            low, high = (exp.Literal.number(repr(limit)) for limit in (south, north))
            near = exp.Between(this=lat.copy(), low=low, high=high)
            return exp.Paren(this=exp.and_(near, inside, copy=False))
    return call("esap_contains", region_text(outer), region_text(inner))


def intersects(one: Geometry, other: Geometry) -> exp.Expr:
    """Condition that the two share a point."""
    match one, other:
        case Point(), _:
            return contains(one, other)
        case _, Point():
            return contains(other, one)
        case Circle(centre, radius), Circle(other_centre, other_radius):
            return _within(
                centre, other_centre, exp.Paren(this=exp.Add(this=radius, expression=other_radius))
            )
    return call("esap_intersects", region_text(one), region_text(other))


def distance(one: Point, other: Point) -> exp.Expr:
    """Angle between two points, deg."""
    return call("esap_distance", one.lon, one.lat, other.lon, other.lat)


def nearer_than(one: Point, other: Point, comparison: exp.Expr) -> exp.Expr:
    """A comparison ``DISTANCE(one, other) < r``, with the cut in declination that makes it fast."""
    radius = comparison.expression
    return exp.Paren(this=exp.and_(_band(one, other, radius), comparison, copy=False))


def coordinate(shape: Geometry, index: int) -> exp.Expr:
    """COORD1 or COORD2 of a point."""
    match shape:
        case Point(lon, lat):
            return (lon, lat)[index]
        case Circle():
            raise GeometryError("COORD1 and COORD2 take a point")
        case Region(text):
            return call("esap_coordinate", text, exp.Literal.number(index))


def as_point(shape: Geometry) -> Point:
    """A geometry that must be a point."""
    match shape:
        case Point():
            return shape
        case Circle():
            raise GeometryError("DISTANCE takes points")
        case Region(text):
            return Point(call("esap_coordinate", text, exp.Literal.number(0)), _second(text))


def _within(point: Point, centre: Point, radius: exp.Expr) -> exp.Expr:
    near = call("esap_within", point.lon, point.lat, centre.lon, centre.lat, radius)
    return exp.Paren(this=exp.and_(_band(point, centre, radius), near, copy=False))


def _band(one: Point, other: Point, radius: exp.Expr) -> exp.Expr:
    """What a distance below the radius means for the declination alone, which DuckDB can look up."""
    low = exp.Sub(this=other.lat.copy(), expression=exp.Paren(this=radius.copy()))
    high = exp.Add(this=other.lat.copy(), expression=exp.Paren(this=radius.copy()))
    return exp.Between(this=one.lat.copy(), low=low, high=high)


def _point(arguments: list[exp.Expr], lower: Lower) -> Point:
    if len(arguments) != 2:
        raise GeometryError("POINT takes a longitude and a latitude")
    return Point(lower(arguments[0]), lower(arguments[1]))


def _circle(arguments: list[exp.Expr], lower: Lower) -> Circle:
    centre, rest = _leading_point(arguments, lower)
    if len(rest) != 1:
        raise GeometryError("CIRCLE takes a centre and a radius")
    return Circle(centre, lower(rest[0]))


def _box(arguments: list[exp.Expr], lower: Lower) -> Region:
    centre, rest = _leading_point(arguments, lower)
    if len(rest) != 2:
        raise GeometryError("BOX takes a centre, a width and a height")
    return _region("BOX ICRS", centre.lon, centre.lat, *map(lower, rest))


def _stc_s(text: exp.Expr) -> Region:
    known = isinstance(text, exp.Literal) and text.is_string
    return Region(text, _parsed(text.name) if known else None)


def _leading_point(arguments: list[exp.Expr], lower: Lower) -> tuple[Point, list[exp.Expr]]:
    """A centre, given as a point or as two numbers, and what follows it."""
    if arguments and _is_point(arguments[0]):
        return as_point(geometry(arguments[0], lower)), arguments[1:]
    return _point(arguments[:2], lower), arguments[2:]


def _polygon(arguments: list[exp.Expr], lower: Lower) -> Region:
    if arguments and all(_is_point(argument) for argument in arguments):
        points = [as_point(geometry(argument, lower)) for argument in arguments]
    elif len(arguments) % 2:
        raise GeometryError("POLYGON takes points, or pairs of numbers")
    else:
        pairs = zip(arguments[::2], arguments[1::2], strict=True)
        points = [Point(lower(lon), lower(lat)) for lon, lat in pairs]
    if len(points) < 3:
        raise GeometryError("POLYGON takes at least three points")
    return _region("POLYGON ICRS", *(part for point in points for part in (point.lon, point.lat)))


def _region(first: str, *numbers: exp.Expr) -> Region:
    constants = [_constant(number) for number in numbers]
    text = _words(first, *numbers)
    if any(value is None for value in constants):
        return Region(text)
    return Region(text, _parsed(" ".join([first, *(str(value) for value in constants)])))


def _constant(node: exp.Expr) -> float | None:
    if isinstance(node, exp.Neg):
        value = _constant(node.this)
        return None if value is None else -value
    return float(node.name) if isinstance(node, exp.Literal) and not node.is_string else None


def _parsed(text: str) -> sphere.Region:
    try:
        return sphere.parse_region(text)
    except sphere.RegionError as error:
        raise GeometryError(str(error)) from None


def _is_point(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.upper() in {"POINT", "CENTROID"}


def _without_frame(node: exp.Expr) -> list[exp.Expr]:
    """The arguments without the coordinate system that ADQL 2.0 wants first."""
    arguments = list(node.expressions)
    if arguments and isinstance(arguments[0], exp.Literal) and arguments[0].is_string:
        frame = arguments.pop(0).name.strip().upper()
        if frame not in _FRAMES:
            raise GeometryError(f"The coordinate system {frame!r} is not offered, only ICRS")
    return arguments


def _one(node: exp.Expr) -> exp.Expr:
    if len(node.expressions) != 1:
        raise GeometryError(f"{node.name.upper()} takes one argument")
    argument: exp.Expr = node.expressions[0]
    return argument


def _second(text: exp.Expr) -> exp.Expr:
    return call("esap_coordinate", text.copy(), exp.Literal.number(1))


def _words(first: str, *numbers: exp.Expr) -> exp.Expr:
    text: exp.Expr = exp.Literal.string(first)
    for number in numbers:
        # Unlike concat_ws, || gives NULL if a part is NULL.
        digits = exp.DPipe(this=exp.Literal.string(" "), expression=exp.cast(_number(number), "VARCHAR"))
        text = exp.DPipe(this=text, expression=exp.Paren(this=digits))
    return exp.Paren(this=text)


def _number(expression: exp.Expr) -> exp.Expr:
    return exp.cast(expression, "DOUBLE")
