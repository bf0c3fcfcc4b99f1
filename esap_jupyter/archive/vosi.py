"""VOSI 1.1: capabilities, availability and tables of each service; and the examples of DALI 1.1."""

from __future__ import annotations

from typing import ClassVar
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

from esap_jupyter.archive.adql.functions import FUNCTIONS, GEOMETRY
from esap_jupyter.archive.answers import FORMATS
from esap_jupyter.archive.model import Table, text
from esap_jupyter.archive.tap_schema import SCHEMA_DESCRIPTIONS, column_shape, is_indexed
from esap_jupyter.archive.web import ArchiveHandler, element, timestamp

_TAP = "ivo://ivoa.net/std/TAP"
_FEATURES = f"{_TAP}Regext"
_STANDARDS = {
    "scs": "ivo://ivoa.net/std/ConeSearch",
    "sia2": "ivo://ivoa.net/std/SIA#query-2.0",
    "ssa": "ivo://ivoa.net/std/SSA",
    "datalink": "ivo://ivoa.net/std/DataLink#links-1.1",
}
_OPTIONAL_FEATURES = {
    "features-adql-string": ("LOWER", "UPPER", "ILIKE"),
    "features-adql-sets": ("UNION", "EXCEPT", "INTERSECT"),
    "features-adql-common-table": ("WITH",),
    "features-adql-type": ("CAST",),
    "features-adql-unit": ("IN_UNIT",),
    "features-adql-offset": ("OFFSET",),
    "features-adql-conditional": ("COALESCE",),
}


class CapabilitiesHandler(ArchiveHandler):
    """<service>/capabilities (VOSI 1.1, section 2)."""

    def get(self, service: str) -> None:
        """Tell what the service can."""
        kind, _, _ = service.partition("/")
        url = f"{self.base}{service}"
        own = self._tap(url) if kind == "tap" else _capability(_STANDARDS[kind], url, "GET")
        vosi = [
            _capability(f"ivo://ivoa.net/std/VOSI#{part}", f"{url}/{part}", use="full")
            for part in ("capabilities", "availability", *(["tables"] if kind == "tap" else []))
        ]
        self.send_xml(_document("vosi:capabilities", [own, *vosi]))

    def _tap(self, url: str) -> str:
        limits = self.archive.limits
        model = "".join(
            element("dataModel", name, **{"ivo-id": identifier})
            for table, name, identifier in (
                ("ivoa.obscore", "ObsCore 1.1", "ivo://ivoa.net/std/ObsCore#core-1.1"),
                ("rr.resource", "Registry 1.1", "ivo://ivoa.net/std/RegTAP#1.1"),
            )
            if table in self.archive.database.schemas
        )
        formats = "".join(
            f"<outputFormat>{element('mime', one.media_type)}{element('alias', one.names[0])}</outputFormat>"
            for one in FORMATS
        )
        return (
            f'<capability standardID="{_TAP}" xsi:type="tr:TableAccess">'
            f"{_interface(url, version='1.1')}{_interface(f'{url}/sync', use='full', role='')}"
            f"{model}{_language()}{formats}"
            f'<uploadMethod ivo-id="{_FEATURES}#upload-inline"/>'
            f"<executionDuration>{_limits(limits.job_seconds, limits.job_seconds)}</executionDuration>"
            f"<outputLimit>{_limits(limits.rows, limits.most_rows, unit='row')}</outputLimit>"
            f'<uploadLimit><hard unit="byte">{limits.upload_bytes}</hard></uploadLimit>'
            "</capability>" + _capability("ivo://ivoa.net/std/DALI#examples", f"{url}/examples", use="full")
        )


class AvailabilityHandler(ArchiveHandler):
    """<service>/availability (VOSI 1.1, section 3)."""

    def get(self, _service: str) -> None:
        """Tell that the service is up."""
        up_since = element("vosi:upSince", timestamp(self.archive.started))
        self.send_xml(_document("vosi:availability", ["<vosi:available>true</vosi:available>", up_since]))


class TablesHandler(ArchiveHandler):
    """/tap/tables (VOSI 1.1, section 4)."""

    async def get(self, name: str | None = None) -> None:
        """Describe all tables, or one of them."""
        if name:
            table = self.archive.table(name)
            self.send_xml(_document("vosi:table", [_table_parts(table, self.archive.schema(table))]))
            return
        brief = self.parameters().one("DETAIL").lower() == "min"
        schemas: dict[str, list[str]] = {}
        for table in self.archive.tables:
            schema = None if brief else self.archive.schema(table)
            described = f'<table type="table">{_table_parts(table, schema)}</table>'
            schemas.setdefault(table.name.split(".")[0], []).append(described)
        own = self.archive.identity.description
        parts = [
            f"<schema>{element('name', schema_name)}"
            f"{element('description', SCHEMA_DESCRIPTIONS.get(schema_name, own))}"
            f"{''.join(tables)}</schema>"
            for schema_name, tables in schemas.items()
        ]
        self.send_xml(_document("vosi:tableset", parts))


