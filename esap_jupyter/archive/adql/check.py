"""What may be in a query: an allow-list of syntax and types. All else is refused, whatever it means.

This is the outer wall; the inner one is DuckDB itself, whose access to files, network and settings is off
(`database`). Tables and functions have allow-lists of their own (`translate`, `functions`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from sqlglot import exp

from esap_jupyter.archive.adql.dialect import rejected

_NODES: frozenset[type[exp.Expr]] = frozenset(
    {
        # queries
        exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery, exp.With, exp.CTE,
        exp.From, exp.Join, exp.Table, exp.TableAlias, exp.Where, exp.Group, exp.Having,
        exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Distinct,
        # names and values
        exp.Identifier, exp.Column, exp.Star, exp.Alias, exp.Literal, exp.Null, exp.Boolean, exp.Paren,
        # expressions
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.DPipe, exp.Cast, exp.DataType, exp.DataTypeParam,
        exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot, exp.Anonymous, exp.Case, exp.If,
        # conditions
        exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In,
        exp.Between, exp.Like, exp.ILike, exp.Escape, exp.Exists,
    }
)  # fmt: skip

_TYPES = frozenset(
    {
        exp.DataType.Type.SMALLINT,
        exp.DataType.Type.INT,
        exp.DataType.Type.BIGINT,
        exp.DataType.Type.FLOAT,
        exp.DataType.Type.DOUBLE,
        exp.DataType.Type.CHAR,
        exp.DataType.Type.VARCHAR,
        exp.DataType.Type.TIMESTAMP,
        exp.DataType.Type.BOOLEAN,
    }
)

_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def check_syntax(query: exp.Query, adql: str) -> None:
    """Refuse whatever is not ADQL.

    Raises
    ------
    QueryRejected
        Naming line and column.
    """
    for node in query.walk():
        if type(node) not in _NODES:
            raise rejected(f"{_called(node)} is not part of ADQL here", adql, node)
        _check_value(node, adql)
        _check_clause(node, adql)


def _check_value(node: exp.Expr, adql: str) -> None:
    """Refuse what hides in the properties of names and values."""
    match node:
        case exp.Literal() if not node.is_string and not _NUMBER.fullmatch(node.name):
            raise rejected(f"{node.name!r} is not a number", adql, node)
        case exp.DataType() if node.this not in _TYPES or node.args.get("nested"):
            raise rejected(f"CAST to {node.sql()} is not offered", adql, node.parent)
        case exp.Column():
            _check_only(node, {"this", "table", "db"}, adql)
        case exp.Distinct() if node.args.get("on"):
            raise rejected("DISTINCT ON is not ADQL", adql, node)
        case exp.Distinct() if isinstance(node.parent, exp.Anonymous) and len(node.expressions) != 1:
            raise rejected("DISTINCT takes one argument in a function", adql, node)


def _check_clause(node: exp.Expr, adql: str) -> None:
    """Refuse what hides in the properties of clauses."""
    match node:
        case exp.Limit() if not node.meta.get("top"):
            raise rejected("LIMIT is not ADQL", adql, node, hint="Write SELECT TOP n.")
        case exp.Limit() | exp.Offset() if not node.expression.is_int:
            raise rejected("The number of rows must be a whole number", adql, node)
        case exp.With() if node.args.get("recursive"):
            raise rejected("A recursive query is not offered", adql, node)
        case exp.Join():
            _check_join(node, adql)
        case exp.Table():
            _check_only(node, {"this", "db", "alias", "joins"}, adql)
            if not isinstance(node.this, exp.Identifier):
                raise rejected("A function cannot be used as a table", adql, node)
        case exp.Select() if node.args.get("kind") or node.args.get("into"):
            raise rejected("This form of SELECT is not ADQL", adql, node)


def _check_join(node: exp.Join, adql: str) -> None:
    for part, known in (
        ("method", {"", "NATURAL"}),
        ("side", {"", "LEFT", "RIGHT", "FULL"}),
        ("kind", {"", "INNER", "OUTER", "CROSS"}),
    ):
        if str(node.args.get(part) or "").upper() not in known:
            raise rejected(f"A {node.args[part]} join is not ADQL", adql, node)


def _check_only(node: exp.Expr, parts: Collection[str], adql: str) -> None:
    more = [name for name, value in node.args.items() if value and name not in parts]
    if more:
        raise rejected(f"The name {node.sql()} has too many parts", adql, node)


def _called(node: exp.Expr) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).upper()
    return f"{words} ({node.sql()[:40]})"


def suggestion(name: str, known: Collection[str], kind: str) -> str:
    """A hint that names what was probably meant."""
    close = difflib.get_close_matches(name.lower(), sorted(known), n=3, cutoff=0.6)
    return f"Did you mean the {kind} {' or '.join(close)}?" if close else ""
