"""Searching services side by side: what arrives, what is reported, what is cancelled."""

import asyncio
import gc
import threading
import time
import weakref

import pyarrow as pa
import pytest

from esap_jupyter.errors import (
    InputError,
    NotOffered,
    QueryRejected,
    ServiceError,
    ServiceUnreachable,
    StateError,
    UnknownName,
)
from esap_jupyter.gateway import discovery
from esap_jupyter.models import Position, Query
from esap_jupyter.storage.tables_writer import TableWriter

HERE = Position(ra=10, dec=20)


def a_query(*services, **parameters):
    return Query(services=services, position=HERE, **parameters)


async def search(gateway, *services, **parameters):
    """Search to the end; returns the search and its table."""
    found = gateway.search(a_query(*services, **parameters))
    return found, await found.done()


class TestWhatIsKept:
    @pytest.mark.parametrize("fault", ["", "rejected"])
    async def test_an_uploaded_table_goes_when_the_search_has_ended(self, make_gateway, fault):
        gateway = await make_gateway({"one": {"fault": fault}})
        table = pa.table({"ra": [1.0]})
        uploaded = weakref.ref(table)
        found = gateway.adql("one", "SELECT 1", uploads={"mine": table})
        await found.finished()
        gateway.connector("one").asked.clear()
        del table
        gc.collect()

        assert found.reports["one"].rows == (0 if fault else 3)
        assert uploaded() is None


class TestSideBySide:
    async def test_rows_of_all_arrive_with_units(self, make_gateway):
        gateway = await make_gateway({"one": {"batches": [2, 1]}, "two": {"batches": [4]}})
        found, table = await search(gateway, "one", "two")
        assert table.complete
        assert table.of("one").to_arrow()["id"].to_pylist() == [0, 1, 2]
        assert table.of("two").num_rows == 4
        assert table.of("one").schema.field("ra").metadata[b"unit"] == b"deg"
        assert {name: (report.state, report.rows) for name, report in table.reports.items()} == {
            "one": ("complete", 3),
            "two": ("complete", 4),
        }
        assert table.reports == found.reports

    async def test_slow_ones_do_not_add_up_and_first_rows_come_before(self, make_gateway):
        slow = {f"slow{number}": {"seconds": 0.5} for number in range(8)}
        gateway = await make_gateway({"quick": {}, **slow})
        for name in ("quick", *slow):
            gateway.connector(name)
        begun = time.monotonic()
        found = gateway.search(a_query("quick", *slow))
        async for report in found:
            if report.service == "quick" and report.state == "complete":
                break
        assert found.table.refresh().of("quick").num_rows == 3
        assert all(found.reports[name].state == "waiting" for name in slow)
        await found.done()
        assert time.monotonic() - begun < 8 * 0.5 / 2

    async def test_each_failure_is_its_own(self, make_gateway):
        gateway = await make_gateway(
            {
                "good": {},
                "down": {"fault": "unreachable"},
                "buggy": {"fault": "bug"},
                "broken": {"connector": "missing"},
                "resolver": {"offers": ["names"]},
                "hangs": {"fault": "hang", "deadline": 0.1},
                "stops": {"fault": "hang after rows", "deadline": 0.1},
            }
        )
        found, table = await search(gateway, *gateway.config.services)
        codes = {name: report.code for name, report in table.reports.items()}
        assert codes == {
            "good": "",
            "down": "service-unreachable",
            "buggy": "error",
            "broken": "config",
            "resolver": "not-offered",
            "hangs": "service-timeout",
            "stops": "service-timeout",
        }
        assert table.of("good").num_rows == 3
        assert (table.reports["stops"].state, table.of("stops").num_rows) == ("failed", 3)
        down = table.reports["down"]
        assert (down.message, down.hint, down.retryable) == ("Nobody answers.", "Look at the cable.", True)
        assert "secret" not in table.reports["buggy"].message
        assert isinstance(found.errors["down"], ServiceUnreachable)
        assert gateway.connector("hangs").cancelled == 1

    async def test_the_only_ones_failure_is_raised(self, make_gateway):
        gateway = await make_gateway({"down": {"fault": "unreachable"}})
        with pytest.raises(ServiceUnreachable) as raised:
            await search(gateway, "down")
        assert raised.value.service == "down"

    async def test_rows_that_came_before_the_only_ones_failure_are_not_lost(self, make_gateway):
        gateway = await make_gateway({"stops": {"fault": "hang after rows", "deadline": 0.2}})
        _, table = await search(gateway, "stops")
        assert table.num_rows == 3
        assert table.reports["stops"].code == "service-timeout"

    async def test_same_service_twice_is_asked_once(self, make_gateway):
        gateway = await make_gateway({"one": {}})
        _, table = await search(gateway, "one", "one")
        assert table.num_rows == 3
        assert len(gateway.connector("one").asked) == 1

    async def test_nothing_found_still_tells_the_columns(self, make_gateway):
        gateway = await make_gateway({"one": {"batches": [0]}})
        _, table = await search(gateway, "one")
        assert table.columns == ["id", "ra", "access_url"]
        assert table.reports["one"].state == "complete"


