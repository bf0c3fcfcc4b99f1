"""The magics in a real IPython."""

import json
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


def test_variables_are_filled_in(shell: Any) -> None:
    shell.run_cell("limit, kinds = 2, ['thin disc', \"o'clock\"]")
    shell.run_cell(
        "%%adql demo-archive -o bright --limit 50\n"
        "SELECT parallax, population FROM demo.sources WHERE parallax > {limit} AND population IN {kinds}"
    )

    found = shell.user_ns["bright"].to_arrow()
    assert len(found) == 50
    assert min(found["parallax"].to_pylist()) > 2
    assert set(found["population"].to_pylist()) == {"thin disc"}


def test_a_position_and_a_radius_are_filled_in(shell: Any) -> None:
    shell.run_cell("from astropy import units as u; from astropy.coordinates import SkyCoord")
    shell.run_cell("m13, radius = SkyCoord('16h41m41.2s +36d27m36s'), 5 * u.arcmin")
    shell.run_cell(
        "%%adql demo-archive -o near\nSELECT ra, dec FROM demo.sources "
        "WHERE DISTANCE(POINT('ICRS', ra, dec), {m13}) < {radius:deg}"
    )

    near = shell.user_ns["near"]
    assert len(near) > 100
    assert near.skycoord.separation(shell.user_ns["m13"]).max().arcmin < 5


def test_a_table_of_ones_own_is_joined(shell: Any) -> None:
    shell.run_cell("%%adql demo-archive -o some\nSELECT TOP 7 source_id, ra FROM demo.sources")
    shell.run_cell(
        "%%adql demo-archive -o matched\n"
        "SELECT s.source_id, s.dec FROM {some} AS mine JOIN demo.sources AS s ON s.source_id = mine.source_id"
    )

    assert len(shell.user_ns["matched"]) == 7


@pytest.mark.parametrize("cell", ["SELECT {nothing}", "SELECT '{limit}'"])
def test_what_cannot_be_filled_in_is_a_sentence(
    shell: Any, capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    shell.run_cell("limit = 1")
    result = shell.run_cell(f"%%adql demo-archive\n{cell}")

    seen = capsys.readouterr()
    assert not result.success
    assert "Traceback" not in seen.out + seen.err
    assert "nothing" in seen.out or "quotes" in seen.out


def test_the_name_of_the_output_is_checked(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert not shell.run_cell("%%adql demo-archive -o 1st\nSELECT 1").success
    assert "1st" in capsys.readouterr().err


def test_a_table_with_a_name_still_says_that_it_is_cut(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%%adql demo-archive -o bright --limit 50\nSELECT * FROM demo.sources")

    assert capsys.readouterr().out.startswith("50 rows (cut at the row limit")


@pytest.mark.parametrize(
    "cell", ["%%adql demo-archive --limit 5 --all\nSELECT 1", "%esap adql 'SELECT 1' --limit 5 --all"]
)
def test_a_limit_and_no_limit_are_refused(shell: Any, capsys: pytest.CaptureFixture[str], cell: str) -> None:
    assert not shell.run_cell(cell).success
    assert "--limit or --all, not both" in capsys.readouterr().err


def test_the_options_of_a_cell_are_listed(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("%%adql -h\nSELECT 1")

    assert "--limit" in capsys.readouterr().out


def test_json_is_printed_where_it_is_asked_for_and_only_there(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for cell in ("%esap services --json", "%esap --json services"):
        assert shell.run_cell(cell).result is None
        assert "demo-archive" in {service["name"] for service in json.loads(capsys.readouterr().out)}

    assert "demo-archive" in {service.name for service in shell.run_cell("%esap services").result}


def test_what_runs_until_it_is_stopped_is_for_a_terminal(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not shell.run_cell("%esap demo").success
    assert "in a terminal" in capsys.readouterr().err
    shell.run_cell("%esap")
    listed = capsys.readouterr().out
    assert "search" in listed
    assert "demo" not in listed.split()
