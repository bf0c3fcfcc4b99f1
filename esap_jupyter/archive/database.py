"""DuckDB as a jail: it holds the archive's tables, reaches nothing else, and every query can be stopped."""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from esap_jupyter.archive import sphere
from esap_jupyter.archive.adql import UPLOAD_SCHEMA, UPLOADED, Translation, translate
from esap_jupyter.archive.model import Limits, Table
from esap_jupyter.errors import Cancelled, EsapError, QueryRejected, ServiceFailed, ServiceTimeout

BATCH_ROWS = 20_000
_LONGEST_END = 10.0
"""Seconds that a stopped query may take to end."""

_LIBRARY_ERRORS = (duckdb.Error, pa.ArrowException, OSError)

_LOCKS = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)

_MACROS = """
CREATE MACRO esap_haversine(lon1, lat1, lon2, lat2) AS
    power(sin(radians(lat2 - lat1) / 2), 2)
    + cos(radians(lat1)) * cos(radians(lat2)) * power(sin(radians(lon2 - lon1) / 2), 2);
CREATE MACRO esap_distance(lon1, lat1, lon2, lat2) AS
    2 * degrees(asin(sqrt(least(1.0, esap_haversine(lon1, lat1, lon2, lat2)))));
CREATE MACRO esap_within(lon1, lat1, lon2, lat2, radius) AS
    esap_haversine(lon1, lat1, lon2, lat2) <= power(sin(radians(least(radius, 180)) / 2), 2);
"""


