"""Lists of targets as people keep them: lines of text, CSV, VOTable and other tables."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esap_jupyter.errors import EsapError, InputError
from esap_jupyter.gateway.names import parse_position
from esap_jupyter.models import MOST_TARGETS, Target

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_TEXT = 5_000_000
"""Characters of a list; far more than `MOST_TARGETS` need."""

_LONGEST_NAME = 200

# Headers as catalogues have them, without case, blanks and underscores at the ends.
_RA = ("ra", "raj2000", "ra_j2000", "ra_icrs", "ra_deg", "radeg", "s_ra", "right_ascension", "rightascension")
_DEC = (
    *("dec", "de", "dej2000", "decj2000", "dec_j2000", "de_icrs", "dec_icrs", "dec_deg", "decdeg", "dedeg"),
    *("decl", "s_dec", "declination"),
)
_NAME = (
    *("name", "target", "target_name", "targetname", "object", "object_name", "objname", "main_id"),
    *("source_name", "source", "designation", "label", "id", "source_id"),
)


def read_targets(path: Path) -> tuple[Target, ...]:
    """Read a list from a file: text or CSV, or a table by its suffix (.vot, .xml, .fits, .parquet).

    Raises
    ------
    InputError
        Naming the line or row that cannot be used.
    """
    from esap_jupyter.formats.files import read_file

    if path.suffix.lower() in (".vot", ".xml", ".fits", ".parquet"):
        return targets_of_table(read_file(path))
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LONGEST_TEXT + 1)
    except UnicodeDecodeError:
        raise InputError(
            f"{path.name} is no text.", hint="A list is text, CSV, VOTable, FITS or Parquet.", field="path"
        ) from None
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.", field="path") from error
    return parse_targets(text)


def parse_targets(text: str) -> tuple[Target, ...]:
    """Read a list that somebody pasted: lines of names or coordinates, CSV with ra and dec, or a VOTable.

    Lines that are empty or begin with ``#`` are left out, and so is what is there twice.

    Raises
    ------
    InputError
        Naming the line that cannot be used; or if there are none, or too many.
    """
    if len(text) > LONGEST_TEXT:
        raise InputError("The list is too long.", hint=f"At most {MOST_TARGETS:,} targets.", field="targets")
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("<"):
        return targets_of_table(_votable(text))
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if _says(line)]
    header = _header(lines[0][1]) if lines else None
    if header is not None:
        return checked(_of_csv(lines[1:], *header))
    return checked(_of_line(number, line.strip()) for number, line in lines)


def targets_of_table(table: pa.Table) -> tuple[Target, ...]:
    """Take a table's positions, found by UCD or name, and names if it has them.

    Raises
    ------
    InputError
        If it has neither, or naming the row that cannot be used.
    """
    from esap_jupyter.formats.positions import position_columns, sky_coordinates

    rows = table.slice(0, MOST_TARGETS + 1)
    named = _name_column(table)
    names = [""] * len(rows) if named is None else [_text(name) for name in rows.column(named).to_pylist()]
    try:
        columns = position_columns(table.schema)
    except InputError:
        if named is None:
            raise InputError(
                "The table has no columns of right ascension and declination, and none of names.",
                hint="Call them ra, dec and name, or give them the UCDs pos.eq.ra, pos.eq.dec and meta.id.",
                field="targets",
            ) from None
        return checked(_of_line(row, name, "Row") for row, name in enumerate(names, start=1))
    places = sky_coordinates(rows.select(columns.names), columns).icrs
    return checked(
        _placed(f"Row {row}", ra % 360, dec, name)
        for row, (ra, dec, name) in enumerate(
            zip(places.ra.deg.tolist(), places.dec.deg.tolist(), names, strict=True), start=1
        )
    )


def checked(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Each once, and not too many.

    Raises
    ------
    InputError
        If there are none, or too many.
    """
    found = tuple(dict.fromkeys(targets))
    if not found:
        raise InputError(
            "The list has no targets.", hint="Write a name or coordinates on each line.", field="targets"
        )
    if len(found) > MOST_TARGETS:
        raise InputError(
            f"There are more than {MOST_TARGETS:,} targets.",
            hint="Ask in ADQL with an uploaded table (TAP_UPLOAD) for longer lists.",
            field="targets",
        )
    return found


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _header(line: str) -> tuple[str, int, int, int | None] | None:
    """Delimiter, and the columns of right ascension, declination and name; None if it is no header."""
    for delimiter in ",\t;|":
        cells = [_plain(cell) for cell in next(csv.reader([line], delimiter=delimiter))]
        found = [next((cells.index(name) for name in names if name in cells), None) for names in (_RA, _DEC)]
        ra, dec = found
        if ra is not None and dec is not None:
            named = next((cells.index(name) for name in _NAME if name in cells), None)
            return delimiter, ra, dec, named
    return None


