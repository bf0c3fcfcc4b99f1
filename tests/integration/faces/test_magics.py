"""The magics in a real IPython."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def shell(esap: ModuleType) -> Iterator[Any]:
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "esap_jupyter")
    yield shell
    shell.reset()


def test_a_cell_of_adql_becomes_a_table(shell: Any) -> None:
    shell.run_cell("%%adql demo-archive -o bright --limit 50\nSELECT * FROM demo.sources WHERE parallax > 2")

    assert len(shell.user_ns["bright"]) == 50


def test_verbs_return_what_they_show(shell: Any) -> None:
    result = shell.run_cell("%esap search 'M 51' -p images")

    assert result.success
    assert len(result.result) == 3


def test_options_of_the_verbs_are_checked(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    result = shell.run_cell("%esap search 'M 51' -p nonsense")

    assert not result.success
    assert "nonsense" in capsys.readouterr().err


def test_a_person_sees_a_sentence_and_no_stack_trace(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    result = shell.run_cell("%%adql demo-archive\nSELECT nothing FROM demo.sources")

    seen = capsys.readouterr()
    assert not result.success
    assert "QueryRejected: demo-archive: " in seen.out + seen.err
    assert "Traceback" not in seen.out + seen.err
