"""Pydantic models on the pages of the Python reference: all their fields, each with its type."""

from __future__ import annotations

import re
import typing
from typing import Any

from pydantic import BaseModel

from manual.models import described_fields


def without_signature(_app: Any, _what: str, _name: str, kind: Any, *_: Any) -> tuple[str, str] | None:
    """The fields are listed below, so the signature need not."""
    return ("", "") if _is_model(kind) else None


def with_all_fields(_app: Any, _what: str, _name: str, kind: Any, _options: Any, lines: list[str]) -> None:
    """Add the fields of which the docstring says nothing to its section *Attributes*."""
    if not _is_model(kind):
        return
    described = described_fields(kind)
    missing = [name for name in kind.model_fields if name not in described]
    if not missing:
        return
    while lines and not lines[-1].strip():
        lines.pop()
    if not described:
        lines += ["", "Attributes", "----------"]
    for name in missing:
        field = kind.model_fields[name]
        lines += [f"{name} : {_type(field.annotation)}", f"    {field.description or ''}"]
    lines.append("")


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _type(annotation: Any) -> str:
    plain = isinstance(annotation, type) and not typing.get_args(annotation)
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", annotation.__name__ if plain else str(annotation))
