"""The searches with parameters: cone search, images, spectra. Each becomes an ADQL query, checked as such."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from http import HTTPStatus
from xml.sax.saxutils import quoteattr

import pyarrow as pa

from esap_jupyter.archive import obscore, ssap
from esap_jupyter.archive.answers import format_named
from esap_jupyter.archive.model import MAIN_DEC, MAIN_ID, MAIN_RA, Table, column_with_ucd, text
from esap_jupyter.archive.sphere import RegionError, parse_region
from esap_jupyter.archive.web import ArchiveHandler, Parameters, QueryPlan
from esap_jupyter.errors import InputError, NotFound


class ConeHandler(ArchiveHandler):
    """/scs/<table>: Simple Cone Search 1.03."""

    error_status = HTTPStatus.OK

    async def get(self, name: str | None = None) -> None:
        """Answer with the rows of the table in a circle (RA, DEC, SR; deg)."""
        parameters = self.parameters()
        await self.answer(
            QueryPlan(
                adql=self._adql(self._table(name), parameters),
                row_limit=self._row_limit(parameters),
                format=parameters.format(),
                reshape=cone_schema,
            )
        )

    post = get

    def error_document(self, message: str) -> str:
        """Section 2.3 of the standard: an INFO named Error."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
            f'<INFO name="Error" ID="Error" value={quoteattr(message)}/>\n'
            '<RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">'
            f"{message.replace('&', '&amp;').replace('<', '&lt;')}</INFO></RESOURCE>\n</VOTABLE>\n"
        )

    def _table(self, name: str | None) -> Table:
        tables = self.archive.cone_tables()
        for table in tables:
            if name is None or table.name == name.lower():
                return table
        raise NotFound(f"There is no table {name} with positions.")

    def _row_limit(self, parameters: Parameters) -> int:
        # SR=0 asks for the columns alone (section 2.1).
        if parameters.one("SR") and float(parameters.number("SR", 0, 180)) == 0:
            return 0
        return parameters.row_limit(self.archive.limits.rows, self.archive.limits.most_rows)

    def _adql(self, table: Table, parameters: Parameters) -> str:
        positions = self.archive.positions(table)
        assert positions is not None
        ra, dec = (_quoted(name) for name in positions)
        centre_ra = parameters.number("RA", -360, 360) % 360
        centre_dec, radius = parameters.number("DEC", -90, 90), parameters.number("SR", 0, 180)
        verbosity = parameters.one("VERB", "2")
        if verbosity not in {"1", "2", "3"}:
            raise InputError(f"VERB={verbosity} is none of 1, 2, 3.", field="VERB")
        columns = "*"
        identifier = column_with_ucd(self.archive.schema(table), MAIN_ID)
        if verbosity == "1" and identifier:
            columns = f"{_quoted(identifier)}, {ra}, {dec}"
        return (
            f"SELECT {columns} FROM {table.name} WHERE "  # noqa: S608
            f"1 = CONTAINS(POINT({ra}, {dec}), CIRCLE({centre_ra!r}, {centre_dec!r}, {radius!r}))"
        )


class ImageHandler(ArchiveHandler):
    """/sia2: Simple Image Access 2.0, over ObsCore."""

    async def get(self) -> None:
        """Answer with the observations that match every parameter; of one parameter, any value."""
        parameters = self.parameters()
        await self.answer(
            QueryPlan(
                adql=image_query(parameters),
                row_limit=parameters.row_limit(self.archive.limits.rows, self.archive.limits.most_rows),
                format=format_named(parameters.one("RESPONSEFORMAT")),
            )
        )

    post = get


class SpectrumHandler(ArchiveHandler):
    """/ssa: Simple Spectral Access 1.1."""

    async def get(self) -> None:
        """Answer with the spectra in a circle of diameter SIZE around POS."""
        parameters = self.parameters()
        if parameters.one("REQUEST", "queryData").lower() != "querydata":
            raise InputError("The REQUEST is not queryData.", field="REQUEST")
        wanted = parameters.one("FORMAT").lower()
        await self.answer(
            QueryPlan(
                adql=spectrum_query(parameters),
                row_limit=0
                if wanted == "metadata"
                else parameters.row_limit(self.archive.limits.rows, self.archive.limits.most_rows),
                format=format_named(parameters.one("RESPONSEFORMAT")),
                infos={"SERVICE_PROTOCOL": "1.1"},
            )
        )

    post = get


# Cone search is older than UCD1+, and its identifiers are text (section 2.2).
_CONE_UCDS = {MAIN_ID: "ID_MAIN", MAIN_RA: "POS_EQ_RA_MAIN", MAIN_DEC: "POS_EQ_DEC_MAIN"}


def cone_schema(schema: pa.Schema) -> pa.Schema:
    """A table's schema as cone search wants it."""
    return pa.schema([_cone_field(field) for field in schema])


def _cone_field(field: pa.Field) -> pa.Field:
    ucd = text(field, "ucd")
    if ucd not in _CONE_UCDS:
        return field
    kind = pa.string() if ucd == MAIN_ID else field.type
    return pa.field(field.name, kind, metadata={**field.metadata, b"ucd": _CONE_UCDS[ucd].encode()})


