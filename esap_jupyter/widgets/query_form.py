"""The further fields of services' queries, as their JSON Schema describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets

from esap_jupyter.errors import InputError
from esap_jupyter.widgets.fields import labelled

_READERS: dict[str, Callable[[str], Any]] = {"integer": int, "number": float, "string": str}
_TRUTH = {"yes": True, "no": False}


class QueryForm(ipywidgets.VBox):
    """Fields made of schemas; a field that several services have is there once.

    Parameters
    ----------
    changed : callable
        Called when the person has changed a field.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._fields: dict[str, Any] = {}

    def describe(self, forms: Mapping[str, Mapping[str, Any]]) -> None:
        """Show the fields of these services' forms, by service; what is filled in stays."""
        kept = {name: field.value for name, field in self._fields.items()}
        schemas: dict[str, Mapping[str, Any]] = {}
        for form in forms.values():
            for name, schema in form.get("properties", {}).items():
                schemas.setdefault(name, _plain(schema, form.get("$defs", {})))
        if schemas.keys() == self._schemas.keys():
            return
        for field in self._fields.values():
            field.close()
        self._schemas = schemas
        self._fields = {name: _field(name, schema) for name, schema in schemas.items()}
        for name, field in self._fields.items():
            if name in kept:
                field.value = kept[name]
            field.observe(lambda _: self._changed(), "value")
        self.children = list(self._fields.values())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(self._fields)

    def read(self) -> dict[str, Any]:
        """Read what is filled in.

        Raises
        ------
        InputError
            If something does not fit its field.
        """
        written = {name: str(field.value).strip() for name, field in self._fields.items()}
        return {name: _value(name, self._schemas[name], text) for name, text in written.items() if text}

    def fill(self, values: Mapping[str, Any]) -> None:
        """Write values into the fields; those that are not given are emptied."""
        for name, field in self._fields.items():
            value = values.get(name)
            text = _text(value)
            if field.value != text:
                field.value = text


def _text(value: Any) -> str:
    """A value as a person would type it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return "" if value is None else str(value)


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without references, and without the null that an optional field may be."""
    if "$ref" in schema:
        return {**definitions.get(schema["$ref"].rpartition("/")[2], {}), **schema}
    kinds = schema.get("type")
    if isinstance(kinds, list):
        schema = {**schema, "type": next((kind for kind in kinds if kind != "null"), "string")}
    options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return {**schema, **_plain(options[0], definitions)} if options else schema


def _field(name: str, schema: Mapping[str, Any]) -> Any:
    title, about = schema.get("title", name), schema.get("description", "")
    if schema.get("type") == "boolean":
        return labelled(ipywidgets.Dropdown, title, about, options=["", *_TRUTH])
    if "enum" in schema:
        options = list(dict.fromkeys(["", *map(str, schema["enum"])]))
        return labelled(ipywidgets.Dropdown, title, about, options=options)
    hint = "2026-01-31T00:00:00" if schema.get("format") == "date-time" else ""
    return labelled(ipywidgets.Text, title, about, placeholder=hint)


def _value(name: str, schema: Mapping[str, Any], text: str) -> Any:
    kind = schema.get("type", "string")
    if kind == "boolean":
        return _TRUTH[text]
    if kind == "array":
        each = {"title": schema.get("title", name), **_plain(schema.get("items", {}), {})}
        return [_value(name, each, part.strip()) for part in text.split(",") if part.strip()]
    try:
        return _READERS.get(kind, str)(text)
    except ValueError:
        expected = {"integer": "a whole number", "number": "a number"}[kind]
        title = schema.get("title", name)
        raise InputError(f"{title}: {text!r} is not {expected}.", field=f"parameters.{name}") from None
