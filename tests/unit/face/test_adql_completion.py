"""What completes a query: names as the service has them, written as ADQL needs them."""

import logging
from collections.abc import Sequence

import pytest

from esap_jupyter.face import vocabulary as vocabulary_module
from esap_jupyter.face.adql_completion import complete
from esap_jupyter.face.vocabulary import Vocabulary
from esap_jupyter.models import ColumnDescription, TableDescription

TABLES = {
    "demo.sources": ["source_id", "ra", "dec", "order"],
    "Other": ["Width"],
    "demo.order": [],
    "I/239/hip_main": ["HIP", "B-V", "2MASS", "_RA"],
    '"J/A+A/585/A30/table1.dat"': ["Name"],
    "vizier.II/246/out": ["Jmag"],
}


class _Catalogue(Vocabulary):
    def tables(self, service: str) -> Sequence[TableDescription]:
        if service != "archive":
            return []
        return [
            TableDescription(name=name, schema_name="vizier" if name.startswith("vizier.") else "")
            for name in TABLES
        ]

    def columns(self, service: str, table: str) -> Sequence[ColumnDescription]:
        return [
            ColumnDescription(name=name, unit="mag" if "mag" in name else "", description=f"The {name}")
            for name in TABLES[table]
        ]


def _completed(marked: str, service: str = "archive", **more: int) -> list[str]:
    """The whole queries that the completions at the ¦ make."""
    before, after = marked.split("¦")
    start, found = complete(before + after, len(before), service, _Catalogue(), **more)
    return [before[:start] + each.text + after for each in found]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("FROM demo.s¦", "FROM demo.sources"),
        ("from DEMO.S¦", "from demo.sources"),
        ("FROM oth¦", "FROM Other"),
        ("FROM demo.o¦", 'FROM demo."order"'),
        ('FROM "I/2¦', 'FROM "I/239/hip_main"'),
        ('FROM "I/2¦"', 'FROM "I/239/hip_main"'),
        ("FROM I/2¦", 'FROM "I/239/hip_main"'),
        ("FROM i/239/¦", 'FROM "I/239/hip_main"'),
        ("FROM hip¦", 'FROM "I/239/hip_main"'),
        ('FROM a, "I/¦', 'FROM a, "I/239/hip_main"'),
        ("FROM a JOIN J/A¦", 'FROM a JOIN "J/A+A/585/A30/table1.dat"'),
        ("FROM vizier.I¦", 'FROM vizier."II/246/out"'),
        ('FROM vizier."II/2¦', 'FROM vizier."II/246/out"'),
    ],
)
def test_tables_are_written_as_the_query_needs_them(typed: str, wanted: str) -> None:
    assert _completed(typed)[0] == wanted


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("SELECT sour¦ FROM demo.sources", "SELECT source_id FROM demo.sources"),
        ("SELECT w¦ FROM OTHER", "SELECT Width FROM OTHER"),
        ('SELECT HI¦ FROM "I/239/hip_main"', 'SELECT HIP FROM "I/239/hip_main"'),
        ('SELECT hi¦ FROM "i/239/HIP_main"', 'SELECT HIP FROM "i/239/HIP_main"'),
        ('SELECT b¦ FROM "I/239/hip_main"', 'SELECT "B-V" FROM "I/239/hip_main"'),
        ('SELECT "B-¦ FROM "I/239/hip_main"', 'SELECT "B-V" FROM "I/239/hip_main"'),
        ('SELECT "HI¦" FROM "I/239/hip_main"', 'SELECT "HIP" FROM "I/239/hip_main"'),
        ('SELECT h.2¦ FROM "I/239/hip_main" AS h', 'SELECT h."2MASS" FROM "I/239/hip_main" AS h'),
        ('SELECT h.B¦ FROM "I/239/hip_main" h', 'SELECT h."B-V" FROM "I/239/hip_main" h'),
        ('SELECT h."B¦ FROM "I/239/hip_main" h', 'SELECT h."B-V" FROM "I/239/hip_main" h'),
        ('SELECT "I/239/hip_main".H¦', 'SELECT "I/239/hip_main".HIP'),
        ("SELECT demo.sources.ord¦", 'SELECT demo.sources."order"'),
        ("SELECT S.R¦ FROM demo.sources AS s", "SELECT S.ra FROM demo.sources AS s"),
        (
            "SELECT w¦ FROM demo.sources s, other AS o WHERE 1=1",
            "SELECT Width FROM demo.sources s, other AS o WHERE 1=1",
        ),
        (
            "SELECT 'FROM' AS x -- FROM a\nFROM other WHERE wi¦",
            "SELECT 'FROM' AS x -- FROM a\nFROM other WHERE Width",
        ),
    ],
)
def test_columns_of_the_tables_of_the_query(typed: str, wanted: str) -> None:
    assert _completed(typed)[0] == wanted


def test_an_alias_a_function_and_a_keyword_are_offered_in_the_case_that_is_written() -> None:
    assert "SELECT * FROM demo.sources AS sss WHERE sss" in _completed(
        "SELECT * FROM demo.sources AS sss WHERE ss¦"
    )
    assert _completed("sel¦") == ["select"]
    assert _completed("SELECT CIR¦") == ["SELECT CIRCLE"]
    assert _completed("SEL¦", service="") == ["SELECT"]


@pytest.mark.parametrize("typed", ["SELECT 'so¦", "SELECT 1 -- so¦", "SELECT ra / ¦2", ""])
def test_nothing_is_offered_where_no_name_can_be(typed: str) -> None:
    assert _completed(typed or "¦") == []


def test_units_and_descriptions_come_along() -> None:
    query = 'SELECT Jm FROM vizier."II/246/out"'
    _, [column] = complete(query, len("SELECT Jm"), "archive", _Catalogue())

    assert (column.kind, column.unit, column.description) == ("column", "mag", "The Jmag")


def test_no_more_are_offered_than_are_wanted() -> None:
    assert len(_completed("FROM ¦")) == len(TABLES)
    assert len(_completed("FROM ¦", most=2)) == 2


def test_a_fault_is_neither_raised_nor_repeated_at_each_key(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    async def broken(service: str) -> None:
        asked.append(service)
        raise TimeoutError("a fault of ours")

    monkeypatch.setattr(vocabulary_module.verbs, "tables", broken)
    vocabulary = Vocabulary()
    with caplog.at_level(logging.WARNING):
        while not caplog.text:
            assert vocabulary.tables("archive") == []
        assert vocabulary.tables("archive") == []
    assert asked == ["archive"]
    assert "a fault of ours" in caplog.text
