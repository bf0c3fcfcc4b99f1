"""Services of the registry, lists of targets and fields of query forms, as a person uses them in Python."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table as AstropyTable

from esap_jupyter.config import origin_of
from esap_jupyter.errors import AddressRefused, InputError, NotOffered

STARS = "ivo://esap.demo/scs/demo.sources"


@pytest.fixture
def demo_config(demo_archive: Any, demo_rucio: Any, esap_config: Callable[..., Path]) -> Path:
    """As the demo writes it: what its registry knows is at loopback, which it allows."""
    return esap_config(
        demo_archive.services,
        demo_rucio.services,
        search={"services": ["demo-archive", "demo-lake"]},
        network={"allow": [origin_of(demo_archive.url)]},
    )


def test_what_the_registry_finds_is_asked_by_its_identifier(esap: ModuleType) -> None:
    found = esap.find_services("sources", product="sources")
    assert STARS in [service.ivoid for service in found]
    here = esap.search("M 51", services=["demo-archive"])
    there = esap.search("M 51", services=[STARS])
    assert len(there) == len(here) > 0
    assert there.reports[STARS].title == "ESAP demo catalogue of sources"
    assert "from ESAP demo catalogue of sources" in repr(there)

    [status] = esap.services(STARS, check=True)
    assert (status.title, status.answers) == ("ESAP demo catalogue of sources", True)
    counted = esap.adql("SELECT COUNT(*) AS n FROM demo.messier", service="ivo://esap.demo/tap")
    assert counted.to_arrow().to_pydict() == {"n": [110]}


def test_the_same_rows_of_two_services_are_one_table(esap: ModuleType) -> None:
    both = esap.search("M 51", services=["demo-archive", STARS])
    assert set(both.services) == {"demo-archive", STARS}
    assert len(both) == 2 * len(both.of(STARS))


def test_a_registered_service_at_a_private_address_is_refused_unless_it_is_allowed(
    demo_archive: Any, esap_config: Callable[..., Path], esap: ModuleType
) -> None:
    esap_config(demo_archive.services)
    with pytest.raises(AddressRefused):
        esap.search("10 +10", services=[STARS])


LISTS = [
    [
        "M 51",
        "202.4696 +47.1952",
        SkyCoord("13h29m52.7s +47d11m43s"),
        {"name": "x", "ra": 202.4, "dec": 47.1},
    ],
    SkyCoord([202.4696, 83.82], [47.1952, -5.39], unit="deg"),
    AstropyTable({"RAJ2000": [202.4696, 83.82], "DEJ2000": [47.1952, -5.39], "Name": ["M 51", "M 42"]}),
]


@pytest.mark.parametrize("targets", LISTS, ids=["list", "SkyCoord", "table"])
def test_lists_in_whatever_form_people_have_them(esap: ModuleType, targets: Any) -> None:
    table = esap.search(targets, radius="2 arcmin")
    report = table.reports["demo-archive"]
    assert (report.targets, report.targets_done) == (len(targets), len(targets))
    assert set(table.to_arrow()["for_target"].to_pylist()) <= {str(each) for each in table.query.targets}
    assert len(set(table.to_arrow()["for_target"].to_pylist())) == len(targets)


def test_a_list_of_forty_brings_what_forty_searches_bring(esap: ModuleType) -> None:
    messier = esap.adql("SELECT TOP 40 name, ra, dec FROM demo.messier ORDER BY name")
    table = esap.search(messier, radius="3 arcmin", row_limit=None)
    rows = table.to_arrow()["for_target"].to_pylist()
    names = messier.to_arrow()["name"].to_pylist()
    some = names[::13]
    alone = {name: len(esap.search(name, radius="3 arcmin", row_limit=None)) for name in some}
    assert {name: rows.count(name) for name in some} == alone
    assert "40 targets" in table.query.describe()
    assert esap.history()[len(some)].query == table.query


def test_a_field_is_asked_of_those_that_know_it(esap: ModuleType) -> None:
    spectra = "ivo://esap.demo/spectra"
    table = esap.search(
        "M 51",
        radius=30,
        product="spectra",
        services=["demo-archive", spectra],
        parameters={"facility": "nobody"},
    )
    assert table.reports["demo-archive"].state == "complete"
    assert table.reports[spectra].code == NotOffered.code
    with pytest.raises(InputError) as caught:
        esap.search("M 51", product="images", parameters={"calib_level": "high"})
    assert caught.value.field == "parameters.calib_level"


def test_a_file_of_targets_in_a_shell(esap: ModuleType, command: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("name,ra,dec\nM 51,202.4696,47.1952\nM 42,83.82,-5.39\n")
    found = json.loads(command("search", "--targets", "list.csv", "--radius", "1 arcmin", "--json").stdout)
    assert found["columns"][0] == "for_target"
    assert found["services"]["demo-archive"]["targets_done"] == 2
    (tmp_path / "wrong.csv").write_text("ra,dec\n10,20\n10,95\n")
    told = command("search", "--targets", "wrong.csv", fails=True).stderr
    assert "Line 3" in told
    shown = command("services", STARS, "--check").stdout
    assert "ESAP demo catalogue of sources" in shown


@pytest.mark.dachs
def test_services_of_a_registry_that_nobody_here_wrote(
    dachs: Any, esap_config: Callable[..., Path], esap: ModuleType
) -> None:
    esap_config(dachs.services, network={"allow": [origin_of(dachs.url)]})
    for product in ("sources", "spectra", "images"):
        found = esap.find_services(product=product)[0]
        table = esap.search("40 +10", radius=0.5, product=product, services=[found.ivoid])
        assert table.reports[found.ivoid].state in ("complete", "truncated"), product
        many = esap.search(["40 +10", "40.1 +10.1"], radius=0.2, product=product, services=[found.ivoid])
        assert many.reports[found.ivoid].targets_done == 2
