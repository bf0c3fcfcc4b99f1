"""From a `Query` to what is sent: which protocol answers it, and with which parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from astropy import units as u
from pydantic import ValidationError
from pyvo.dal import scs, sia, sia2, ssa

from esap_jupyter.connectors.vo.settings import VOForm, VOSettings, mjd
from esap_jupyter.errors import InputError, NotOffered
from esap_jupyter.models import Position, Query

if TYPE_CHECKING:
    import requests
    from pyvo.dal.query import DALQuery

_OBSERVATION_FIELDS = frozenset(
    {
        "calib_level",
        "collection",
        "data_type",
        "facility",
        "instrument",
        "time_end",
        "time_start",
        "wavelength_max",
        "wavelength_min",
    }
)
_INTERVALS = frozenset({"time_end", "time_start", "wavelength_max", "wavelength_min"})

_DATA_TYPES = {"images": ("image", "cube"), "spectra": ("spectrum", "sed")}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for, with the form's fields checked.

    Attributes
    ----------
    radius : float
        deg
    """

    product: str
    position: Position | None
    radius: float
    keyword: str
    form: VOForm

    @property
    def conditions(self) -> frozenset[str]:
        """Names of everything that is to narrow the search, beside the position."""
        return self.form.asked | ({"keyword"} if self.keyword else frozenset())

    @classmethod
    def of(cls, query: Query) -> Asked:
        """Check a query's own fields and those of the form.

        Raises
        ------
        InputError
            Naming the field.
        """
        try:
            form = VOForm.model_validate(query.parameters)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            known = ", ".join(VOForm.model_fields)
            hint = f"Known fields: {known}." if first["type"] == "extra_forbidden" else ""
            raise InputError(f"{field}: {first['msg']}.", hint=hint, field=field) from None
        asked = cls(query.product, query.position, query.radius, query.keyword.strip(), form)
        if not (asked.position or asked.conditions):
            raise InputError("A search needs a position, a keyword or a field of the form.", field="target")
        return asked


@dataclass(frozen=True, slots=True)
class Protocol:
    """A way to answer a search.

    Attributes
    ----------
    name : str
        For people.
    honours : frozenset of str
        The conditions it can narrow by; others it would ignore.
    places : bool
        Whether it needs a position.
    build : callable, optional
        Makes the pyvo query, of what is asked, the MAXREC and a session; None for what goes through TAP.
    """

    name: str
    honours: frozenset[str]
    places: bool
    build: Callable[[Asked, int, requests.Session], DALQuery] | None = None


def protocols(settings: VOSettings, product: str) -> list[Protocol]:
    """Every way in which the service as configured can look for a product, best first."""
    found: list[Protocol] = []
    if product == "sources":
        if settings.scs:
            found.append(Protocol("SCS", frozenset(), True, _with(settings.scs, cone_search)))
        if settings.cone_table:
            found.append(Protocol("TAP cone", frozenset({"columns"}), True))
    if product == "images":
        if settings.sia2:
            honours = _OBSERVATION_FIELDS | {"keyword"}
            found.append(Protocol("SIA2", honours, False, _with(settings.sia2, image_search_2)))
        if settings.sia:
            found.append(Protocol("SIA1", frozenset(), True, _with(settings.sia, image_search_1)))
    if product == "spectra" and settings.ssa:
        found.append(Protocol("SSA", _INTERVALS, False, _with(settings.ssa, spectrum_search)))
    if product in {"images", "spectra", "observations"} and settings.tap and settings.obscore:
        found.append(Protocol("ObsCore", _OBSERVATION_FIELDS | {"keyword"}, False))
    return found


def ways(settings: VOSettings, asked: Asked) -> list[Protocol]:
    """Those protocols that honour all that is asked.

    Raises
    ------
    NotOffered
        If none does; a condition is never silently left out.
    InputError
        If a position would help.
    """
    offered = protocols(settings, asked.product)
    if not offered:
        raise NotOffered(f"This service does not offer {asked.product}.")
    able = [protocol for protocol in offered if asked.conditions <= protocol.honours]
    if not able:
        left = sorted(asked.conditions - offered[0].honours)
        raise NotOffered(
            f"{offered[0].name} cannot select by {', '.join(left)}.",
            hint="Leave that out for this service.",
        )
    placed = [protocol for protocol in able if asked.position or not protocol.places]
    if not placed:
        raise InputError(
            f"{able[0].name} needs a position.", hint="Give a name or coordinates.", field="target"
        )
    # SIA2 matches a target exactly, ObsCore by parts.
    return sorted(placed, key=lambda protocol: bool(asked.keyword) and protocol.name == "SIA2")


def cone_search(url: str, asked: Asked, maxrec: int, session: requests.Session) -> DALQuery:
    """Build a simple cone search (SCS 1.03, section 2.1)."""
    # MAXREC is not in SCS 1.03; services that do not know it ignore it, as it demands of unknown parameters.
    return scs.SCSQuery(url, pos=_pair(asked), radius=asked.radius, session=session, maxrec=maxrec)


