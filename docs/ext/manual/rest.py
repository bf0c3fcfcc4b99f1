"""The resources over HTTP, from the OpenAPI document."""

from __future__ import annotations

from typing import Any

from esap_jupyter.handlers.openapi import openapi
from esap_jupyter.handlers.resources import ROUTES
from esap_jupyter.models import Query
from manual.models import default_in_words, described_fields, field_table, models, summary_of, type_in_words

# Fields that mean the same wherever they stand, and are described nowhere else.
_USUAL = {
    "service": "The service's name.",
    "table": "The table's id.",
    "search": "The search's id.",
    "job": "The job's id.",
    "saved": "The saved query's id.",
    "did": "`scope:name`.",
    "path": "As Jupyter's file browser names the file.",
    "hdu": "Number of the HDU, from 0.",
    "offset": "How many to leave out.",
    "limit": "At most so many.",
    "since": "The `version` of an earlier answer: only what changed since.",
    "conditions": "Only rows that meet all of these.",
    "all_rows": "All of it, without a limit.",
}


def operations() -> str:
    """A section for each tag, and in it one for each operation."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in openapi()["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    return "\n\n".join(
        f"## {tag.replace('-', ' ').capitalize()}\n\n" + "\n\n".join(parts) for tag, parts in by_tag.items()
    )


def objects() -> str:
    """A section for each object that requests and answers are made of."""
    known = models()
    parts = []
    for name, schema in openapi()["components"]["schemas"].items():
        model = known.get(_plain(name))
        text = summary_of(model) if model else schema.get("description", "")
        if "properties" in schema:
            body = field_table(schema, described_fields(model) if model else {}, linked=_link, defaults=False)
        else:
            body = type_in_words(schema, _link)
        parts.append(f"(rest-{name.lower()})=\n## {_title(name)}\n\n{' '.join(text.split())}\n\n{body}")
    return "\n\n".join(parts).replace("``", "`")


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    [route] = (route for route in ROUTES if route.name == operation["operationId"])
    described = _USUAL | _words_of(route.input.__name__) | described_fields(route.input)
    parts = [f"### {operation['summary']}", f"```text\n{method.upper()} {path}\n```"]
    if parameters := operation["parameters"]:
        parts.append("\n".join(_parameters(parameters, described)))
    if body := operation.get("requestBody"):
        schema = body["content"]["application/json"]["schema"]
        parts += ["The JSON body:", field_table(schema, described, linked=_link)]
    parts.append("\n".join(_responses(operation["responses"])))
    return "\n\n".join(parts)


def _parameters(parameters: list[dict[str, Any]], described: dict[str, str]) -> list[str]:
    lines = ["| parameter | in | type | default | meaning |", "|---|---|---|---|---|"]
    for each in parameters:
        in_json = "schema" not in each
        schema = each["content"]["application/json"]["schema"] if in_json else each["schema"]
        kind = type_in_words(schema, _link) + (", as JSON" if in_json else "")
        default = default_in_words(schema) or ("required" if each["required"] else "")
        meaning = schema.get("description") or described.get(each["name"], "")
        lines.append(f"| `{each['name']}` | {each['in']} | {kind} | {default} | {meaning} |")
    return lines


def _responses(responses: dict[str, Any]) -> list[str]:
    lines = ["| status | answer |", "|---|---|"]
    for status, response in responses.items():
        [(media, content)] = response.get("content", {"": {}}).items()
        if int(status) >= 400:
            answer = response["description"]
        elif media == "application/json":
            answer = type_in_words(content["schema"], _link)
        else:
            answer = f"{response['description']} {f'(`{media}`)' if media else ''}".strip()
        lines.append(f"| {status} | {answer} |")
    return lines


def _link(name: str) -> str:
    return f"[{_title(name)}](#rest-{name.lower()})"


def _title(name: str) -> str:
    """A model that is sent otherwise than it comes back is two objects; pydantic names both after it."""
    return _plain(name) + (" (sent)" if name.endswith("-Input") else "")


def _plain(name: str) -> str:
    return name.rpartition("__")[2].removesuffix("-Input").removesuffix("-Output")


def _words_of(name: str) -> dict[str, str]:
    """What the query says of its fields, for the requests that repeat them."""
    return described_fields(Query) if name == "NewSearch" else {}
