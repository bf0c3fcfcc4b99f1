"""One target or many, in whatever form people have them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import ValidationError

from esap_jupyter.errors import InputError
from esap_jupyter.models import Position
from esap_jupyter.models import Target as ListedTarget

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

    Target: TypeAlias = str | SkyCoord | Position
    Targets: TypeAlias = Target | Iterable[Target | Mapping[str, Any] | ListedTarget] | Any


async def query_fields(target: Targets) -> dict[str, Any]:
    """The fields of a `Query` that say where to look.

    Raises
    ------
    InputError
        Naming the target or row that cannot be used.
    """
    if isinstance(target, str):
        return {"target": target}
    if isinstance(target, Position):
        return {"position": target}
    return await asyncio.to_thread(_many, target)


def listed_targets(given: Any) -> tuple[ListedTarget, ...]:
    """Read a list of targets: text with one on each line, a list, a SkyCoord, a table.

    Raises
    ------
    InputError
        Naming the target, line or row that cannot be used.
    """
    from esap_jupyter.gateway.target_lists import parse_targets

    if isinstance(given, str):
        return parse_targets(given)
    if isinstance(given, Position):
        return (ListedTarget(position=given),)
    found = _many(given)
    targets: tuple[ListedTarget, ...] = found.get("targets") or (ListedTarget(position=found["position"]),)
    return targets


def position_of(coordinates: SkyCoord, what: str = "The target") -> Position:
    """Where one SkyCoord is, ICRS.

    Raises
    ------
    InputError
        If it is nowhere.
    """
    icrs = coordinates.icrs
    return _position(float(_filled(icrs.ra.deg)), float(_filled(icrs.dec.deg)), what)


def _many(target: Any) -> dict[str, Any]:
    import numpy as np

    from esap_jupyter.face.uploads import as_upload, is_table
    from esap_jupyter.gateway.target_lists import checked, targets_of_table

    if hasattr(target, "icrs"):
        if target.isscalar:
            return {"position": position_of(target)}
        return {"targets": checked(_of_coordinates(target))}
    if is_table(target) or (isinstance(target, Mapping) and np.ndim(target.get("ra", 0))):
        return {"targets": targets_of_table(as_upload(target, "targets"))}
    if isinstance(target, Mapping | ListedTarget) or not isinstance(target, Iterable):
        one = _listed("The target", target)
        return {"targets": (one,)} if one.name else {"position": one.position}
    return {"targets": checked(_listed(f"Target {index}", each) for index, each in enumerate(target))}


def _of_coordinates(coordinates: SkyCoord) -> Iterable[ListedTarget]:
    # One conversion for all of them: it is slow for each alone.
    icrs = coordinates.icrs.ravel()
    places = zip(_filled(icrs.ra.deg).tolist(), _filled(icrs.dec.deg).tolist(), strict=True)
    for index, (ra, dec) in enumerate(places):
        yield ListedTarget(position=_position(ra, dec, f"Target {index}"))


def _filled(degrees: Any) -> Any:
    return degrees.filled(math.nan) if hasattr(degrees, "filled") else degrees


def _position(ra: float, dec: float, what: str) -> Position:
    if not (math.isfinite(ra) and math.isfinite(dec)):
        raise InputError(
            f"{what} has no position (NaN).", hint="Leave out rows without a position.", field="targets"
        )
    return Position(ra=ra % 360, dec=dec)


def _listed(what: str, target: Any) -> ListedTarget:
    try:
        if isinstance(target, ListedTarget):
            return target
        if isinstance(target, str):
            return ListedTarget(name=target.strip())
        if isinstance(target, Position):
            return ListedTarget(position=target)
        if hasattr(target, "icrs"):
            return ListedTarget(position=position_of(target, what))
        if isinstance(target, Mapping):
            return ListedTarget(
                name=str(target.get("name", "")), position=Position(ra=target["ra"], dec=target["dec"])
            )
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"{what}: {message}.", field="targets") from None
    except (KeyError, TypeError):
        pass
    raise InputError(
        f"{what} is no target: {type(target).__name__}.",
        hint='A list holds names, coordinates, SkyCoord, or {"name": ..., "ra": ..., "dec": ...} in degrees.',
        field="targets",
    )