class Rows:
    """The rows of a query, which runs from the beginning of a ``with`` block to its end.

    Iterate over it in the thread that entered the block; `cancel` may be called from any, at any time.

    Parameters
    ----------
    wanted : int
        Rows at most.
    seconds : float
        Until it is stopped.

    Attributes
    ----------
    schema : pyarrow.Schema
        With units and the like as metadata of its fields; known within the block.
    truncated : bool
        Whether there were more rows than wanted; known when the iteration is over.
    """

    schema: pa.Schema

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, translation: Translation, *, wanted: int, seconds: float
    ) -> None:
        self._cursor = cursor
        self._translation = translation
        self._wanted = wanted
        self._seconds = seconds
        self._reader: pa.RecordBatchReader | None = None
        self._stopped: EsapError | None = None
        self._stop = threading.Event()
        self.closed = threading.Event()
        self.truncated = False

    def __enter__(self) -> Self:
        """Start the query; blocks until DuckDB has its first rows.

        Raises
        ------
        QueryRejected
            If the query does not fit the tables.
        """
        threading.Thread(target=self._watch, daemon=True).start()
        try:
            self._reader = self._cursor.sql(self._translation.sql).to_arrow_reader(BATCH_ROWS)
            self.schema = _described(self._reader.schema, self._translation)
        except _LIBRARY_ERRORS as error:
            self._close()
            raise self._stopped or _translated(error, self._translation) from None
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, at most as many as wanted."""
        left = self._wanted
        try:
            for batch in self._reader or ():
                if self._stopped is not None:
                    raise self._stopped
                if batch.num_rows > left:
                    self.truncated = True
                    if left:
                        yield cast_batch(batch.slice(0, left), self.schema)
                    return
                left -= batch.num_rows
                yield cast_batch(batch, self.schema)
        except _LIBRARY_ERRORS as error:
            raise self._stopped or _translated(error, self._translation) from None

    def cancel(self) -> None:
        """Stop the query; whoever waits for its rows gets `Cancelled`."""
        self._stopped = self._stopped or Cancelled("The query was stopped.")
        self._stop.set()

    def _watch(self) -> None:
        """Stop the query when it is cancelled or its time is over; in a thread."""
        if not self._stop.wait(self._seconds):
            self._stopped = _too_long(self._seconds)
        # DuckDB forgets an interrupt that comes before the query, so one is not enough.
        while not self.closed.is_set():
            self._cursor.interrupt()
            self.closed.wait(0.05)

    def _close(self) -> None:
        self.closed.set()
        self._stop.set()
        self._reader = None
        self._cursor.close()


class Database:
    """The archive's tables in an in-memory DuckDB that is locked once they are loaded.

    Parameters
    ----------
    tables : list of Table
        What may be asked.
    """

    def __init__(self, tables: list[Table], limits: Limits) -> None:
        self._running: weakref.WeakSet[Rows] = weakref.WeakSet()
        self._connection = duckdb.connect(
            ":memory:",
            config={"memory_limit": limits.memory, "threads": limits.threads, "temp_directory": ""},
        )
        self._connection.execute(_MACROS)
        _register_geometry(self._connection)
        self.schemas: dict[str, pa.Schema] = {}
        for table in tables:
            self._load(table)
        for lock in _LOCKS:
            self._connection.execute(lock)

    def query(
        self,
        adql: str,
        *,
        row_limit: int,
        seconds: float,
        uploads: Mapping[str, pa.Table] | None = None,
    ) -> Rows:
        """Prepare a query, to be run in a ``with`` block; blocks for a moment.

        Parameters
        ----------
        row_limit : int
            Rows wanted at most.
        seconds : float
            Until it is stopped.
        uploads : mapping
            Tables by their name in ``TAP_UPLOAD``.

        Raises
        ------
        QueryRejected
            If it is not ADQL, or does not fit the tables.
        """
        uploads = uploads or {}
        own = {f"{UPLOAD_SCHEMA}.{name.lower()}": table.schema for name, table in uploads.items()}
        translation = translate(adql, self.schemas | own, row_limit=row_limit + 1)
        cursor = self._connection.cursor()
        try:
            for name, table in uploads.items():
                _put(cursor, UPLOADED + name.lower(), table)
        except _LIBRARY_ERRORS as error:
            cursor.close()
            raise QueryRejected(f"The uploaded table cannot be used: {_first_line(error)}") from None
        rows = Rows(cursor, translation, wanted=row_limit, seconds=seconds)
        self._running.add(rows)
        return rows

    def close(self) -> None:
        """Stop all queries and give the memory back; blocks until they have ended."""
        running = [rows for rows in self._running if not rows.closed.is_set()]
        for rows in running:
            rows.cancel()
        for rows in running:
            rows.closed.wait(_LONGEST_END)
        self._connection.close()

    def _load(self, table: Table) -> None:
        schema, name = table.name.split(".")
        self._connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        if isinstance(table.source, Path):
            rows = self._connection.read_parquet(str(table.source))
            described = pa.parquet.read_schema(table.source)
        else:
            rows = self._connection.from_arrow(table.source)
            described = table.source.schema
        if table.order:
            rows = rows.order(", ".join(f'"{column}"' for column in table.order))
        rows.create(f'"{schema}"."{name}"')
        self.schemas[table.name] = described


def _put(cursor: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Copy an upload into a temporary table, which only this cursor sees and which goes with it."""
    quoted = name.replace('"', '""')
    cursor.register("esap_incoming", table)
    cursor.execute(f'CREATE TEMPORARY TABLE "{quoted}" AS SELECT * FROM esap_incoming')  # noqa: S608
    cursor.unregister("esap_incoming")


def _described(schema: pa.Schema, translation: Translation) -> pa.Schema:
    """Give the result's fields what is known of the table's columns that they are."""
    outputs = translation.columns
    by_place = len(outputs) == len(schema)
    by_name = {output.name.lower(): output for output in reversed(outputs)}
    fields = []
    taken: set[str] = set()
    for index, field in enumerate(schema):
        output = outputs[index] if by_place else by_name.get(field.name.lower())
        known = output.field if output is not None else None
        metadata = known.metadata if known is not None else None
        if pa.types.is_nested(field.type) and not pa.types.is_list(field.type):
            raise translation.error(f'"{field.name}" is a table, not a column')
        fields.append(pa.field(_unused(field.name, taken), _plain_type(field.type), metadata=metadata))
    return pa.schema(fields)


