"""The search panel, by its traits and by its fields."""

import asyncio
import inspect

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Table

from esap_jupyter.errors import InputError, UnknownName
from esap_jupyter.face import verbs
from esap_jupyter.gateway.names import parse_position
from esap_jupyter.models import Position
from esap_jupyter.widgets import SearchPanel

SOURCES = {"offers": ["sources", "files"]}


@pytest.fixture
async def panel(gateway_of, keep, until):
    gateway_of(
        {
            "good": {**SOURCES, "batches": [2, 3]},
            "broken": {**SOURCES, "fault": "unreachable"},
        }
    )
    made = keep(SearchPanel(target="10 +20", product="sources"))
    await until(lambda: made._offered)
    return made


async def test_what_came_and_what_failed_stand_side_by_side(panel):
    panel.search()
    assert panel.running
    await panel.finished()
    assert len(panel.table) == 5
    assert {report.service: report.state for report in panel.reports} == {
        "good": "complete",
        "broken": "failed",
    }
    assert "failed" in panel._told.value
    assert panel.error is None


async def test_the_kernel_goes_on_while_services_are_slow_and_a_search_can_be_stopped(
    gateway_of, keep, until
):
    gateway_of({"slow": {**SOURCES, "fault": "hang"}})
    panel = keep(SearchPanel(target="10 +20", product="sources"))
    panel.search()
    await until(lambda: panel.reports)
    assert panel.running
    assert panel._cancel_button.disabled is False
    panel.cancel()
    await panel.finished()
    assert [report.state for report in panel.reports] == ["cancelled"]
    assert panel.table.complete


async def test_without_more_it_looks_for_what_the_verb_looks_for(gateway_of, keep):
    gateway_of({"good": SOURCES})
    assert keep(SearchPanel()).product == inspect.signature(verbs.search).parameters["product"].default


async def test_traits_and_fields_are_in_step(panel):
    [target] = [each for each in panel.children if getattr(each, "description", "") == "Target"]
    target.value = "M 51"
    assert panel.target == "M 51"
    panel.target = SkyCoord(10.5, -20, unit="deg")
    assert target.value == "10.5 -20.0"
    panel.target = SkyCoord(10, 0, unit="deg", frame="fk5")
    assert "e" not in target.value
    assert parse_position(panel.target).dec == pytest.approx(0, abs=1e-5)
    panel.target = Position(ra=1e-7, dec=0)
    assert panel.target == "0.0000001 0.0"
    panel.radius = 30 * units.arcsec
    assert panel.radius == "0.00833333333333 deg"


@pytest.mark.parametrize(
    ("trait", "value"),
    [
        ("radius", "banana"),
        ("radius", -1),
        ("target", 3),
        ("target", SkyCoord(np.nan, 1, unit="deg")),
        ("row_limit", 0),
        ("row_limit", "many"),
        ("services", ["nobody"]),
        ("services", 5),
    ],
)
async def test_a_wrong_value_is_refused_in_words(panel, trait, value):
    with pytest.raises(InputError):
        setattr(panel, trait, value)


async def test_what_is_typed_wrong_is_said_when_it_is_asked(panel):
    [radius] = [each for each in panel.children if getattr(each, "description", "") == "Radius"]
    radius.value = "banana"
    panel._ask_button.click()
    assert not panel.running
    assert "banana" in panel._alert.value
    assert "Traceback" not in panel._alert.value
    radius.value = "1 deg"
    panel._ask_button.click()
    await panel.finished()
    assert panel.error is None


async def test_without_a_target_it_says_what_is_missing(panel):
    panel.target = ""
    with pytest.raises(InputError, match="name or coordinates"):
        panel.search()


async def test_services_are_ticked_and_named(panel, until):
    boxes = {box.description: box for box in panel._choice._list.children}
    boxes["broken"].value = False
    assert panel.services == ("good",)
    panel.services = "broken"
    assert panel.services == ("broken",)
    assert boxes["broken"].value
    assert not boxes["good"].value
    panel.search()
    await panel.finished()
    assert "role='alert'" in panel._alert.value
    assert panel.error.code == "service-unreachable"


