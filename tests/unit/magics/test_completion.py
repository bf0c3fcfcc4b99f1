"""What Tab offers in cells of ``%%adql``, without a kernel."""

from types import SimpleNamespace
from typing import Any

from esap_jupyter.face.vocabulary import Vocabulary
from esap_jupyter.magics.completion import Completions
from esap_jupyter.models import ColumnDescription, TableDescription


class _Vizier(Vocabulary):
    def default_service(self) -> str:
        return "vizier"

    def services(self) -> list[str]:
        return ["vizier"]

    def tables(self, service: str) -> list[TableDescription]:
        return [TableDescription(name="I/239/hip_main")]

    def columns(self, service: str, table: str) -> list[ColumnDescription]:
        return [ColumnDescription(name="HIP"), ColumnDescription(name="B-V")]


def _offered(marked: str) -> dict[str, Any]:
    before, after = marked.split("¦")
    completions = Completions(SimpleNamespace(user_ns={"limit": 1}), _Vizier())
    lines = before.split("\n")
    found = completions.match(before + after, len(lines) - 1, len(lines[-1]))
    return {**found, "completions": [each.text for each in found["completions"]]}


def test_names_of_vizier_are_completed_in_their_quotes() -> None:
    tables = _offered('%%adql\nSELECT *\nFROM "I/2¦')
    columns = _offered('%%adql vizier -o found\nSELECT B¦ FROM "I/239/hip_main"')

    assert (tables["completions"], tables["matched_fragment"]) == (['"I/239/hip_main"'], '"I/2')
    assert (columns["completions"][0], columns["matched_fragment"]) == ('"B-V"', "B")


def test_within_braces_variables_are_offered() -> None:
    assert _offered("%%adql\nSELECT * FROM x WHERE y < {li¦}")["completions"] == ["limit"]
