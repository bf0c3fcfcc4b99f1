"""The archive's own registry: the tables ``rr.*`` (RegTAP 1.1, section 8), about the archive's own services.

Enough of it for discovery by keyword, kind of service, waveband, author, subject, UCD and identifier. As
RegTAP wants it, values without case are in lower case, and lists are joined with ``#``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from esap_jupyter.archive.model import MAIN_RA, Identity, Table, column_with_ucd, text
from esap_jupyter.archive.tap_schema import column_shape, schema_of

_T, _I, _D = pa.string(), pa.int16(), pa.float64()

_SHAPES: dict[str, tuple[tuple[str, pa.DataType], ...]] = {
    "resource": (
        ("ivoid", _T), ("res_type", _T), ("created", _T), ("short_name", _T), ("res_title", _T),
        ("updated", _T), ("content_level", _T), ("res_description", _T), ("reference_url", _T),
        ("creator_seq", _T), ("content_type", _T), ("source_format", _T), ("source_value", _T),
        ("res_version", _T), ("region_of_regard", _D), ("waveband", _T), ("rights", _T), ("rights_uri", _T),
        ("harvested_from", _T),
    ),
    "res_role": (
        ("ivoid", _T), ("role_name", _T), ("role_ivoid", _T), ("street_address", _T), ("email", _T),
        ("telephone", _T), ("logo", _T), ("base_role", _T),
    ),
    "res_subject": (("ivoid", _T), ("res_subject", _T)),
    "capability": (
        ("ivoid", _T), ("cap_index", _I), ("cap_type", _T), ("cap_description", _T), ("standard_id", _T),
    ),
    "interface": (
        ("ivoid", _T), ("cap_index", _I), ("intf_index", _I), ("intf_type", _T), ("intf_role", _T),
        ("std_version", _T), ("query_type", _T), ("result_type", _T), ("wsdl_url", _T), ("url_use", _T),
        ("access_url", _T), ("mirror_url", _T), ("authenticated_only", _I),
    ),
    "intf_param": (
        ("ivoid", _T), ("intf_index", _I), ("name", _T), ("ucd", _T), ("unit", _T), ("utype", _T),
        ("std", _I), ("datatype", _T), ("extended_schema", _T), ("extended_type", _T), ("arraysize", _T),
        ("delim", _T), ("param_use", _T), ("param_description", _T),
    ),
    "relationship": (
        ("ivoid", _T), ("relationship_type", _T), ("related_id", _T), ("related_name", _T),
    ),
    "res_date": (("ivoid", _T), ("date_value", _T), ("value_role", _T)),
    "validation": (("ivoid", _T), ("validated_by", _T), ("val_level", _I), ("cap_index", _I)),
    "res_schema": (
        ("ivoid", _T), ("schema_index", _I), ("schema_description", _T), ("schema_name", _T),
        ("schema_title", _T), ("schema_utype", _T),
    ),
    "res_table": (
        ("ivoid", _T), ("schema_index", _I), ("table_description", _T), ("table_name", _T),
        ("table_index", _I), ("table_title", _T), ("table_type", _T), ("table_utype", _T),
        ("nrows", pa.int64()),
    ),
    "table_column": (
        ("ivoid", _T), ("table_index", _I), ("name", _T), ("ucd", _T), ("unit", _T), ("utype", _T),
        ("std", _I), ("datatype", _T), ("extended_schema", _T), ("extended_type", _T), ("arraysize", _T),
        ("delim", _T), ("type_system", _T), ("flag", _T), ("column_description", _T),
    ),
    "res_detail": (("ivoid", _T), ("cap_index", _I), ("detail_xpath", _T), ("detail_value", _T)),
    "alt_identifier": (("ivoid", _T), ("alt_identifier", _T)),
    "stc_spatial": (("ivoid", _T), ("coverage", _T), ("ref_system_name", _T)),
    "stc_spectral": (("ivoid", _T), ("spectral_start", _D), ("spectral_end", _D)),
    "stc_temporal": (("ivoid", _T), ("time_start", _D), ("time_end", _D)),
}  # fmt: skip

KEYS = tuple((f"rr.{name}", "rr.resource", "ivoid") for name in _SHAPES if name != "resource")

_STANDARD_IDS = {
    "tap": "ivo://ivoa.net/std/tap",
    "scs": "ivo://ivoa.net/std/conesearch",
    "sia2": "ivo://ivoa.net/std/sia#query-2.0",
    "ssa": "ivo://ivoa.net/std/ssa",
}
_CAPABILITY_TYPES = {
    "tap": "tr:tableaccess",
    "scs": "cs:conesearch",
    "sia2": "sia:simpleimageaccess",
    "ssa": "ssap:simplespectralaccess",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A thing that the registry knows.

    Attributes
    ----------
    path : str
        Of its identifier: ``ivo://<authority>/<path>``.
    services : tuple of (str, str)
        Kind (``tap``, ``scs``, ``sia2``, ``ssa``) and URL of the services that give access to it.
    tables : tuple of Table
        Its tables.
    """

    path: str
    title: str
    description: str
    services: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...] = ()


