"""Spectra and light curves in FITS and VOTable files, as numbers to draw.

Understood are tables that say by UCD, utype, name or unit what their columns are (Spectral Data Model 1.1,
SDSS, ESO, Kepler and TESS among others), and images of one axis with a spectral one (FITS 4.0, section 8.4).
Numbers are drawn as they are in the file, in its units, but for a logarithmic wavelength.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from esap_jupyter.errors import InputError
from esap_jupyter.formats.curve_columns import CurveKind, Roles, TableColumn, roles_of, with_value
from esap_jupyter.formats.curve_sources import CurveSource, source_of_hdu, source_of_votable
from esap_jupyter.formats.fits_files import check_whole, hdu_at, number_of, opened, quietly, text_of, wcs_of
from esap_jupyter.formats.votable_times import TimeSystem

Floats = NDArray[np.float64]

MOST_POINTS = 200_000
"""Drawn at most; of more, the highest and lowest of each few."""
_MOST_SERIES = 24
_MOST_PIXELS = 40_000_000
_SPECTRAL_CTYPES = ("WAVE", "AWAV", "FREQ", "ENER", "WAVN", "VRAD", "VOPT", "VELO", "ZOPT", "BETA")
_SPECTRAL_WORDS = (*_SPECTRAL_CTYPES, "LINEAR", "LAMBDA", "ANGSTROM", "MULTISPE")
_ONE_SKY = 0.02
"""deg; positions further apart are those of a catalogue."""


@dataclass(frozen=True)
class CurveAxis:
    """An axis of the drawing.

    Attributes
    ----------
    column : str
        That it shows; empty for the axis of an image.
    label : str
        For people.
    unit : str
        As the file has it.
    reversed : bool
        Whether large is left or below: magnitudes.
    """

    column: str
    label: str
    unit: str
    reversed: bool = False


@dataclass(frozen=True)
class Series:
    """Points that belong together: one passband, one of several spectra.

    Attributes
    ----------
    error : ndarray or None
        One standard deviation of `y`.
    """

    name: str
    x: Floats
    y: Floats
    error: Floats | None


@dataclass(frozen=True)
class Curve:
    """A spectrum or a light curve.

    Attributes
    ----------
    columns : tuple of str
        That may be shown instead of `y.column`.
    points : int
        In the file, if not all of them are in `series`.
    """

    kind: CurveKind
    title: str
    x: CurveAxis
    y: CurveAxis
    series: tuple[Series, ...]
    columns: tuple[str, ...]
    points: int


def curve_kind(hdu: Any) -> CurveKind | None:
    """Say whether an HDU is a spectrum or a light curve."""
    if hdu.is_image:
        return "spectrum" if _is_spectral_image(hdu) else None
    source = source_of_hdu(hdu)
    roles = roles_of(source.columns)
    return roles.kind if roles and not _is_catalogue(source) else None


def votable_kind(path: Path) -> CurveKind | None:
    """Say whether a VOTable is a spectrum or a light curve.

    Raises
    ------
    UnreadableFile
        If it is no VOTable.
    """
    source = source_of_votable(path, 1)
    roles = roles_of(source.columns)
    return roles.kind if roles and not _is_catalogue(source) else None


def read_curve(path: Path, number: int | None = None, y: str = "") -> Curve:
    """Read a spectrum or a light curve.

    Parameters
    ----------
    path : Path
        Not compressed as a whole.
    number : int, optional
        Of the HDU; None for a VOTable.
    y : str, optional
        The column to show instead of the usual one.

    Raises
    ------
    InputError
        If the table is neither, or has no such column.
    UnreadableFile
        If the file cannot be read.
    """
    if number is None:
        return _curve(source_of_votable(path), y)
    with opened(path) as hdus:
        hdu = hdu_at(hdus, number)
        check_whole(hdus, hdu)
        return _image_curve(hdu) if hdu.is_image else _curve(source_of_hdu(hdu), y)


def _curve(source: CurveSource, wanted: str) -> Curve:
    roles = roles_of(source.columns)
    if roles is None:
        raise InputError(
            "No columns of this table are known to make a spectrum or a light curve.",
            hint="Open it as a table.",
        )
    by_name = {column.name: column for column in source.columns}
    if wanted and not (wanted in by_name and by_name[wanted].goes_with(by_name[roles.x])):
        raise InputError("The table has no such column of numbers.", field="y")
    if wanted:
        roles = with_value(source.columns, roles.kind, roles.x, wanted)
    series = _series(source, roles)
    points = sum(each.x.size for each in series)
    most = max(2, MOST_POINTS // max(1, len(series)))
    x, value = by_name[roles.x], by_name[roles.y]
    return Curve(
        roles.kind,
        source.title,
        _x_axis(x, roles, source.time),
        CurveAxis(roles.y, roles.y, value.unit, reversed=roles.is_magnitude),
        tuple(_thinned(each, most) for each in series),
        tuple(c.name for c in source.columns if c.is_number and c.name != roles.x and c.size == value.size),
        points,
    )


def _x_axis(column: TableColumn, roles: Roles, time: TimeSystem) -> CurveAxis:
    if roles.kind == "spectrum":
        is_log = _is_logarithmic(column)
        return CurveAxis(
            column.name,
            f"Wavelength (10^{column.name})" if is_log else column.name,
            "Angstrom" if is_log else column.unit,
        )
    scale = f" ({time.scale})" if time.scale else ""
    return CurveAxis(column.name, f"{column.name}{scale}{time.since}", column.unit or time.unit)


def _is_logarithmic(column: TableColumn) -> bool:
    name = column.name.lower()
    return name in ("loglam", "log_lambda", "loglambda") or column.unit.lower().startswith("log")


def _series(source: CurveSource, roles: Roles) -> list[Series]:
    columns = {column.name: column for column in source.columns}
    x = source.read(roles.x)
    if _is_logarithmic(columns[roles.x]) and roles.kind == "spectrum":
        x = _mapped(x, lambda each: 10.0**each)
    y = source.read(roles.y)
    error = source.read(roles.error) if roles.error else None
    if error is not None:
        error = _mapped(error, _deviation(roles.error))
    if x.dtype == object or x.ndim > 1:
        # Each row is a curve of its own.
        rows = range(min(len(x), _MOST_SERIES))
        return [
            _finite(
                f"Row {row + 1}" if len(x) > 1 else "", x[row], y[row], None if error is None else error[row]
            )
            for row in rows
        ]
    if not roles.band:
        return [_finite("", x, y, error)]
    bands = np.asarray(source.read(roles.band)).astype(str)
    names = sorted(set(bands.tolist()))
    if len(names) > _MOST_SERIES:
        return [_finite("", x, y, error)]
    parts = [(name, bands == name) for name in names]
    return [_finite(n.strip(), x[at], y[at], None if error is None else error[at]) for n, at in parts]


def _mapped(cells: NDArray[Any], change: Callable[[Floats], Floats]) -> NDArray[Any]:
    if cells.dtype != object:
        return change(cells.astype(float))
    changed = np.empty(len(cells), object)
    for index, cell in enumerate(cells):
        changed[index] = change(np.asarray(cell, float))
    return changed


def _deviation(name: str) -> Callable[[Floats], Floats]:
    """How a column of errors becomes standard deviations."""
    if name.lower() == "ivar":
        return lambda ivar: np.where(ivar > 0, 1 / np.sqrt(np.where(ivar > 0, ivar, 1)), np.nan)
    if name.lower() in ("var", "variance"):
        return lambda variance: np.sqrt(np.where(variance >= 0, variance, np.nan))
    return lambda error: error


def _finite(name: str, x: Any, y: Any, error: Any) -> Series:
    """The points of which both numbers are there, in the order of the file."""
    x, y = (np.ravel(np.asarray(each, float)) for each in (x, y))
    count = min(x.size, y.size)
    x, y = x[:count], y[:count]
    good = np.isfinite(x) & np.isfinite(y)
    error = None if error is None else np.ravel(np.asarray(error, float))
    return Series(
        name, x[good], y[good], error[:count][good] if error is not None and error.size >= count else None
    )


def _thinned(series: Series, most: int) -> Series:
    """Of each few points the lowest and the highest, if there are more than can be drawn."""
    count = series.x.size
    if count <= most:
        return series
    step = -(-count // (most // 2))
    parts = np.pad(series.y, (0, -count % step), mode="edge").reshape(-1, step)
    starts = np.arange(0, count, step)
    found = np.concatenate([starts + parts.argmin(axis=1), starts + parts.argmax(axis=1)])
    kept = np.unique(np.minimum(found, count - 1))
    error = None if series.error is None else series.error[kept]
    return Series(series.name, series.x[kept], series.y[kept], error)


def _is_catalogue(source: CurveSource) -> bool:
    """Whether the rows are of many places on the sky."""
    for name in ("ra", "raj2000", "ra_deg", "radeg", "alpha", "coord_ra"):
        column = next(
            (c for c in source.columns if c.name.lower() == name and c.is_number and c.size == 1), None
        )
        if column is not None:
            places = np.asarray(source.read(column.name), float)
            places = places[np.isfinite(places)]
            return bool(places.size and np.ptp(places) > _ONE_SKY)
    return False


def _is_spectral_image(hdu: Any) -> bool:
    """Whether an image has one axis, or a few rows over a spectral one that are spectra beside each other."""
    lengths = [length for length in hdu.shape if length > 1]
    if len(lengths) == 1:
        return bool(hdu.shape[-1] == lengths[0])
    words = text_of(hdu.header, "CTYPE1").upper()
    rows = int(np.prod(hdu.shape[:-1], dtype=int)) if hdu.shape else 0
    return bool(0 < rows <= 8 and hdu.shape[-1] > 8 * rows and words.startswith(_SPECTRAL_WORDS))


def _image_curve(hdu: Any) -> Curve:
    if not _is_spectral_image(hdu):
        raise InputError("This is no spectrum.", hint="Open it as an image.")
    if math.prod(hdu.shape) > _MOST_PIXELS:
        raise InputError("The spectrum is too long to be drawn.", hint="Cut out a part of it.")
    header = hdu.header
    x, axis = _spectral_axis(header, hdu.shape[-1])
    stored = np.asarray(hdu.data, float).reshape(-1, hdu.shape[-1])
    rows = stored * (number_of(header, "BSCALE") or 1.0) + (number_of(header, "BZERO") or 0.0)
    blank = header.get("BLANK")
    if isinstance(blank, int) and header["BITPIX"] > 0:
        rows[stored == blank] = np.nan
    series = [_finite(f"Row {n}" if len(rows) > 1 else "", x, row, None) for n, row in enumerate(rows, 1)]
    return Curve(
        "spectrum",
        text_of(header, "TITLE", "OBJECT", "EXTNAME"),
        axis,
        CurveAxis("", text_of(header, "BTYPE") or "Flux", text_of(header, "BUNIT")),
        tuple(_thinned(each, max(2, MOST_POINTS // len(series))) for each in series),
        (),
        sum(each.x.size for each in series),
    )


def _spectral_axis(header: fits.Header, length: int) -> tuple[Floats, CurveAxis]:
    kind = text_of(header, "CTYPE1").upper()
    pixels = np.arange(length, dtype=float)
    if "-" in kind and kind.startswith(_SPECTRAL_CTYPES):
        with quietly():
            wcs = wcs_of(header).sub([1])
            values = np.asarray(wcs.all_pix2world(pixels, 0)[0], float)
        return values, CurveAxis("", kind.split("-")[0], str(wcs.wcs.cunit[0]))
    step = number_of(header, "CDELT1")
    step = number_of(header, "CD1_1") if step is None else step
    start = number_of(header, "CRVAL1")
    if step is None or start is None:
        return pixels + 1, CurveAxis("", "Pixel", "")
    reference = number_of(header, "CRPIX1")
    values = start + (pixels + 1 - (1.0 if reference is None else reference)) * step
    axis = CurveAxis(
        "", kind.title() if kind not in ("", "LINEAR") else "Wavelength", text_of(header, "CUNIT1")
    )
    # IRAF's and SDSS's way to say that the axis is logarithmic.
    if number_of(header, "DC-FLAG") == 1 or kind.startswith("LOG") or "LOG" in kind:
        return 10.0**values, replace(axis, label="Wavelength", unit=axis.unit or "Angstrom")
    return values, axis
