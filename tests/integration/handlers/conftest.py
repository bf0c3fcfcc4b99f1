"""A Jupyter server with the extension, on the demo's archive and data lake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.jupyter_server import *  # noqa: F403


@pytest.fixture
def services() -> dict[str, Any]:
    """What the server offers beside the demo's services."""
    return {}


@pytest.fixture(autouse=True)
def demo_config(
    demo_archive: Any, demo_rucio: Any, esap_config: Callable[..., Path], services: dict[str, Any]
) -> Path:
    """The demo's services in ``$ESAP_CONFIG``, before the server starts."""
    return esap_config(
        {"sesame": {"connector": "sesame", "enabled": False}},
        demo_archive.services,
        demo_rucio.services,
        services,
        search={"services": ["demo-archive"]},
        staging={"keep_free": 0},
    )
