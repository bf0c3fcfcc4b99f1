"""A Jupyter server with the extension, whose services are a partner's."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import tomli_w

from tests.services import partner
from tests.services.jupyter_server import *  # noqa: F403


@pytest.fixture
def services() -> dict:
    """What a test's server offers."""
    return {
        "one": {"batches": [3, 2]},
        "down": {"fault": "unreachable"},
        "broken": {"fault": "bug"},
        "strict": {"fault": "rejected"},
        "our-names": {"offers": ["names"], "names": {"M 51": [202.5, 47.2]}},
        "our-registry": {"offers": ["registry"]},
    }


@pytest.fixture(autouse=True)
def esap_config(tmp_path: Path, monkeypatch, services) -> Path:
    """Name the services in ``$ESAP_CONFIG``."""
    monkeypatch.syspath_prepend(
        partner.install(tmp_path / "site-packages", partner="tests.services.partner:PartnerConnector")
    )
    importlib.invalidate_caches()
    content = {
        "storage": {"state_directory": str(tmp_path / "state"), "cache_directory": str(tmp_path / "cache")},
        "staging": {"keep_free": 0},
        "search": {"services": ["one"]},
        "services": {
            **{name: {"enabled": False, "connector": "vo"} for name in shipped()},
            **{
                name: {"connector": "partner", "url": f"https://{name}.test", **settings}
                if "connector" not in settings
                else settings
                for name, settings in services.items()
            },
        },
    }
    file = tmp_path / "esap.toml"
    file.write_text(tomli_w.dumps(content))
    monkeypatch.setenv("ESAP_CONFIG", str(file))
    return file


def shipped() -> list[str]:
    import tomllib

    from esap_jupyter.config import SHIPPED

    return list(tomllib.loads(SHIPPED.read_text()).get("services", {}))
