"""The command `esap`, as a person or a script runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def esap(tmp_path: Path):
    """Run the command with a configuration of its own."""
    config = tmp_path / "esap.toml"
    config.write_text(
        f"""
[storage]
state_directory = "{tmp_path}/state"
cache_directory = "{tmp_path}/cache"
workspace = "{tmp_path}"

[search]
services = ["closed"]

[services.closed]
connector = "vo"
title = "An archive that is down"
tap = "http://127.0.0.1:9/tap"
"""
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from esap_jupyter.cli import main; main()", *arguments],
            env={**os.environ, "ESAP_CONFIG": str(config)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_help_names_the_verbs(esap) -> None:
    answer = esap("--help")

    assert answer.returncode == 0
    for verb in ("search", "adql", "stage", "basket", "jobs", "datalake", "services", "demo"):
        assert verb in answer.stdout


def test_services_as_json_for_scripts(esap) -> None:
    answer = esap("services", "--json")

    services = {service["name"]: service for service in json.loads(answer.stdout)}
    assert services["closed"]["title"] == "An archive that is down"
    assert "adql" in services["closed"]["capabilities"]


def test_the_files_of_the_configuration_as_json(esap) -> None:
    assert all(Path(name).is_file() for name in json.loads(esap("--json", "services", "--files").stdout))
    assert all(Path(name).is_file() for name in esap("services", "--files").stdout.splitlines())


def test_json_has_null_where_there_is_no_number(esap, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n1.5,x\nnan,y\ninf,z\n")

    def refuse(word: str) -> None:
        pytest.fail(f"{word} is no JSON")

    shown = json.loads(esap("--json", "open", str(tmp_path / "mine.csv")).stdout, parse_constant=refuse)

    assert [row["a"] for row in shown["first_rows"]] == [1.5, None, None]


def test_a_failure_is_a_sentence_with_a_hint_and_an_exit_code(esap) -> None:
    answer = esap("adql", "SELECT 1", "-s", "nonesuch")

    assert answer.returncode == 1
    assert "There is no service named 'nonesuch'" in answer.stderr
    assert "closed" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_failure_as_json(esap) -> None:
    answer = esap("--json", "adql", "SELECT 1", "-s", "nonesuch")

    error = json.loads(answer.stderr)["error"]
    assert answer.returncode == 1
    assert error["code"] == "unknown-name"
    assert error["retryable"] is False


def test_a_service_that_is_down_is_named(esap) -> None:
    answer = esap("adql", "SELECT 1")

    assert answer.returncode == 1
    assert "closed: " in answer.stderr
    assert "cannot be reached" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["search", "1 95", "--radius", "1"], "dec"),
        (["search", "1 5", "--radius", "nonsense"], "is not an angle"),
        (["search", "1 5", "--radius", "-1"], "radius"),
        (["adql", "  "], "There is no ADQL"),
        (["stage"], "nothing to stage"),
        (["basket", "remove"], "Missing argument"),
        (["jobs", "cancel", "nonesuch"], "There is no job"),
    ],
)
def test_bad_input_is_told_in_words(esap, arguments: list[str], complaint: str) -> None:
    answer = esap(*arguments)

    assert answer.returncode != 0
    assert complaint in answer.stderr
    assert "Traceback" not in answer.stderr