# SIA 2.0, sections 2.1.2 to 2.1.17: an interval of the parameter meets that of the columns.
_INTERVALS = {
    "BAND": ("em_min", "em_max"),
    "TIME": ("t_min", "t_max"),
    "FOV": ("s_fov", "s_fov"),
    "SPATRES": ("s_resolution", "s_resolution"),
    "SPECRP": ("em_res_power", "em_res_power"),
    "EXPTIME": ("t_exptime", "t_exptime"),
    "TIMERES": ("t_resolution", "t_resolution"),
}
_WORDS = {
    "ID": "obs_publisher_did",
    "COLLECTION": "obs_collection",
    "FACILITY": "facility_name",
    "INSTRUMENT": "instrument_name",
    "DPTYPE": "dataproduct_type",
    "TARGET": "target_name",
    "FORMAT": "access_format",
}


def image_query(parameters: Parameters) -> str:
    """The query on ObsCore that SIA2's parameters amount to.

    Raises
    ------
    InputError
        If a value makes no sense.
    """
    conditions = ["dataproduct_type IN ('image', 'cube')"]
    conditions += _any_of(_position(value) for value in parameters.all("POS"))
    for name, (low, high) in _INTERVALS.items():
        conditions += _any_of(_interval(name, value, low, high) for value in parameters.all(name))
    for name, column in _WORDS.items():
        conditions += _any_of(f"{column} = {_text(value)}" for value in parameters.all(name))
    conditions += _any_of(f"calib_level = {_whole(value)}" for value in parameters.all("CALIB"))
    conditions += _any_of(
        f"pol_states LIKE {_text(f'%/{value.upper()}/%')}" for value in parameters.all("POL")
    )
    return f"SELECT * FROM {obscore.NAME} WHERE " + " AND ".join(conditions)  # noqa: S608


def spectrum_query(parameters: Parameters) -> str:
    """The query that SSA's parameters amount to.

    Raises
    ------
    InputError
        If a value makes no sense.
    """
    conditions = ["ssa_pubdid IS NOT NULL"]
    position = parameters.one("POS")
    if position:
        place = position.partition(";")[0].replace(",", " ").split()
        size = float(parameters.number("SIZE", 0, 360)) if parameters.one("SIZE") else 0.2
        circle = _region("CIRCLE", [*place, str(size / 2)], "POS")
        conditions.append(f"1 = CONTAINS(POINT(ra, dec), {circle})")
    for name, low, high in (("BAND", "ssa_specstart", "ssa_specend"), ("TIME", "ssa_dateobs", "ssa_dateobs")):
        values = parameters.one(name).split(";")[0]
        ranges = [one.strip() for one in values.split(",") if one.strip()]
        conditions += _any_of(_ssa_range(name, one, low, high) for one in ranges)
    target = parameters.one("TARGETNAME")
    if target:
        conditions.append(f"ssa_targname = {_text(target)}")
    media_type = parameters.one("FORMAT").lower()
    if media_type not in {"", "all", "metadata", "compliant", "native", "fits"}:
        conditions.append(f"mime = {_text(media_type)}")
    return f"SELECT * FROM {ssap.NAME} WHERE " + " AND ".join(conditions)  # noqa: S608


def _any_of(conditions: Iterable[str]) -> list[str]:
    alternatives = list(conditions)
    return ["(" + " OR ".join(alternatives) + ")"] if alternatives else []


def _position(value: str) -> str:
    shape, *numbers = value.split()
    region = _region(shape.upper(), numbers, "POS")
    return f"1 = INTERSECTS(s_region, {region})"


def _region(shape: str, numbers: list[str], name: str) -> str:
    if shape not in {"CIRCLE", "RANGE", "POLYGON"}:
        raise InputError(f"{name}: {shape} is none of CIRCLE, RANGE, POLYGON.", field=name)
    try:
        words = " ".join([shape, *(repr(float(number)) for number in numbers)])
        parse_region(words)
    except (RegionError, ValueError) as error:
        raise InputError(f"{name}: {error}.", field=name) from None
    if shape == "CIRCLE":
        return f"CIRCLE({', '.join(repr(float(number)) for number in numbers)})"
    return f"REGION({_text(words)})"


def _interval(name: str, value: str, low: str, high: str) -> str:
    """DALI 1.1, section 3.3.4: one number, or two, of which the outer may be infinite."""
    words = value.split()
    try:
        start, end = float(words[0]), float(words[-1])
    except ValueError:
        raise InputError(f"{name}={value} is not an interval.", field=name) from None
    if len(words) > 2 or math.isnan(start) or math.isnan(end) or start > end:
        raise InputError(f"{name}={value} is not an interval.", field=name)
    limits = []
    if math.isfinite(end):
        limits.append(f"{low} <= {end!r}")
    if math.isfinite(start):
        limits.append(f"{high} >= {start!r}")
    return "(" + (" AND ".join(limits) or f"{low} IS NOT NULL") + ")"


def _ssa_range(name: str, value: str, low: str, high: str) -> str:
    """SSA 1.1, section 8.7.2: ``a/b``, either of which may be left out."""
    start, slash, end = value.partition("/")
    if not slash:
        end = start
    return _interval(name, f"{start or '-inf'} {end or 'inf'}", low, high)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _whole(value: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", value):
        raise InputError(f"CALIB={value} is not a whole number.", field="CALIB")
    return int(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
