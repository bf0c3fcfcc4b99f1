"""Images in FITS files, a region at a time and binned for the screen, so that size does not matter.

Pixels are counted from 0 here, first along the row (NAXIS1), unless something else is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from esap_jupyter.errors import InputError, UnreadableFile
from esap_jupyter.formats.fits_files import check_whole, hdu_at, number_of, text_of

Pixels = NDArray[np.float32]
How = Literal["mean", "nearest"]

MOST_PIXELS = 1 << 24
"""Of a region after binning."""
_BAND_BYTES = 1 << 25
_MOST_TILE_BYTES = 1 << 28
_SAMPLE = 1024
PERCENTILES = (90.0, 95.0, 98.0, 99.0, 99.5, 99.9)


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an image: its first pixel, its size in pixels, and how many of them become one each way."""

    x: int
    y: int
    width: int
    height: int
    binning: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns after binning; the last of each may stand for fewer pixels."""
        return -(-self.height // self.binning), -(-self.width // self.binning)


@dataclass(frozen=True, slots=True)
class Limits:
    """Values that may become black and white.

    Attributes
    ----------
    name : str
        ``minmax``, ``zscale``, or a percentage of the pixels that lie between.
    """

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis beside the two that are shown; its planes are counted from 0."""

    name: str
    length: int


