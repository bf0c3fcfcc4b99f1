"""Which column of which table a name in a query means, so that units and UCDs reach the result.

This only finds descriptions: whether a name exists, and what it binds to, is DuckDB's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

from esap_jupyter.errors import QueryRejected

MOST_COLUMNS = 2000
"""Of a query or any part of it: each ``SELECT x.*, y.* FROM a AS x, a AS y`` doubles them."""


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a (sub)query; `field` is the table's, if it is simply one of the table's columns.

    The name is as the table spells it; empty if the query gives none.
    """

    name: str
    field: pa.Field | None = None


Source = tuple[str, list[Output]]
"""What a name in a FROM clause stands for."""


class ColumnFinder:
    """Finds what columns mean in a checked query whose tables have not been renamed yet.

    Parameters
    ----------
    schemas : mapping
        Schema of each table, by its lower-case qualified name.
    """

    def __init__(self, schemas: Mapping[str, pa.Schema]) -> None:
        self._schemas = schemas
        # A query that is named twice is looked into once; nested in each other, they would take for ever.
        self._known: dict[int, list[Output]] = {}

    def outputs(self, query: exp.Expr) -> list[Output]:
        """The columns of a query, in order.

        Raises
        ------
        QueryRejected
            If they are too many.
        """
        if id(query) not in self._known:
            self._known[id(query)] = self._outputs(query)
        return self._known[id(query)]

    def _outputs(self, query: exp.Expr) -> list[Output]:
        if isinstance(query, exp.SetOperation):
            return self.outputs(query.this)
        if isinstance(query, exp.Subquery):
            return self.outputs(query.this)
        if not isinstance(query, exp.Select):
            return []
        sources = self._sources(query)
        found: list[Output] = []
        for projection in query.expressions:
            found.extend(self._projected(projection, sources))
            if len(found) > MOST_COLUMNS:
                raise QueryRejected(
                    f"The query, or a part of it, has more than {MOST_COLUMNS:,} columns.",
                    hint="Name the columns that you need.",
                )
        return found

    def field(self, column: exp.Column) -> pa.Field | None:
        """The described column that a name means, in the innermost query that has it."""
        select = column.find_ancestor(exp.Select)
        while select is not None:
            output = _lookup(column, self._sources(select))
            if output is not None:
                return output.field
            select = select.find_ancestor(exp.Select)
        return None

    def _sources(self, select: exp.Select) -> list[Source]:
        joined = [join.this for join in select.args.get("joins") or []]
        first = select.args.get("from_")
        return [
            self._source(table) for table in ([first.this] if first else []) + joined if table is not None
        ]

    def _source(self, table: exp.Expr) -> Source:
        name = table.alias_or_name.lower()
        if isinstance(table, exp.Subquery):
            return name, _renamed(table, self.outputs(table.this))
        if not isinstance(table, exp.Table):
            return name, []
        expression = None if table.db else _common_table(table)
        if expression is not None:
            return name, _renamed(expression, self.outputs(expression.this))
        key = f"{table.db}.{table.name}".lower()
        schema = self._schemas.get(key)
        return name, [Output(field.name, field) for field in schema] if schema else []

    @staticmethod
    def _projected(projection: exp.Expr, sources: list[Source]) -> list[Output]:
        if isinstance(projection, exp.Star):
            return [output for _, outputs in sources for output in outputs]
        if isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star):
            wanted = projection.table.lower()
            return [output for name, outputs in sources if name == wanted for output in outputs]
        inner = projection.unalias()
        output = _lookup(inner, sources) if isinstance(inner, exp.Column) else None
        if output is None:
            return [Output(projection.alias)]
        return [Output(projection.alias or output.name, output.field)]


def _lookup(column: exp.Column, sources: list[Source]) -> Output | None:
    wanted_table, wanted = column.table.lower(), column.name.lower()
    for name, outputs in sources:
        if wanted_table in {"", name}:
            for output in outputs:
                if output.name.lower() == wanted:
                    return output
    return None


def _common_table(table: exp.Table) -> exp.CTE | None:
    """The expression of a WITH clause around this table that has its name."""
    scope = table.parent
    while scope is not None:
        with_ = scope.args.get("with_")
        for expression in with_.expressions if isinstance(with_, exp.With) else []:
            if expression.alias.lower() == table.name.lower() and table not in expression.walk():
                return expression
        scope = scope.parent
    return None


def _renamed(named: exp.Expr, outputs: list[Output]) -> list[Output]:
    """Apply the column names of ``AS t (a, b)``."""
    names = named.alias_column_names
    return [
        Output(names[index] if index < len(names) else output.name, output.field)
        for index, output in enumerate(outputs)
    ]
