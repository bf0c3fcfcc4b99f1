"""The pages of the models and the verbs: every public one."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import re
from pathlib import Path

import esap_jupyter
from esap_jupyter import models


def pages() -> str:
    """One section for each module."""
    tree = ast.parse(Path(models.__file__).read_text(encoding="utf-8"))
    imported = {
        statement.module: [alias.name for alias in statement.names if alias.name in models.__all__]
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom) and statement.module
    }
    return "\n\n".join(_section(module, names) for module, names in imported.items())


def verbs() -> str:
    """The verbs of `esap_jupyter` that neither a section of the page nor the page of widgets shows."""
    reference = Path(__file__).resolve().parents[2] / "reference" / "python"
    shown = "".join((reference / page).read_text(encoding="utf-8") for page in ("verbs.md", "widgets.md"))
    in_sections = set(re.findall(r"esap_jupyter\.(\w+)(?:\(.*\))?$|`esap\.(\w+)`", shown, re.MULTILINE))
    left = [name for name in esap_jupyter.__all__ if not {(name, ""), ("", name)} & in_sections]
    entries = [f".. {_directive(getattr(esap_jupyter, name))}:: esap_jupyter.{name}" for name in left]
    return "\n".join(["## More", "", "```{eval-rst}", *entries, "```"]) if left else ""


def _directive(thing: object) -> str:
    return "autoclass" if isinstance(thing, type) else "autofunction" if callable(thing) else "autodata"


def _section(module: str, names: list[str]) -> str:
    documentation = inspect.getdoc(importlib.import_module(module)) or module
    heading = documentation.partition("\n")[0].rstrip(".")
    entries = "\n".join(_entry(name) for name in names)
    return f"## {heading}\n\n```{{eval-rst}}\n{entries}\n```"


def _entry(name: str) -> str:
    thing = getattr(models, name)
    full = f"{models.__name__}.{name}"
    if not isinstance(thing, type):
        return f".. autodata:: {full}\n   :no-value:\n"
    undocumented = "   :undoc-members:\n" if issubclass(thing, enum.Enum) else ""
    return f".. autoclass:: {full}\n   :members:\n{undocumented}"