@dataclass(frozen=True)
class Image:
    """An image, or a cube of images, in an open file.

    Parameters
    ----------
    hdus : HDUList
        From `fits_files.opened`.
    number : int
        Of the HDU.

    Raises
    ------
    InputError
        If there is no such HDU, or it holds no image.
    UnreadableFile
        If the file breaks off before its data end, or is compressed in tiles too large for the memory.
    """

    hdus: fits.HDUList
    number: int
    hdu: Any = field(init=False)
    shape: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        hdu = hdu_at(self.hdus, self.number)
        if not hdu.is_image or len(hdu.shape) < 2 or 0 in hdu.shape:
            raise InputError(f"HDU {self.number} holds no image.", field="hdu")
        check_whole(self.hdus, hdu)
        tile = math.prod(getattr(hdu, "tile_shape", None) or (0,)) * abs(hdu.header["BITPIX"]) // 8
        if tile > _MOST_TILE_BYTES:
            # For any pixel of it all of a tile is uncompressed.
            raise UnreadableFile(
                f"The image is compressed in tiles of {tile / 1e6:,.0f} MB.",
                hint="Uncompress it with funpack, or compress it row by row.",
            )
        object.__setattr__(self, "hdu", hdu)
        object.__setattr__(self, "shape", tuple(hdu.shape))

    @property
    def width(self) -> int:
        """Pixels in a row."""
        return self.shape[-1]

    @property
    def height(self) -> int:
        """Rows."""
        return self.shape[-2]

    @property
    def unit(self) -> str:
        """Of the pixels, as the file has it."""
        return text_of(self.hdu.header, "BUNIT")

    @property
    def axes(self) -> list[Axis]:
        """The axes beyond the first two, in the order of FITS."""
        return [
            Axis(text_of(self.hdu.header, f"CTYPE{number}") or f"Axis {number}", length)
            for number, length in enumerate(reversed(self.shape[:-2]), 3)
        ]

    def plane(self, given: tuple[int, ...]) -> tuple[int, ...]:
        """Complete and check which plane of a cube is meant, in the order of FITS.

        Raises
        ------
        InputError
            If there is none.
        """
        lengths = self.shape[:-2][::-1]
        plane = given + (0,) * (len(lengths) - len(given))
        if len(plane) > len(lengths) or not all(0 <= p < n for p, n in zip(plane, lengths, strict=True)):
            raise InputError("The image has no such plane.", field="plane")
        return plane

    def read(self, region: Region, plane: tuple[int, ...] = (), how: How = "mean") -> Pixels:
        """Read a region of a plane.

        Parameters
        ----------
        how : str
            What a binned pixel is: the mean of those that are not blank, or the one in the middle, for which
            little of the file is read.

        Returns
        -------
        ndarray
            The lowest row first; NaN where the image is blank.

        Raises
        ------
        InputError
            If the region leaves the image, or is too large.
        """
        self._check(region)
        at = self.plane(plane)[::-1]
        out = np.empty(region.shape, np.float32)
        source = _source(self.hdus, self.hdu)
        if how == "nearest" or region.binning == 1:
            self._pick(source, at, region, out)
        else:
            for first, last in self._bands(region):
                rows = slice(
                    region.y + first * region.binning,
                    min(region.y + last * region.binning, region.y + region.height),
                )
                part = self._scaled(source[(*at, rows, slice(region.x, region.x + region.width))])
                out[first:last] = _binned(part, region.binning)
        return out

    def value(self, x: int, y: int, plane: tuple[int, ...] = ()) -> float:
        """Return a pixel's value; NaN if it is blank."""
        self._check(Region(x, y, 1, 1))
        source = _source(self.hdus, self.hdu)
        return float(self._scaled(source[(*self.plane(plane)[::-1], slice(y, y + 1), slice(x, x + 1))])[0, 0])

    def limits(self, plane: tuple[int, ...] = ()) -> list[Limits]:
        """Propose what becomes black and white, from a sample of up to a million pixels of the plane.

        Returns
        -------
        list of Limits
            None if all of the sample is blank.
        """
        from astropy.visualization import ZScaleInterval

        binning = max(1, math.ceil(max(self.width, self.height) / _SAMPLE))
        sample = self.read(Region(0, 0, self.width, self.height, binning), plane, "nearest")
        values = sample[np.isfinite(sample)].astype(float)
        if not values.size:
            return []
        outside = [(100 - percentile) / 2 for percentile in PERCENTILES]
        lows = np.percentile(values, outside)
        highs = np.percentile(values, [100 - each for each in outside])
        found = [("minmax", values.min(), values.max()), ("zscale", *ZScaleInterval().get_limits(values))]
        found += [(f"{p:g}", low, high) for p, low, high in zip(PERCENTILES, lows, highs, strict=True)]
        return [Limits(name, float(low), float(high)) for name, low, high in found]

    def _check(self, region: Region) -> None:
        inside = (
            0 <= region.x < region.x + region.width <= self.width
            and 0 <= region.y < region.y + region.height <= self.height
            and region.binning >= 1
        )
        if not inside:
            raise InputError(f"The image has {self.width} x {self.height} pixels.", field="region")
        if math.prod(region.shape) > MOST_PIXELS:
            raise InputError("So many pixels are not given at once.", hint="Bin more.", field="binning")

    def _bands(self, region: Region) -> Iterator[tuple[int, int]]:
        """Split the binned rows so that a band's pixels fit well into memory; whole tiles if compressed."""
        rows = max(1, _BAND_BYTES // (8 * region.width * region.binning))
        if tile := getattr(self.hdu, "tile_shape", None):
            rows = max(rows, -(-tile[-2] // region.binning))
        for first in range(0, region.shape[0], rows):
            yield first, min(first + rows, region.shape[0])

    def _pick(self, source: Any, at: tuple[int, ...], region: Region, out: Pixels) -> None:
        step = region.binning
        # The middle one of each; of what is left over at the end, the last.
        y = region.y + np.minimum(np.arange(out.shape[0]) * step + step // 2, region.height - 1)
        x = region.x + np.minimum(np.arange(out.shape[1]) * step + step // 2, region.width - 1)
        tile = getattr(self.hdu, "tile_shape", (1, 1))[-2]
        if tile > step or step == 1:
            for first, last in self._bands(region):
                rows = slice(int(y[first]), int(y[last - 1]) + 1)
                part = source[(*at, rows, slice(region.x, region.x + region.width))]
                out[first:last] = self._scaled(part[np.ix_(y[first:last] - rows.start, x - region.x)])
        else:
            columns = slice(region.x, region.x + region.width)
            rows_of = ((*at, slice(each, each + 1), columns) for each in y.tolist())
            out[:] = self._scaled(np.stack([source[row][0, x - region.x] for row in rows_of]))

    def _scaled(self, stored: NDArray[Any]) -> NDArray[np.floating[Any]]:
        """Values of pixels as they are stored (FITS 4.0, section 4.4.2.5)."""
        header = self.hdu.header
        scale, zero = number_of(header, "BSCALE"), number_of(header, "BZERO")
        kind = np.float64 if stored.dtype.itemsize > 4 or (scale, zero) != (None, None) else np.float32
        if stored.dtype.kind in "iu" and stored.dtype.itemsize > 2:
            kind = np.float64
        values: NDArray[np.floating[Any]] = stored.astype(kind)
        blank = header.get("BLANK")
        if scale not in (None, 1.0):
            values = values * scale
        if zero not in (None, 0.0):
            values = values + zero
        if isinstance(blank, int) and stored.dtype.kind in "iu":
            values[stored == blank] = np.nan
        return values


def _source(hdus: fits.HDUList, hdu: Any) -> Any:
    """What gives stored pixels when it is indexed by plane, rows and columns, in the order of numpy."""
    return hdu.section if isinstance(hdu, fits.CompImageHDU) else _Mapped(hdus, hdu)


class _Mapped:
    """Maps the rows of a file that are asked for, and no others, so that their memory goes with them."""

    def __init__(self, hdus: fits.HDUList, hdu: Any) -> None:
        self._path = Path(hdus.filename())
        self._begin: int = hdu.fileinfo()["datLoc"]
        self._shape: tuple[int, ...] = tuple(hdu.shape)
        self._kind = np.dtype(fits.BITPIX2DTYPE[hdu.header["BITPIX"]]).newbyteorder(">")

    def __getitem__(self, index: tuple[Any, ...]) -> NDArray[Any]:
        *plane, rows, columns = index
        first = int(np.ravel_multi_index((*plane, rows.start), self._shape[:-1]))
        width = self._shape[-1]
        try:
            mapped = np.memmap(
                self._path,
                dtype=self._kind,
                mode="r",
                offset=self._begin + first * width * self._kind.itemsize,
                shape=(rows.stop - rows.start, width),
            )
        except ValueError as error:
            raise UnreadableFile(f"{self._path.name} breaks off before its data end.") from error
        return mapped[:, columns]


def _binned(values: NDArray[Any], binning: int) -> NDArray[Any]:
    """Means of squares of pixels, without those that are not finite."""
    rows, columns = (np.arange(0, length, binning) for length in values.shape)
    whole = values.shape[0] // binning * binning

    def summed(each: NDArray[Any]) -> NDArray[Any]:
        # Rows that fit are added much faster so than by `reduceat`.
        down = each[:whole].reshape(-1, binning, each.shape[1]).sum(axis=1)
        if whole < each.shape[0]:
            down = np.concatenate([down, each[whole:].sum(axis=0, keepdims=True)])
        return np.asarray(np.add.reduceat(down, columns, axis=1))

    down, across = (np.minimum(binning, n - at) for n, at in zip(values.shape, (rows, columns), strict=True))
    sums = summed(values)
    if np.isfinite(sums).all():
        return np.asarray(sums / (down[:, None] * across))
    good = np.isfinite(values)
    counts = summed(good.astype(np.float32))
    sums = summed(np.where(good, values, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / counts)
