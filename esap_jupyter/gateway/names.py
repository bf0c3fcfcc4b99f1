"""From what a person types to a place on the sky: coordinates in any usual form, or a name."""

from __future__ import annotations

import asyncio
import logging
import re

from esap_jupyter.connectors.base import ResolvesNames
from esap_jupyter.errors import EsapError, InputError, NotOffered, UnknownName
from esap_jupyter.gateway.services import Services, explained
from esap_jupyter.models import Capability, Position

log = logging.getLogger(__name__)

_ACCEPTED = (
    "Type decimal degrees (10.68 +41.27), sexagesimal (00:42:44.3 +41:16:09 or 00h42m44s +41d16m09s), "
    "J004244.3+411609, any of them with 'galactic', 'ecliptic', 'FK5' or 'B1950'; or a name."
)

# Names of frames as people write them, and as astropy does.
_FRAMES = {
    "icrs": "icrs",
    "j2000": "fk5",
    "fk5": "fk5",
    "fk4": "fk4",
    "b1950": "fk4",
    "galactic": "galactic",
    "gal": "galactic",
    "ecliptic": "barycentricmeanecliptic",
    "supergalactic": "supergalactic",
}
_EQUATORIAL = frozenset({"icrs", "fk5", "fk4"})
_FRAME_WORD = re.compile(rf"[\s,(]*\b({'|'.join(_FRAMES)})\b[\s,)]*", re.IGNORECASE)
_LABEL = re.compile(r"\b(?:ra|dec|lon|lat|l|b)\s*=\s*", re.IGNORECASE)

# An exponent has its sign, as programs write it: 1E0657 is the beginning of a name.
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]\d{1,3})?"
_PART = r"\d{1,2}(?:\.\d*)?"
_ANGLE = re.compile(
    rf"""(?P<sign>[+-]?)\s*(?P<whole>{_NUMBER})
         (?: (?:\s*(?P<unit>[hd:°])\s*|\s+) (?P<minutes>{_PART})
             (?: (?:\s*[m:'\u2032]\s*|\s+) (?P<seconds>{_PART}) \s*(?:s|"|\u2033|'')? | \s*[m'\u2032] )?
           | \s*(?P<only>h|deg|d|°)
         )?""",
    re.VERBOSE | re.IGNORECASE,
)
# The sign before a latitude is not that of an exponent.
_SIGN = r"(?<![\d.][eE])[+-]"
_SIGNED = re.compile(rf"([+-]?(?:(?!{_SIGN}).)+)({_SIGN}(?:(?!{_SIGN}).)+)")
_DESIGNATION = re.compile(r"J(\d\d)(\d\d)(\d\d(?:\.\d+)?)([+-]\d\d)(\d\d)(\d\d(?:\.\d+)?)", re.IGNORECASE)


async def resolve(text: str, services: Services) -> Position:
    """Turn what a person typed into a place on the sky (ICRS).

    Parameters
    ----------
    text : str
        Coordinates, which need no service, or a name, for which the configured resolvers are asked in turn.

    Raises
    ------
    InputError
        If it is empty, or coordinates that are no place on the sky.
    UnknownName
        If no resolver knows the name.
    ServiceError
        If no resolver answers.
    NotOffered
        If it is a name and no resolver is configured.
    """
    # Frames other than ICRS need astropy, whose import takes a while.
    position = await asyncio.to_thread(parse_position, text)
    if position is not None:
        return position
    name = " ".join(text.split())
    unknown: UnknownName | None = None
    failed: EsapError | None = None
    async for service, resolver in services.all_able(Capability.NAMES):
        try:
            return await _ask(resolver, name, services.deadline(service))
        except UnknownName as error:
            unknown = unknown or error
        except Exception as error:  # noqa: BLE001 - the next resolver may know
            failed = failed or explained(error, service)
            log.warning("The name resolver %s failed: %s", service, failed)
    if unknown is not None:
        unknown.field = "target"
        raise unknown
    if failed is not None:
        failed.hint = f"{failed.hint} Or type coordinates, which need no resolver.".strip()
        raise failed
    raise NotOffered(
        f"{name!r} is a name, and no name resolver is configured.", hint=_ACCEPTED, field="target"
    )


