"""The settings of the JupyterLab panels, from their schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from manual.models import default_in_words, type_in_words

SCHEMAS = Path(__file__).resolve().parents[3] / "labextension" / "schema"


def settings() -> str:
    """One table for each schema that has settings."""
    read = (json.loads(file.read_text(encoding="utf-8")) for file in sorted(SCHEMAS.glob("*.json")))
    return "\n\n".join(_table(schema) for schema in read if schema.get("properties"))


def _table(schema: dict[str, Any]) -> str:
    lines = ["| setting | key | type | default | meaning |", "|---|---|---|---|---|"]
    for name, field in schema["properties"].items():
        lines.append(
            f"| {field.get('title', name)} | `{name}` | {type_in_words(field)} | {default_in_words(field)} | "
            f"{' '.join(field.get('description', '').split())} |"
        )
    return "\n".join(lines)
