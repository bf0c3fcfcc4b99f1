"""`esap.toml`: every section and key, from the models that read it."""

from __future__ import annotations

import importlib.metadata
import inspect
from typing import Any

from pydantic import BaseModel

from esap_jupyter.config import Config, ServiceSettings
from esap_jupyter.gateway.services import ENTRY_POINTS
from esap_jupyter.handlers.app import EsapExtension
from manual.models import described_fields, field_table, markdown, summary_of


def sections() -> str:
    """Every table of the file but those of the services' connectors."""
    found = [
        _section(f"[{name}]", field.annotation)
        for name, field in Config.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    ]
    return "\n\n".join([*found, _section("[services.NAME]", ServiceSettings)])


def connectors() -> str:
    """What each connector of ours adds to its service's table, and its query form."""
    found = []
    for point in sorted(importlib.metadata.distribution("esap-jupyter").entry_points):
        if point.group != ENTRY_POINTS:
            continue
        kind = point.load()
        found.append(_section(f'connector = "{point.name}"', kind.Settings, kind))
        if kind.Form is not None:
            found.append(
                f"Fields of its query form (`parameters` of `esap.search`, `--field` of the command):\n\n"
                f"{_table(kind.Form)}"
            )
    return "\n\n".join(found)


def traitlets() -> str:
    """What Jupyter's own configuration sets, beyond what every server extension has."""
    own = EsapExtension.class_own_traits(config=True)
    if not own:
        return "ESAP has no traitlets of its own at present."
    lines = ["| trait | default | meaning |", "|---|---|---|"]
    for name, trait in sorted(own.items()):
        default = trait.default_value_repr()
        lines.append(f"| `c.EsapExtension.{name}` | `{default}` | {markdown(trait.help)} |")
    return "\n".join(lines)


def _section(title: str, model: Any, told_by: type | None = None) -> str:
    return f"### `{title}`\n\n{markdown(summary_of(told_by or model))}\n\n{_table(model)}"


def _table(model: Any) -> str:
    assert inspect.isclass(model)
    return field_table(model.model_json_schema(), described_fields(model))
