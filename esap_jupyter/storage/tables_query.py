"""Which rows of a table meet some conditions, and in which order, by DuckDB.

DuckDB never sees a file, nor anything that a person typed: the columns that a question needs are read by
`Table.page` and given to it under names of our own, and every value is a parameter.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from esap_jupyter.errors import InputError, StateError
from esap_jupyter.models import ColumnKind, Condition, Order, Selection
from esap_jupyter.storage.tables_rows import TableRows

_COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}
# A connection of DuckDB that can open nothing and whose settings stay as they are.
_SEALED = {"enable_external_access": "false", "lock_configuration": "true", "threads": "2"}


def kind_of(column_type: Any) -> ColumnKind:
    """What can be done with a column of an Arrow type."""
    types = pa.types
    if types.is_integer(column_type) or types.is_floating(column_type) or types.is_decimal(column_type):
        return "number"
    if types.is_string(column_type) or types.is_large_string(column_type):
        return "text"
    if types.is_boolean(column_type):
        return "truth"
    return "time" if types.is_timestamp(column_type) or types.is_date(column_type) else "other"


def selected_rows(table: TableRows, selection: Selection) -> Any:
    """Number the rows that a selection takes, in its order.

    Returns
    -------
    numpy.ndarray
        Of int64; rows are counted from 0 as the table shows them unsorted.

    Raises
    ------
    InputError
        If there is no such column, or a value does not fit it.
    """
    question = Question(table)
    where = question.where(selection.conditions)
    order = "".join(f"{question.order(each, f'order.{n}')}, " for n, each in enumerate(selection.order))
    return question.numbers(where, f"{order}number")


class Question:
    """SQL in the making: the columns that it reads, under which names, and its parameters.

    The columns are in the view ``rows``, beside ``number``, which counts the rows from 0.
    """

    def __init__(self, table: TableRows) -> None:
        self._table = table
        self._names: dict[str, str] = {}
        self._parameters: dict[str, Any] = {}
        self._made: dict[str, Any] = {}

    def column(self, name: str, at: str = "column") -> str:
        """Say under which name a column of the table goes; `at` is the input field that names it.

        Raises
        ------
        InputError
            If there is no such column.
        """
        if name not in self._table.columns:
            raise InputError(f"There is no column {name!r}.", hint="See the table's columns.", field=at)
        return self._names.setdefault(name, f"c{len(self._names)}")

    def made(self, values: Any) -> str:
        """Say under which name a column goes that was computed elsewhere, for all rows of the table."""
        name = f"m{len(self._made)}"
        self._made[name] = pa.array(values)
        return name

    def kind(self, name: str) -> ColumnKind:
        """What can be done with a column."""
        return kind_of(self._table.schema.field(name).type)

    def empty(self, name: str) -> str:
        """SQL that is true where a column is null or NaN."""
        known = self.column(name)
        return f"({known} IS NULL OR isnan({known}))" if self._is_floating(name) else f"({known} IS NULL)"

    def finite(self, name: str) -> str:
        """SQL for a column of numbers, null where it is not finite."""
        known = self.column(name)
        return f"(CASE WHEN isfinite({known}) THEN {known} END)" if self._is_floating(name) else known

    def number(self, name: str, at: str = "column") -> str:
        """SQL for a column of numbers as doubles, null where not finite; `at` is the field that names it.

        Raises
        ------
        InputError
            If there is no such column or it holds no numbers.
        """
        self.column(name, at)
        if self.kind(name) != "number":
            raise InputError(f"{name} holds no numbers.", hint="Choose a column of numbers.", field=at)
        return f"{self.finite(name)}::DOUBLE"

    def unit(self, name: str) -> str:
        """The unit of a column as the table has it, "" without one."""
        metadata = self._table.schema.field(name).metadata or {}
        return str(metadata.get(b"unit", b"").decode("utf-8", "replace"))

    def parameter(self, value: object) -> str:
        """SQL for a value."""
        name = f"p{len(self._parameters)}"
        self._parameters[name] = value
        return f"${name}"

    def order(self, order: Order, at: str) -> str:
        """SQL to sort by.

        Raises
        ------
        InputError
            If the column does not exist or has no order.
        """
        name = self.column(order.column, f"{at}.column")
        if self.kind(order.column) == "other":
            raise InputError(f"{order.column} has no order.", field=f"{at}.column")
        value = f"(CASE WHEN NOT isnan({name}) THEN {name} END)" if self._is_floating(order.column) else name
        return f"{value} {'DESC' if order.descending else 'ASC'} NULLS LAST"

    def where(self, conditions: Sequence[Condition]) -> str:
        """SQL that is true where all conditions are met.

        Raises
        ------
        InputError
            If a column does not exist, or a value does not fit it.
        """
        met = [self._met(condition, f"conditions.{number}") for number, condition in enumerate(conditions)]
        return " AND ".join(met) or "true"

    def numbers(self, where: str, order: str) -> Any:
        """Ask which rows meet a condition, in an order; a numpy array."""
        with self._asked("number", where, f"ORDER BY {order}", {}) as answer:
            (column,) = answer.fetchnumpy().values()
        return np.asarray(column, dtype=np.int64)

    def rows(
        self, wanted: str, where: str, rest: str = "", computed: str = "", **parameters: Any
    ) -> list[dict[str, Any]]:
        """Ask what is wanted of the rows that meet a condition; the answer's rows by their columns' names.

        What is `computed` once for each row has names that `wanted` may use often, and stands in their place.
        """
        with self._asked(wanted, where, rest, parameters, computed) as answer:
            names = [column[0] for column in answer.description]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    @contextlib.contextmanager
    def _asked(
        self, wanted: str, where: str, rest: str, parameters: dict[str, Any], computed: str = ""
    ) -> Iterator[Any]:
        found = f"(SELECT {computed or '*'} FROM rows WHERE {where})"  # noqa: S608 - our names, and parameters
        sql = f"SELECT {wanted} FROM {found} {rest}"  # noqa: S608 - the same
        table = self._table.page(0, self._table.num_rows, list(self._names))
        number = pa.array(np.arange(self._table.num_rows))
        columns = [_naive(column) for column in table.columns]
        rows = pa.table(
            [number, *columns, *self._made.values()], names=["number", *self._names.values(), *self._made]
        )
        with duckdb.connect(":memory:", config=_SEALED) as connection:
            connection.register("rows", rows)
            try:
                yield connection.execute(sql, self._parameters | parameters or None)
            except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
                raise InputError("A value is out of its column's range.", field="conditions") from error
            except duckdb.Error as error:
                raise StateError(f"The table {self._table.id} cannot be asked that: {error}.") from error

    def _met(self, condition: Condition, at: str) -> str:
        name, operator = self.column(condition.column, f"{at}.column"), condition.operator
        kind, empty = self.kind(condition.column), self.empty(condition.column)
        if operator == "is-empty":
            return empty
        if operator == "is-not-empty":
            return f"NOT {empty}"
        value = _value(kind, condition, at)
        field = self._table.schema.field(condition.column)
        if operator in _COMPARISONS and kind == "text" and (moment := _moment_in(field, value)):
            return f"coalesce(TRY_CAST({name} AS TIMESTAMP) {operator} {self.parameter(moment)}, false)"
        if pa.types.is_float32(field.type):
            value = _as_float32(value)
        parameter = self.parameter(value)
        if operator in _COMPARISONS:
            # DuckDB takes NaN for the greatest number; here it is empty.
            return f"(NOT {empty} AND {name} {operator} {parameter})"
        if kind != "text":
            raise InputError(f"{condition.column} is no text.", field=f"{at}.operator")
        function = "contains" if operator == "contains" else "starts_with"
        return f"{function}(lower({name}), lower({parameter}))"

    def _is_floating(self, name: str) -> bool:
        return bool(pa.types.is_floating(self._table.schema.field(name).type))


def _naive(column: Any) -> Any:
    """Times with a zone as UTC without one, as `_value` makes them."""
    if pa.types.is_timestamp(column.type) and column.type.tz:
        return column.cast(pa.timestamp(column.type.unit))
    return column


def _value(kind: ColumnKind, condition: Condition, at: str) -> Any:
    """What a condition compares with, as the column's own kind."""
    value = condition.value
    try:
        if kind == "number" and not isinstance(value, bool) and value is not None:
            return _number(value)
        if kind == "text" and isinstance(value, str):
            return value
        if kind == "truth" and isinstance(value, bool):
            return value
        if kind == "time" and isinstance(value, str):
            return _moment(value)
    except ValueError:
        pass
    expected = {
        "number": "a number",
        "text": "text",
        "truth": "true or false",
        "time": "a time (ISO 8601)",
        "other": "nothing that could be compared",
    }
    raise InputError(
        f"{condition.column} holds {expected[kind]}, {value!r} does not fit.", field=f"{at}.value"
    )


def _moment(text: str) -> datetime:
    """ISO 8601 as UTC without a zone."""
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def _moment_in(field: Any, value: Any) -> datetime | None:
    """The moment that a column of times as text (DALI 1.1, section 3.3.3) is compared with.

    One moment is written in many ways. None if it is no such column, or only part of a time.
    """
    if (field.metadata or {}).get(b"xtype") != b"timestamp":
        return None
    try:
        return _moment(value)
    except ValueError:
        return None


def _as_float32(number: float) -> float:
    """The number that a column of this type holds where a person reads it: 12.3 is 12.30000019 there."""
    with np.errstate(over="ignore"):
        return float(np.float32(number))


def _number(value: float | str) -> float | int:
    try:
        number: float | int = int(value) if isinstance(value, str) else value
    except ValueError:
        number = float(value)
    if isinstance(number, int) and abs(number) >= 2**126:  # DuckDB's integers go no further
        try:
            number = float(number)
        except OverflowError as error:
            raise ValueError(value) from error
    if not np.isfinite(float(number)):
        raise ValueError(value)
    return number
