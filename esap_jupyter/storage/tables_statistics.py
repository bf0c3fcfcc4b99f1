"""What a column of a table holds: its statistics and its histogram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from esap_jupyter.models import ColumnStatistics, Condition, Histogram
from esap_jupyter.storage.tables_query import Question
from esap_jupyter.storage.tables_view import Table

_MOST_FREQUENT = 10
_SHOWN_CHARACTERS = 200


def column_statistics(table: Table, column: str, conditions: Sequence[Condition] = ()) -> ColumnStatistics:
    """Say what a column holds in the rows that meet the conditions.

    Raises
    ------
    InputError
        If there is no such column, or a condition's value does not fit.
    """
    question = Question(table)
    name, kind, where = question.column(column), question.kind(column), question.where(conditions)
    said = ["count(*) AS rows", f"count(*) FILTER ({question.empty(column)}) AS empty"]
    value = question.finite(column) if kind == "number" else name
    if kind not in {"truth", "other"}:
        said.append(f"approx_count_distinct({value}) AS distinct")
        shown = value if kind == "number" else f"left({name}::VARCHAR, {_SHOWN_CHARACTERS})"
        said += [f"min({shown}) AS minimum", f"max({shown}) AS maximum"]
    (found,) = question.rows(", ".join(said), where)
    if kind == "number" and found["minimum"] is not None:
        found |= _moments(question, value, where, max(abs(found["minimum"]), abs(found["maximum"])))
    if kind in ("text", "truth"):
        shown = f"left({name}, {_SHOWN_CHARACTERS})" if kind == "text" else name
        found["most_frequent"] = question.rows(
            f"{shown} AS value, count(*) AS count",
            f"{where} AND {name} IS NOT NULL",
            f"GROUP BY {name} ORDER BY count DESC, {name} LIMIT {_MOST_FREQUENT}",
        )
    return ColumnStatistics(column=column, **found)


def _moments(question: Question, value: str, where: str, scale: float) -> dict[str, Any]:
    """Mean, deviation and quartiles; scaled, since squares of large numbers leave the range of a double."""
    factor = float(scale) or 1.0
    scaled = f"({value}::DOUBLE / $scale)"
    (found,) = question.rows(
        f"avg({scaled}) AS mean, stddev_samp({scaled}) AS standard_deviation,"
        f" quantile_cont({scaled}, [0.25, 0.5, 0.75]) AS quartiles",
        where,
        scale=factor,
    )
    deviation = found["standard_deviation"]
    return {
        "mean": found["mean"] * factor,
        "standard_deviation": None if deviation is None else deviation * factor,
        "quartiles": tuple(each * factor for each in found["quartiles"]),
    }


def column_histogram(table: Table, column: str, bins: int, conditions: Sequence[Condition] = ()) -> Histogram:
    """Count a column's finite numbers, in the rows that meet the conditions, from the least to the greatest.

    Raises
    ------
    InputError
        If there is no such column or it holds no numbers, or a condition's value does not fit.
    """
    question = Question(table)
    number, where = question.number(column), question.where(conditions)
    (extent,) = question.rows(f"min({number}) AS low, max({number}) AS high, count({number}) AS count", where)
    low, high = extent["low"], extent["high"]
    if low is None:
        return Histogram(column=column, edges=(), counts=())
    width = high / bins - low / bins
    if not width:
        return Histogram(column=column, edges=(low, high), counts=(extent["count"],))
    counted: dict[int, Any] = {
        each["bin"]: each["count"]
        for each in question.rows(
            f"greatest(least(floor({number} / $width - $low / $width), $bins - 1), 0)::INTEGER AS bin,"
            " count(*) AS count",
            f"{where} AND {number} IS NOT NULL",
            "GROUP BY bin",
            low=low,
            width=width,
            bins=bins,
        )
    }
    return Histogram(
        column=column,
        edges=(*(low + width * edge for edge in range(bins)), high),
        counts=tuple(counted.get(each, 0) for each in range(bins)),
    )
