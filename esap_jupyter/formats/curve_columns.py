"""Which columns of a table make a spectrum or a light curve, by UCD, utype, name and unit.

UCDs are those of the UCD1+ list, utypes those of the Spectral Data Model 1.1 (section 5) and of TimeSeries
annotations; names are those that archives use where they say neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

CurveKind = Literal["spectrum", "timeseries"]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """What a table says of a column.

    Attributes
    ----------
    size : int
        Numbers in a cell, 0 if that varies.
    is_number : bool
        Whether it holds numbers.
    """

    name: str
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    size: int = 1
    is_number: bool = True

    def goes_with(self, other: TableColumn) -> bool:
        """Whether it has a number for each of another column: one or several in a row."""
        sizes = {self.size, other.size}
        return self.is_number and (len(sizes) == 1 or (0 in sizes and 1 not in sizes))


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column is what; empty names for what there is not.

    Attributes
    ----------
    band : str
        Names the passband of each row.
    is_magnitude : bool
        Whether smaller is brighter.
    """

    kind: CurveKind
    x: str
    y: str
    error: str = ""
    band: str = ""
    is_magnitude: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a column is recognised; what comes first is more certain."""

    utype: str
    ucd: str
    name: str
    unit: str = ""

    def rank(self, column: TableColumn) -> int | None:
        """How certain it is, 0 being most; None if it is not."""
        found = (
            (self.utype, column.utype),
            (self.ucd, column.ucd.lower()),
            (self.name, re.sub(r"[^a-z0-9]", "", column.name.lower())),
        )
        for rank, (pattern, said) in enumerate(found):
            if pattern and said and re.search(pattern, said, re.IGNORECASE):
                return rank
        return None


_SPECTRAL = _Rule(
    utype=r"SpectralAxis\.Value$|spectralaxis$",
    ucd=r"^(em\.(wl|freq|energy|wavenumber)|spect\.dopplerveloc)(;|$)",
    name=r"^(wave(length)?s?|lambda|lam|loglam|wl|awav|wavelengthair|wavelengthvac|freq(uency)?|energy|"
    r"wavenumber|echan|velocity)(angstrom|nm|um|micron|hz|kev)?$",
)
_TIME = _Rule(
    utype=r"TimeAxis\.Value$|Time\.|obs_?time",
    ucd=r"^time(\.epoch)?(;|$)",
    name=r"^(time|t|mjd|hjd|bjd|jd|btjd|bkjd|mjdobs|obstime|timebjd|tmid|timemid|barytime|mjdtdb|bjdtdb|epoch|date)"
    r"(utc|tdb|tt|tai)?$",
)
_FLUX = _Rule(
    utype=r"FluxAxis\.Value$|fluxaxis$|phot.*(flux|mag)",
    ucd=r"^(phot\.(flux|mag|count|flux\.density|antennatemp)|spect\.continuum|src\.var|arith\.ratio;phot)",
    name=r"^(pdcsapflux|sapflux|flux|fluxes|flam|fnu|spec(trum)?|flux(density|reduced|cal|norm|psf|aper)?|mag|magnitude|"
    r"mag(psf|aper|auto|best)?|rate|counts?|countrate|intensity|normflux|relflux|detrendedflux|model|i)$",
)
_ERROR = _Rule(
    utype=r"FluxAxis\.Accuracy\.StatError",
    ucd=r"^stat\.(error|stdev)(;(phot|em|spect).*)?$",
    name=r"^((e|err|error|sigma|sig|unc|d|sd|stdev|uncertainty|fluxerror|magerror|stat(err|istical)?)?"
    r"(flux|mag|magnitude|rate|counts?|sapflux|pdcsapflux|pdcsap|flam|fnu|psf)?"
    r"(err|error|errs|errors|sigma|unc|uncertainty|reducederr)?|ivar|variance|var)$",
)
_BAND = _Rule(
    utype=r"photcal.*(band|filter)|PhotometryFilter",
    ucd=r"^(instr\.(filter|bandpass)|meta\.id;instr\.filter|instr\.filter)",
    name=r"^(filter|band|passband|bandpass|filt|fid|filtercode|phottel)$",
)
_ERROR_WORDS = re.compile(r"err|sig|unc|ivar|var$|std|^e_|^d_", re.IGNORECASE)
_MAGNITUDE_UNIT = re.compile(r"^m?mag\b|^mag\(", re.IGNORECASE)


def roles_of(columns: Sequence[TableColumn]) -> Roles | None:
    """Say which columns make a spectrum or a light curve.

    Returns
    -------
    Roles or None
        None if they make neither.
    """
    kind: CurveKind
    for kind, rule in (("spectrum", _SPECTRAL), ("timeseries", _TIME)):
        x = _best(columns, rule)
        if x is None:
            continue
        others = [column for column in columns if column is not x and column.goes_with(x)]
        values = [c for c in others if not _is_error(c)]
        # Kepler's and TESS's corrected flux is the one that is meant, though it comes second.
        corrected = [column for column in values if column.name == "PDCSAP_FLUX"]
        y = _best(corrected or values, _FLUX)
        if y is None:
            continue
        return with_value(columns, kind, x.name, y.name)
    return None


def with_value(columns: Sequence[TableColumn], kind: CurveKind, x: str, y: str) -> Roles:
    """Say what else belongs to a chosen pair of columns: the error, the band."""
    value = next(column for column in columns if column.name == y)
    bands = [column for column in columns if column.name not in (x, y)]
    band = _best(bands, _BAND, numbers_only=False) if kind == "timeseries" else None
    return Roles(
        kind, x, y, _error_of(value, columns, x), band.name if band else "", is_magnitude=_is_magnitude(value)
    )


def _best(columns: Sequence[TableColumn], rule: _Rule, *, numbers_only: bool = True) -> TableColumn | None:
    ranked = [
        (rank, order, column)
        for order, column in enumerate(columns)
        if (column.is_number or not numbers_only) and (rank := rule.rank(column)) is not None
    ]
    return min(ranked, key=lambda each: each[:2])[2] if ranked else None


def _is_error(column: TableColumn) -> bool:
    return column.ucd.lower().startswith("stat.") or bool(_ERROR_WORDS.search(column.name))


def _error_of(value: TableColumn, columns: Sequence[TableColumn], x: str) -> str:
    """The error of this very column if one is named after it, else the only one that may be."""
    candidates = [
        column
        for column in columns
        if column.goes_with(value)
        and column.name not in (x, value.name)
        and _is_error(column)
        and _ERROR.rank(column) is not None
    ]
    plain = value.name.lower().replace("_", "")
    named = [column for column in candidates if plain in column.name.lower().replace("_", "")]
    chosen = (
        named or (candidates if len(candidates) == 1 or _ERROR.rank(candidates[0]) == 0 else [])
        if candidates
        else []
    )
    return chosen[0].name if chosen else ""


def _is_magnitude(column: TableColumn) -> bool:
    if column.ucd:
        return column.ucd.lower().startswith("phot.mag")
    named = re.match(r"^(\w_?)?mag", column.name, re.IGNORECASE)
    return bool(_MAGNITUDE_UNIT.match(column.unit)) or (not column.unit and bool(named))