class TestWhoIsAsked:
    async def test_all_that_can_by_default(self, make_gateway):
        gateway = await make_gateway(
            {"one": {}, "two": {}, "images": {"offers": ["images"]}, "broken": {"connector": "missing"}}
        )
        _, table = await search(gateway)
        assert {name: report.state for name, report in table.reports.items()} == {
            "one": "complete",
            "two": "complete",
            "broken": "failed",
        }

    async def test_configured_choice(self, make_gateway):
        gateway = await make_gateway({"one": {}, "two": {}}, search={"services": ["two"]})
        _, table = await search(gateway)
        assert list(table.reports) == ["two"]

    async def test_unknown_service(self, make_gateway):
        gateway = await make_gateway({"one": {}})
        with pytest.raises(UnknownName, match="'moon'"):
            gateway.search(a_query("one", "moon"))

    async def test_nobody_can(self, make_gateway):
        gateway = await make_gateway({"one": {}})
        with pytest.raises(NotOffered, match="No service offers dids"):
            await search(gateway, product="dids")


class TestTarget:
    async def test_is_resolved_once_for_all(self, make_gateway, monkeypatch):
        names = {"sesame": {"offers": ["names"], "names": {"M31": [10.5, 41.5]}}}
        gateway = await make_gateway({**names, "one": {}, "two": {}})
        await gateway.search(Query(services=("one", "two"), target="M31")).done()
        for name in ("one", "two"):
            [query] = gateway.connector(name).asked
            assert query.position == Position(ra=10.5, dec=41.5)

    async def test_that_nobody_knows(self, make_gateway):
        gateway = await make_gateway({"sesame": {"offers": ["names"]}, "one": {}})
        found = gateway.search(Query(services=("one",), target="Nibiru"))
        with pytest.raises(UnknownName):
            await found.done()
        assert found.reports["one"].code == "unknown-name"
        assert gateway.connector("one").asked == []
        assert found.table.complete

    async def test_that_is_no_place_on_the_sky(self, make_gateway):
        gateway = await make_gateway({"one": {}})
        with pytest.raises(InputError):
            await gateway.search(Query(services=("one",), target="10 95")).done()


