"""A list of targets: every service is asked for each, and no target spoils another."""

import asyncio

import pytest

from esap_jupyter.connectors.base import Notice
from esap_jupyter.errors import InputError, ServiceTimeout, ServiceUnreachable, UnknownName
from esap_jupyter.gateway.receiving import TARGETS_AT_ONCE
from esap_jupyter.models import Position, Query, Target
from tests.services.partner import PartnerConnector

NAMES = {"names": {"M 51": [202.5, 47.2], "M 42": [83.8, -5.4]}, "offers": ["names"]}
PLACES = tuple(Target(name=f"p{n}", position=Position(ra=n, dec=n)) for n in range(12))


def query(*targets: Target | str, **fields) -> Query:
    made = tuple(Target(name=each) if isinstance(each, str) else each for each in targets)
    return Query(targets=made, services=("one",), **fields)


async def test_the_table_says_which_target_each_row_was_found_for(make_gateway) -> None:
    gateway = await make_gateway({"one": {"batches": [2]}, "names": NAMES})
    search = gateway.search(query("M 51", "M 42", PLACES[3]))
    table = await search.done()

    found = table.to_arrow().to_pydict()["for_target"]
    assert sorted(found) == ["M 42", "M 42", "M 51", "M 51", "p3", "p3"]
    report = search.reports["one"]
    assert (report.state, report.rows, report.targets, report.targets_done) == ("complete", 6, 3, 3)
    asked = {(each.target, each.position.ra) for each in gateway.connector("one").asked}
    assert asked == {("M 51", 202.5), ("M 42", 83.8), ("p3", 3)}
    [past] = await gateway.history()
    assert [target.name for target in past.query.targets] == ["M 51", "M 42", "p3"]
    assert "3 targets (M 51, M 42, p3)" in past.query.describe()


async def test_items_say_for_which_target_they_were_found(make_gateway) -> None:
    gateway = await make_gateway({"one": {"batches": [1]}})
    table = await gateway.search(query(PLACES[1], PLACES[2])).done()
    items = await gateway.items(table)
    assert sorted(item.provenance.query for item in items) == [
        "sources within 0.1 deg of p1",
        "sources within 0.1 deg of p2",
    ]


async def test_an_unknown_target_is_named_and_spoils_no_other(make_gateway) -> None:
    gateway = await make_gateway({"one": {"batches": [2]}, "names": NAMES})
    search = gateway.search(query("M 51", "nowhere"))
    table = await search.done()
    assert table.num_rows == 2
    assert search.reports["one"].message == "1 of 2 targets unknown: nowhere."
    assert "1 of 2 targets unknown: nowhere." in repr(table)


async def test_if_all_are_unknown_it_is_an_error(make_gateway) -> None:
    gateway = await make_gateway({"one": {}, "names": NAMES})
    with pytest.raises(UnknownName):
        await gateway.search(query("nowhere", "nobody")).done()


async def test_a_hung_target_spoils_no_other_and_is_named(make_gateway, monkeypatch) -> None:
    real = PartnerConnector.search

    async def search(self, query):
        if query.target == "p5":
            await asyncio.Event().wait()
        async for part in real(self, query):
            yield part

    monkeypatch.setattr(PartnerConnector, "search", search)
    gateway = await make_gateway({"one": {"batches": [1], "deadline": 0.3}})
    search_ = gateway.search(query(*PLACES))
    table = await search_.done()
    assert table.num_rows == 11
    report = search_.reports["one"]
    assert (report.state, report.code) == ("failed", ServiceTimeout.code)
    assert report.message.startswith("1 of 12 targets failed (p5).")


async def test_so_many_targets_at_once_and_no_more(make_gateway, monkeypatch) -> None:
    asked, most = 0, 0

    async def search(self, query):
        nonlocal asked, most
        asked += 1
        most = max(most, asked)
        await asyncio.sleep(0)
        asked -= 1
        yield Notice("message", "Nothing here.")

    monkeypatch.setattr(PartnerConnector, "search", search)
    gateway = await make_gateway({"one": {}})
    await gateway.search(query(*PLACES)).done()
    assert most == TARGETS_AT_ONCE


async def test_a_service_that_is_down_is_not_asked_for_every_target(make_gateway) -> None:
    gateway = await make_gateway({"one": {"fault": "unreachable"}})
    with pytest.raises(ServiceUnreachable, match=r"were not asked for\. Nobody answers"):
        await gateway.search(query(*PLACES)).done()
    assert len(gateway.connector("one").asked) < len(PLACES)


async def test_it_can_be_cancelled_and_what_arrived_stays(make_gateway) -> None:
    gateway = await make_gateway({"one": {"batches": [1], "fault": "hang after rows"}})
    search = gateway.search(query(*PLACES))
    async for report in search:
        if report.rows:
            search.cancel()
    assert search.reports["one"].state == "cancelled"
    assert search.table.num_rows >= 1


async def test_the_row_limit_holds_for_each_target(make_gateway) -> None:
    gateway = await make_gateway({"one": {"batches": [3]}})
    search = gateway.search(query(*PLACES[:2], row_limit=2))
    assert (await search.done()).num_rows == 4
    assert search.reports["one"].state == "truncated"
    assert search.reports["one"].message == "There is more for 2 of 2 targets."


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": "M 51"},
        {"adql": "SELECT 1"},
        {"product": "dids"},
        {"targets": tuple(Target(name=str(n)) for n in range(1001))},
    ],
)
def test_what_does_not_go_together_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match=r"targets|target or several"):
        Query(**{"targets": PLACES, **wrong})


async def test_a_field_that_a_service_does_not_know_keeps_it_from_being_asked(make_gateway) -> None:
    gateway = await make_gateway(
        {
            "one": {"batches": [2]},
            "archive": {"connector": "vo", "sia2": "https://archive.test/sia2"},
        }
    )
    search = gateway.search(
        Query(
            services=("one", "archive"),
            product="images",
            position=PLACES[0].position,
            parameters={"calib_level": 9},
        )
    )
    with pytest.raises(InputError) as caught:
        await search.done()
    assert caught.value.field == "parameters.calib_level"
    assert search.reports["one"].code == "not-offered"
