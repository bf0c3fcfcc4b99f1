"""ADQL: what is understood, what it finds, and where a fault is said to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from esap_jupyter.archive.database import Database
from esap_jupyter.errors import QueryRejected


def found(database: Database, adql: str, uploads: Mapping[str, pa.Table] | None = None) -> pa.Table:
    with database.query(adql, row_limit=10_000, seconds=10, uploads=uploads) as rows:
        return pa.Table.from_batches(list(rows), schema=rows.schema)


def value(database: Database, expression: str) -> Any:
    return found(database, f"SELECT TOP 1 {expression} AS x FROM sky.stars")["x"][0].as_py()


def separation(ra: float, dec: float, stars: pa.Table) -> np.ndarray:
    """Degrees, by the law of cosines, which the archive does not use."""
    lon, lat = np.radians(stars["ra"].to_numpy()), np.radians(stars["dec"].to_numpy())
    ra, dec = math.radians(ra), math.radians(dec)
    cosine = np.sin(lat) * math.sin(dec) + np.cos(lat) * math.cos(dec) * np.cos(lon - ra)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("ABS(-2)", 2),
        ("CEILING(1.2)", 2),
        ("FLOOR(-1.2)", -2),
        ("EXP(1)", math.e),
        ("LOG(10)", math.log(10)),
        ("LOG10(1000)", 3),
        ("POWER(2, 10)", 1024),
        ("SQRT(2)", math.sqrt(2)),
        ("MOD(7, 3)", 1),
        ("ROUND(3.14159, 2)", 3.14),
        ("TRUNCATE(3.999)", 3),
        ("TRUNCATE(-3.149, 2)", -3.14),
        ("PI()", math.pi),
        ("DEGREES(PI())", 180),
        ("ATAN2(1, 1)", math.pi / 4),
        ("COT(1)", 1 / math.tan(1)),
        ("LOWER('ÅB')", "åb"),
        ("UPPER('ab')", "AB"),
        ("'it''s ' || 'so'", "it's so"),
        ("COALESCE(NULL, 3)", 3),
        ("CAST('12' AS INTEGER) + 1", 13),
        ("CAST(1 AS DOUBLE PRECISION) / 4", 0.25),
        ("CAST(2.5 AS VARCHAR(10))", "2.5"),
        ("CASE WHEN 1 < 2 THEN 'yes' ELSE 'no' END", "yes"),
        ("DISTANCE(POINT(0, 0), POINT(0, 1))", 1),
        ("DISTANCE(359.5, 0, 0.5, 0)", 1),
        ("COORD1(POINT('ICRS', 12, 34))", 12),
        ("COORD2(CENTROID(CIRCLE(12, 34, 1)))", 34),
        ("COORDSYS(POINT(1, 2))", "ICRS"),
        ("AREA(CIRCLE(0, 0, 180))", 4 * math.pi * (180 / math.pi) ** 2),
        ("AREA(POLYGON(0, 0, 90, 0, 0, 90))", math.pi / 2 * (180 / math.pi) ** 2),
        ("CONTAINS(POINT(10, 20), CIRCLE(10, 20.5, 1))", 1),
        ("CONTAINS(POINT(10, 20), CIRCLE(10, 22, 1))", 0),
        ("CONTAINS(CIRCLE(10, 20, 0.1), BOX(10, 20, 1, 1))", 1),
        ("INTERSECTS(CIRCLE(0, 0, 1), CIRCLE(1.5, 0, 1))", 1),
        ("INTERSECTS(POLYGON(0, 0, 1, 0, 1, 1), POLYGON(2, 0, 3, 0, 3, 1))", 0),
        ("CIRCLE('', POINT(1, 2), 3)", "CIRCLE ICRS 1.0 2.0 3.0"),
        ("ivo_hasword('The Milky Way, seen', 'milky way')", 1),
        ("ivo_hasword('Milkyway', 'milky')", 0),
        ("ivo_hashlist_has('optical#x-ray', 'X-ray')", 1),
        ("ivo_nocasematch('ObsCore', 'obs%')", 1),
        ("ivo_interval_overlaps(1, 3, 3, 4)", 1),
    ],
)
def test_functions(database: Database, expression: str, expected: object) -> None:
    assert value(database, expression) == (
        pytest.approx(expected) if isinstance(expected, int | float) else expected
    )


@pytest.mark.parametrize(
    ("adql", "count"),
    [
        ("SELECT TOP 7 * FROM sky.stars", 7),
        ("SELECT DISTINCT TOP 3 count FROM sky.stars WHERE count IS NOT NULL", 3),
        ("SELECT id FROM stars WHERE id BETWEEN 1 AND 9 AND id NOT IN (3, 4)", 7),
        ("select ID from SKY.STARS where NAME like 'Star 199_' order by Id desc", 9),
        ("SELECT id FROM sky.stars WHERE name ILIKE 'STAR 1'", 1),
        ("SELECT id FROM sky.stars ORDER BY id OFFSET 1995", 5),
        ("SELECT TOP 2 id FROM sky.stars UNION ALL SELECT TOP 3 id FROM sky.stars", 5),
        ("SELECT id FROM sky.stars WHERE id < 9 EXCEPT SELECT id FROM sky.stars WHERE id < 5", 4),
        ("SELECT id FROM sky.stars WHERE id < 9 INTERSECT SELECT id FROM sky.stars WHERE id > 5", 3),
        ("WITH few AS (SELECT * FROM sky.stars WHERE id < 5) SELECT few.id FROM few", 5),
        ("SELECT a.id FROM stars AS a JOIN stars AS b USING (id) WHERE a.id < 5", 5),
        ("SELECT id FROM stars NATURAL JOIN (SELECT id FROM stars WHERE id < 4) AS sub", 4),
        ("SELECT id FROM stars WHERE EXISTS (SELECT 1 FROM sky.regions) AND id < 3 -- a remark", 3),
        ("SELECT count, COUNT(*) AS n FROM stars GROUP BY count HAVING COUNT(*) > 10000", 0),
        ('SELECT "id" AS "An Id" FROM "sky"."stars" WHERE "id" <> 1 AND id != 2 AND id < 5', 3),
        ("SELECT id FROM stars WHERE NOT id >= 3", 3),
        ("SELECT name FROM regions WHERE 1 = CONTAINS(POINT(100, 0), region)", 1),
        ("SELECT name FROM regions WHERE 0 = INTERSECTS(region, CIRCLE(10, 22.5, 1))", 2),
    ],
)
def test_queries(database: Database, adql: str, count: int) -> None:
    assert found(database, adql).num_rows == count


@pytest.mark.parametrize("place", [(10.0, 20.0), (0.0, 0.0), (0.0, 90.0), (359.9, -89.0)])
def test_a_cone_is_a_cone_at_the_poles_and_across_zero(
    database: Database, stars: pa.Table, place: tuple[float, float]
) -> None:
    ra, dec = place
    circle = f"CIRCLE({ra}, {dec}, 12)"

    inside = found(database, f"SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), {circle})")
    nearer = found(database, f"SELECT id FROM sky.stars WHERE DISTANCE(ra, dec, {ra}, {dec}) <= 12")

    expected = set(np.flatnonzero(separation(ra, dec, stars) <= 12))
    assert expected
    assert set(inside["id"].to_pylist()) == set(nearer["id"].to_pylist()) == expected


def test_a_box_and_the_polygon_with_its_corners_hold_the_same(database: Database) -> None:
    query = "SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), {})"

    by_box = found(database, query.format("BOX(180, 0, 20, 10)"))
    by_polygon = found(database, query.format("POLYGON(170, -4.924, 190, -4.924, 190, 4.924, 170, 4.924)"))

    assert by_box.num_rows > 0
    assert by_box["id"].to_pylist() == by_polygon["id"].to_pylist()


def test_a_crossmatch_with_an_uploaded_table(database: Database, stars: pa.Table) -> None:
    mine = stars.slice(5, 20).select(["ra", "dec"]).append_column("mark", [list(range(20))])

    matched = found(
        database,
        "SELECT s.id, m.mark FROM sky.stars AS s JOIN TAP_UPLOAD.mine AS m "
        "ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(m.ra, m.dec, 1./3600)) ORDER BY m.mark",
        {"mine": mine},
    )

    assert matched["id"].to_pylist() == list(range(5, 25))


def test_an_upload_is_seen_by_its_own_query_only(database: Database) -> None:
    mine = pa.table({"x": [1, 2]})
    assert found(database, "SELECT tap_upload.Mine.x FROM tap_upload.Mine", {"mine": mine}).num_rows == 2

    with pytest.raises(QueryRejected, match="no table"):
        found(database, "SELECT x FROM tap_upload.mine")


def test_units_and_ucds_reach_the_result(database: Database) -> None:
    table = found(
        database,
        "WITH a AS (SELECT ra AS lon, dec, pm FROM sky.stars) "
        "SELECT TOP 1 a.lon, sub.*, pm * 2 AS twice FROM a, (SELECT TOP 1 dec AS lat FROM sky.stars) AS sub",
    )

    units = {field.name: (field.metadata or {}).get(b"unit") for field in table.schema}
    assert units == {"lon": b"deg", "lat": b"deg", "twice": None}


def test_in_unit_converts(database: Database) -> None:
    table = found(database, "SELECT pm, IN_UNIT(s.pm, 'arcsec/yr') AS pm_as FROM sky.stars AS s WHERE id = 1")

    assert table["pm_as"][0].as_py() == pytest.approx(table["pm"][0].as_py() / 1000)


def test_columns_get_names_of_their_own(database: Database) -> None:
    table = found(database, "SELECT RA, MAX(pm), 1 + 1, ra FROM sky.stars GROUP BY ra")

    assert table.column_names == ["ra", "max", "column_3", "ra_2"]


@pytest.mark.parametrize(
    ("adql", "says", "line", "column"),
    [
        ("SELECT id\nFRO sky.stars", "syntax error", 2, 5),
        ("SELECT id FROM", "syntax error", 1, 11),
        ("", "empty", None, None),
        ("SELECT id,\n  nam FROM sky.stars", "no column nam", 2, 3),
        ("SELECT s.nam FROM sky.stars AS s", "no column nam", 1, 8),
        ("SELECT id FROM sky.starz", "no table sky.starz", 1, 16),
        ("SELECT id FROM sky.stars\nWHERE SINN(ra) > 0", "no function SINN", 2, 7),
        ("SELECT id FROM sky.stars WHERE SIN(ra, dec) > 0", "SIN takes 1", 1, 32),
        ("SELECT id FROM sky.stars LIMIT 5", "LIMIT is not ADQL", 1, 32),
        ("SELECT id FROM sky.stars WHERE 1=CONTAINS(POINT('GALACTIC', 1, 2), CIRCLE(1, 2, 3))",
         "'GALACTIC'", 1, 34),
        ("SELECT id FROM stars WHERE 1=CONTAINS(POINT(1, 2), POLYGON(1, 2, 3, 4))", "three points", 1, 30),
        ("SELECT id FROM stars WHERE 1=CONTAINS(POINT(ra, dec), BOX(1, 99, 1, 1))", "declination 99", 1, 30),
        ("SELECT id, name FROM sky.stars GROUP BY id", '"name" must appear', 1, 12),
        ("SELECT stars FROM sky.stars", "not a column", 1, 8),
        ("SELECT id FROM sky.stars WHERE name > 5 AND SIN(name) = 1", "sin", None, None),
        ("SELECT id FROM sky.stars; SELECT id FROM sky.stars", "not a query", 1, 1),
        ("SELECT name FROM regions WHERE 1=CONTAINS(POINT(1, 2), name)", "is not a region", None, None),
    ],
)  # fmt: skip
def test_faults_are_explained(
    database: Database, adql: str, says: str, line: int | None, column: int | None
) -> None:
    with pytest.raises(QueryRejected) as caught:
        found(database, adql)

    assert says in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_misspelt_name_gets_a_suggestion(database: Database) -> None:
    for adql, meant in (
        ("SELECT variabel FROM sky.stars", "variable"),
        ("SELECT id FROM sky.star", "sky.stars"),
        ("SELECT CONTAIN(POINT(1, 2), CIRCLE(1, 2, 3)) FROM sky.stars", "contains"),
    ):
        with pytest.raises(QueryRejected) as caught:
            found(database, adql)
        assert meant in caught.value.hint
