"""A fast, streaming VOTable writer: Arrow record batches in, VOTable 1.4 out, row by row never in Python.

Columns for which VOTable has no type (lists of strings, structures) are written as JSON text.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, BinaryIO, Literal
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
import pyarrow.compute as pc

from esap_jupyter.formats.votable_cells import (
    OutColumn,
    binary_rows,
    out_column,
    tabledata_rows,
    without_controls,
)
from esap_jupyter.formats.votable_fields import COOSYS

Serialization = Literal["TABLEDATA", "BINARY", "BINARY2"]

_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
"""
_DESCRIPTOR_PARAMS = (
    ("access_url", "accessURL"),
    ("standard_id", "standardID"),
    ("resource_identifier", "resourceIdentifier"),
)
# Base64 is written line by line, for readers that hold a line at a time. A multiple of 3.
_LINE = 49_152


def write_votable(
    sink: BinaryIO,
    schema: Any,
    batches: Iterable[Any],
    *,
    serialization: Serialization = "BINARY2",
    truncated: bool | Callable[[], bool] = False,
    infos: Mapping[str, str] | None = None,
    unicode_columns: Collection[str] | None = None,
) -> None:
    """Write a VOTable with one table (VOTable 1.4, DALI 1.1).

    Parameters
    ----------
    sink : file-like
        Written to as the batches come.
    schema : pyarrow.Schema
        Field metadata `unit`, `ucd`, `utype`, `xtype`, `description`, `coosys` (with `equinox`, `epoch`)
        and schema metadata `name`, `description`, `esap.descriptors` are written.
    batches : iterable of pyarrow.RecordBatch
        The rows, with that schema.
    truncated : bool or callable
        Whether there are more rows than these: QUERY_STATUS=OVERFLOW. A callable is asked after the rows.
    infos : mapping
        INFO elements, value by name.
    unicode_columns : collection of str, optional
        String columns with more than ASCII in them; by default those that have it in the first batch.
        Beyond ASCII in other columns is written as UTF-8, which VOTable allows from 1.6 on.

    Raises
    ------
    InputError
        If values do not fit into VOTable's types.
    """
    rest = iter(batches)
    first = next(rest, None)
    if unicode_columns is None:
        unicode_columns = beyond_ascii([first] if first is not None else [])
    columns = [out_column(field, field.name in unicode_columns, serialization) for field in schema]
    rows = chain([first] if first is not None else [], rest)
    metadata = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
    descriptors = json.loads(metadata.get("esap.descriptors", "[]"))
    systems = _systems(columns)
    referenced = {param["column"] for descriptor in descriptors for param in descriptor["params"]} - {""}
    ids = {name: f"column_{number}" for number, name in enumerate(schema.names) if name in referenced}

    sink.write(_HEAD.encode())
    sink.writelines(_descriptor(descriptor, ids).encode() for descriptor in descriptors)
    sink.write(_table_head(columns, metadata, infos or {}, ids, systems).encode())
    sink.write(b"<DATA>\n")
    if serialization == "TABLEDATA":
        sink.write(b"<TABLEDATA>\n")
        sink.writelines(tabledata_rows(columns, batch) for batch in rows)
        sink.write(b"</TABLEDATA>\n")
    else:
        sink.write(f'<{serialization}>\n<STREAM encoding="base64">\n'.encode())
        _write_base64(
            sink, (binary_rows(columns, batch, null_mask=serialization == "BINARY2") for batch in rows)
        )
        sink.write(f"</STREAM>\n</{serialization}>\n".encode())
    sink.write(b"</DATA>\n</TABLE>\n")
    if truncated() if callable(truncated) else truncated:
        sink.write(b'<INFO name="QUERY_STATUS" value="OVERFLOW">There are more rows than these.</INFO>\n')
    sink.write(b"</RESOURCE>\n</VOTABLE>\n")