class TestRowLimit:
    @pytest.mark.parametrize(("batches", "rows"), [([5, 5, 5], 7), ([15], 7), ([5, 5, 5], 5), ([8], 7)])
    async def test_is_exact_and_the_cut_is_reported(self, make_gateway, batches, rows):
        gateway = await make_gateway({"one": {"batches": batches}})
        _, table = await search(gateway, "one", row_limit=rows)
        assert table.to_arrow()["id"].to_pylist() == list(range(rows))
        report = table.reports["one"]
        assert (report.state, report.rows) == ("truncated", rows)
        assert report.message == f"Cut at the row limit of {rows}; there is more."
        assert table.truncated
        assert gateway.connector("one").cancelled == (sum(batches) > sum(batches[:1]) or rows < batches[0])

    async def test_exactly_so_many_rows_are_not_cut(self, make_gateway):
        gateway = await make_gateway({"one": {"batches": [3, 4]}})
        _, table = await search(gateway, "one", row_limit=7)
        assert table.num_rows == 7
        assert not table.truncated

    async def test_limit_of_the_service_itself_is_reported(self, make_gateway):
        gateway = await make_gateway({"one": {"overflow": "The service sends 3 rows at most."}})
        _, table = await search(gateway, "one", row_limit=None)
        report = table.reports["one"]
        assert (report.state, report.rows) == ("truncated", 3)
        assert report.message == "The service sends 3 rows at most."

    async def test_all_of_it_may_take_longer_than_the_deadline(self, make_gateway):
        slow = {"batches": [1] * 8, "seconds": 0.3, "deadline": 1.5}
        gateway = await make_gateway({"one": slow})
        _, table = await search(gateway, "one", row_limit=None)
        assert table.num_rows == 8
        assert table.reports["one"].state == "complete"

    async def test_with_a_limit_the_deadline_is_for_all_of_it(self, make_gateway):
        slow = {"batches": [1] * 50, "seconds": 0.1, "deadline": 0.5}
        gateway = await make_gateway({"one": slow})
        _, table = await search(gateway, "one", row_limit=100)
        assert 0 < table.num_rows < 50
        assert table.reports["one"].code == "service-timeout"


class TestReports:
    async def test_every_iterator_sees_how_it_ends(self, make_gateway):
        gateway = await make_gateway({"one": {"batches": [1, 1], "seconds": 0.02}, "two": {}})
        found = gateway.search(a_query("one", "two"))

        async def watch():
            return [(report.service, report.state) async for report in found]

        for seen in await asyncio.gather(watch(), watch()):
            assert set(seen) >= {("one", "complete"), ("two", "complete")}
        assert {state async for state in self.states(found)} == {"complete"}, "a late one sees the end only"

    async def states(self, found):
        async for report in found:
            yield report.state

    async def test_are_on_disk_for_other_processes(self, make_gateway):
        gateway = await make_gateway({"one": {}, "hangs": {"fault": "hang"}})
        found = gateway.search(a_query("one", "hangs"))
        table_id = (await found.begun()).id
        other = await make_gateway()
        async with asyncio.timeout(10):
            while (report := other.tables.open(table_id).reports.get("one")) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert report.state == "complete"
        assert not other.tables.open(table_id).complete
        found.cancel()


class TestCancelling:
    async def test_stops_the_services_and_keeps_what_came(self, make_gateway):
        gateway = await make_gateway({"stops": {"fault": "hang after rows"}, "quick": {}})
        found = gateway.search(a_query("stops", "quick"))
        async for _ in found:
            if found.reports["quick"].state == "complete" and found.reports["stops"].rows == 3:
                break
        found.cancel()
        table = await found.done()
        assert {name: each.state for name, each in table.reports.items()} == {
            "stops": "cancelled",
            "quick": "complete",
        }
        assert table.complete
        assert table.of("stops").num_rows == 3
        assert gateway.connector("stops").cancelled == 1

    async def test_at_once(self, make_gateway):
        gateway = await make_gateway({"one": {"fault": "hang"}})
        found = gateway.search(a_query("one"))
        found.cancel()
        found.cancel()
        await found.done()
        assert {report.state for report in found.reports.values()} <= {"cancelled"}
        found.cancel()

    async def test_who_waits_may_go_and_the_search_goes_on(self, make_gateway):
        gateway = await make_gateway({"one": {"seconds": 0.1}})
        found = gateway.search(a_query("one"))
        waiting = asyncio.create_task(found.done())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await found.done()).num_rows == 3

    async def test_closing_the_gateway(self, make_gateway):
        gateway = await make_gateway({"one": {"fault": "hang"}})
        found = gateway.search(a_query("one"))
        async for _ in found:
            await gateway.close()
        assert found.reports["one"].state == "cancelled"
        assert found.reports["one"].message == "Interrupted: the process that asked has ended."
        assert found.table.interrupted

    async def test_closing_the_gateway_keeps_what_came(self, make_gateway):
        gateway = await make_gateway({"one": {"fault": "hang after rows"}})
        found = gateway.search(a_query("one"))
        async for report in found:
            if report.rows == 3:
                await gateway.close()
        assert (found.table.num_rows, found.table.interrupted) == (3, True)


