"""ADQL 2.1 as a dialect of sqlglot: the grammar, and syntax errors that say where.

The parser knows no function but CAST: every other call stays a bare name with arguments, which means nothing
until `functions` gives it a meaning. What is not ADQL (statements, window functions, JSON, lambdas ...) may
still parse, since sqlglot reads much SQL; `check` refuses it by the kind of its nodes.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlglot
from sqlglot import exp, parser, tokens
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokens import TokenType

from esap_jupyter.errors import QueryRejected

LONGEST_QUERY = 200_000
"""Characters."""


class ADQL(Dialect):
    """The grammar of ADQL 2.1 (section 2), as far as it differs from sqlglot's own SQL."""

    class Tokenizer(tokens.Tokenizer):
        """TOP is a word of the language; comments start with ``--``."""

        KEYWORDS: ClassVar = {**tokens.Tokenizer.KEYWORDS, "TOP": TokenType.TOP}

    class Parser(parser.Parser):
        """Functions keep their names."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar = {"CASE": lambda self: self._parse_case()}
        FUNCTION_PARSERS: ClassVar = {"CAST": lambda self: self._parse_cast(self.STRICT_CAST)}


def parse(adql: str) -> exp.Query:
    """Parse one ADQL query.

    Raises
    ------
    QueryRejected
        Naming line and column, if it is no query.
    """
    if len(adql) > LONGEST_QUERY:
        raise QueryRejected(
            f"The query is longer than {LONGEST_QUERY} characters.", hint="Upload a table instead."
        )
    if not adql.strip():
        raise QueryRejected("The query is empty.")
    try:
        statements = sqlglot.parse(adql, dialect=ADQL)
    except ParseError as error:
        raise _syntax_error(error) from None
    except SqlglotError as error:
        raise QueryRejected(f"The query cannot be read: {str(error).splitlines()[0]}.") from None
    except RecursionError:
        raise QueryRejected("The query is nested too deeply.") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise QueryRejected("This is not a query.", hint="ADQL has one statement, SELECT.", line=1, column=1)
    return statements[0]


def rejected(message: str, adql: str, node: exp.Expr | None, *, hint: str = "") -> QueryRejected:
    """Make the error for what is wrong at `node` of the parsed query."""
    start = _first_position(node)
    if start is None:
        return QueryRejected(message, hint=hint)
    line, column = line_and_column(adql, start)
    return QueryRejected(f"{message} (line {line}, column {column})", hint=hint, line=line, column=column)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """1-based line and column of the character at `offset`."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _first_position(node: exp.Expr | None) -> int | None:
    """Where the text of a node starts; sqlglot keeps positions only at names, literals and calls."""
    if node is None:
        return None
    starts = [int(part.meta["start"]) for part in node.walk() if "start" in part.meta]
    return min(starts) if starts else None


def _syntax_error(error: ParseError) -> QueryRejected:
    fault = error.errors[0] if error.errors else {}
    text, line, end = fault.get("highlight") or "", fault.get("line"), fault.get("col")
    if not line or not end:
        return QueryRejected("The query has a syntax error.")
    column = max(1, end - len(text) + 1)
    near = f" at {text!r}" if text else " at its end"
    hint = "ADQL limits rows with SELECT TOP n." if text.upper() in {"LIMIT", "FETCH"} else ""
    where = f"(line {line}, column {column})"
    return QueryRejected(f"The query has a syntax error{near} {where}", hint=hint, line=line, column=column)
