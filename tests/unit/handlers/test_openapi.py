"""The OpenAPI document describes what is served."""

import json

from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from esap_jupyter.handlers.openapi import openapi
from esap_jupyter.handlers.resources import ROUTES


async def test_is_served_and_valid(jp_fetch) -> None:
    answer = await jp_fetch("esap", "openapi.json")
    document = json.loads(answer.body)

    validate(document, cls=OpenAPIV31SpecValidator)
    assert document["openapi"] == "3.1.0"


def test_names_every_route_once() -> None:
    operations = [
        (method.upper(), path, operation["operationId"])
        for path, methods in openapi()["paths"].items()
        for method, operation in methods.items()
    ]

    assert len(operations) == len(ROUTES)
    assert len({name for *_, name in operations}) == len(ROUTES)


def test_every_error_is_the_envelope() -> None:
    for methods in openapi()["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    schema = response["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorEnvelope"}


def test_inputs_are_strict_and_answers_whole() -> None:
    document = openapi()
    search = document["paths"]["/esap/api/searches"]["post"]["requestBody"]["content"]["application/json"]
    envelope = document["components"]["schemas"]["ErrorEnvelope"]

    assert search["schema"]["additionalProperties"] is False
    assert set(envelope["required"]) == set(envelope["properties"])


def test_what_panels_ask_again_and_again_is_no_activity() -> None:
    """A page that is only open must not keep a server from being culled."""
    polled = {route.path for route in ROUTES if route.polled}

    assert polled >= {"/searches", "/searches/{search}", "/jobs"}
