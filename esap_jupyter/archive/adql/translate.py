"""From ADQL to the SQL that DuckDB runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

from esap_jupyter.archive.adql import geometry
from esap_jupyter.archive.adql.check import check_syntax, suggestion
from esap_jupyter.archive.adql.columns import ColumnFinder, Output
from esap_jupyter.archive.adql.dialect import parse, rejected
from esap_jupyter.archive.adql.functions import FUNCTIONS, GEOMETRY
from esap_jupyter.archive.adql.geometry import GeometryError
from esap_jupyter.errors import QueryRejected

UPLOAD_SCHEMA = "tap_upload"
UPLOADED = "uploaded_"
"""Prefix of the temporary table that holds an upload."""

MOST_TABLES = 50
"""Mentioned in one query; DuckDB cannot be stopped while it plans how to join them."""

_COMMON_TABLE = "common_"


@dataclass(frozen=True, slots=True)
class Translation:
    """A query, ready to run.

    Attributes
    ----------
    sql : str
        For DuckDB; every name in it is quoted and qualified.
    columns : tuple of Output
        Descriptions of the result's columns, as far as they are columns of tables.
    adql, tree : str, Query
        As the person wrote it.
    known : frozenset of str
        Names of the columns of all its tables.
    """

    sql: str
    columns: tuple[Output, ...]
    adql: str
    tree: exp.Query
    known: frozenset[str]

    def error(self, message: str) -> QueryRejected:
        """Say in ADQL's terms, and with the place, what DuckDB found wrong when it bound the names."""
        return _binding_error(message, self)


def translate(adql: str, schemas: Mapping[str, pa.Schema], *, row_limit: int | None = None) -> Translation:
    """Check and translate a query.

    Parameters
    ----------
    schemas : mapping
        Schema of each table that may be asked, by its lower-case qualified name, uploads
        (``tap_upload.name``) included. No other table can be reached.
    row_limit : int, optional
        At most so many rows are computed, whatever the query says.

    Raises
    ------
    QueryRejected
        Naming line and column, if the query is not ADQL, or names a table or function that is not there.
    """
    tree = parse(adql)
    try:
        check_syntax(tree, adql)
        original = tree.copy()
        finder = ColumnFinder(schemas)
        _qualify_tables(tree, schemas, adql)
        known = frozenset(
            name.lower()
            for table in tree.find_all(exp.Table)
            if table.db
            for name in schemas[f"{table.db}.{table.name}".lower()].names
        )
        columns = tuple(finder.outputs(tree))
        _name_outputs(tree, columns)
        lowered = _Lowering(adql, finder).expression(tree)
        _rename_tables(lowered)
        _bracket_limited_operands(lowered)
        if row_limit is not None and not lowered.args.get("limit"):
            lowered.set("limit", exp.Limit(expression=exp.Literal.number(row_limit)))
        sql = lowered.sql(dialect="duckdb", identify=True, comments=False)
    except RecursionError:
        raise QueryRejected("The query is nested too deeply.") from None
    return Translation(sql, columns, adql, original, known)


def _qualify_tables(tree: exp.Query, schemas: Mapping[str, pa.Schema], adql: str) -> None:
    """Give each table its schema, and refuse those that do not exist."""
    tables = list(tree.find_all(exp.Table))
    if len(tables) > MOST_TABLES:
        raise rejected(f"The query names more than {MOST_TABLES} tables", adql, tables[MOST_TABLES])
    for table in tables:
        if not table.db:
            if _is_common(table):
                continue
            matching = [key for key in schemas if key.split(".", 1)[1] == table.name.lower()]
            if len(matching) == 1:
                table.set("db", exp.to_identifier(matching[0].split(".", 1)[0]))
        key = f"{table.db}.{table.name}".lower()
        if key not in schemas:
            shown = f"{table.db}.{table.name}" if table.db else table.name
            hint = suggestion(key, schemas, "table") or "TAP_SCHEMA.tables lists the tables."
            raise rejected(f"There is no table {shown}", adql, table, hint=hint)


def _is_common(table: exp.Table) -> bool:
    scope = table.parent
    while scope is not None:
        with_ = scope.args.get("with_")
        if isinstance(with_, exp.With) and any(
            expression.alias.lower() == table.name.lower() for expression in with_.expressions
        ):
            return True
        scope = scope.parent
    return False