def _of_csv(
    lines: Sequence[tuple[int, str]], delimiter: str, ra: int, dec: int, named: int | None
) -> Iterator[Target]:
    for number, line in lines:
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        if max(ra, dec) >= len(cells):
            raise _wrong(f"Line {number}", f"has only {len(cells)} columns")
        name = cells[named] if named is not None and named < len(cells) else ""
        yield _placed(f"Line {number}", cells[ra], cells[dec], name)


def _of_line(number: int, text: str, what: str = "Line") -> Target:
    where = f"{what} {number}"
    # ra, dec, name without a header
    cells = [cell.strip() for cell in re.split(r"[,\t;|]", text, maxsplit=2)]
    if len(cells) == 3 and all(re.search(r"^[+-]?[\d.]", cell) for cell in cells[:2]):
        return _placed(where, cells[0], cells[1], cells[2])
    if not text:
        raise _wrong(where, "has no name")
    if len(text) > _LONGEST_NAME:
        raise _wrong(where, f"is longer than a name, {_LONGEST_NAME} characters")
    try:
        parse_position(text)
    except InputError as error:
        raise _wrong(where, error.message, error.hint) from None
    return Target(name=text)


def _placed(where: str, ra: Any, dec: Any, name: str) -> Target:
    """A target by its coordinates: numbers in degrees, or text in any usual form."""
    if ra in (None, "") or dec in (None, "") or ra != ra or dec != dec:  # noqa: PLR0124 - not a number
        raise _wrong(where, "has no position")
    try:
        position = parse_position(f"{_decimal(ra)}, {_decimal(dec)}")
    except InputError as error:
        raise _wrong(where, error.message, error.hint) from None
    if position is None:
        raise _wrong(where, f"{str(ra)[:40]!r} and {str(dec)[:40]!r} are no coordinates")
    return Target(name=name[:_LONGEST_NAME], position=position)


def _decimal(angle: Any) -> str:
    """A number without an exponent; anything else as it is."""
    try:
        return f"{float(angle):.15f}"
    except ValueError:
        return str(angle)


def _wrong(where: str, what: str, hint: str = "") -> InputError:
    return InputError(f"{where}: {what.rstrip('.')}.", hint=hint or "Correct it there.", field="targets")


def _votable(text: str) -> pa.Table:
    import pyarrow as pa

    from esap_jupyter.formats.votable import open_votable

    try:
        reader = open_votable(io.BytesIO(text.encode()))
        return pa.Table.from_batches(list(reader), reader.schema)
    except EsapError as error:
        raise InputError(f"The VOTable cannot be read: {error.message}", field="targets") from error


def _name_column(table: pa.Table) -> str | None:
    """The column of identifiers: the main one by its UCD, else one of a usual name."""
    for field in table.schema:
        if (field.metadata or {}).get(b"ucd", b"").lower() == b"meta.id;meta.main":
            return str(field.name)
    plain = {_plain(name): name for name in reversed(table.schema.names)}
    return next((plain[name] for name in _NAME if name in plain), None)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _plain(name: str) -> str:
    return name.strip().strip("_").lower().replace(" ", "_")
