"""The events of the server extension, from their schemas."""

from __future__ import annotations

from typing import Any

import yaml

from esap_jupyter.handlers.app import SCHEMAS
from manual.models import field_table


def schemas() -> str:
    """One section for each."""
    return "\n\n".join(
        _section(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in sorted(SCHEMAS.glob("*.yaml"))
    )


def _section(schema: dict[str, Any]) -> str:
    return (
        f"## {schema['title']}\n\n`{schema['$id']}`\n\n{schema['description']}\n\n"
        f"{field_table(schema, {}, defaults=False)}"
    )
