"""What the images are made of."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[3]


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


@pytest.mark.parametrize(
    ("image", "wanted"), [("user", [*PROJECT["dependencies"], *EXTRAS["lab"]]), ("hub", EXTRAS["hub"])]
)
def test_the_exact_versions_are_those_that_the_package_wants(image: str, wanted: list[str]) -> None:
    directory = ROOT / "hub_config" / "images" / image
    exact = dict(line.split("==") for line in (directory / "requirements.txt").read_text().splitlines())
    direct = [line for line in (directory / "requirements.in").read_text().splitlines() if line[:1] != "#"]
    for requirement in map(Requirement, [*wanted, *direct]):
        assert requirement.specifier.contains(exact[requirement.name]), requirement
