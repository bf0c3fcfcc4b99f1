"""Configurations over services of a partner's connector, which comes as an entry point of a package."""

import importlib

import pytest

from esap_jupyter.config import Config
from tests.services import partner


@pytest.fixture
def partner_package(tmp_path, monkeypatch):
    """A package with a good connector and some that are not, found as if it were installed."""
    monkeypatch.syspath_prepend(
        partner.install(
            tmp_path / "site-packages",
            partner="tests.services.partner:PartnerConnector",
            missing="tests.services.no_such_module:Connector",
            no_class="tests.services.partner:SCHEMA",
        )
    )
    importlib.invalidate_caches()


@pytest.fixture
def make_config(tmp_path):
    """Make a configuration; every service is a partner's unless it says otherwise."""

    def make(services=None, **sections):
        return Config.model_validate(
            {
                "storage": {
                    "state_directory": tmp_path / "state",
                    "cache_directory": tmp_path / "cache",
                    "workspace": tmp_path / "workspace",
                },
                "staging": {"keep_free": 0},
                "services": {
                    name: settings
                    if "connector" in settings
                    else {"connector": "partner", "url": f"https://{name}.test", **settings}
                    for name, settings in (services or {}).items()
                },
                **sections,
            }
        )

    return make
