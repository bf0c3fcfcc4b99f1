"""What people pass to the verbs, checked, as the gateway takes it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from esap_jupyter.errors import InputError
from esap_jupyter.models import Query

if TYPE_CHECKING:
    from astropy.units import Quantity


def degrees(radius: float | str | Quantity) -> float:
    """Return an angle in degrees; a bare number is one already."""
    if isinstance(radius, int | float):
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
    """Return the names of services, given one or several."""
    return (services,) if isinstance(services, str) and services else tuple(services)


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


def absolute(path: str | Path) -> Path:
    """Return a path from the root, ``~`` being the home."""
    return Path(path).expanduser().absolute()
