"""Pydantic models and their JSON Schemas, as tables for people."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

_TYPES = {"string": "text", "boolean": "true or false", "null": "none"}
_FORMATS = {"path": "path", "date-time": "time (ISO 8601)", "password": "secret", "binary": "bytes"}
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
}
_REFERENCE = re.compile(r"#/(?:components/schemas|\$defs)/(.+)")

Linked = Callable[[str], str]


def type_in_words(schema: Any, linked: Linked = lambda name: f"`{name}`") -> str:
    """Say what a value may be; `linked` writes the name of another object."""
    if not isinstance(schema, Mapping) or not schema:
        return "any"
    if reference := schema.get("$ref"):
        return linked(_name(reference))
    choices = [each for many in ("anyOf", "oneOf", "allOf") for each in schema.get(many, ())]
    if choices:
        return " or ".join(dict.fromkeys(type_in_words(each, linked) for each in choices))
    if "enum" in schema or "const" in schema:
        return ", ".join(_value(each) for each in schema.get("enum", [schema.get("const")]))
    return _of_one_kind(schema, linked)


def _of_one_kind(schema: Mapping[str, Any], linked: Linked) -> str:
    match schema.get("type", "any"):
        case "array" if fixed := schema.get("prefixItems"):
            return f"list of {len(fixed)}: " + ", ".join(type_in_words(each, linked) for each in fixed)
        case "array":
            return f"list of {type_in_words(schema.get('items'), linked)}"
        case "object":
            inner = schema.get("additionalProperties")
            known = isinstance(inner, Mapping) and inner
            return f"table of {type_in_words(inner, linked)}" if known else "table"
        case list(kinds):
            return " or ".join(_TYPES.get(kind, kind) for kind in kinds)
        case kind:
            words = _FORMATS.get(schema.get("format", "")) or _TYPES.get(kind, kind)
            bounds = [text.format(schema[key]) for key, text in _BOUNDS.items() if key in schema]
            return ", ".join([words, *bounds])


def default_in_words(schema: Mapping[str, Any]) -> str:
    """Write a default as it is written in TOML and JSON."""
    if "default" not in schema or schema["default"] is None:
        return ""
    return f"`{json.dumps(schema['default'], ensure_ascii=False)}`"


def field_table(
    schema: Mapping[str, Any],
    described: Mapping[str, str],
    *,
    linked: Linked = lambda name: f"`{name}`",
    defaults: bool = True,
) -> str:
    """Make the table of an object's fields."""
    required = schema.get("required", ())
    rows = [["name", "type", "default", "meaning"]]
    for name, field in schema.get("properties", {}).items():
        default = default_in_words(field) or ("required" if name in required else "")
        meaning = field.get("description") or described.get(name, "")
        rows.append([f"`{name}`", type_in_words(field, linked), default, meaning])
    kept = [0, 1, *([2] if defaults else []), *([3] if any(row[3] for row in rows[1:]) else [])]
    head, *lines = [_row([row[column] for column in kept]) for row in rows]
    return "\n".join([head, _row(["---"] * len(kept)), *lines])


def summary_of(model: type) -> str:
    """The docstring without its sections."""
    return re.split(r"\n\w[\w ]*\n-{3,}\n", inspect.getdoc(model) or "")[0].strip()


def described_fields(model: type) -> dict[str, str]:
    """What the section *Attributes* of the docstrings of a class and its bases says (numpydoc)."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, BaseModel) and kind.__doc__:
            found |= dict(_attributes(inspect.cleandoc(kind.__doc__)))
    return found


def models() -> dict[str, type[BaseModel]]:
    """Every model of ours that has been imported, by name."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[type[BaseModel]] = [BaseModel]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("esap_jupyter."):
                found[kind.__name__] = kind
    return found


def _attributes(docstring: str) -> Iterator[tuple[str, str]]:
    _, _, section = docstring.partition("\nAttributes\n----------\n")
    section = re.split(r"\n\w[\w ]*\n-{3,}\n", section)[0]
    for names, text in re.findall(r"^(\w[^\n]*)\n((?:[ \t]+[^\n]*\n?|\n)+)", section, flags=re.MULTILINE):
        for name in names.partition(" : ")[0].split(", "):
            yield name, markdown(text)


def markdown(text: str) -> str:
    """One line of Markdown of a docstring's text."""
    return " ".join(text.split()).replace("``", "`")


def _name(reference: str) -> str:
    found = _REFERENCE.fullmatch(reference)
    assert found, reference
    return found[1]


def _value(value: Any) -> str:
    return f"`{value}`" if value != "" else "empty"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
