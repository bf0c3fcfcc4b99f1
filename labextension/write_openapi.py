"""Write the server's OpenAPI document, from which the panels' client is made."""

from __future__ import annotations

import json
from pathlib import Path

from esap_jupyter.handlers.openapi import openapi

DOCUMENT = Path(__file__).with_name("openapi.json")

if __name__ == "__main__":
    DOCUMENT.write_text(json.dumps(openapi(), indent=2) + "\n", encoding="utf-8")