def beyond_ascii(batches: Iterable[Any]) -> set[str]:
    """Names of the string columns that hold more than ASCII."""
    found: set[str] = set()
    for batch in batches:
        for field, column in zip(batch.schema, batch.columns, strict=True):
            if field.name in found:
                continue
            if not (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
                # Whatever else becomes text may hold anything.
                if pa.types.is_nested(field.type) or pa.types.is_dictionary(field.type):
                    found.add(field.name)
            elif not pc.all(pc.string_is_ascii(column), min_count=0).as_py():
                found.add(field.name)
    return found


def _table_head(
    columns: Sequence[OutColumn],
    metadata: Mapping[str, str],
    infos: Mapping[str, str],
    ids: Mapping[str, str],
    systems: Mapping[tuple[str, ...], str],
) -> str:
    lines = ['<RESOURCE type="results">']
    for said, identifier in systems.items():
        attributes = {name: text for name, text in zip(COOSYS.values(), said, strict=True) if text}
        lines.append(f"<COOSYS {_attributes(ID=identifier, **attributes)}/>")
    lines += [
        f"<INFO {_attributes(name=name, value=value)}/>"
        for name, value in {"QUERY_STATUS": "OK", **infos}.items()
    ]
    lines.append(f"<TABLE {_attributes(name=metadata['name'])}>" if metadata.get("name") else "<TABLE>")
    if metadata.get("description"):
        lines.append(_description(metadata["description"]))
    lines += [
        _field(column, ids.get(column.name, ""), systems.get(_system(column), "")) for column in columns
    ]
    return "\n".join(lines) + "\n"


def _systems(columns: Sequence[OutColumn]) -> dict[tuple[str, ...], str]:
    """The frames that columns are in, each with an ID for its COOSYS."""
    found = dict.fromkeys(_system(column) for column in columns if column.metadata.get("coosys"))
    return {system: f"system_{number}" for number, system in enumerate(found)}


def _system(column: OutColumn) -> tuple[str, ...]:
    return tuple(column.metadata.get(key, "") for key in COOSYS)


def _field(column: OutColumn, identifier: str, system: str) -> str:
    attributes = {
        "ID": identifier,
        "name": column.name,
        "datatype": column.datatype,
        "arraysize": column.arraysize,
        "ref": system,
    }
    attributes |= {key: column.metadata.get(key, "") for key in ("unit", "ucd", "utype", "xtype")}
    inside = _description(column.metadata["description"]) if column.metadata.get("description") else ""
    if column.sentinel is not None:
        inside += f'<VALUES null="{column.sentinel}"/>'
    present = _attributes(**{key: value for key, value in attributes.items() if value})
    return f"<FIELD {present}>{inside}</FIELD>" if inside else f"<FIELD {present}/>"


def _descriptor(descriptor: Mapping[str, Any], ids: Mapping[str, str]) -> str:
    """A service descriptor (DataLink 1.1, section 4)."""
    lines = ['<RESOURCE type="meta" utype="adhoc:service">']
    for key, name in _DESCRIPTOR_PARAMS:
        if descriptor.get(key):
            lines.append(
                f"<PARAM {_attributes(name=name, datatype='char', arraysize='*', value=descriptor[key])}/>"
            )
    lines.append('<GROUP name="inputParams">')
    for param in descriptor["params"]:
        reference = {"ref": ids[param["column"]]} if param["column"] in ids else {}
        attributes = _attributes(
            name=param["name"], datatype="char", arraysize="*", **reference, value=param["value"]
        )
        lines.append(f"<PARAM {attributes}/>")
    lines += ["</GROUP>", "</RESOURCE>"]
    return "\n".join(lines) + "\n"


def _description(text: str) -> str:
    return f"<DESCRIPTION>{escape(without_controls(text))}</DESCRIPTION>"


def _attributes(**attributes: str) -> str:
    return " ".join(f"{name}={quoteattr(without_controls(value))}" for name, value in attributes.items())


def _write_base64(sink: BinaryIO, chunks: Iterable[bytes]) -> None:
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        whole = len(data) // 3 * 3
        rest = data[whole:]
        starts = range(0, whole, _LINE)
        sink.writelines(b64encode(data[start : min(start + _LINE, whole)]) + b"\n" for start in starts)
    sink.write(b64encode(rest) + b"\n")
