"""FITS files as they are read for looking at: the headers, and where the data are, but not the data.

Every fault of a file is told as an `UnreadableFile` that says what is wrong with it.
"""

from __future__ import annotations

import contextlib
import gzip
import shutil
import tempfile
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from astropy.io import fits
from astropy.io.fits.verify import VerifyError

from esap_jupyter.errors import InputError, NoRoom, NotFound, UnreadableFile

GZIP = b"\x1f\x8b"
_CHUNK = 1 << 22
_KEPT = 4
_KEEP_FREE = 1 << 28
# Of SIP (Shupe et al. 2005), and of the axes that an array may have (FITS 4.0, section 4.4.1.1).
_MOST_IN_WCS = {"A_ORDER": 9, "B_ORDER": 9, "AP_ORDER": 9, "BP_ORDER": 9, "WCSAXES": 999}
# Warnings are filtered for the whole process, not for a thread.
_warnings = threading.RLock()


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Keep what astropy thinks of other people's headers out of the log."""
    with _warnings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def opened(path: Path) -> Iterator[fits.HDUList]:
    """Open a FITS file; its data are neither read nor scaled.

    Parameters
    ----------
    path : Path
        Of a file that is not compressed as a whole, see `Uncompressed`.

    Raises
    ------
    NotFound
        If there is no such file.
    UnreadableFile
        If it is no FITS file, or a damaged one; also for what goes wrong while it is open.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path.name}.")
    if path.stat().st_size == 0:
        raise UnreadableFile(f"{path.name} is empty.", hint="Stage it again.")
    try:
        with quietly():
            hdus = fits.open(path, memmap=True, do_not_scale_image_data=True, lazy_load_hdus=True)
        with hdus:
            yield hdus
    except PermissionError as error:
        raise UnreadableFile(f"{path.name} may not be read: {error.strerror}.") from error
    except (OSError, VerifyError, ValueError, TypeError, KeyError, IndexError, EOFError) as error:
        raise UnreadableFile(f"{path.name} cannot be read as FITS: {_first_line(error)}.") from error


def hdu_at(hdus: fits.HDUList, number: int) -> Any:
    """Return an HDU by its number from 0.

    Raises
    ------
    InputError
        If there is none.
    """
    with quietly():
        try:
            return hdus[number]
        except IndexError:
            raise InputError(f"The file has no HDU {number}.", field="hdu") from None


def check_whole(hdus: fits.HDUList, hdu: Any) -> None:
    """See to it that all data of an HDU are in the file.

    Raises
    ------
    UnreadableFile
        If the file ends before them.
    """
    stored = getattr(hdu, "_bintable", None) or hdu
    where = stored.fileinfo()
    path = Path(hdus.filename())
    wanted, size = where["datLoc"] + stored.size, path.stat().st_size
    if size < wanted:
        raise UnreadableFile(
            f"{path.name} breaks off: {size} of {wanted} bytes are there.", hint="Stage it again."
        )


def wcs_of(header: fits.Header, hdus: fits.HDUList | None = None) -> Any:
    """Read the world coordinates of a header; `hdus` has those that are in other HDUs.

    Raises
    ------
    UnreadableFile
        If they are of a size that nobody's are, and that would take hours or all memory to read.
    Exception
        Whatever astropy and wcslib find wrong with them.
    """
    from astropy.wcs import WCS

    for keyword, most in _MOST_IN_WCS.items():
        if (number_of(header, keyword) or 0) > most:
            raise UnreadableFile(f"{keyword} is greater than {most}.")
    return WCS(header, fobj=hdus)


class Uncompressed:
    """Copies of gzipped files, so that any part of one is read without all that comes before it.

    The copies are on the disk, and are deleted with this object.

    Parameters
    ----------
    kept : int
        How many copies to keep.
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self._most = kept
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._copies: OrderedDict[tuple[str, int, int], Path] = OrderedDict()
        self._lock = threading.Lock()

    def path(self, path: Path) -> Path:
        """Return the file itself, or a copy of it if it is compressed as a whole.

        Raises
        ------
        NotFound
            If there is no such file.
        UnreadableFile
            If it cannot be uncompressed.
        NoRoom
            If the disk cannot hold the copy.
        """
        try:
            if not path.is_file():
                # Whoever opens a pipe waits for ever.
                raise NotFound(f"There is no file {path.name}.")
            with path.open("rb") as file:
                if file.read(2) != GZIP:
                    return path
            stat = path.stat()
        except FileNotFoundError as error:
            raise NotFound(f"There is no file {path.name}.") from error
        except OSError as error:
            raise UnreadableFile(f"{path.name} cannot be read: {error.strerror}.") from error
        key = (str(path), stat.st_mtime_ns, stat.st_size)
        with self._lock:
            if key not in self._copies:
                self._copies[key] = self._copy(path)
            self._copies.move_to_end(key)
            while len(self._copies) > self._most:
                # Who reads it now has it open, and reads on.
                self._copies.popitem(last=False)[1].unlink(missing_ok=True)
            return self._copies[key]

    def close(self) -> None:
        """Delete the copies."""
        with self._lock:
            self._copies.clear()
            if self._directory is not None:
                self._directory.cleanup()
                self._directory = None

    def _copy(self, path: Path) -> Path:
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(prefix="esap-fits-", ignore_cleanup_errors=True)
        directory = Path(self._directory.name)
        with tempfile.NamedTemporaryFile(dir=directory, suffix=f"-{path.stem}", delete=False) as copy:
            try:
                with gzip.open(path, "rb") as source:
                    while chunk := source.read(_CHUNK):
                        _check_room(directory, path)
                        copy.write(chunk)
            except (OSError, EOFError, NoRoom) as error:
                Path(copy.name).unlink()
                if isinstance(error, NoRoom):
                    raise
                raise UnreadableFile(
                    f"{path.name} cannot be uncompressed: {_first_line(error)}.", hint="Stage it again."
                ) from error
        return Path(copy.name)


def _check_room(directory: Path, path: Path) -> None:
    if shutil.disk_usage(directory).free < _KEEP_FREE:
        raise NoRoom(
            f"{directory} has no room for {path.name} uncompressed.",
            hint="Make room there, or uncompress the file yourself.",
        )


def cards(header: fits.Header) -> list[tuple[str, str, str]]:
    """Return the cards of a header: keyword, value as FITS writes it, comment."""
    return [_card(card) for card in header.cards if not card.is_blank]


def text_of(header: fits.Header, *keywords: str) -> str:
    """Return the first of some keywords that has a value, as text; empty if none has."""
    return next((text for each in keywords if (text := str(_value(header.get, each)).strip())), "")


def number_of(header: fits.Header, keyword: str) -> float | None:
    """Return the number that a keyword has."""
    value = _value(header.get, keyword)
    return float(value) if isinstance(value, int | float) else None


def _value(get: Callable[[str, str], Any], keyword: str) -> Any:
    try:
        value = get(keyword, "")
    except (VerifyError, ValueError):
        return ""
    return "" if isinstance(value, fits.card.Undefined) else value


def _card(card: fits.Card) -> tuple[str, str, str]:
    try:
        value = card.value
        comment = str(card.comment)
    except (VerifyError, ValueError):
        return card.keyword, card.rawvalue if hasattr(card, "rawvalue") else "", "not as FITS wants it"
    if isinstance(value, bool):
        return card.keyword, "T" if value else "F", comment
    return card.keyword, "" if isinstance(value, fits.card.Undefined) else str(value), comment


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
