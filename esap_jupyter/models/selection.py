"""Which rows of a table are wanted, in which order, and what its columns hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ColumnKind = Literal["number", "text", "truth", "time", "other"]
"""What can be done with a column: an array, say, can neither be compared nor counted in bins."""

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "starts-with", "is-empty", "is-not-empty"]
"""How a column is compared with a value; the last two take none."""

MOST_BINS = 1000
"""Bins of a histogram."""


class Condition(BaseModel):
    """A condition on one column; empty (null, NaN) is neither equal nor unequal to anything.

    Attributes
    ----------
    value : str, int, float or bool, optional
        A number may be given as text, so that 64-bit integers survive JavaScript; a time is ISO 8601.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    operator: Operator
    value: bool | int | Annotated[float, Field(allow_inf_nan=False)] | str | None = None


class Order(BaseModel):
    """A column to sort by; empty comes last either way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    descending: bool = False


class Selection(BaseModel):
    """The rows that meet all conditions, sorted by the first column, then by the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()

    @property
    def takes_all(self) -> bool:
        """Whether it is the table as it stands."""
        return not (self.conditions or self.order)


class Frequency(BaseModel):
    """How often a value occurs."""

    value: bool | str
    count: int


class ColumnStatistics(BaseModel):
    """What a column holds.

    Attributes
    ----------
    rows, empty : int
        Rows that were looked at, and those of them that are null or NaN.
    distinct : int, optional
        Different values, within a few percent.
    minimum, maximum
        Of finite numbers, in the column's unit, of times and of text.
    mean, standard_deviation, quartiles
        Of finite numbers, in the column's unit.
    most_frequent : tuple of Frequency
        Of text and truth values.
    """

    column: str
    rows: int
    empty: int
    distinct: int | None = None
    minimum: int | float | str | None = None
    maximum: int | float | str | None = None
    mean: float | None = None
    standard_deviation: float | None = None
    quartiles: tuple[float, float, float] | None = None
    most_frequent: tuple[Frequency, ...] = ()


class Histogram(BaseModel):
    """How many finite numbers lie in each of several bins of one width.

    Attributes
    ----------
    edges : tuple of float
        One more than there are bins, in the column's unit; none if there is no number.
    """

    column: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
