"""Python values in an ADQL query: ``WHERE parallax > {limit}``, each written as a literal, never as text.

``{{`` and ``}}`` are braces of the query itself. A table becomes an upload: ``FROM {mine} AS m``.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from esap_jupyter.errors import InputError, UnknownName
from esap_jupyter.models import Position

_MOST_VALUES = 10_000
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_BRACES = "Write {{ and }} for braces of the query itself."


def fill_in(adql: str, names: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Write the values of the expressions in braces into a query.

    Parameters
    ----------
    adql : str
        With ``{expression}`` or ``{expression:unit}``; the unit is for a Quantity and must be given.
    names : mapping
        What the expressions may use.

    Returns
    -------
    str
        The query.
    dict
        The tables that it uses, to be uploaded, by name.

    Raises
    ------
    UnknownName
        If an expression uses a name that does not exist.
    InputError
        If it cannot be computed, stands within quotes, or ADQL has no literal for its value.
    """
    written: list[str] = []
    uploads: dict[str, Any] = {}
    inside, position = "", 0
    while position < len(adql):
        character = adql[position]
        if character in "{}" and inside != "-":
            if adql[position : position + 2] == 2 * character:
                written.append(character)
                position += 2
                continue
            if character == "}":
                raise InputError("A } stands alone in the query.", hint=_BRACES, field="adql")
            end = _end_of_field(adql, position)
            field = adql[position + 1 : end]
            written.append(_filled(field, inside, names, uploads, _stands_in_brackets(adql, position, end)))
            position = end + 1
            continue
        inside = _inside_after(inside, adql, position)
        written.append(character)
        position += 1
    return "".join(written), uploads


def adql_literal(value: Any, unit: str = "") -> str:
    """Write a value as ADQL does.

    Numbers, text and times are literals (ADQL 2.1, section 2.1.5), a position is a ``POINT``, a Quantity its
    number in the unit asked for, and several values are a list for ``IN``.

    Raises
    ------
    InputError
        If ADQL cannot write it.
    """
    if (hasattr(value, "unit") and not hasattr(value, "icrs")) or unit:
        value = _number_of_quantity(value, unit)
    value = _plain(value)
    literal = _scalar(value)
    if literal is not None:
        return literal
    if isinstance(value, Iterable) and not isinstance(value, bytes | Mapping):
        return _list_for_in(value)
    raise InputError(f"ADQL has no way to write a {type(value).__name__}.", field="adql")


def _filled(
    field: str, inside: str, names: Mapping[str, Any], uploads: dict[str, Any], in_brackets: bool
) -> str:
    if inside == "'":
        raise InputError(
            f"{{{field}}} stands within quotes.", hint="It gets its own: leave yours out.", field="adql"
        )
    if inside == '"':
        raise InputError(f"{{{field}}} stands within a name; only values can be filled in.", field="adql")
    expression, unit = _split_unit(field)
    value = _value_of(expression, names)
    from esap_jupyter.face.uploads import is_table

    if is_table(value) or (getattr(value, "isscalar", True) is False and hasattr(value, "icrs")):
        return f"TAP_UPLOAD.{_upload(expression, value, uploads)}"
    try:
        literal = adql_literal(value, unit)
    except InputError as error:
        raise InputError(f"{{{field}}}: {error.message}", hint=error.hint, field="adql") from error
    is_list = literal.startswith("(") and not _is_number(value)
    return literal[1:-1] if is_list and in_brackets else literal


def _value_of(expression: str, names: Mapping[str, Any]) -> Any:
    if not expression.strip():
        raise InputError("There is nothing between { and }.", hint=_BRACES, field="adql")
    try:
        # The person's own expression, in the person's own kernel.
        return eval(compile(expression.strip(), "<ADQL>", "eval"), dict(names))  # noqa: S307
    except SyntaxError as error:
        raise InputError(f"{{{expression}}} is no Python expression.", hint=_BRACES, field="adql") from error
    except NameError as error:
        raise UnknownName(
            f"There is no variable {error.name!r}.",
            hint=f"Define it in a cell above. {_BRACES}",
            field="adql",
        ) from error
    except Exception as error:
        raise InputError(
            f"{{{expression}}} cannot be computed: {type(error).__name__}: {error}", field="adql"
        ) from error


def _upload(expression: str, table: Any, uploads: dict[str, Any]) -> str:
    """Note a table to be uploaded; returns its name."""
    from esap_jupyter.face.uploads import check_name

    for name, known in uploads.items():
        if known is table:
            return name
    try:
        name = check_name(expression.strip())
    except InputError:
        name = f"upload_{len(uploads) + 1}"
    uploads[name] = table
    return name


def _number_of_quantity(value: Any, unit: str) -> Any:
    from astropy import units

    if not hasattr(value, "to_value"):
        if unit and not hasattr(value, "unit"):
            raise InputError(f"The value has no unit to be turned into {unit}.", field="adql")
        if not unit:
            return value  # a column of a plain Table: numbers as they stand
        value = units.Quantity(value)
    try:
        if unit:
            return value.to_value(units.Unit(unit))
        if value.unit == units.dimensionless_unscaled:
            return value.to_value(units.dimensionless_unscaled)
    except (ValueError, TypeError, units.UnitsError) as error:
        raise InputError(f"The value is in {value.unit}, not in {unit}: {error}", field="adql") from error
    raise InputError(
        f"The value is in {value.unit}, and the column may be in another unit.",
        hint=f"Say in which unit the query wants it, for example {{...:{value.unit}}}.",
        field="adql",
    )