async def _ask(resolver: ResolvesNames, name: str, deadline: float) -> Position:
    async with asyncio.timeout(deadline):
        return await resolver.resolve(name)


def parse_position(text: str) -> Position | None:
    """Read coordinates; None if the text is none, so that it may be a name.

    Two numbers are degrees. Sexagesimal right ascension is in hours, as is what is marked ``h``; sexagesimal
    longitude of the other frames is in degrees.

    Raises
    ------
    InputError
        If it is empty, or coordinates that are no place on the sky.
    """
    plain = " ".join(text.replace("\N{MINUS SIGN}", "-").split())
    if not plain:
        raise InputError("There is no position and no name.", hint=_ACCEPTED, field="target")
    designation = _DESIGNATION.fullmatch(plain)
    if designation:
        h, m, s, d, am, s2 = designation.groups()
        plain = f"{h}:{m}:{s} {d}:{am}:{s2}"
    frame, rest = "icrs", _LABEL.sub(" ", plain).strip()
    word = _FRAME_WORD.search(rest)
    if word:
        frame = _FRAMES[word[1].lower()]
        rest = f"{rest[: word.start()]} {rest[word.end() :]}".strip()
    parts = _split(rest)
    angles = [_ANGLE.fullmatch(part.strip()) for part in parts]
    if len(angles) != 2 or not all(angles):
        if any(character.isalpha() for character in plain):
            return None
        raise InputError(f"{text!r} is no position.", hint=_ACCEPTED, field="target")
    longitude, latitude = (
        _degrees(angle, text, hours=hours)
        for angle, hours in zip(angles, (frame in _EQUATORIAL, False), strict=True)
        if angle is not None
    )
    if not -180 <= longitude <= 360:
        raise InputError(
            f"The longitude of {text!r}, {longitude:g} deg, is not between 0 and 360 deg.",
            hint=_ACCEPTED,
            field="target",
        )
    if not -90 <= latitude <= 90:
        raise InputError(
            f"The latitude of {text!r}, {latitude:g} deg, is not between -90 and +90 deg.",
            hint=_ACCEPTED,
            field="target",
        )
    return _icrs(longitude, latitude, frame)


def _split(text: str) -> list[str]:
    """Split at a comma, or before the sign of the latitude, or in the middle."""
    if re.search(r"[,;]", text):
        return re.split(r"\s*[,;]\s*", text)
    signed = _SIGNED.fullmatch(text)
    if signed:
        return [signed[1], signed[2]]
    words = text.split(" ")
    middle = len(words) // 2
    return [text] if len(words) % 2 else [" ".join(words[:middle]), " ".join(words[middle:])]


def _degrees(angle: re.Match[str], text: str, *, hours: bool) -> float:
    minutes, seconds = float(angle["minutes"] or 0), float(angle["seconds"] or 0)
    if minutes >= 60 or seconds >= 60 or (angle["minutes"] and not angle["whole"].isdigit()):
        raise InputError(
            f"{angle[0].strip()!r} in {text!r} is no angle in minutes and seconds.",
            hint=_ACCEPTED,
            field="target",
        )
    value = float(angle["whole"]) + minutes / 60 + seconds / 3600
    unit = (angle["unit"] or angle["only"] or ":").lower()
    sexagesimal = angle["minutes"] is not None
    in_hours = unit == "h" or (hours and sexagesimal and unit == ":")
    return (-value if angle["sign"] == "-" else value) * (15 if in_hours else 1)


def _icrs(longitude: float, latitude: float, frame: str) -> Position:
    if frame == "icrs":
        return Position(ra=longitude % 360.0, dec=latitude)
    from astropy.coordinates import SkyCoord

    place = SkyCoord(longitude, latitude, unit="deg", frame=frame).icrs
    return Position(ra=float(place.ra.deg) % 360.0, dec=float(place.dec.deg))