def _rename_tables(tree: exp.Expr) -> None:
    """Point uploads at their temporary tables, and keep common tables apart from all that DuckDB knows."""
    common = {expression: expression.alias.lower() for expression in tree.find_all(exp.CTE)}
    mentioned = Counter(table.name.lower() for table in tree.find_all(exp.Table) if not table.db)
    for expression, name in common.items():
        # Planned anew at each mention, tables that build on each other would multiply for ever.
        expression.set("materialized", mentioned[name] > 1 or None)
    for table in list(tree.find_all(exp.Table)):
        if table.db.lower() == UPLOAD_SCHEMA:
            _stand_in(table, UPLOADED + table.name.lower())
        elif not table.db:
            _stand_in(table, _COMMON_TABLE + table.name.lower())
        else:
            table.set("this", exp.to_identifier(table.name.lower()))
            table.set("db", exp.to_identifier(table.db.lower()))
    for expression, name in common.items():
        expression.args["alias"].set("this", exp.to_identifier(_COMMON_TABLE + name))
    for column in tree.find_all(exp.Column):
        if column.args.get("db") and column.text("db").lower() == UPLOAD_SCHEMA:
            column.set("db", None)


def _stand_in(table: exp.Table, name: str) -> None:
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
    table.set("this", exp.to_identifier(name))
    table.set("db", None)


def _name_outputs(tree: exp.Query, columns: tuple[Output, ...]) -> None:
    """Give each column of the result a name: as the table spells it, or after the function."""
    select: exp.Expr = tree
    while isinstance(select, exp.SetOperation | exp.Subquery):
        select = select.this
    if not isinstance(select, exp.Select) or any(node.is_star for node in select.expressions):
        return
    named = []
    for index, (projection, output) in enumerate(zip(select.expressions, columns, strict=True), start=1):
        name = projection.alias
        if not name and isinstance(projection, exp.Column):
            quoted = projection.this.args.get("quoted")
            name = output.name if output.name and not quoted else projection.name
        elif not name and isinstance(projection, exp.Anonymous):
            name = projection.name.lower()
        name = name or f"column_{index}"
        named.append(exp.alias_(projection.unalias(), exp.to_identifier(name, quoted=True), copy=False))
    select.set("expressions", named)


def _bracket_limited_operands(tree: exp.Expr) -> None:
    """``SELECT TOP n`` may be an operand of UNION in ADQL; SQL wants brackets around it then."""
    for operation in list(tree.find_all(exp.SetOperation)):
        for side in ("this", "expression"):
            operand = operation.args[side]
            if isinstance(operand, exp.Select) and any(
                operand.args.get(part) for part in ("limit", "offset", "order")
            ):
                operation.set(side, exp.Subquery(this=operand.copy()))


