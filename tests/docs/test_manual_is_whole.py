"""What the code has, the manual tells."""

import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml

import esap_jupyter
from esap_jupyter import errors
from esap_jupyter.cli import esap
from esap_jupyter.errors import EsapError
from esap_jupyter.handlers import envelope

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def documented(built: Path) -> set[str]:
    """Names for which a page of the Python reference has an entry."""
    pages = (built / "reference" / "python").glob("*.html")
    return {
        name for page in pages for name in re.findall(r'id="(esap_jupyter[\w.]*)"', page.read_text("utf-8"))
    }


def test_every_public_name_is_in_the_reference(built: Path) -> None:
    entries = documented(built)
    groups = {"basket", "jobs", "datalake"}
    modules = ("esap_jupyter.models", "esap_jupyter.testing")
    public = {f"esap_jupyter.{name}" for name in esap_jupyter.__all__ if name not in groups}
    public |= {f"{module}.{name}" for module in modules for name in importlib.import_module(module).__all__}
    public |= {f"esap_jupyter.errors.{kind.__name__}" for kind in kinds()}

    assert public - entries == set()


def test_every_error_code_is_in_the_troubleshooting() -> None:
    text = (DOCS / "operate" / "troubleshooting.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^`([a-z-]+)`\n: ", text, flags=re.MULTILINE))
    of_http = {envelope.envelope_of_status(status, "").code for status in (403, 404, 405)}

    assert told == {kind.code for kind in kinds()} | of_http


def test_every_command_is_in_the_reference(built: Path) -> None:
    text = (built / "reference" / "command.html").read_text(encoding="utf-8")

    assert not [name for name in esap.commands if f'id="esap-{name}"' not in text]


def test_every_setting_of_the_panels_is_in_the_reference(built: Path) -> None:
    text = (built / "reference" / "panels.html").read_text(encoding="utf-8")
    for schema in (ROOT / "labextension" / "schema").glob("*.json"):
        assert not [key for key in json.loads(schema.read_text()).get("properties", {}) if key not in text]


def test_versions_agree() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    panels = json.loads((ROOT / "labextension" / "package.json").read_text())

    assert {esap_jupyter.__version__, citation["version"], panels["version"]} == {version}


def test_oldest_versions_agree_with_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    everything = [
        *project["dependencies"],
        *(line for name in ("lab", "hub", "dev") for line in extras[name]),
    ]
    bounds = dict(requirement.split(">=") for requirement in everything if ">=" in requirement)
    text = (DOCS / "compatibility.md").read_text(encoding="utf-8")
    stated = {
        name.lower().replace("à", "a"): oldest
        for name, oldest in re.findall(r"^\| (\S+) \| ([\d.]+) \|", text, flags=re.MULTILINE)
    }

    assert stated.pop("python") == project["requires-python"].removeprefix(">=")
    assert stated == {name: bounds[name] for name in stated}


def kinds(base: type[EsapError] = EsapError) -> Iterator[type[EsapError]]:
    yield base
    for kind in base.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from kinds(kind)
