"""The page *Add your own service*: its files, written as they stand there, make a package that works."""

import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import requests

PAGE = Path(__file__).resolve().parents[3] / "docs" / "add-a-service.md"
BLOCK = re.compile(r"^```\{code-block\} \w+\n:caption: ([^\n]+)\n\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files of the page."""
    directory = tmp_path_factory.mktemp("esap-plates")
    for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        with (directory / name).open("a", encoding="utf-8") as file:
            file.write(text if text.startswith("\n") or not file.tell() else f"\n{text}")
    return directory


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where its wheel is installed."""
    wheels = tmp_path_factory.mktemp("wheels")
    run(package, sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(wheels))
    [wheel] = wheels.glob("*.whl")
    site_packages = tmp_path_factory.mktemp("site-packages")
    zipfile.ZipFile(wheel).extractall(site_packages)
    return site_packages


def run(directory: Path, *command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_suite_passes(package: Path, installed: Path) -> None:
    told = run(package, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", PYTHONPATH=str(installed))

    assert re.search(r"\d+ passed", told)
    assert "skipped" not in told


def test_it_is_one_of_the_services(package: Path, installed: Path, tmp_path: Path) -> None:
    config = package / "esap.toml"
    here = tmp_path / "esap.toml"
    here.write_text(
        f"{config.read_text()}\n[storage]\nstate_directory = '{tmp_path}/state'\n"
        f"cache_directory = '{tmp_path}/cache'\nworkspace = '{tmp_path}'\n"
    )
    environment = {"ESAP_CONFIG": str(here), "PYTHONPATH": str(installed)}
    address = re.search(r"http://127.0.0.1:(\d+)", config.read_text())
    assert address
    server = subprocess.Popen([sys.executable, str(package / "plates_server.py"), address[1]])
    try:
        wait_for(f"{address[0]}/about")
        esap = (sys.executable, "-c", "from esap_jupyter.cli import main; main()")
        search = [
            line.removeprefix("$ esap ").split()
            for line in PAGE.read_text().splitlines()
            if line.startswith("$ esap search")
        ]
        assert "Plate 2" in run(tmp_path, *esap, *search[0], **environment)
        told = run(tmp_path, sys.executable, str(package / "try_it.py"), **environment)
        assert "adler32" in told
        assert (tmp_path / "esap-data" / "2.scan").is_file()
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")