class _Lowering:
    """Replaces ADQL's functions by DuckDB's, from the outside in."""

    def __init__(self, adql: str, finder: ColumnFinder) -> None:
        self._adql = adql
        self._finder = finder

    def expression(self, node: exp.Expr) -> exp.Expr:
        """Translate a node and what is below it."""
        if isinstance(node, exp.EQ | exp.NEQ):
            condition = self._compared_condition(node)
            if condition is not None:
                return condition
        if isinstance(node, exp.LT | exp.LTE) and _is_call(node.this, "DISTANCE"):
            return self._near(node)
        if isinstance(node, exp.Anonymous):
            return self._value(node)
        for name, child in list(node.args.items()):
            if isinstance(child, exp.Expr):
                node.set(name, self.expression(child))
            elif isinstance(child, list):
                node.set(name, [self.expression(one) if isinstance(one, exp.Expr) else one for one in child])
        return node

    def _compared_condition(self, node: exp.EQ | exp.NEQ) -> exp.Expr | None:
        """``CONTAINS(...) = 1`` as a condition, which DuckDB can use to skip rows, unlike a number."""
        left, right = node.this, node.expression
        if isinstance(left, exp.Literal):
            left, right = right, left
        if not isinstance(left, exp.Anonymous) or not isinstance(right, exp.Literal):
            return None
        condition = self._condition(left)
        if condition is None or right.name not in {"0", "1"}:
            return None
        wanted = (right.name == "1") == isinstance(node, exp.EQ)
        return condition if wanted else exp.Not(this=exp.Paren(this=condition))

    def _near(self, node: exp.LT | exp.LTE) -> exp.Expr:
        radius = self.expression(node.expression)
        one, other = self._distance_points(node.this)
        comparison = type(node)(this=geometry.distance(one, other), expression=radius)
        return geometry.nearer_than(one, other, comparison)

    def _value(self, node: exp.Anonymous) -> exp.Expr:
        condition = self._condition(node)
        if condition is not None:
            return exp.cast(exp.Paren(this=condition), "INT")
        name = node.name.upper()
        if name in GEOMETRY:
            try:
                return self._geometric_value(name, node)
            except GeometryError as error:
                raise rejected(str(error), self._adql, node) from None
        if name == "IN_UNIT":
            return self._in_unit(node)
        return self._plain_function(name, node)

    def _condition(self, node: exp.Anonymous) -> exp.Expr | None:
        """The truth value that a function stands for; None if it stands for none."""
        name = node.name.upper()
        if name in {"CONTAINS", "INTERSECTS"}:
            self._expect(node, 2, 2)
            relation = geometry.contains if name == "CONTAINS" else geometry.intersects
            try:
                one, other = (geometry.geometry(part, self.expression) for part in node.expressions)
            except GeometryError as error:
                raise rejected(str(error), self._adql, node) from None
            return relation(one, other)
        function = FUNCTIONS.get(name)
        if function is None or not function.condition:
            return None
        self._expect(node, function.least, function.most)
        return function.build(*map(self.expression, node.expressions))

    def _geometric_value(self, name: str, node: exp.Anonymous) -> exp.Expr:
        if name == "DISTANCE":
            return geometry.distance(*self._distance_points(node))
        if name in geometry.CONSTRUCTORS:
            return geometry.region_text(geometry.geometry(node, self.expression))
        self._expect(node, 1, 1)
        shape = geometry.geometry(node.expressions[0], self.expression)
        if name == "AREA":
            return geometry.call("esap_area", geometry.region_text(shape))
        if name == "COORDSYS":
            return exp.Literal.string("ICRS")
        return geometry.coordinate(shape, int(name[-1]) - 1)

    def _distance_points(self, node: exp.Anonymous) -> tuple[geometry.Point, geometry.Point]:
        self._expect(node, 2, 4)
        parts = node.expressions
        try:
            if len(parts) == 4:
                numbers = [self.expression(part) for part in parts]
                return geometry.Point(*numbers[:2]), geometry.Point(*numbers[2:])
            self._expect(node, 2, 2)
            one, other = (geometry.geometry(part, self.expression) for part in parts)
            return geometry.as_point(one), geometry.as_point(other)
        except GeometryError as error:
            raise rejected(str(error), self._adql, node) from None

    def _plain_function(self, name: str, node: exp.Anonymous) -> exp.Expr:
        function = FUNCTIONS.get(name)
        if function is None or isinstance(node.this, exp.Identifier):
            hint = suggestion(name, [known.lower() for known in (*FUNCTIONS, *GEOMETRY)], "function")
            raise rejected(f"There is no function {node.name}", self._adql, node, hint=hint)
        self._expect(node, function.least, function.most)
        for part in node.expressions:
            starred = isinstance(part, exp.Star) and name != "COUNT"
            if starred or (isinstance(part, exp.Distinct) and not function.aggregate):
                raise rejected(f"{name} does not take {part.sql()}", self._adql, node)
        return function.build(*map(self.expression, node.expressions))

    def _in_unit(self, node: exp.Anonymous) -> exp.Expr:
        """ADQL 2.1, section 4.5.1: a column in another unit, with the factor worked out here."""
        from astropy import units

        self._expect(node, 2, 2)
        column, wanted = node.expressions
        field = self._finder.field(column) if isinstance(column, exp.Column) else None
        unit = (field.metadata or {}).get(b"unit", b"").decode() if field is not None else ""
        if not unit or not isinstance(wanted, exp.Literal) or not wanted.is_string:
            raise rejected("IN_UNIT takes a column that has a unit, and a unit", self._adql, node)
        try:
            factor = units.Unit(unit, format="vounit").to(units.Unit(wanted.name, format="vounit"))
        except (ValueError, TypeError, units.UnitsError) as error:
            raise rejected(f"IN_UNIT cannot convert {unit}: {error}", self._adql, node) from None
        factor_text = exp.cast(exp.Literal.number(repr(float(factor))), "DOUBLE")
        return exp.Paren(this=exp.Mul(this=self.expression(column), expression=factor_text))

    def _expect(self, node: exp.Anonymous, least: int, most: int) -> None:
        count = len(node.expressions)
        if not least <= count <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise rejected(f"{node.name.upper()} takes {wanted} arguments, not {count}", self._adql, node)


def _is_call(node: exp.Expr, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.upper() == name


_NO_COLUMN = re.compile(
    r'Referenced column "(?P<a>[^"]+)" not found'
    r'|does not have a column named "(?P<b>[^"]+)"'
    r'|Column "(?P<c>[^"]+)" referenced that exists'
)


def _binding_error(message: str, translation: Translation) -> QueryRejected:
    first = message.split("\n", 1)[0].removeprefix("Binder Error: ").removeprefix("Catalog Error: ")
    missing = _NO_COLUMN.search(first)
    if missing:
        name = next(group for group in missing.groups() if group)
        hint = suggestion(name, translation.known, "column")
        return rejected(f"There is no column {name}", translation.adql, _column(translation, name), hint=hint)
    named = re.search(r'"([^"]+)"', first)
    text = first.replace(_COMMON_TABLE, "").replace(UPLOADED, "").rstrip(".! ")
    return rejected(text, translation.adql, _column(translation, named[1]) if named else None)


def _column(translation: Translation, name: str) -> exp.Expr | None:
    columns = translation.tree.find_all(exp.Column)
    return next((column for column in columns if column.name.lower() == name.lower()), None)