def _plain(value: Any) -> Any:
    """Scalars of numpy and its like as Python's."""
    if getattr(value, "shape", None) == () and hasattr(value, "item") and not hasattr(value, "icrs"):
        if getattr(getattr(value, "dtype", None), "kind", "") == "M":
            return str(value) if value == value else None  # noqa: PLR0124 - not a time
        return value.item() if not hasattr(value, "mask") or not value.mask else None
    return value


def _scalar(value: Any) -> str | None:
    """Write one value; None if it is none."""
    if value is None or _is_missing(value):
        raise InputError("There is no value.", hint="Ask with IS NULL or IS NOT NULL.", field="adql")
    if isinstance(value, bool):
        raise InputError(
            "ADQL has no truth values.", hint="Write what the column has: 1 and 0, or 'true'.", field="adql"
        )
    literal = None
    if isinstance(value, int | float | Decimal):
        literal = _number(value)
    elif isinstance(value, str):
        literal = _text(value)
    elif isinstance(value, dt.date):
        literal = _text(_iso(value))
    elif isinstance(value, Position):
        literal = _point(value.ra, value.dec)
    elif hasattr(value, "icrs") and value.isscalar:
        literal = _point(value.icrs.ra.deg, value.icrs.dec.deg)
    elif hasattr(value, "isot") and value.isscalar:
        from esap_jupyter.formats.astropy_table import utc_text

        literal = _text(str(utc_text(value)))
    return literal


def _is_missing(value: Any) -> bool:
    """Whether it is NaN, not a time, or masked."""
    if isinstance(value, float | dt.date):
        return value != value  # noqa: PLR0124
    if hasattr(value, "icrs") and value.isscalar:
        return not (math.isfinite(value.icrs.ra.deg) and math.isfinite(value.icrs.dec.deg))
    return hasattr(value, "isot") and value.isscalar and bool(value.mask)


def _is_number(value: Any) -> bool:
    return isinstance(_plain(value), int | float | Decimal) or (hasattr(value, "isscalar") and value.isscalar)


def _number(value: float | Decimal) -> str:
    if not math.isfinite(value):
        raise InputError(f"ADQL cannot write {value}.", field="adql")
    # In brackets, or a minus before it would begin a comment.
    return f"({value})" if str(value).startswith("-") else str(value)


def _text(value: str) -> str:
    if "\x00" in value:
        raise InputError("Text for ADQL cannot hold the character NUL.", field="adql")
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _iso(value: dt.date) -> str:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return value.isoformat()


def _point(ra: float, dec: float) -> str:
    # ADQL 2.0 needs the coordinate system, 2.1 still reads it.
    return f"POINT('ICRS', {float(ra) % 360:.12g}, {float(dec):.12g})"


def _list_for_in(values: Iterable[Any]) -> str:
    literals = []
    for value in values:
        literal = _scalar(_plain(value if not hasattr(value, "as_py") else value.as_py()))
        if literal is None:
            raise InputError(f"A list for IN cannot hold a {type(value).__name__}.", field="adql")
        literals.append(literal)
    if not literals:
        raise InputError("The list is empty, and IN needs a value.", field="adql")
    if len(literals) > _MOST_VALUES:
        raise InputError(
            f"The list has {len(literals):,} values, too many for a query.",
            hint="Make a table of them: FROM {table} becomes an upload.",
            field="adql",
        )
    return f"({', '.join(literals)})"


# Where the braces are, and within what


def _end_of_field(adql: str, start: int) -> int:
    """Where the brace that is open at `start` is closed, Python's own brackets and strings left aside."""
    open_brackets: list[str] = []
    position = start + 1
    while position < len(adql):
        character = adql[position]
        string = _STRING.match(adql, position)
        if string:
            position = string.end()
            continue
        if character == "}" and not open_brackets:
            return position
        if character in _CLOSING:
            open_brackets.append(_CLOSING[character])
        elif open_brackets and character == open_brackets[-1]:
            open_brackets.pop()
        position += 1
    raise InputError("A { of the query is never closed.", hint=_BRACES, field="adql")


def _split_unit(field: str) -> tuple[str, str]:
    """Split ``expression:unit`` at a colon that is outside brackets and strings."""
    depth, position = 0, 0
    while position < len(field):
        string = _STRING.match(field, position)
        if string:
            position = string.end()
            continue
        character = field[position]
        depth += (character in "([{") - (character in ")]}")
        if character == ":" and depth == 0:
            return field[:position], field[position + 1 :].strip()
        position += 1
    return field, ""


def _inside_after(inside: str, adql: str, position: int) -> str:
    """Within what the query is after a character: ``'`` text, ``"`` a quoted name, ``-`` a comment."""
    character = adql[position]
    if inside == "-":
        return "" if character == "\n" else inside
    if inside:
        return "" if character == inside else inside
    if character in "'\"":
        return character
    return "-" if adql.startswith("--", position) else ""


def _stands_in_brackets(adql: str, start: int, end: int) -> bool:
    return adql[:start].rstrip().endswith("(") and adql[end + 1 :].lstrip().startswith(")")
