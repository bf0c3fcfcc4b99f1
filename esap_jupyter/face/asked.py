"""What people pass to the verbs, checked, as the gateway takes it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from esap_jupyter.errors import InputError
from esap_jupyter.models import Item, Query

if TYPE_CHECKING:
    from astropy.units import Quantity

_ITEMS = "`esap.items` makes items of a table's rows, `esap.datalake.item` of a DID."


def degrees(radius: float | str | Quantity) -> float:
    """Return an angle in degrees; a bare number is one already."""
    if isinstance(radius, Real) and not isinstance(radius, bool):
        return float(radius)
    from astropy import units
    from astropy.coordinates import Angle as AstropyAngle

    try:
        return float(AstropyAngle(radius).to_value(units.deg))
    except (ValueError, TypeError, units.UnitsError) as error:
        raise InputError(
            f"{radius!r} is not an angle.",
            hint='Write for example "6 arcmin" or 0.1 (degrees).',
            field="radius",
        ) from error


def names_of(services: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names of services, given one or several.

    Raises
    ------
    InputError
        If they are no names.
    """
    if isinstance(services, str):
        return (services,) if services else ()
    names = tuple(services) if isinstance(services, Iterable) else (services,)
    for name in names:
        if not isinstance(name, str):
            raise InputError(
                f"{name!r} is no name of a service.", hint="`esap.services()` lists them.", field="services"
            )
    return names


def words_of(keywords: str | Iterable[str]) -> list[str]:
    """Return words, given one text or several.

    Raises
    ------
    InputError
        If they are no words.
    """
    if isinstance(keywords, str):
        return keywords.split()
    words = list(keywords) if isinstance(keywords, Iterable) else [keywords]
    for word in words:
        if not isinstance(word, str):
            raise InputError(
                f"{word!r} is no keyword.",
                hint='Give words: "radio quasars" or ["radio", "quasars"].',
                field="keywords",
            )
    return words


def items_of(given: Any, *, or_ids: bool = False) -> list[Any]:
    """Return items, given one or several; with `or_ids` their ids in the basket will do too.

    Raises
    ------
    InputError
        If something is none.
    """
    # A table has rows, and they are no items either.
    is_one = isinstance(given, Item | str) or hasattr(given, "columns") or not isinstance(given, Iterable)
    items = [given] if is_one else list(given)
    for item in items:
        if not isinstance(item, (Item, str) if or_ids else Item):
            what = repr(item) if isinstance(item, str) else f"A {type(item).__name__}"
            raise InputError(f"{what} is no item.", hint=_ITEMS, field="items")
    return items


def paths_of(given: Any) -> list[Path]:
    """Return paths from the root, given one or several.

    Raises
    ------
    InputError
        If something is none.
    """
    paths = [given] if isinstance(given, str | os.PathLike) or not isinstance(given, Iterable) else given
    found = []
    for path in paths:
        if not isinstance(path, str | os.PathLike):
            raise InputError(f"A {type(path).__name__} is no path of a file.", field="files")
        found.append(absolute(path))
    return found


def query_of(**fields: Any) -> Query:
    """Make a query; what is wrong with a field is said as an `InputError`."""
    try:
        return Query(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{field}: {message}." if field else f"{message}.", field=field) from None


def checked_limit(limit: Any) -> int | None:
    """Return a row limit that can be one."""
    return query_of(adql="-", row_limit=limit).row_limit


def absolute(path: str | os.PathLike[str]) -> Path:
    """Return a path from the root, ``~`` being the home."""
    return Path(path).expanduser().absolute()