async def test_selected_rows_go_into_the_basket(panel, gateway_of, until):
    panel.services = ("good",)
    panel.search()
    await panel.finished()
    panel.selected = [0, 3]
    assert panel._basket_button.disabled is False
    panel._basket_button.click()
    await until(lambda: "2 new items" in panel._remark.value)


async def test_progress_is_told_a_few_times_a_second_at_most(gateway_of, keep):
    gateway_of({"chatty": {**SOURCES, "batches": [1] * 300}})
    panel = keep(SearchPanel(target="10 +20", product="sources"))
    told = []
    panel.observe(told.append, "reports")
    start = asyncio.get_running_loop().time()
    panel.search()
    await panel.finished()
    seconds = asyncio.get_running_loop().time() - start
    assert len(panel.table) == 300
    assert len(told) <= 4 * seconds + 4


async def test_a_closed_panel_hears_nothing_more(panel):
    panel.search()
    panel.close()
    assert all(work.cancelled() or work.done() for work in panel._works.values())
    assert panel.view._grid.comm is None


async def test_as_text_it_is_what_was_asked_and_what_came(panel):
    panel.target = "<script>"
    assert "Sources within 6 arcmin of <script>" in repr(panel)
    assert "<script>" not in panel._repr_html_()
    panel.target = "10 +20"
    panel.search()
    await panel.finished()
    assert "5 rows from good" in repr(panel)


@pytest.mark.parametrize(
    "given",
    [
        ["10 +20", "30 -40"],
        "10 +20\n30 -40",
        SkyCoord([10, 30], [20, -40], unit="deg"),
        Table({"ra": [10.0, 30.0], "dec": [20.0, -40.0]}),
    ],
    ids=["list", "text", "SkyCoord", "table"],
)
async def test_several_targets_are_asked_for(panel, given):
    panel.targets = given
    assert panel.target == ""
    assert "2 targets" in panel._list._told.value
    panel.services = ("good",)
    panel.search()
    await panel.finished()
    assert len(panel.table) == 10
    assert "for_target" in panel.table.columns
    panel.target = "10 +20"
    assert panel.targets == ()


async def test_a_list_is_pasted_and_what_is_wrong_with_it_said(panel):
    panel._list._text.value = "10 +20\n99 +99"
    [use, clear] = panel._list._inside.children[1].children
    use.click()
    assert "Line 2" in panel._alert.value
    panel._list._text.value = "10 +20\n11 +20"
    use.click()
    assert len(panel.targets) == 2
    clear.click()
    assert panel.targets == ()


async def test_queries_are_saved_recalled_and_forgotten(panel, until):
    panel._set(targets=["10 +20", "30 -40"], radius="2 arcmin", services=("good",), row_limit=7)
    panel.save("two places")
    await until(lambda: panel.saved)
    panel._set(target="1 +1", radius="1 deg", services=(), row_limit=None, product="images")
    panel._box._list.value = panel.saved[0]
    panel._box._recall.click()
    assert [str(target) for target in panel.targets] == ["10 +20", "30 -40"]
    assert (panel.product, panel.services, panel.row_limit) == ("sources", ("good",), 7)
    assert panel.radius == "0.0333333333333 deg"
    panel.recall("two places")
    with pytest.raises(InputError, match="no saved query"):
        panel.recall("three places")
    panel._box._delete.click()
    await until(lambda: not panel.saved)


async def test_a_service_of_the_registry_is_asked_by_its_identifier(panel, until):
    panel.services = ("good", "ivo://nobody/knows")
    await until(lambda: panel.error)
    assert "ivo://nobody/knows" in panel._alert.value or "registry" in panel._alert.value
    with pytest.raises(UnknownName, match="no IVOA identifier"):
        panel.services = ("ivo:nonsense",)