def own_resources(base: str, identity: Identity, tables: Sequence[Table]) -> list[Resource]:
    """The archive itself, each table that has positions, the images, and the spectra."""
    tap = ("tap", f"{base}tap")
    by_name = {table.name: table for table in tables}
    resources = [Resource("tap", identity.title, identity.description, (tap,), tuple(tables))]
    for table in tables:
        if table.name.split(".")[0] != "ssap" and column_with_ucd(schema_of(table), MAIN_RA):
            title = table.title or f"{identity.title}: {table.name}"
            services = (("scs", f"{base}scs/{table.name}?"), ("tap", f"{base}tap"))
            resources.append(Resource(f"scs/{table.name}", title, table.description, services, (table,)))
    if "ivoa.obscore" in by_name:
        title = f"{identity.title}: images"
        text_ = f"Images and other observations. {identity.description}"
        images = Resource("images", title, text_, (("sia2", f"{base}sia2"),), (by_name["ivoa.obscore"],))
        resources.append(images)
    if "ssap.spectra" in by_name:
        title = f"{identity.title}: spectra"
        text_ = f"Spectra. {identity.description}"
        spectra = Resource("spectra", title, text_, (("ssa", f"{base}ssa?"),), (by_name["ssap.spectra"],))
        resources.append(spectra)
    return resources


def registry_tables(
    resources: Sequence[Resource], identity: Identity, base: str, at: datetime
) -> list[Table]:
    """All of ``rr``, filled with these resources."""
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in _SHAPES}
    for resource in resources:
        _add(rows, resource, identity, base=base, at=at.strftime("%Y-%m-%dT%H:%M:%S"))
    return [
        Table(f"rr.{name}", pa.Table.from_pylist(rows[name], schema=pa.schema(shape)), f"RegTAP 1.1: {name}")
        for name, shape in ((name, list(shape)) for name, shape in _SHAPES.items())
    ]


def _add(
    rows: dict[str, list[dict[str, object]]], resource: Resource, identity: Identity, *, base: str, at: str
) -> None:
    ivoid = f"ivo://{identity.authority}/{resource.path}".lower()
    rows["resource"].append(
        {
            "ivoid": ivoid,
            "res_type": "vs:catalogresource" if len(resource.services) > 1 else "vs:catalogservice",
            "created": at,
            "updated": at,
            "short_name": resource.path.replace("/", " ")[:16],
            "res_title": resource.title,
            "content_level": "research#amateur",
            "res_description": resource.description,
            "reference_url": base,
            "creator_seq": identity.publisher,
            "content_type": "catalog" if resource.tables else "archive",
            "waveband": "#".join(band.lower() for band in identity.waveband),
        }
    )
    for role in ("publisher", "creator", "contact"):
        email = identity.contact if role == "contact" else None
        rows["res_role"].append(
            {"ivoid": ivoid, "role_name": identity.publisher, "base_role": role, "email": email or None}
        )
    rows["res_subject"] += [{"ivoid": ivoid, "res_subject": subject} for subject in identity.subjects]
    rows["res_date"].append({"ivoid": ivoid, "date_value": at, "value_role": "created"})
    for index, (kind, url) in enumerate(resource.services, start=1):
        _add_service(rows, ivoid, index, kind, url, auxiliary=index > 1)
    if resource.path == "tap":
        rows["res_detail"].append(
            {
                "ivoid": ivoid,
                "cap_index": 1,
                "detail_xpath": "/capability/dataModel/@ivo-id",
                "detail_value": "ivo://ivoa.net/std/obscore#core-1.1",
            }
        )
    for index, table in enumerate(resource.tables, start=1):
        _add_table(rows, ivoid, index, table)


def _add_service(
    rows: dict[str, list[dict[str, object]]], ivoid: str, index: int, kind: str, url: str, *, auxiliary: bool
) -> None:
    rows["capability"].append(
        {
            "ivoid": ivoid,
            "cap_index": index,
            "cap_type": _CAPABILITY_TYPES[kind],
            "standard_id": _STANDARD_IDS[kind] + ("#aux" if auxiliary else ""),
        }
    )
    rows["interface"].append(
        {
            "ivoid": ivoid,
            "cap_index": index,
            "intf_index": index,
            "intf_type": "vs:paramhttp",
            "intf_role": "std",
            "std_version": "1.1" if kind == "tap" else "1.0",
            "query_type": "get",
            "result_type": "application/x-votable+xml",
            "url_use": "base",
            "access_url": url,
            "authenticated_only": 0,
        }
    )


def _add_table(rows: dict[str, list[dict[str, object]]], ivoid: str, index: int, table: Table) -> None:
    rows["res_table"].append(
        {
            "ivoid": ivoid,
            "schema_index": 1,
            "table_index": index,
            "table_name": table.name,
            "table_title": table.title or None,
            "table_description": table.description,
            "table_type": "table",
            "table_utype": table.utype.lower() or None,
        }
    )
    for field in schema_of(table):
        shape = column_shape(field)
        rows["table_column"].append(
            {
                "ivoid": ivoid,
                "table_index": index,
                "name": field.name,
                "ucd": text(field, "ucd").lower() or None,
                "unit": text(field, "unit") or None,
                "utype": text(field, "utype").lower() or None,
                "std": 0,
                "datatype": shape.datatype,
                "arraysize": shape.arraysize or None,
                "extended_type": shape.xtype or None,
                "type_system": "vs:votabletype",
                "column_description": text(field, "description") or None,
            }
        )
