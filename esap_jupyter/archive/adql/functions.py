"""What each function of ADQL becomes in DuckDB; a function that is not listed here does not exist.

ADQL 2.1, sections 2.3 (mathematical), 2.2.10 (aggregates), 4.1 to 4.5 (types, strings, conditions, units);
and the user defined functions of RegTAP 1.1, section 7, and of the catalogue of UDFs (EN-UDF 1.0).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from esap_jupyter.archive.adql.geometry import call

Build = Callable[..., exp.Expr]


@dataclass(frozen=True, slots=True)
class Function:
    """A function: how many arguments it takes, and what it becomes.

    Attributes
    ----------
    condition : bool
        Whether it becomes a truth value, which ADQL writes as 1 or 0.
    aggregate : bool
        Whether it takes DISTINCT, and `*` if it is COUNT.
    signature : str
        As TAPRegExt 1.0 wants it (section 2.3), for user defined functions; else empty.
    """

    least: int
    most: int
    build: Build
    condition: bool = False
    aggregate: bool = False
    signature: str = ""
    description: str = ""


def _same(name: str) -> Build:
    return lambda *arguments: call(name, *arguments)


def _truncate(value: exp.Expr, digits: exp.Expr | None = None) -> exp.Expr:
    if digits is None:
        return call("trunc", value)
    scale = call("power", exp.Literal.number(10), digits)
    product = exp.Mul(this=exp.Paren(this=value), expression=scale)
    return exp.Paren(this=exp.Div(this=call("trunc", product), expression=scale.copy()))


def _random(*_seed: exp.Expr) -> exp.Expr:
    return call("random")


def _words(text: exp.Expr) -> exp.Expr:
    """Lower-case words with a blank around each."""
    separators = exp.Literal.string(r"[^\p{L}\p{N}]+")
    plain = call(
        "regexp_replace", call("lower", text), separators, exp.Literal.string(" "), exp.Literal.string("g")
    )
    blank = exp.Literal.string(" ")
    return exp.DPipe(this=exp.DPipe(this=blank, expression=plain), expression=blank.copy())


def _has_word(text: exp.Expr, word: exp.Expr) -> exp.Expr:
    return call("contains", _words(text), _words(word))


def _hash_list_has(hash_list: exp.Expr, item: exp.Expr) -> exp.Expr:
    split = call("string_split", call("lower", hash_list), exp.Literal.string("#"))
    return call("list_contains", split, call("lower", item))


def _no_case_match(text: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    return exp.Paren(this=exp.ILike(this=text, expression=pattern))


def _string_agg(text: exp.Expr, separator: exp.Expr) -> exp.Expr:
    return call("string_agg", text, separator)


def _interval_overlaps(low: exp.Expr, high: exp.Expr, other_low: exp.Expr, other_high: exp.Expr) -> exp.Expr:
    starts = exp.LTE(this=low, expression=other_high)
    ends = exp.LTE(this=other_low, expression=high)
    return exp.Paren(this=exp.and_(starts, ends, copy=False))


FUNCTIONS: dict[str, Function] = {
    **{
        name: Function(1, 1, _same(name.lower()))
        for name in (
            "ABS", "DEGREES", "EXP", "FLOOR", "LOG10", "RADIANS", "SQRT",
            "ACOS", "ASIN", "ATAN", "COS", "COT", "SIN", "TAN", "LOWER", "UPPER",
        )
    },
    "CEILING": Function(1, 1, _same("ceil")),
    "LOG": Function(1, 1, _same("ln")),
    "PI": Function(0, 0, _same("pi")),
    "ATAN2": Function(2, 2, _same("atan2")),
    "MOD": Function(2, 2, _same("mod")),
    "POWER": Function(2, 2, _same("power")),
    "ROUND": Function(1, 2, _same("round")),
    "TRUNCATE": Function(1, 2, _truncate),
    "RAND": Function(0, 1, _random),
    "COALESCE": Function(1, 50, _same("coalesce")),
    **{name: Function(1, 1, _same(name.lower()), aggregate=True)
       for name in ("COUNT", "SUM", "AVG", "MIN", "MAX")},
    "IVO_HASWORD": Function(
        2, 2, _has_word, condition=True,
        signature="ivo_hasword(haystack TEXT, needle TEXT) -> INTEGER",
        description="1 if the words of needle are in haystack, one after the other, in any case; else 0.",
    ),
    "IVO_HASHLIST_HAS": Function(
        2, 2, _hash_list_has, condition=True,
        signature="ivo_hashlist_has(hashlist TEXT, item TEXT) -> INTEGER",
        description="1 if item is among the parts of hashlist, which # separates, in any case; else 0.",
    ),
    "IVO_NOCASEMATCH": Function(
        2, 2, _no_case_match, condition=True,
        signature="ivo_nocasematch(value TEXT, pattern TEXT) -> INTEGER",
        description="1 if value is LIKE pattern, in any case; else 0.",
    ),
    "IVO_STRING_AGG": Function(
        2, 2, _string_agg,
        signature="ivo_string_agg(expr TEXT, delimiter TEXT) -> TEXT",
        description="An aggregate: all values of expr, with delimiter between them.",
    ),
    "IVO_INTERVAL_OVERLAPS": Function(
        4, 4, _interval_overlaps, condition=True,
        signature="ivo_interval_overlaps(l1 NUMERIC, h1 NUMERIC, l2 NUMERIC, h2 NUMERIC) -> INTEGER",
        description="1 if the interval from l1 to h1 shares a point with that from l2 to h2; else 0.",
    ),
}  # fmt: skip

GEOMETRY = (
    "AREA", "BOX", "CENTROID", "CIRCLE", "CONTAINS", "COORD1", "COORD2", "COORDSYS", "DISTANCE",
    "INTERSECTS", "POINT", "POLYGON", "REGION",
)  # fmt: skip
"""Dealt with in `translate`, since their arguments are no plain values."""
