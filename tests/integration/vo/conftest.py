"""The archives that every VO protocol is tried on: one that nobody here wrote, and the demo's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from esap_jupyter.connectors.registry import RegistryConnector
from esap_jupyter.connectors.vo import VOConnector
from esap_jupyter.models import Position
from tests.services.context import context_for


@dataclass(frozen=True)
class ArchiveUnderTest:
    """A running archive and what is known of it.

    Attributes
    ----------
    settings : dict
        Of the connector `vo`, without data lake, so that items are files.
    registry : str
        TAP URL of its registry.
    table, identifier, magnitude : str
        A catalogue of 100,000 sources or more over the whole sky, with ``ra`` and ``dec``, and two columns.
    nullable : tuple of str
        A table and a column of it with missing values.
    centre : Position
        A place with images and spectra.
    """

    name: str
    url: str
    settings: dict[str, str]
    registry: str
    table: str
    identifier: str
    magnitude: str
    nullable: tuple[str, str]
    centre: Position

    def connector(self, *only: str, **settings: Any) -> VOConnector:
        """A connector for some of the archive's URLs, or all."""
        urls = {key: url for key, url in self.settings.items() if not only or key in only}
        made = VOConnector.Settings(**(urls | settings))
        return VOConnector(made, context_for(self.url, service=self.name, deadline=60))

    def registry_connector(self) -> RegistryConnector:
        context = context_for(self.url, service=f"{self.name}-registry", deadline=60)
        return RegistryConnector(RegistryConnector.Settings(tap=self.registry), context)


@pytest.fixture(
    params=[pytest.param("dachs", marks=pytest.mark.dachs), "demo_archive"],
)
def archive(request: pytest.FixtureRequest) -> ArchiveUnderTest:
    """Each archive in turn."""
    service = request.getfixturevalue(request.param)
    tables: Mapping[str, Mapping[str, Any]] = service.services
    settings = next(dict(table) for table in tables.values() if table["connector"] == "vo")
    registry = next(table["tap"] for table in tables.values() if table["connector"] == "registry")
    urls = {key: settings[key] for key in ("tap", "scs", "sia", "sia2", "ssa") if settings.get(key)}
    if request.param == "dachs":
        facts = (
            "survey.stars",
            "source_id",
            "g_mag",
            ("survey.stars", "parallax"),
            Position(ra=40.0, dec=10.0),
        )
    else:
        facts = (
            "demo.sources",
            "source_id",
            "phot_g_mean_mag",
            ("demo.messier", "ngc"),
            Position(ra=202.4696, dec=47.1952),
        )
    table, identifier, magnitude, nullable, centre = facts
    return ArchiveUnderTest(
        name=request.param,
        url=service.url,
        settings=urls,
        registry=registry,
        table=table,
        identifier=identifier,
        magnitude=magnitude,
        nullable=nullable,
        centre=centre,
    )
