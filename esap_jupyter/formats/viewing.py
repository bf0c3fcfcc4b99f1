"""What a file is: an image, a spectrum, a light curve or a table, and what else is in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from astropy.io import fits

from esap_jupyter.errors import UnreadableFile
from esap_jupyter.formats.curves import curve_kind, votable_kind
from esap_jupyter.formats.fits_files import opened, quietly, text_of

View = Literal["image", "spectrum", "timeseries", "table", "empty"]

_FITS = b"SIMPLE  ="
_BEGINNING = 512
_MOST_HDUS = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """An HDU of a FITS file.

    Attributes
    ----------
    number : int
        From 0, the primary one.
    name : str
        EXTNAME, with EXTVER if that is not 1.
    view : str
        How it is looked at; a table whose columns are not understood is just that.
    shape : tuple of int
        Of an image: the lengths of its axes, in the order of FITS. Of a table: its columns and rows.
    """

    number: int
    name: str
    view: View
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FileContent:
    """What is in a file.

    Attributes
    ----------
    view : str
        How it is best looked at.
    hdu : int or None
        Which HDU that is; None for a VOTable.
    """

    format: Literal["fits", "votable"]
    view: View
    hdu: int | None
    parts: tuple[Part, ...]


def content_of(path: Path) -> FileContent:
    """Say what is in a file, by what it says itself and not by its name.

    Parameters
    ----------
    path : Path
        Not compressed as a whole.

    Raises
    ------
    NotFound
        If there is no such file.
    UnreadableFile
        If it is neither FITS nor VOTable, or is damaged.
    """
    beginning = _beginning(path)
    if not beginning.startswith(_FITS) and (
        b"<VOTABLE" in beginning or beginning.lstrip().startswith(b"<?xml")
    ):
        return FileContent("votable", votable_kind(path) or "table", None, ())
    with opened(path) as hdus, quietly():
        parts = tuple(_part(number, hdu) for number, hdu in zip(range(_MOST_HDUS), hdus, strict=False))
    shown = next((part for part in parts if part.view not in ("empty", "table")), None)
    shown = shown or next((part for part in parts if part.view == "table"), parts[0])
    return FileContent("fits", shown.view, shown.number, parts)


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_BEGINNING)
    except OSError:
        # `opened` says it better.
        return b""


def _part(number: int, hdu: Any) -> Part:
    name = text_of(hdu.header, "EXTNAME")
    version = hdu.header.get("EXTVER", 1)
    name = f"{name} {version}" if name and version not in (1, "") else name
    if hdu.is_image:
        shape = tuple(reversed(hdu.shape))
        view: View = "empty" if not shape or 0 in shape else (curve_kind(hdu) or "image")
        return Part(number, name, view, shape)
    if not isinstance(hdu, fits.BinTableHDU | fits.TableHDU):
        return Part(number, name, "empty", ())
    rows = int(hdu.header.get("NAXIS2", 0))
    try:
        view = (curve_kind(hdu) if rows else None) or "table"
    except (UnreadableFile, ValueError, TypeError, KeyError, OSError):
        # What is wrong with it is told when it is opened.
        view = "table"
    return Part(number, name, view, (len(hdu.columns), rows))
