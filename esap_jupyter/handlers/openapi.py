"""The OpenAPI 3.1 document, made from the table of resources and the models."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from esap_jupyter.errors import EsapError, InputError
from esap_jupyter.handlers.envelope import ErrorEnvelope, status_of
from esap_jupyter.handlers.resources import EVERYWHERE, ROUTES
from esap_jupyter.handlers.routes import (
    API,
    ARROW_STREAM,
    OCTETS,
    Arrow,
    Numbers,
    Route,
    takes_json,
    takes_many,
)
from esap_jupyter.handlers.services import VERSION

_REFERENCE = "#/components/schemas/"


@functools.cache
def openapi() -> dict[str, Any]:
    """Return the document."""
    schemas, components = _schemas()
    paths: dict[str, Any] = defaultdict(dict)
    for route in ROUTES:
        paths[API + route.path][route.method.lower()] = _operation(route, schemas, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ESAP for Jupyter",
            "version": VERSION,
            "description": (
                "Find data in many archives, and bring it to where you compute. Paths are relative to the "
                "base URL of the Jupyter server, whose sign-in and XSRF protection hold."
            ),
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": "/", "description": "The base URL of the Jupyter server"}],
        "security": [{"token": []}],
        "paths": dict(paths),
        "components": {
            "schemas": _referred(paths, components),
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": (
                        "`token`, a blank and the server's token. A browser has Jupyter's cookies instead, "
                        "and sends `X-XSRFToken` with everything but a GET."
                    ),
                }
            },
        },
    }


class _Generator(GenerateJsonSchema):
    """What we send is always whole, so that clients need not ask whether a field is there."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


_Schemas = dict[tuple[str, JsonSchemaMode], Any]


def _schemas() -> tuple[_Schemas, dict[str, Any]]:
    """The schema of each route's input and output by its name, and the models that they refer to."""
    wanted: list[tuple[str, JsonSchemaMode, Any]] = [("error", "serialization", ErrorEnvelope)]
    for route in ROUTES:
        wanted.append((route.name, "validation", route.input))
        if route.output not in (None, Arrow, Numbers):
            wanted.append((route.name, "serialization", route.output))
    made, definitions = _Generator(ref_template=f"{_REFERENCE}{{model}}").generate_definitions(
        [(name, mode, TypeAdapter(of).core_schema) for name, mode, of in wanted]
    )
    for definition in definitions.values():
        # What follows is for readers of the code.
        definition["description"] = definition.get("description", "").partition("\n\nAttributes\n")[0]
    return dict(made), {str(name): model for name, model in definitions.items()}


def _operation(route: Route, schemas: _Schemas, components: dict[str, Any]) -> dict[str, Any]:
    given = components[schemas[route.name, "validation"]["$ref"].removeprefix(_REFERENCE)]
    in_query = [] if route.in_body else route.other_fields
    operation = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.path.split("/")[1]],
        "parameters": [_parameter(route, name, given) for name in (*route.path_fields, *in_query)],
        "responses": _responses(route, schemas),
    }
    if route.in_body:
        body = {
            **given,
            "properties": {name: given["properties"][name] for name in route.other_fields},
            "required": [name for name in given.get("required", ()) if name in route.other_fields],
        }
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _parameter(route: Route, name: str, given: dict[str, Any]) -> dict[str, Any]:
    schema = given["properties"][name]
    parameter = {
        "name": name,
        "in": "path" if name in route.path_fields else "query",
        "required": name in given.get("required", ()),
    }
    annotation = route.input.model_fields[name].annotation
    if takes_json(annotation):
        return {**parameter, "content": {"application/json": {"schema": schema}}}
    repeated = {"style": "form", "explode": True} if takes_many(annotation) else {}
    return {**parameter, **repeated, "schema": schema}


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    good: dict[str, Any] = {"description": route.status.phrase}
    if route.output is Arrow:
        good["description"] = (
            "An Arrow IPC stream. The last column, with `esap.row-number` in its metadata, says which row of "
            "the table each is; in the schema's metadata, `esap.total` says how many rows the selection has "
            "and `esap.services` how many each service has in the table, in the order in which they stand."
        )
        good["content"] = {ARROW_STREAM: {"schema": {"type": "string", "format": "binary"}}}
    elif route.output is Numbers:
        good["description"] = "Numbers one after the other, little-endian."
        good["content"] = {OCTETS: {"schema": {"type": "string", "format": "binary"}}}
    elif route.output is not None:
        good["content"] = {"application/json": {"schema": schemas[route.name, "serialization"]}}
    bad: dict[HTTPStatus, list[str]] = defaultdict(list)
    bad[HTTPStatus.FORBIDDEN].append("not-authorised")
    kinds: tuple[type[EsapError], ...] = (EsapError, *route.errors)
    if route.path != "/status":
        kinds += EVERYWHERE
    if route.input.model_fields:
        kinds += (InputError,)
    for kind in kinds:
        bad[status_of(kind)].append(kind.code)
    envelope = {"application/json": {"schema": schemas["error", "serialization"]}}
    told = {
        str(status.value): {"description": f"{status.phrase}: {', '.join(codes)}", "content": envelope}
        for status, codes in sorted(bad.items())
    }
    return {str(route.status.value): good, **told}


def _referred(paths: Any, components: dict[str, Any]) -> dict[str, Any]:
    """The models that the paths refer to, and those that these refer to."""
    kept: dict[str, Any] = {}
    texts = [json.dumps(paths)]
    while texts:
        text = texts.pop()
        for name in components.keys() - kept.keys():
            if f'"{_REFERENCE}{name}"' in text:
                kept[name] = components[name]
                texts.append(json.dumps(components[name]))
    return dict(sorted(kept.items()))