def _unused(name: str, taken: set[str]) -> str:
    """Readers want every column to have a name of its own."""
    candidate, number = name, 1
    while candidate.lower() in taken:
        number += 1
        candidate = f"{name}_{number}"
    taken.add(candidate.lower())
    return candidate


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """VOTable has no decimals, which DuckDB makes of sums of integers and of numbers with a point."""
    if pa.types.is_decimal(kind):
        return pa.int64() if kind.scale == 0 else pa.float64()
    return kind


def cast_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give a batch the types and descriptions of a schema."""
    columns = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _translated(error: Exception, translation: Translation) -> EsapError:
    if isinstance(error, duckdb.OutOfMemoryException):
        return ServiceFailed(
            "The query needs more memory than one query may have.", hint="Ask for less at once."
        )
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        return translation.error(str(error))
    udf = re.search(r"RegionError: (.*)", str(error))
    return QueryRejected(udf[1].strip() if udf else _first_line(error))


def _too_long(seconds: float) -> ServiceTimeout:
    return ServiceTimeout(
        f"The query took longer than the {seconds:g} s that it may.",
        hint="Ask for less; an asynchronous job may run longer.",
    )


def _first_line(error: Exception) -> str:
    return re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", str(error).split("\n", 1)[0])


def _register_geometry(connection: duckdb.DuckDBPyConnection) -> None:
    """Offer `sphere` to SQL, a vector of rows at a time; a NULL in gives a NULL out."""
    for name, function, parameters, result in (
        ("esap_contains_point", _contains_point, ["VARCHAR", "DOUBLE", "DOUBLE"], "BOOLEAN"),
        ("esap_contains", _contains, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
        ("esap_intersects", _intersects, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
        ("esap_area", _area, ["VARCHAR"], "DOUBLE"),
        ("esap_centroid", _centroid, ["VARCHAR"], "VARCHAR"),
        ("esap_coordinate", _coordinate, ["VARCHAR", "INTEGER"], "DOUBLE"),
    ):
        connection.create_function(name, function, parameters, result, type="arrow")


def _contains_point(regions: pa.Array, ra: pa.Array, dec: pa.Array) -> pa.Array:
    texts = np.asarray(regions.to_pylist(), dtype=object)
    points = sphere.vectors(np.asarray(ra.to_numpy()), np.asarray(dec.to_numpy()))
    inside: NDArray[np.bool_] = np.zeros(len(points), dtype=bool)
    for region in set(texts):
        here = texts == region
        inside[here] = sphere.contains_points(sphere.parse_region(region), points[here])
    return pa.array(inside)


def _contains(outer: pa.Array, inner: pa.Array) -> pa.Array:
    return pa.array([sphere.contains(*pair) for pair in _pairs(outer, inner)])


def _intersects(one: pa.Array, other: pa.Array) -> pa.Array:
    return pa.array([sphere.intersects(*pair) for pair in _pairs(one, other)])


def _pairs(one: pa.Array, other: pa.Array) -> Iterator[tuple[sphere.Region, sphere.Region]]:
    for left, right in zip(one.to_pylist(), other.to_pylist(), strict=True):
        yield sphere.parse_region(left), sphere.parse_region(right)


def _area(regions: pa.Array) -> pa.Array:
    return pa.array([sphere.area(sphere.parse_region(region)) for region in regions.to_pylist()])


def _centroid(regions: pa.Array) -> pa.Array:
    middles = (sphere.centroid(sphere.parse_region(region)) for region in regions.to_pylist())
    return pa.array([f"POINT ICRS {ra!r} {dec!r}" for ra, dec in middles])


def _coordinate(regions: pa.Array, index: pa.Array) -> pa.Array:
    places = zip(regions.to_pylist(), index.to_pylist(), strict=True)
    return pa.array([sphere.centroid(sphere.parse_region(region))[which] for region, which in places])
