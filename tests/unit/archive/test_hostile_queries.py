"""Nothing in a query reaches a file, the network, a setting, or more than its share of the machine."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from esap_jupyter.archive.adql.functions import FUNCTIONS
from esap_jupyter.archive.database import Database
from esap_jupyter.errors import Cancelled, QueryRejected, ServiceFailed, ServiceTimeout


def run(database: Database, adql: str, seconds: float = 10) -> pa.Table:
    with database.query(adql, row_limit=1000, seconds=seconds) as rows:
        return pa.Table.from_batches(list(rows), schema=rows.schema)


@pytest.mark.parametrize(
    "adql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM read_csv_auto('{file}') AS t",
        "SELECT * FROM '{file}'",
        'SELECT * FROM "{file}"',
        'SELECT * FROM sky."{file}"',
        'SELECT * FROM sky.stars, "{file}"',
        'SELECT * FROM sky.stars JOIN "{file}" ON 1 = 1',
        'SELECT id FROM sky.stars WHERE id IN (SELECT word FROM "{file}")',
        'WITH t AS (SELECT * FROM "{file}") SELECT * FROM t',
        "SELECT * FROM glob('/*')",
        "SELECT * FROM sky.stars UNION SELECT * FROM glob('/*')",
        "SELECT * FROM (SELECT * FROM read_blob('{file}')) AS t",
        "SELECT read_text('{file}') FROM sky.stars",
        "SELECT content FROM sky.stars, LATERAL read_text('{file}')",
        "COPY sky.stars TO '{file}.copy'",
        "COPY (SELECT 1) TO '{file}.copy'",
        "EXPORT DATABASE '{file}.export'",
        "ATTACH '{file}' AS other",
        "INSTALL httpfs",
        "LOAD '{file}'",
        "PRAGMA database_list",
        "SET threads = 100",
        "RESET threads",
        "CALL pragma_version()",
        "CREATE TABLE sky.more (id INTEGER)",
        "CREATE TABLE more AS SELECT * FROM sky.stars",
        "INSERT INTO sky.stars VALUES (1)",
        "UPDATE sky.stars SET ra = 0",
        "DELETE FROM sky.stars",
        "DROP TABLE sky.stars",
        "ALTER TABLE sky.stars RENAME TO gone",
        "EXPLAIN SELECT * FROM sky.stars",
        "DESCRIBE sky.stars",
        "SHOW TABLES",
        "TABLE sky.stars",
        "VALUES (1)",
        "SELECT 1; DROP TABLE sky.stars",
        "SELECT id FROM sky.stars; ATTACH 'x'",
        "SELECT * INTO other FROM sky.stars",
        "SELECT getenv('HOME') FROM sky.stars",
        "SELECT current_setting('memory_limit') FROM sky.stars",
        "SELECT query('SELECT 1') FROM sky.stars",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('sky.stars')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_settings",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM pg_catalog.pg_tables",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM memory.sky.stars",
        "SELECT * FROM main.uploaded_x",
        "SELECT * FROM temp.uploaded_x",
        "SELECT * FROM common_t",
        "SELECT * FROM (WITH pg_class AS (SELECT 1 AS x FROM stars) SELECT x FROM pg_class) AS a, pg_class",
        "SELECT version() FROM sky.stars",
        "SELECT current_user FROM sky.stars",
        "SELECT current_database() FROM sky.stars",
        "SELECT esap_area('CIRCLE 1 2 3') FROM sky.stars",
        "SELECT nextval('x') FROM sky.stars",
        "SELECT \"getenv\"('HOME') FROM sky.stars",
        "SELECT {{fn getenv('HOME')}} FROM sky.stars",
        "SELECT sky.getenv('HOME') FROM sky.stars",
        "SELECT ('HOME').getenv() FROM sky.stars",
        "SELECT /* sqlglot.anonymous */ getenv('HOME') FROM sky.stars",
        "SELECT SIN(ra) /* sqlglot.anonymous */, getenv('x') FROM sky.stars",
        "SELECT COLUMNS('.*') FROM sky.stars",
        "SELECT * EXCLUDE (id) FROM sky.stars, range(5)",
        "SELECT * FROM range(1000000000)",
        "SELECT * FROM generate_series(1, 5)",
        "SELECT * FROM unnest([1, 2])",
        "SELECT unnest([1, 2]) FROM sky.stars",
        "SELECT [x FOR x IN [1, 2]] FROM sky.stars",
        "SELECT list_transform([1], x -> x) FROM sky.stars",
        "SELECT repeat('x', 1000000000) FROM sky.stars",
        "SELECT id::VARCHAR[] FROM sky.stars",
        "SELECT CAST(name AS JSON) FROM sky.stars",
        "SELECT CAST(name AS BLOB) FROM sky.stars",
        "SELECT CAST(id AS ENUM('a')) FROM sky.stars",
        "SELECT name -> 'x' FROM sky.stars",
        "SELECT name[1] FROM sky.stars",
        "SELECT $1 FROM sky.stars WHERE id = ?",
        "SELECT * FROM sky.stars TABLESAMPLE 5%",
        "SELECT * FROM sky.stars AT (VERSION => 1)",
        "SELECT COUNT(*) OVER () FROM sky.stars",
        "SELECT id FROM sky.stars QUALIFY ROW_NUMBER() OVER () = 1",
        "SELECT * FROM sky.stars PIVOT (COUNT(id) FOR name IN ('x'))",
        "PIVOT sky.stars ON name",
        "SELECT * FROM sky.stars ASOF JOIN sky.regions USING (name)",
        "SELECT * FROM sky.stars SEMI JOIN sky.regions USING (name)",
        "SELECT * FROM sky.stars FOR UPDATE",
        "WITH RECURSIVE t AS (SELECT 1 AS n FROM sky.stars UNION ALL SELECT n + 1 FROM t) SELECT n FROM t",
        "SELECT 0x41 FROM sky.stars WHERE id = x'00'",
        "SELECT E'\\x41' FROM sky.stars",
        "SELECT id FROM sky.stars WHERE MATCH(name) AGAINST ('x')",
        "SELECT CONVERT(id, 'UTF8') FROM sky.stars",
        "SELECT TRY_CAST(name AS INTEGER) FROM sky.stars",
        "SELECT id FROM sky.stars WHERE id = ANY (SELECT id FROM sky.stars)",
        "SELECT TOP (SELECT 5) id FROM sky.stars",
        "SELECT id FROM sky.stars OFFSET (SELECT 5)",
        "SELECT id FROM sky.stars LIMIT 5 PERCENT",
        "@SELECT 1",
        "\x00SELECT id FROM sky.stars",
    ],
)
def test_everything_but_adql_on_the_own_tables_is_refused(
    database: Database, file_outside: Path, adql: str
) -> None:
    with pytest.raises(QueryRejected):
        run(database, adql.format(file=file_outside))

    assert not list(file_outside.parent.glob(f"{file_outside.name}.*"))
    assert run(database, "SELECT COUNT(*) AS n FROM sky.stars")["n"][0].as_py() == 2000


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{file}')",
        "COPY (SELECT 1) TO '{file}.copy'",
        "ATTACH '{file}.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SELECT * FROM file_outside",
    ],
)
def test_duckdb_itself_is_locked_should_a_query_get_that_far(
    database: Database, file_outside: Path, sql: str
) -> None:
    cursor = database._connection.cursor()

    with pytest.raises(duckdb.Error):
        cursor.execute(sql.format(file=file_outside)).fetchall()

    cursor.close()


def test_names_of_functions_of_the_database_mean_nothing(database: Database) -> None:
    cursor = database._connection.cursor()
    names = {row[0] for row in cursor.execute("SELECT function_name FROM duckdb_functions()").fetchall()}
    cursor.close()
    offered = {name.lower() for name in FUNCTIONS}

    for name in sorted(name for name in names if name.isidentifier() and name not in offered):
        for call in (f"SELECT {name}(name) FROM sky.stars", f"SELECT * FROM {name}('x')"):
            with pytest.raises(QueryRejected):
                run(database, call)


@pytest.mark.parametrize(
    "adql",
    [
        "SELECT " + "(" * 5000 + "1" + ")" * 5000 + " FROM sky.stars",
        "SELECT id FROM sky.stars WHERE " + "NOT " * 5000 + "id = 1",
        "SELECT " + "-" * 1 + "+" * 50_000 + "1 FROM sky.stars",
        "SELECT id FROM " + "(SELECT id FROM " * 2000 + "sky.stars" + ") AS t" * 2000,
        "SELECT '" + "x" * 300_000 + "' FROM sky.stars",
    ],
    ids=["brackets", "not", "plus", "subqueries", "long"],
)
def test_monstrous_queries_are_refused(database: Database, adql: str) -> None:
    with pytest.raises(QueryRejected):
        run(database, adql)


def doubled(what: str, levels: int) -> str:
    """Tables that each name the one before twice."""
    steps = [f", t{level + 1} AS ({what.format(table=f't{level}')})" for level in range(levels)]
    return f"WITH t0 AS (SELECT id FROM sky.stars){''.join(steps)} SELECT COUNT(*) AS n FROM t{levels}"


def test_tables_that_build_on_each_other_do_not_multiply(database: Database) -> None:
    adql = doubled("SELECT a.id FROM {table} AS a JOIN {table} AS b ON a.id = b.id", 20)

    assert run(database, adql)["n"][0].as_py() == 2000


def test_columns_do_not_double_without_end(database: Database) -> None:
    with pytest.raises(QueryRejected, match="more than 2,000 columns"):
        run(database, doubled("SELECT a.*, b.* FROM {table} AS a, {table} AS b", 20))


def test_joins_of_very_many_tables_are_refused_before_they_are_planned(database: Database) -> None:
    joins = " ".join(f"NATURAL JOIN sky.stars AS s{number}" for number in range(100))

    with pytest.raises(QueryRejected, match="more than 50 tables"):
        run(database, f"SELECT * FROM sky.stars {joins}")


def test_a_region_with_very_many_corners_is_refused(database: Database) -> None:
    corners = "10 10 " * 30_000

    with pytest.raises(QueryRejected, match="more than 1000 corners"):
        run(
            database,
            f"SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), REGION('POLYGON {corners}'))",
        )


def test_a_long_list_of_conditions_is_fine(database: Database) -> None:
    adql = "SELECT id FROM sky.stars WHERE " + " OR ".join(f"id = {number}" for number in range(300))

    assert run(database, adql).num_rows == 300


def test_a_query_ends_after_its_time(database: Database) -> None:
    start = time.monotonic()

    with pytest.raises(ServiceTimeout, match="longer than"):
        run(
            database,
            "SELECT a.id FROM sky.stars AS a, sky.stars AS b, sky.stars AS c, sky.stars AS d "
            "WHERE SIN(a.ra + b.ra) + SIN(c.ra + d.ra) > 2.5",
            seconds=0.5,
        )

    assert time.monotonic() - start < 3


def test_a_query_gets_no_more_than_its_memory(database: Database) -> None:
    with pytest.raises(ServiceFailed, match="memory"):
        run(database, "SELECT COUNT(DISTINCT a.name || b.name) AS n FROM sky.stars AS a, sky.stars AS b")


def test_rows_beyond_the_limit_are_never_made(database: Database) -> None:
    adql = "SELECT a.id FROM sky.stars AS a, sky.stars AS b, sky.stars AS c, sky.stars AS d"

    with database.query(adql, row_limit=50_000, seconds=5) as rows:
        count = sum(batch.num_rows for batch in rows)

    assert count == 50_000
    assert rows.truncated


def test_a_query_that_is_stopped_before_it_starts_does_not_start(database: Database) -> None:
    rows = database.query(
        "SELECT a.id FROM sky.stars AS a, sky.stars AS b, sky.stars AS c, sky.stars AS d "
        "WHERE SIN(a.ra + b.ra) + SIN(c.ra + d.ra) > 2.5",
        row_limit=1,
        seconds=60,
    )
    rows.cancel()

    start = time.monotonic()
    with pytest.raises(Cancelled), rows:
        pass

    assert time.monotonic() - start < 5


def test_a_stopped_query_says_so(database: Database) -> None:
    with database.query(
        "SELECT a.id FROM sky.stars AS a, sky.stars AS b, sky.stars AS c", row_limit=10**9, seconds=10
    ) as rows:
        batches = iter(rows)
        next(batches)
        rows.cancel()
        with pytest.raises(Cancelled):
            for _ in batches:
                pass
