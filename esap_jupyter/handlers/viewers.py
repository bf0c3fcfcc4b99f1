"""Files as they are looked at: images a region at a time, spectra and light curves."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel, Field

from esap_jupyter.handlers.routes import Input, Numbers
from esap_jupyter.handlers.session import Session

if TYPE_CHECKING:
    from esap_jupyter.formats.curves import Curve
    from esap_jupyter.formats.images import Image

Result = TypeVar("Result")
View = Literal["image", "spectrum", "timeseries", "table", "empty"]


class OfFile(Input):
    """A file by its path, as the file browser names it."""

    path: str = Field(min_length=1)


class OfHDU(OfFile):
    """An HDU of a FITS file, counted from 0."""

    hdu: int = Field(default=0, ge=0)


class OfPlane(OfHDU):
    """A plane of a cube.

    Attributes
    ----------
    plane : tuple of int
        One number, counted from 0, for each axis beyond the second.
    """

    plane: tuple[int, ...] = ()


class OfRegion(OfPlane):
    """A part of an image; its pixels are counted from 0."""

    x: int = Field(ge=0)
    y: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class OfPixels(OfRegion):
    """A part of an image as it is shown.

    Attributes
    ----------
    binning : int
        How many pixels become one, each way.
    how : str
        Whether that one is their mean, or the one in the middle, which is quick.
    """

    binning: int = Field(default=1, ge=1)
    how: Literal["mean", "nearest"] = "mean"


class OfPlace(OfPlane):
    """A place in an image, the middle of its first pixel being 1, 1 as in FITS."""

    x: float = Field(allow_inf_nan=False)
    y: float = Field(allow_inf_nan=False)


class OfCurve(OfFile):
    """A spectrum or a light curve.

    Attributes
    ----------
    hdu : int, optional
        None for a VOTable.
    y : str
        The column to show; empty for the usual one.
    """

    hdu: int | None = Field(default=None, ge=0)
    y: str = ""


class FilePart(BaseModel):
    """An HDU of a FITS file.

    Attributes
    ----------
    shape : tuple of int
        Lengths of the axes of an image; columns and rows of a table.
    """

    number: int
    name: str
    view: View
    shape: tuple[int, ...]


class FileContent(BaseModel):
    """What is in a file, and how it is best looked at.

    Attributes
    ----------
    hdu : int, optional
        The HDU to look at; None for a VOTable.
    location : str
        The absolute path, for code.
    """

    location: str
    format: Literal["fits", "votable"]
    view: View
    hdu: int | None
    parts: tuple[FilePart, ...]


class HeaderCard(BaseModel):
    """A card of a header."""

    keyword: str
    value: str
    comment: str


class ImageAxis(BaseModel):
    """An axis of a cube beyond the two that are shown."""

    name: str
    length: int


class ImageLimits(BaseModel):
    """Values that may become black and white.

    Attributes
    ----------
    name : str
        ``minmax``, ``zscale``, or a percentage of the pixels that lie between.
    """

    name: str
    low: float
    high: float


class SkyFrame(BaseModel):
    """What the two angles of places on the sky are."""

    name: str
    longitude: str
    latitude: str
    in_hours: bool


class ImageDescription(BaseModel):
    """An image.

    Attributes
    ----------
    unit : str
        Of the pixels.
    limits : tuple
        Of a sample of the plane; none if all of it is blank.
    frame : SkyFrame, optional
        None if it is no image of the sky.
    problem : str
        Why the coordinates in the header cannot be used.
    """

    width: int
    height: int
    axes: tuple[ImageAxis, ...]
    unit: str
    title: str
    limits: tuple[ImageLimits, ...]
    frame: SkyFrame | None
    problem: str


class WorldCoordinate(BaseModel):
    """A coordinate of a place that is no angle on the sky."""

    name: str
    value: float
    unit: str


class PixelDescription(BaseModel):
    """What an image has at a place.

    Attributes
    ----------
    value : float, optional
        Of the pixel, unbinned; None if it is blank.
    longitude, latitude : float, optional
        deg; None if the place is not on the sky.
    others : tuple
        What else is known of the place: a wavelength, a velocity.
    """

    value: float | None
    longitude: float | None
    latitude: float | None
    others: tuple[WorldCoordinate, ...]


class CurveAxis(BaseModel):
    """An axis of a drawing."""

    column: str
    label: str
    unit: str
    reversed: bool


class CurveSeries(BaseModel):
    """Points that belong together."""

    name: str
    points: int
    has_errors: bool


class CurveDescription(BaseModel):
    """A spectrum or a light curve.

    Attributes
    ----------
    columns : tuple of str
        That may be shown instead.
    points : int
        In the file; of many, the highest and lowest of each few are given.
    """

    kind: Literal["spectrum", "timeseries"]
    title: str
    x: CurveAxis
    y: CurveAxis
    columns: tuple[str, ...]
    series: tuple[CurveSeries, ...]
    points: int


async def get_file_content(session: Session, given: OfFile) -> FileContent:
    def look(path: Path) -> FileContent:
        from esap_jupyter.formats.viewing import content_of

        return FileContent.model_validate(
            {**asdict(content_of(path)), "location": str(session.file(given.path))}
        )

    return await _with_file(session, given, look)


async def get_header(session: Session, given: OfHDU) -> list[HeaderCard]:
    def look(path: Path) -> list[HeaderCard]:
        from esap_jupyter.formats.fits_files import cards, hdu_at, opened

        with opened(path) as hdus:
            found = cards(hdu_at(hdus, given.hdu).header)
        return [HeaderCard(keyword=k, value=v, comment=c) for k, v, c in found]

    return await _with_file(session, given, look)


async def get_image(session: Session, given: OfPlane) -> ImageDescription:
    def describe(image: Image) -> ImageDescription:
        from esap_jupyter.formats.fits_files import text_of
        from esap_jupyter.formats.image_sky import Sky

        sky = Sky(image, given.plane)
        return ImageDescription(
            width=image.width,
            height=image.height,
            axes=tuple(ImageAxis(**asdict(axis)) for axis in image.axes),
            unit=image.unit,
            title=text_of(image.hdu.header, "TITLE", "OBJECT"),
            limits=tuple(ImageLimits(**asdict(limits)) for limits in image.limits(given.plane)),
            frame=SkyFrame(**asdict(sky.frame)) if sky.frame else None,
            problem=sky.problem,
        )

    return await _with_image(session, given, describe)


async def get_pixels(session: Session, given: OfPixels) -> Numbers:
    def read(image: Image) -> Numbers:
        from esap_jupyter.formats.images import Region

        region = Region(given.x, given.y, given.width, given.height, given.binning)
        return Numbers(image.read(region, given.plane, given.how).astype("<f4", copy=False).tobytes())

    return await _with_image(session, given, read)


async def get_sky(session: Session, given: OfRegion) -> Numbers:
    def read(image: Image) -> Numbers:
        from esap_jupyter.errors import InputError
        from esap_jupyter.formats.image_sky import Sky
        from esap_jupyter.formats.images import Region

        sky = Sky(image, given.plane)
        if sky.frame is None:
            raise InputError("This is no image of the sky.", field="hdu")
        grid = sky.grid(Region(given.x, given.y, given.width, given.height))
        return Numbers(grid.vectors.astype("<f8", copy=False).tobytes())

    return await _with_image(session, given, read)


async def get_pixel(session: Session, given: OfPlace) -> PixelDescription:
    def look(image: Image) -> PixelDescription:
        from math import floor, isfinite

        from esap_jupyter.formats.image_sky import Sky

        # From 0 here, the middle of a pixel being whole.
        x, y = given.x - 1, given.y - 1
        sky = Sky(image, given.plane)
        value = image.value(floor(x + 0.5), floor(y + 0.5), given.plane)
        place = sky.at(x, y)
        return PixelDescription(
            value=value if isfinite(value) else None,
            longitude=place[0] if place else None,
            latitude=place[1] if place else None,
            others=tuple(WorldCoordinate(**asdict(each)) for each in sky.others(x, y)),
        )

    return await _with_image(session, given, look)


async def get_curve(session: Session, given: OfCurve) -> CurveDescription:
    def describe(curve: Curve) -> CurveDescription:
        return CurveDescription(
            kind=curve.kind,
            title=curve.title,
            x=CurveAxis(**asdict(curve.x)),
            y=CurveAxis(**asdict(curve.y)),
            columns=curve.columns,
            series=tuple(
                CurveSeries(name=each.name, points=each.x.size, has_errors=each.error is not None)
                for each in curve.series
            ),
            points=curve.points,
        )

    return await _with_curve(session, given, describe)


async def get_curve_points(session: Session, given: OfCurve) -> Numbers:
    def read(curve: Curve) -> Numbers:
        import numpy as np

        errors = [np.full(s.x.size, np.nan) if s.error is None else s.error for s in curve.series]
        parts = [*(s.x for s in curve.series), *(s.y for s in curve.series), *errors]
        return Numbers(np.concatenate(parts).astype("<f8", copy=False).tobytes())

    return await _with_curve(session, given, read)


async def _with_file(session: Session, given: OfFile, work: Callable[[Path], Result]) -> Result:
    """Do the work on a file that is not compressed as a whole, in a thread."""
    return await asyncio.to_thread(lambda: work(session.uncompressed.path(session.file(given.path))))


async def _with_image(session: Session, given: OfHDU, work: Callable[[Image], Result]) -> Result:
    def look(path: Path) -> Result:
        from esap_jupyter.formats.fits_files import opened
        from esap_jupyter.formats.images import Image

        with opened(path) as hdus:
            return work(Image(hdus, given.hdu))

    return await _with_file(session, given, look)


async def _with_curve(session: Session, given: OfCurve, work: Callable[[Curve], Result]) -> Result:
    def look(path: Path) -> Result:
        from esap_jupyter.formats.curves import read_curve

        return work(read_curve(path, given.hdu, given.y))

    return await _with_file(session, given, look)
