"""The panels' client is made from a copy of the OpenAPI document, which must be the server's own."""

from __future__ import annotations

import json
from pathlib import Path

from esap_jupyter.handlers.openapi import openapi

COPY = Path(__file__).resolve().parents[3] / "labextension" / "openapi.json"


def test_the_panels_know_the_resources_as_they_are() -> None:
    written = json.loads(COPY.read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(openapi())), (
        "Run: python labextension/write_openapi.py, then `jlpm api` in labextension/"
    )
