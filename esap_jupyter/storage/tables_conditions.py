"""A condition as a person writes it in Python: values of numpy and astropy, in the column's unit."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, get_args

import numpy as np
from pydantic import ValidationError

from esap_jupyter.errors import InputError
from esap_jupyter.models import Condition, Operator


def condition_on(schema: Any, column: str, operator: str, value: Any) -> Condition:
    """Make a condition on a column of a table.

    Parameters
    ----------
    schema : pyarrow.Schema
        The table's.
    value : int, float, bool, str, Quantity, Time or datetime, optional
        Whether a plain one fits the column is for the query to say.

    Raises
    ------
    InputError
        If there is no such column or operator, or no such value can be compared with the column.
    """
    if column not in schema.names:
        raise InputError(f"There is no column {column!r}.", hint="See the table's columns.", field="column")
    if operator not in get_args(Operator):
        raise InputError(
            f"There is no operator {operator!r}.",
            hint=f"There are: {', '.join(get_args(Operator))}.",
            field="operator",
        )
    if value is None and not operator.startswith("is-"):
        raise InputError(
            f"There is no value to compare {column} with.",
            hint='Rows that have none are found by "is-empty".',
            field="value",
        )
    try:
        return Condition(column=column, operator=operator, value=_plain(schema.field(column), value))
    except ValidationError:
        raise _unfit(column, value) from None


def _plain(field: Any, value: Any) -> Any:
    """The value as JSON has it."""
    if np.ndim(value) or np.any(getattr(value, "mask", False)):
        raise InputError(f"{field.name} is compared with one value, which is not masked.", field="value")
    value = getattr(value, "unmasked", value)
    if isinstance(value, np.ndarray | np.generic) and not hasattr(value, "unit"):
        value = (value.astype("datetime64[us]") if value.dtype.kind == "M" else value).item()
    if isinstance(value, date):
        return _time_text(field, _utc(value).isoformat())
    if not hasattr(value, "to_value"):
        return value
    from astropy.time import Time

    if not isinstance(value, Time):
        return _in_unit(field, value)
    from esap_jupyter.formats.astropy_table import utc_text

    return _time_text(field, str(utc_text(value)).removesuffix(".000000"))


def _utc(value: date) -> date:
    """A moment as UTC without saying so, as the columns hold it."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _time_text(field: Any, text: str) -> str:
    from esap_jupyter.storage.tables_query import kind_of

    # A time of a VOTable is text, ISO 8601 in UTC (DALI 1.1, section 3.3.3).
    if kind_of(field.type) == "time" or (field.metadata or {}).get(b"xtype") == b"timestamp":
        return text
    raise InputError(
        f"{field.name} holds no times.",
        hint="Compare with a number in its unit, for example the `mjd` of a time of astropy.",
        field="value",
    )


def _in_unit(field: Any, value: Any) -> float:
    from astropy import units

    from esap_jupyter.formats.astropy_table import parse_unit

    said = (field.metadata or {}).get(b"unit", b"").decode("utf-8", "replace")
    try:
        return float(value.to_value(parse_unit(said) or units.dimensionless_unscaled))
    except (units.UnitsError, TypeError, ValueError):
        has = f"is in {said}" if said else "has no unit"
        raise InputError(
            f"{field.name} {has}; {value} does not convert to that.",
            hint="A bare number is in the unit of the column.",
            field="value",
        ) from None


def _unfit(column: str, value: Any) -> InputError:
    return InputError(
        f"{column} cannot be compared with {str(value)[:40]!r}.",
        hint="Compare with a finite number, text, True or False, a Quantity or a time.",
        field="value",
    )