def image_search_1(url: str, asked: Asked, maxrec: int, session: requests.Session) -> DALQuery:
    """Build an image search of version 1 (SIA 1.0, section 4.1): a square that holds the circle."""
    return sia.SIAQuery(
        url,
        pos=_pair(asked),
        size=min(2 * asked.radius, 180.0),
        format="all",
        intersect="OVERLAPS",
        session=session,
        maxrec=maxrec,
    )


def image_search_2(url: str, asked: Asked, maxrec: int, session: requests.Session) -> DALQuery:
    """Build an image search of version 2 (SIA 2.0, section 2.1)."""
    form = asked.form
    place = [quantity * u.deg for quantity in (*_pair(asked), asked.radius)] if asked.position else None
    query = sia2.SIA2Query(
        url,
        pos=tuple(place) if place else None,
        facility=form.facility or None,
        collection=form.collection or None,
        instrument=form.instrument or None,
        data_type=form.data_type or None,
        calib_level=form.calib_level,
        target_name=asked.keyword or None,
        maxrec=maxrec,
        session=session,
    )
    # pyvo writes open intervals as Python does; DALI wants +Inf (section 3.3.4).
    if form.wavelength_min or form.wavelength_max:
        query["BAND"] = _dali_interval(form.wavelength_min, form.wavelength_max)
    if form.time_start or form.time_end:
        query["TIME"] = _dali_interval(_mjd(form.time_start), _mjd(form.time_end))
    return query


def spectrum_search(url: str, asked: Asked, maxrec: int, session: requests.Session) -> DALQuery:
    """Build a spectrum search (SSA 1.1, section 4.1)."""
    form = asked.form
    query = ssa.SSAQuery(url, session=session, maxrec=maxrec)
    if asked.position:
        query.pos = _pair(asked)
        query.diameter = min(2 * asked.radius, 360.0)
    if form.wavelength_min or form.wavelength_max:
        query["BAND"] = f"{form.wavelength_min or ''}/{form.wavelength_max or ''}"
    if form.time_start or form.time_end:
        query["TIME"] = f"{_iso(form.time_start)}/{_iso(form.time_end)}"
    return query


def cone_adql(table: str, ra: str, dec: str, asked: Asked) -> str:
    """Write a cone search in ADQL."""
    columns = asked.form.columns or "*"
    return f"SELECT {columns} FROM {table} WHERE 1=CONTAINS(POINT('ICRS', {ra}, {dec}), {_circle(asked)})"  # noqa: S608 - ADQL


def obscore_adql(table: str, asked: Asked) -> str:
    """Write a search for observations (ObsCore 1.1) in ADQL."""
    form = asked.form
    conditions = []
    if asked.position:
        # Footprints that overlap the circle, and observations that have only a centre.
        circle = _circle(asked)
        conditions.append(
            f"(1=CONTAINS(POINT('ICRS', s_ra, s_dec), {circle}) OR 1=INTERSECTS(s_region, {circle}))"
        )
    types = (form.data_type,) if form.data_type else _DATA_TYPES.get(asked.product, ())
    if types:
        conditions.append(f"dataproduct_type IN ({', '.join(_literal(name) for name in types)})")
    if asked.keyword:
        pattern = _literal(f"%{asked.keyword.lower().replace('*', '%')}%")
        conditions.append(f"(LOWER(target_name) LIKE {pattern} OR LOWER(obs_collection) LIKE {pattern})")
    for column, value in (
        ("obs_collection", form.collection),
        ("facility_name", form.facility),
        ("instrument_name", form.instrument),
    ):
        if value:
            conditions.append(f"LOWER({column}) = {_literal(value.lower())}")
    for column, operator, number in (
        ("calib_level", "=", form.calib_level),
        ("em_max", ">=", form.wavelength_min),
        ("em_min", "<=", form.wavelength_max),
        ("t_max", ">=", _mjd(form.time_start)),
        ("t_min", "<=", _mjd(form.time_end)),
    ):
        if number is not None:
            conditions.append(f"{column} {operator} {number!r}")
    return f"SELECT * FROM {table} WHERE {' AND '.join(conditions)}"  # noqa: S608 - ADQL, literals quoted


def _with(
    url: str, build: Callable[[str, Asked, int, requests.Session], DALQuery]
) -> Callable[[Asked, int, requests.Session], DALQuery]:
    def for_url(asked: Asked, maxrec: int, session: requests.Session) -> DALQuery:
        try:
            return build(url, asked, maxrec, session)
        except ValueError as error:  # pyvo's checks: a radius above 90 deg, say
            raise InputError(f"{error}.", field="radius") from error

    return for_url


def _pair(asked: Asked) -> tuple[float, float]:
    if asked.position is None:
        raise InputError("This search needs a position.", field="target")
    return asked.position.ra, asked.position.dec


def _circle(asked: Asked) -> str:
    ra, dec = _pair(asked)
    return f"CIRCLE('ICRS', {ra!r}, {dec!r}, {asked.radius!r})"


def _literal(text: Any) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _dali_interval(low: float | None, high: float | None) -> str:
    return f"{'-Inf' if low is None else repr(low)} {'+Inf' if high is None else repr(high)}"


def _mjd(time: datetime | None) -> float | None:
    return None if time is None else mjd(time)


def _iso(time: datetime | None) -> str:
    return "" if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
