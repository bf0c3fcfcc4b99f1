"""The command `esap` on real services."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

ESAP = [sys.executable, "-c", "from esap_jupyter.cli import main; main()"]


def test_the_main_job_in_a_shell(demo_config: Path, command: Callable[..., Any], tmp_path: Path) -> None:
    found = json.loads(command("search", "M 51", "-p", "images", "--json").stdout)
    command("basket", "add", found["id"], "0")
    in_basket = json.loads(command("basket", "--json").stdout)
    staged = json.loads(command("stage", "--json").stdout)

    assert found["services"]["demo-archive"]["state"] == "complete"
    assert [item["id"] for item in in_basket] == [file["item"] for file in staged]
    assert Path(staged[0]["path"]).is_file()
    assert Path(staged[0]["path"]).is_relative_to(tmp_path / "workspace")


def test_services_are_checked_side_by_side(demo_config: Path, command: Callable[..., Any]) -> None:
    services = {
        service["name"]: service for service in json.loads(command("services", "--check", "--json").stdout)
    }

    assert services["demo-archive"]["answers"]
    assert services["demo-lake"]["answers"]
    assert services["demo-names"]["answers"]


def test_a_table_is_written_on_the_way(
    demo_config: Path, command: Callable[..., Any], tmp_path: Path
) -> None:
    command("adql", "SELECT TOP 5 * FROM demo.sources", "-o", str(tmp_path / "five.csv"))

    assert len((tmp_path / "five.csv").read_text().splitlines()) == 6


def test_so_many_rows_are_shown(demo_config: Path, command: Callable[..., Any]) -> None:
    lines = command("adql", "SELECT source_id FROM demo.sources", "--rows", "3").stdout.splitlines()

    assert "10,000 rows" in lines[0]
    assert "cut" in lines[0]
    assert lines[1].split() == ["source_id"]
    assert all(line.strip().isdigit() for line in lines[2:5])
    assert "9,997 more rows" in lines[5]


def test_the_data_lake_is_looked_into(demo_config: Path, command: Callable[..., Any]) -> None:
    assert command("datalake", "whoami").stdout.strip() == "demo"
    assert "demo:M51" in command("datalake", "dids", "demo:M5*", "--type", "dataset").stdout
    assert "M51" in command("datalake", "content", "demo:M51").stdout
    assert "DEMO" in command("datalake", "rses").stdout
    assert "Traceback" not in command("datalake", "content", "demo:nonesuch", fails=True).stderr


def test_ctrl_c_stops_a_staging_which_then_goes_on_where_it_stopped(
    rucio_xrootd: Any, esap_config: Callable[..., Path], command: Callable[..., Any], tmp_path: Path
) -> None:
    esap_config(rucio_xrootd.services)
    lake = next(iter(rucio_xrootd.services))
    dataset = rucio_xrootd.add_files(1, 1_000_000_000)
    command("basket", "add-did", dataset, "-s", lake)
    workspace = tmp_path / "workspace"

    process = subprocess.Popen([*ESAP, "stage"], env=os.environ, stderr=subprocess.PIPE, text=True)
    _until(lambda: any(part.stat().st_size > 1_000_000 for part in workspace.rglob("*.part")))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in said
    assert "esap.jobs.resume(" in said
    assert not [path for path in workspace.rglob("*") if path.is_file() and ".part" not in path.name]
    job = json.loads(command("jobs", "--json").stdout)[0]
    assert job["phase"] == "ABORTED"

    command("jobs", "resume", job["id"])

    staged = [path for path in workspace.rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in staged] == [1_000_000_000]


def test_the_demo_prints_its_addresses_and_ends_cleanly(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*ESAP, "demo", "--only", "archive", "--json", "--directory", str(tmp_path / "demo")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        addresses = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0

    assert addresses["archive"].startswith("http://127.0.0.1:")
    assert "rucio" not in addresses
    with pytest.raises(requests.ConnectionError):
        requests.get(addresses["archive"], timeout=5)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that within a minute"
        time.sleep(0.01)
