"""Tables of one's own on their way to a TAP service: whatever people keep them in, as Arrow.

TAP 1.1, section 2.5: an uploaded table is ``TAP_UPLOAD.<name>`` in the query, and travels as a VOTable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from esap_jupyter.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_REGULAR = re.compile("[A-Za-z][A-Za-z0-9_]*")
_NEVER_IN_A_NAME = re.compile('["\x00-\x1f\x7f]')
# Of ADQL 2.1, section 2.1.3, those that somebody may think of as the name of a table.
_RESERVED = frozenset(
    re.findall(
        "[a-z]+",
        "all and as asc between by case cast circle column cross date desc distinct end except exists from"
        " full group having in inner intersect into is join left like match natural not null offset on or"
        " order outer point polygon position region right select set some table time timestamp top union"
        " unique user using value values view where with",
    )
)
_ACCEPTED = "Tables of ESAP, astropy, pandas, polars and Arrow can be sent, and SkyCoord."


def is_table(thing: Any) -> bool:
    """Whether `as_upload` would take it for a table."""
    return (
        isinstance(thing, pa.Table | pa.RecordBatch | pa.RecordBatchReader)
        or (hasattr(thing, "to_arrow") and hasattr(thing, "columns"))
        or hasattr(thing, "colnames")
        or _is_pandas(thing)
        or _is_polars(thing)
    )  # fmt: skip


def as_uploads(tables: Mapping[str, Any]) -> dict[str, pa.Table]:
    """Make Arrow tables of all that is to be uploaded, by name.

    Raises
    ------
    InputError
        If ADQL cannot write a name, or a column holds what VOTable has no type for.
    """
    return {check_name(name): as_upload(table, name) for name, table in tables.items()}


def check_name(name: str) -> str:
    """Return the name of an uploaded table if ADQL can write it (a regular identifier, ADQL 2.1, 2.1.4)."""
    if not _REGULAR.fullmatch(name):
        raise InputError(
            f"ADQL cannot write {name!r} as the name of a table.",
            hint="Use letters, digits and _, and begin with a letter.",
            field="uploads",
        )
    if name.lower() in _RESERVED:
        raise InputError(f"{name!r} is a word of ADQL itself.", hint="Choose another name.", field="uploads")
    return name


def as_upload(table: Any, name: str = "mine") -> pa.Table:
    """Make an Arrow table of one, units and UCDs kept, masked values and pandas' NaN as nulls.

    Parameters
    ----------
    table : Table, astropy.table.Table, pandas.DataFrame, polars.DataFrame, pyarrow.Table, SkyCoord or dict
        A dict is one of columns: lists, arrays, Quantity, SkyCoord.
    name : str
        What it is called in errors.

    Raises
    ------
    InputError
        If it is no table, or a column cannot be sent.
    """
    arrow = _converter(table, name)(table)
    if not arrow.num_columns:
        raise InputError(f"The table {name!r} has no columns.", field="uploads")
    _check_columns(arrow.column_names, name)
    sent = [_sendable(field, arrow.column(field.name), name) for field in arrow.schema]
    # What services said of their rows as a whole stays here.
    return pa.table([column for _, column in sent], pa.schema([field for field, _ in sent]))


def _converter(table: Any, name: str) -> Callable[[Any], pa.Table]:
    if isinstance(table, pa.Table):
        return lambda arrow: arrow
    if _is_pandas(table):
        return lambda frame: _from_pandas(frame, name)
    if _is_polars(table):
        return lambda frame: _from_polars(frame, name)
    if hasattr(table, "to_arrow") and hasattr(table, "columns"):
        return lambda ours: ours.to_arrow()
    if hasattr(table, "colnames") or hasattr(table, "represent_as") or isinstance(table, Mapping):
        return _from_astropy
    if hasattr(table, "__arrow_c_stream__"):
        # The Arrow PyCapsule interface: DuckDB and others.
        return lambda stream: pa.Table.from_batches(pa.RecordBatchReader.from_stream(stream))
    raise InputError(f"{name!r} is a {type(table).__name__}, not a table.", hint=_ACCEPTED, field="uploads")


def _from_astropy(table: Any) -> pa.Table:
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable

    from esap_jupyter.formats.astropy_table import from_astropy

    if isinstance(table, SkyCoord):
        table = {"coordinates": table.reshape(-1)}
    if isinstance(table, Mapping):
        try:
            table = QTable(dict(table))
        except (ValueError, TypeError) as error:
            raise InputError(f"These columns make no table: {error}.", field="uploads") from error
    return from_astropy(table)


def _from_pandas(frame: pd.DataFrame, name: str) -> pa.Table:
    if any(label is not None for label in frame.index.names):
        frame = frame.reset_index()
    units, ucds = frame.attrs.get("units", {}), frame.attrs.get("ucds", {})
    fields, columns = [], []
    for number, label in enumerate(frame.columns):
        try:
            column = pa.chunked_array([pa.array(frame.iloc[:, number], from_pandas=True)])
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise _unsendable(str(label), name, "Python objects of several kinds") from error
        said = {"unit": units.get(label, ""), "ucd": ucds.get(label, "")}
        metadata = {key: str(value) for key, value in said.items() if value}
        if not isinstance(label, str):
            raise _unwritable(label, name)
        fields.append(pa.field(label, column.type, metadata=metadata or None))
        columns.append(column)
    return pa.table(columns, pa.schema(fields))


def _from_polars(frame: pl.DataFrame, name: str) -> pa.Table:
    if hasattr(frame, "collect"):
        raise InputError(f"{name!r} is a LazyFrame.", hint="Call its collect() first.", field="uploads")
    for label, kind in frame.schema.items():
        if str(kind).startswith("Object"):
            raise _unsendable(label, name, "Python objects")
    return frame.to_arrow()


def _check_columns(names: list[str], table: str) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if not name.strip() or _NEVER_IN_A_NAME.search(name):
            raise _unwritable(name, table)
        other = seen.setdefault(name.lower(), name)
        if list(names).count(name) > 1 or other != name:
            raise InputError(
                f"The columns {other!r} and {name!r} of {table!r} are the same to ADQL.",
                hint="Rename one of them.",
                field="uploads",
            )


def _sendable(field: pa.Field, column: pa.ChunkedArray, table: str) -> tuple[pa.Field, pa.ChunkedArray]:
    """The column, with a type that VOTable has."""
    if pa.types.is_dictionary(field.type):
        column = column.cast(field.type.value_type)
    kind = column.type
    if pa.types.is_null(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.string())
    elif pa.types.is_timestamp(kind) and kind.tz is not None:
        column = column.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.timestamp("us"))
    elif not _has_votable_type(kind):
        raise _unsendable(field.name, table, f"values of the type {kind}")
    return field.with_type(column.type), column


def _has_votable_type(kind: pa.DataType) -> bool:
    from esap_jupyter.formats.votable_fields import COMPLEX

    types = pa.types
    if types.is_fixed_size_list(kind) or types.is_list(kind) or types.is_large_list(kind):
        while types.is_fixed_size_list(kind) or types.is_list(kind) or types.is_large_list(kind):
            kind = kind.value_type
        return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))
    return bool(
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_boolean(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_timestamp(kind)
        or types.is_date(kind)
        or kind == COMPLEX
    )


def _unwritable(name: Any, table: str) -> InputError:
    return InputError(
        f"ADQL cannot write {name!r}, a column of {table!r}.",
        hint="Rename it: letters, digits and _, and a letter first.",
        field="uploads",
    )


def _unsendable(column: str, table: str, holds: str) -> InputError:
    return InputError(
        f"Column {column!r} of {table!r} holds {holds}, which cannot be sent.",
        hint="Leave it out, or make it numbers or text.",
        field="uploads",
    )


def _is_pandas(thing: Any) -> bool:
    return _is_of(thing, "pandas") and hasattr(thing, "iloc") and hasattr(thing, "columns")


def _is_polars(thing: Any) -> bool:
    return _is_of(thing, "polars") and hasattr(thing, "collect_schema")


def _is_of(thing: Any, library: str) -> bool:
    """Whether it comes from a library, which need not be installed to say no."""
    return type(thing).__module__.partition(".")[0] == library