class TestDisk:
    async def test_table_that_cannot_be_made(self, make_gateway, tmp_path):
        (tmp_path / "cache").write_text("a file where a directory should be")
        gateway = await make_gateway({"one": {}})
        found = gateway.search(a_query("one"))
        with pytest.raises(StateError):
            await found.begun()
        with pytest.raises(StateError):
            await found.done()

    async def test_history_that_cannot_be_written_costs_no_result(self, make_gateway, tmp_path, caplog):
        (tmp_path / "state").write_text("a file where a directory should be")
        gateway = await make_gateway({"one": {}})
        _, table = await search(gateway, "one")
        assert table.num_rows == 3
        assert "history" in caplog.text


class TestAdql:
    async def test_rows_and_request(self, make_gateway):
        gateway = await make_gateway({"one": {}})
        table = await gateway.adql("one", "SELECT 1", row_limit=5, mode="sync").done()
        assert table.num_rows == 3
        [request] = gateway.connector("one").asked
        assert (request.adql, request.mode, request.row_limit) == ("SELECT 1", "sync", 5)

    async def test_services_own_message_and_position(self, make_gateway):
        gateway = await make_gateway({"one": {"fault": "rejected"}})
        with pytest.raises(QueryRejected, match="Unknown table foo") as raised:
            await gateway.adql("one", "SELECT * FROM foo").done()
        assert (raised.value.line, raised.value.column) == (1, 15)

    async def test_empty(self, make_gateway):
        with pytest.raises(InputError):
            (await make_gateway({"one": {}})).adql("one", "  ")

    async def test_hours_are_no_fault_unless_it_is_synchronous(self, make_gateway):
        gateway = await make_gateway({"one": {"seconds": 0.3, "deadline": 0.1}})
        assert (await gateway.adql("one", "SELECT 1").done()).num_rows == 3
        with pytest.raises(discovery.EsapError, match="deadline"):
            await gateway.adql("one", "SELECT 1", mode="sync").done()

    async def test_several_services_through_search(self, make_gateway):
        gateway = await make_gateway({"one": {}, "two": {}})
        table = await gateway.search(Query(services=("one", "two"), adql="SELECT 1")).done()
        assert table.num_rows == 6


class TestHistory:
    async def test_what_was_asked_and_what_came(self, make_gateway):
        gateway = await make_gateway({"one": {}, "two": {}})
        _, table = await search(gateway, "one", "two")
        await gateway.adql("one", "SELECT 1").done()
        last, first = await gateway.history()
        assert (last.query.adql, last.rows) == ("SELECT 1", 3)
        assert (first.services, first.rows, first.table_id) == (("one", "two"), 6, table.id)
        assert gateway.tables.open(first.table_id).num_rows == 6
        await gateway.clear_history()
        assert await gateway.history() == []


class TestEveryServiceFails:
    async def test_is_one_error_that_names_them_all(self, make_gateway):
        gateway = await make_gateway({"one": {"fault": "unreachable"}, "two": {"fault": "unreachable"}})
        with pytest.raises(ServiceError) as raised:
            await search(gateway, "one", "two")
        assert raised.value.message == (
            "None of 2 services answered. one: Nobody answers. two: Nobody answers."
        )


async def test_a_search_that_only_closes_its_table_is_complete_though_the_process_ends(
    make_gateway, monkeypatch
):
    gateway = await make_gateway({"one": {}})
    closing, may_close = threading.Event(), threading.Event()
    finish = TableWriter.finish

    def slow(self, **how):
        closing.set()
        may_close.wait(10)
        finish(self, **how)

    monkeypatch.setattr(TableWriter, "finish", slow)
    found = gateway.search(Query(services=("one",), position=HERE))
    await asyncio.to_thread(closing.wait, 10)
    ending = asyncio.create_task(gateway.close())
    may_close.set()
    await ending
    assert found.table.refresh().complete
