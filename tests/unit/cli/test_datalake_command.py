"""`esap datalake`, on what a data lake may say."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from esap_jupyter.cli import esap as command
from esap_jupyter.cli import output
from esap_jupyter.face import blocking


class _Lake:
    def whoami(self, **_: Any) -> str:
        return "jdoe"

    def scopes(self, **_: Any) -> list[str]:
        return ["mc", "data"]

    def metadata(self, _: str, **__: Any) -> dict[str, Any]:
        return {"run": 7, "comment": "\x1b[2Jgone", "x": float("nan")}


@pytest.fixture(autouse=True)
def lake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "datalake", _Lake())
    monkeypatch.setattr(output.options, "as_json", False)


def _shown(*arguments: str) -> str:
    answer = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.output


def test_for_people_it_is_lines_without_what_steers_a_terminal() -> None:
    assert _shown("datalake", "whoami") == "jdoe\n"
    assert _shown("datalake", "scopes") == "mc\ndata\n"
    assert _shown("datalake", "metadata", "mc:a") == "run: 7\ncomment:  [2Jgone\nx: nan\n"


def test_for_scripts_it_is_json() -> None:
    assert json.loads(_shown("--json", "datalake", "whoami")) == "jdoe"
    assert json.loads(_shown("--json", "datalake", "scopes")) == ["mc", "data"]
    assert json.loads(_shown("--json", "datalake", "metadata", "mc:a")) == {
        "run": 7,
        "comment": "\x1b[2Jgone",
        "x": None,
    }