class ExamplesHandler(ArchiveHandler):
    """/tap/examples (DALI 1.1, section 2.3): XHTML with RDFa."""

    def get(self) -> None:
        """Show queries worth trying."""
        examples = "\n".join(
            f'<div id="example{number}" resource="#example{number}" typeof="example">'
            f'<h2 property="name">{escape(title)}</h2>'
            f'<pre property="query">{escape(adql)}</pre></div>'
            for number, (title, adql) in enumerate(self.archive.identity.examples, start=1)
        )
        self.send_xml(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<html xmlns="http://www.w3.org/1999/xhtml"><head>'
            f"<title>Examples: {escape(self.archive.identity.title)}</title></head>\n"
            f'<body vocab="http://www.ivoa.net/rdf/examples#">\n{examples}\n</body></html>\n',
            "application/xhtml+xml; charset=UTF-8",
        )


class FrontHandler(ArchiveHandler):
    """/: what is here, for people."""

    SERVICES: ClassVar = {
        "tap": "queries in ADQL (TAP)",
        "sia2": "search for images (SIA2)",
        "ssa": "search for spectra (SSA)",
    }

    def get(self) -> None:
        """List the services."""
        identity = self.archive.identity
        services = dict(self.SERVICES)
        services |= {
            f"scs/{table.name}": f"cone search in {table.name}" for table in self.archive.cone_tables()
        }
        lines = "".join(
            f"<li><code>{self.base}{path}</code>: {escape(what)}</li>" for path, what in services.items()
        )
        tables = "".join(
            f"<li><code>{escape(table.name)}</code> {escape(table.description)}</li>"
            for table in self.archive.tables
        )
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Content-Security-Policy", "default-src 'none'")
        self.finish(
            f"<!DOCTYPE html><html lang=en><title>{escape(identity.title)}</title>"
            f"<h1>{escape(identity.title)}</h1><p>{escape(identity.description)}</p>"
            f"<h2>Services</h2><ul>{lines}</ul><h2>Tables</h2><ul>{tables}</ul>"
        )


def _document(root: str, parts: list[str]) -> str:
    kind = root.removeprefix("vosi:")
    namespace = {
        "capabilities": "VOSICapabilities/v1.0",
        "availability": "VOSIAvailability/v1.0",
    }.get(kind, "VOSITables/v1.0")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{root} xmlns:vosi="http://www.ivoa.net/xml/{namespace}" '
        'xmlns:vr="http://www.ivoa.net/xml/VOResource/v1.0" '
        'xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" '
        'xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n' + "\n".join(parts) + f"\n</{root}>\n"
    )


def _capability(standard: str, url: str, query_type: str = "", use: str = "base") -> str:
    return (
        f'<capability standardID="{standard}">{_interface(url, use=use, query_type=query_type)}</capability>'
    )


def _interface(
    url: str, *, version: str = "", use: str = "base", role: str = "std", query_type: str = ""
) -> str:
    attributes = "".join(
        f" {name}={quoteattr(value)}" for name, value in (("role", role), ("version", version)) if value
    )
    query = element("queryType", query_type) if query_type else ""
    return (
        f'<interface{attributes} xsi:type="vs:ParamHTTP">'
        f"{element('accessURL', url, use=use)}{query}</interface>"
    )


def _limits(default: float, hard: float, unit: str = "") -> str:
    attributes = {"unit": unit} if unit else {}
    return element("default", str(int(default)), **attributes) + element("hard", str(int(hard)), **attributes)


def _language() -> str:
    """The languageFeatures of TAPRegExt 1.0, section 2.3."""
    functions = "".join(
        f"<feature>{element('form', one.signature)}{element('description', one.description)}</feature>"
        for one in FUNCTIONS.values()
        if one.signature
    )
    lists = [f'<languageFeatures type="{_FEATURES}#features-udf">{functions}</languageFeatures>']
    for kind, forms in {"features-adqlgeo": GEOMETRY, **_OPTIONAL_FEATURES}.items():
        inside = "".join(f"<feature>{element('form', form)}</feature>" for form in forms)
        lists.append(f'<languageFeatures type="{_FEATURES}#{kind}">{inside}</languageFeatures>')
    versions = "".join(
        element("version", version, **{"ivo-id": f"ivo://ivoa.net/std/ADQL#v{version}"})
        for version in ("2.0", "2.1")
    )
    return (
        f"<language><name>ADQL</name>{versions}<description>ADQL 2.1</description>{''.join(lists)}</language>"
    )


def _table_parts(table: Table, schema: pa.Schema | None) -> str:
    columns = "" if schema is None else "".join(_column(table, field) for field in schema)
    title = element("title", table.title) if table.title else ""
    utype = element("utype", table.utype) if table.utype else ""
    return f"{element('name', table.name)}{title}{element('description', table.description)}{utype}{columns}"


def _column(table: Table, field: pa.Field) -> str:
    shape = column_shape(field)
    parts = [element("name", field.name)]
    parts += [
        element(key, text(field, key)) for key in ("description", "unit", "ucd", "utype") if text(field, key)
    ]
    attributes = {"arraysize": shape.arraysize, "extendedType": shape.xtype}
    present = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items() if value)
    parts.append(f'<dataType xsi:type="vs:VOTableType"{present}>{shape.datatype}</dataType>')
    if is_indexed(table, field):
        parts.append("<flag>indexed</flag>")
    return f"<column>{''.join(parts)}</column>"
