"""TAP_SCHEMA (TAP 1.1, section 4): the archive's tables, described in tables, these included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from esap_jupyter.archive.model import MAIN_DEC, MAIN_RA, Table, text

_TEXT, _INT = pa.string(), pa.int32()

SCHEMA_DESCRIPTIONS = {
    "tap_schema": "What tables and columns there are.",
    "ivoa": "Tables with the meaning that the IVOA gave them.",
    "rr": "The registry: resources and the services through which they are had (RegTAP 1.1).",
    "ssap": "Spectra, for simple spectral access.",
}

_SHAPES: dict[str, tuple[str, tuple[tuple[str, pa.DataType, str], ...]]] = {
    "tap_schema.schemas": (
        "The schemas",
        (
            ("schema_name", _TEXT, "Name"),
            ("utype", _TEXT, "Utype, if it follows a data model"),
            ("description", _TEXT, "Description"),
            ("schema_index", _INT, "Where to show it"),
        ),
    ),
    "tap_schema.tables": (
        "The tables",
        (
            ("schema_name", _TEXT, "Schema"),
            ("table_name", _TEXT, "Name, as queries write it"),
            ("table_type", _TEXT, "table or view"),
            ("utype", _TEXT, "Utype, if it follows a data model"),
            ("description", _TEXT, "Description"),
            ("table_index", _INT, "Where to show it"),
        ),
    ),
    "tap_schema.columns": (
        "The columns",
        (
            ("table_name", _TEXT, "Table"),
            ("column_name", _TEXT, "Name"),
            ("datatype", _TEXT, "Type, as VOTable calls it"),
            ("arraysize", _TEXT, "Size, as VOTable writes it"),
            ("xtype", _TEXT, "Extended type (DALI)"),
            ("size", _INT, "Size, as TAP 1.0 had it"),
            ("description", _TEXT, "Description"),
            ("utype", _TEXT, "Utype"),
            ("unit", _TEXT, "Unit (VOUnits)"),
            ("ucd", _TEXT, "UCD"),
            ("indexed", _INT, "1 if searches on it are fast"),
            ("principal", _INT, "1 if it is one that most people want"),
            ("std", _INT, "1 if a standard defines it"),
            ("column_index", _INT, "Where to show it"),
        ),
    ),
    "tap_schema.keys": (
        "Foreign keys",
        (
            ("key_id", _TEXT, "Identifier"),
            ("from_table", _TEXT, "Table with the key"),
            ("target_table", _TEXT, "Table it points to"),
            ("utype", _TEXT, "Utype"),
            ("description", _TEXT, "Description"),
        ),
    ),
    "tap_schema.key_columns": (
        "The columns of foreign keys",
        (
            ("key_id", _TEXT, "Identifier"),
            ("from_column", _TEXT, "Column of the table with the key"),
            ("target_column", _TEXT, "Column of the table it points to"),
        ),
    ),
}

_STANDARD = {"tap_schema", "ivoa", "rr", "ssap"}


class ColumnShape(NamedTuple):
    """A column's type as VOTable has it (VOTable 1.4, section 2.1)."""

    datatype: str
    arraysize: str
    xtype: str


def column_shape(field: pa.Field) -> ColumnShape:
    """Datatype, arraysize and xtype of a column."""
    kind, xtype = field.type, text(field, "xtype")
    if pa.types.is_temporal(kind):
        return ColumnShape("char", "*", xtype or "timestamp")
    if pa.types.is_list(kind):
        return ColumnShape(column_shape(pa.field("", kind.value_type)).datatype, "*", xtype)
    for is_kind, datatype in (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_float64, "double"),
        (pa.types.is_floating, "float"),
        (pa.types.is_int64, "long"),
        (pa.types.is_uint8, "unsignedByte"),
        (lambda one: pa.types.is_int16(one) or pa.types.is_int8(one), "short"),
        (pa.types.is_integer, "int"),
    ):
        if is_kind(kind):
            return ColumnShape(datatype, "", xtype)
    return ColumnShape("char", "*", xtype)


def schema_of(table: Table) -> pa.Schema:
    """The described columns of a table."""
    return table.source.schema if isinstance(table.source, pa.Table) else pq.read_schema(table.source)


def tap_schema(tables: Sequence[Table], keys: Iterable[tuple[str, str, str]] = ()) -> list[Table]:
    """Describe tables, and the tables that describe them.

    Parameters
    ----------
    keys : iterable of (from_table, target_table, column)
        Foreign keys, on columns of the same name.
    """
    shapes = {name: _shape(name) for name in _SHAPES}
    everything = [*tables, *(Table(name, shapes[name].empty_table()) for name in _SHAPES)]
    described = {name: title for name, (title, _) in _SHAPES.items()}
    schemas = sorted(
        {table.name.split(".")[0] for table in everything}, key=lambda name: (name in _STANDARD, name)
    )
    rows: dict[str, list[dict[str, object]]] = {
        "tap_schema.schemas": [
            {
                "schema_name": name,
                "description": SCHEMA_DESCRIPTIONS.get(name, ""),
                "schema_index": index,
            }
            for index, name in enumerate(schemas, start=1)
        ],
        "tap_schema.tables": [
            {
                "schema_name": table.name.split(".")[0],
                "table_name": table.name,
                "table_type": "table",
                "utype": table.utype or None,
                "description": described.get(table.name, table.description),
                "table_index": index,
            }
            for index, table in enumerate(everything, start=1)
        ],
        "tap_schema.columns": [row for table in everything for row in _columns(table)],
        "tap_schema.keys": [],
        "tap_schema.key_columns": [],
    }
    for number, (source, target, column) in enumerate(keys, start=1):
        key_id = f"key{number}"
        rows["tap_schema.keys"].append({"key_id": key_id, "from_table": source, "target_table": target})
        rows["tap_schema.key_columns"].append(
            {"key_id": key_id, "from_column": column, "target_column": column}
        )
    return [
        Table(name, pa.Table.from_pylist(rows[name], schema=shapes[name]), description=described[name])
        for name in _SHAPES
    ]


def _shape(name: str) -> pa.Schema:
    return pa.schema(
        [
            pa.field(column, kind, metadata={"description": description})
            for column, kind, description in _SHAPES[name][1]
        ]
    )


def _columns(table: Table) -> list[dict[str, object]]:
    standard = table.name.split(".")[0] in _STANDARD
    return [
        {
            "table_name": table.name,
            "column_name": field.name,
            "datatype": shape.datatype,
            "arraysize": shape.arraysize or None,
            "xtype": shape.xtype or None,
            "description": text(field, "description") or None,
            "utype": text(field, "utype") or None,
            "unit": text(field, "unit") or None,
            "ucd": text(field, "ucd") or None,
            "indexed": int(is_indexed(table, field)),
            "principal": 1,
            "std": int(standard),
            "column_index": index,
        }
        for index, field in enumerate(schema_of(table), start=1)
        for shape in (column_shape(field),)
    ]


def is_indexed(table: Table, field: pa.Field) -> bool:
    """Whether a search on this column reads few rows."""
    return field.name in table.order or (bool(table.order) and text(field, "ucd") in {MAIN_RA, MAIN_DEC})
