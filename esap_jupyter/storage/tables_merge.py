"""One schema for the rows of several services.

Columns of the same name become one if their units are the same and a type holds the values of both without
loss; otherwise they are kept apart, the later as `name_service`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from esap_jupyter.formats.votable_fields import COOSYS, METADATA_KEYS

SERVICE = "service"
_FRAME = tuple(key.encode() for key in COOSYS)
_SERVICE_METADATA = {"description": "The service that the row is from"}
# Integers of at most so many bits fit into the mantissa of the float.
_EXACT = {16: 8, 32: 16, 64: 32}


@dataclass(slots=True)
class MergedColumn:
    """A column of the whole table.

    Attributes
    ----------
    sources : dict
        For each service that has the column, its name there.
    """

    name: str
    type: Any
    metadata: dict[bytes, bytes]
    sources: dict[str, str] = field(default_factory=dict)

    def takes(self, other: Any) -> Any:
        """The type that holds this column and a field of another service; None if they stay apart."""
        if not _same_frame(self.metadata, other.metadata or {}):
            return None
        if not same_unit(self.metadata.get(b"unit", b""), (other.metadata or {}).get(b"unit", b"")):
            return None
        return common_type(self.type, other.type)

    def add(self, service: str, other: Any, kind: Any) -> None:
        """Take in a service's field; what was not said of the column yet is said by it."""
        self.type = kind
        self.sources[service] = other.name
        said = other.metadata or {}
        if any(said.get(key) != self.metadata.get(key) for key in _FRAME):
            # As good as the same, but nobody said it of all rows.
            said, self.metadata = _without_frame(said), _without_frame(self.metadata)
        self.metadata = {**said, **self.metadata}


class MergedSchema:
    """How the rows of several services become rows of one table.

    Parameters
    ----------
    schemas : mapping
        Arrow schema by service, in order.
    with_service : bool
        Whether a first column says where a row is from.

    Attributes
    ----------
    schema : pyarrow.Schema
        Of the whole table.
    """

    def __init__(self, schemas: Mapping[str, Any], *, with_service: bool) -> None:
        self._with_service = with_service
        self._columns = _merge(schemas, {SERVICE} if with_service else set())
        fields = [
            pa.field(column.name, column.type, metadata=column.metadata or None) for column in self._columns
        ]
        if with_service:
            fields.insert(0, pa.field(SERVICE, pa.string(), metadata=_SERVICE_METADATA))
        alone = next(iter(schemas.values())) if len(schemas) == 1 else None
        self.schema = pa.schema(fields, metadata=alone.metadata if alone is not None else None)

    def needed(self, service: str, columns: Sequence[str] | None) -> list[str] | None:
        """Names, at the service, of the columns that are asked for; None for all."""
        if columns is None:
            return None
        wanted = [column for column in self._columns if column.name in columns]
        return [column.sources[service] for column in wanted if service in column.sources]

    def conform(self, service: str, table: Any, rows: int, columns: Sequence[str] | None) -> Any:
        """Give so many rows of a service the whole table's columns."""
        arrays: dict[str, Any] = {SERVICE: pa.repeat(pa.scalar(service), rows)} if self._with_service else {}
        for column in self._columns:
            if columns is None or column.name in columns:
                source = column.sources.get(service)
                found = pa.nulls(rows, column.type) if source is None else table.column(source)
                arrays[column.name] = found if found.type == column.type else found.cast(column.type)
        schema = self._schema_of(columns)
        return pa.table([arrays[name] for name in schema.names], schema=schema)

    def empty(self, columns: Sequence[str] | None) -> Any:
        """The whole table's columns without a row."""
        return self._schema_of(columns).empty_table()

    def _schema_of(self, columns: Sequence[str] | None) -> Any:
        if columns is None:
            return self.schema
        return pa.schema([self.schema.field(name) for name in columns], metadata=self.schema.metadata)


def _merge(schemas: Mapping[str, Any], reserved: set[str]) -> list[MergedColumn]:
    columns: list[MergedColumn] = []
    by_name: dict[str, list[MergedColumn]] = {}
    taken = set(reserved)
    for service, schema in schemas.items():
        for arrow_field in schema:
            alike = by_name.setdefault(arrow_field.name, [])
            for column in alike:
                kind = column.takes(arrow_field)
                if kind is not None and service not in column.sources:
                    column.add(service, arrow_field, kind)
                    break
            else:
                name = _free_name(arrow_field.name, service, taken)
                taken.add(name)
                kept = {key: value for key, value in (arrow_field.metadata or {}).items() if _is_ours(key)}
                column = MergedColumn(name, arrow_field.type, kept, {service: arrow_field.name})
                columns.append(column)
                alike.append(column)
    return columns


def _is_ours(key: bytes) -> bool:
    return key.decode("utf-8", "replace") in METADATA_KEYS


def _without_frame(metadata: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    return {key: value for key, value in metadata.items() if key not in _FRAME}


def _same_frame(one: Mapping[bytes, bytes], other: Mapping[bytes, bytes]) -> bool:
    """Whether two columns are in frames that agree to 0.03 arcsec: ICRS, FK5 J2000, and what is not said."""
    if all(one.get(key) == other.get(key) for key in _FRAME[:2]):
        return True
    from esap_jupyter.formats.sky_frames import SkyFrame

    return all(SkyFrame.of(metadata).is_about_icrs for metadata in (one, other))


def _free_name(name: str, service: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    plain = re.sub(r"\W+", "_", service.removeprefix("ivo://")) if service.startswith("ivo://") else service
    candidate, number = f"{name}_{plain}", 1
    while candidate in taken:
        number += 1
        candidate = f"{name}_{plain}_{number}"
    return candidate


def same_unit(one: bytes, other: bytes) -> bool:
    """Whether two units are the same one, perhaps written in two ways (``mas/yr``, ``mas.yr**-1``)."""
    if one == other:
        return True
    if not one or not other:
        return False
    from astropy import units

    from esap_jupyter.formats.astropy_table import parse_unit

    parsed = [parse_unit(text.decode("utf-8", "replace")) for text in (one, other)]
    if any(isinstance(unit, units.UnrecognizedUnit) for unit in parsed):
        return False
    return bool(parsed[0] == parsed[1])


def common_type(one: Any, other: Any) -> Any:
    """The type that holds the values of both without loss; None if there is none."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if _is_text(one) and _is_text(other):
        return pa.large_string()
    return _common_number(one, other)


def _common_number(one: Any, other: Any) -> Any:
    if pa.types.is_integer(one) and pa.types.is_integer(other):
        return _common_integer(one, other)
    if pa.types.is_floating(one) and pa.types.is_floating(other):
        return one if one.bit_width >= other.bit_width else other
    if pa.types.is_floating(one) and pa.types.is_integer(other):
        return _common_float(one, other)
    if pa.types.is_integer(one) and pa.types.is_floating(other):
        return _common_float(other, one)
    return None


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _common_integer(one: Any, other: Any) -> Any:
    if pa.types.is_signed_integer(one) == pa.types.is_signed_integer(other):
        return one if one.bit_width >= other.bit_width else other
    signed, unsigned = (one, other) if pa.types.is_signed_integer(one) else (other, one)
    bits = max(signed.bit_width, 2 * unsigned.bit_width)
    return {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}.get(bits)


def _common_float(floating: Any, integer: Any) -> Any:
    """Floats hold small integers exactly; the identifiers that are 64-bit integers they do not."""
    for kind in (pa.float32(), pa.float64()):
        if kind.bit_width >= floating.bit_width and integer.bit_width <= _EXACT[kind.bit_width]:
            return kind
    return None
