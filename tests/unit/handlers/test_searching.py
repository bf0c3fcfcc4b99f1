"""A search from the first request to the rows, with those that fail beside those that answer."""

import asyncio
import json

import pytest

from esap_jupyter.handlers.watching import JOB_CHANGED, SEARCH_CHANGED
from tests.services.jupyter_server import until


@pytest.fixture
def events(jp_serverapp):
    """What is sent to every subscriber."""
    heard = []

    async def listen(logger, schema_id, data):
        heard.append((schema_id, data))

    jp_serverapp.event_logger.add_listener(listener=listen)
    return heard


class TestSearch:
    async def test_rows_and_failures_side_by_side(self, ask, ended) -> None:
        started = await ask(
            "POST",
            "searches",
            json={"position": {"ra": 1.0, "dec": 2.0}, "services": ["one", "down", "broken"]},
        )
        state = await ended(started.json["id"])

        assert started.status == 201
        reports = {report["service"]: report for report in state["reports"]}
        assert (reports["one"]["state"], reports["one"]["rows"]) == ("complete", 5)
        assert (reports["down"]["code"], reports["down"]["retryable"]) == ("service-unreachable", True)
        assert "secret detail" not in json.dumps(state)
        assert state["error"] is None
        assert (await ask("GET", "searches")).json == []

    async def test_since_tells_only_what_changed(self, ask, ended) -> None:
        started = await ask("POST", "searches", json={"position": {"ra": 1.0, "dec": 2.0}})
        state = await ended(started.json["id"])

        again = await ask("GET", f"searches/{state['id']}", since=state["version"])

        assert [report["service"] for report in state["reports"]] == ["one"]
        assert again.json["reports"] == []
        assert again.json["rows"] == 5

    async def test_target_that_nobody_knows(self, ask, ended) -> None:
        started = await ask("POST", "searches", json={"target": "Planet X"})
        state = await ended(started.json["id"])

        assert state["error"]["code"] == "unknown-name"

    async def test_what_nobody_foresaw_is_told_without_its_details(self, ask, ended, monkeypatch) -> None:
        def fail(*_):
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr("esap_jupyter.gateway.names.resolve", fail)
        started = await ask("POST", "searches", json={"target": "M 51"})
        state = await ended(started.json["id"])

        assert "ZeroDivisionError" in state["error"]["message"]
        assert "secret detail" not in json.dumps(state)

    async def test_unknown_service(self, ask) -> None:
        answer = await ask("POST", "searches", json={"target": "M 51", "services": ["nobody"]})

        assert (answer.status, answer.json["code"]) == (404, "unknown-name")

    async def test_after_a_restart_the_table_tells(self, ask, ended, jp_serverapp) -> None:
        started = await ask("POST", "searches", json={"position": {"ra": 1.0, "dec": 2.0}})
        state = await ended(started.json["id"])
        session = jp_serverapp.extension_manager.extension_points["esap_jupyter"].app.session
        session.searches._kept.clear()

        told = await ask("GET", f"searches/{state['id']}", since=state["version"])

        assert told.json["ended"]
        assert [report["rows"] for report in told.json["reports"]] == [5]

    async def test_default_limit_and_all_rows(self, ask, ended) -> None:
        body = {"position": {"ra": 1.0, "dec": 2.0}}
        limited = await ask("POST", "searches", json={**body, "row_limit": 4})
        unlimited = await ask("POST", "searches", json={**body, "all_rows": True})

        assert (await ended(limited.json["id"]))["reports"][0]["state"] == "truncated"
        assert (await ended(unlimited.json["id"]))["query"]["row_limit"] is None


class TestCancelling:
    @pytest.fixture
    def services(self):
        return {"hung": {"fault": "hang after rows", "batches": [7]}}

    async def test_keeps_what_came(self, ask, ended) -> None:
        started = await ask("POST", "searches", json={"target": "1 2", "services": ["hung"]})
        search_id = started.json["id"]

        async def arrived():
            return (await ask("GET", f"searches/{search_id}")).json["rows"] == 7

        await until(arrived)

        running = (await ask("GET", "searches")).json
        cancelled = await ask("POST", f"searches/{search_id}/cancel")
        state = await ended(search_id)

        assert [each["id"] for each in running] == [search_id]
        assert cancelled.status == 204
        assert state["reports"][0]["state"] == "cancelled"
        assert (await ask("GET", f"tables/{search_id}")).json["rows"] == 7

    async def test_that_a_server_which_ended_interrupted_it_is_told_by_the_next(
        self, ask, jp_serverapp, events
    ) -> None:
        started = (await ask("POST", "searches", json={"target": "1 2", "services": ["hung"]})).json
        session = jp_serverapp.extension_manager.extension_points["esap_jupyter"].app.session

        async def arrived():
            return (await ask("GET", "searches")).json[0]["rows"] == 7

        await until(arrived)
        running = (await ask("GET", "searches")).json[0]
        await session.made.close()
        session.searches._kept.clear()
        told = (await ask("GET", f"searches/{started['id']}")).json

        assert (running["interrupted"], running["begun_at"]) == (False, started["begun_at"])
        assert running["seconds"] > 0
        assert (told["ended"], told["interrupted"], told["version"]) == (True, True, 0)
        assert [(each["state"], each["rows"]) for each in told["reports"]] == [("cancelled", 7)]
        assert (await ask("GET", f"tables/{started['id']}")).json["interrupted"]
        assert (SEARCH_CHANGED, {"search": started["id"], "ended": False}) == next(
            event for event in events if event[0] == SEARCH_CHANGED
        )


class TestADQL:
    async def test_answers_with_rows(self, ask, ended) -> None:
        started = await ask(
            "POST", "queries", json={"service": "one", "adql": "SELECT * FROM partner.numbers"}
        )
        state = await ended(started.json["id"])

        assert state["rows"] == 5

    async def test_refusal_says_where(self, ask, ended) -> None:
        started = await ask("POST", "queries", json={"service": "strict", "adql": "SELECT * FROM foo"})
        state = await ended(started.json["id"])

        assert (state["error"]["code"], state["error"]["line"], state["error"]["column"]) == (
            "query-rejected",
            1,
            15,
        )

    async def test_own_table_goes_with_it(self, ask, ended) -> None:
        first = await ended((await ask("POST", "searches", json={"target": "1 2"})).json["id"])
        body = {"service": "one", "adql": "SELECT 1", "uploads": {"mine": {"table": first["id"]}}}

        assert (await ended((await ask("POST", "queries", json=body)).json["id"]))["rows"] == 5

    async def test_file_that_is_not_there(self, ask) -> None:
        body = {"service": "one", "adql": "SELECT 1", "uploads": {"mine": {"path": "none.vot"}}}
        answer = await ask("POST", "queries", json=body)

        assert (answer.status, answer.json["code"]) == (404, "not-found")
        assert answer.json["field"] == "uploads.mine"

    async def test_own_file_goes_with_it(self, ask, ended, jp_root_dir) -> None:
        (jp_root_dir / "mine.csv").write_text("ra,dec\n1.5,2.5\n")
        body = {"service": "one", "adql": "SELECT 1", "uploads": {"mine": {"path": "mine.csv"}}}

        assert (await ended((await ask("POST", "queries", json=body)).json["id"]))["rows"] == 5


async def test_what_a_service_says_of_itself(ask) -> None:
    services = {each["name"]: each for each in (await ask("GET", "services", check="true")).json}
    checked = (await ask("GET", "services/down/check")).json

    assert services["one"]["answers"]
    assert not services["down"]["answers"]
    assert checked["detail"] == "Nobody answers."
    assert (await ask("GET", "services/one/form")).json == {"type": "object", "properties": {}}
    assert (await ask("GET", "services/one/tables")).json[0]["name"] == "partner.numbers"
    assert (await ask("GET", "services/one/tables/partner.numbers")).json["columns"] == []
    assert (await ask("GET", "services/one/examples")).json == [
        {"title": "All", "adql": "SELECT * FROM partner.numbers"}
    ]
    assert (await ask("GET", "resolve", target="M 51")).json == {"ra": 202.5, "dec": 47.2}
    found = (await ask("GET", "registry", keywords="x-ray")).json
    assert found[0]["title"] == "x-ray"


async def test_history_and_saved_queries(ask, ended) -> None:
    await ended((await ask("POST", "searches", json={"target": "1 2"})).json["id"])
    saved = (await ask("POST", "saved-queries", json={"name": "b", "query": {"target": "M 31"}})).json
    await ask("POST", "saved-queries", json={"name": "a", "query": {"adql": "SELECT 1"}})
    changed = await ask(
        "PUT", f"saved-queries/{saved['id']}", json={"name": "c", "query": {"target": "M 33"}}
    )

    assert (await ask("GET", "history")).json[0]["query"]["target"] == "1 2"
    assert changed.json["query"]["target"] == "M 33"
    assert [each["name"] for each in (await ask("GET", "saved-queries")).json] == ["a", "c"]
    assert (await ask("DELETE", f"saved-queries/{saved['id']}")).status == 204
    assert [each["name"] for each in (await ask("GET", "saved-queries")).json] == ["a"]
    assert (await ask("DELETE", "history")).status == 204
    assert (await ask("GET", "history")).json == []


class TestEvents:
    async def test_of_a_search_carry_no_query(self, ask, ended, events) -> None:
        body = {"service": "strict", "adql": "SELECT secret FROM foo"}
        await ended((await ask("POST", "queries", json=body)).json["id"])
        state = await ended((await ask("POST", "searches", json={"target": "1.25 2"})).json["id"])
        await asyncio.sleep(0)

        told = [data for schema, data in events if schema == SEARCH_CHANGED and data["search"] == state["id"]]
        assert told[-1]["ended"]
        assert [data["rows"] for data in told if data.get("state") == "complete"] == [5]
        for text in ("secret", "foo", "1.25"):
            assert text not in json.dumps(events, default=str)

    async def test_of_a_job_carry_no_path(self, ask, job_ended, events) -> None:
        await ask("POST", "basket/files", json={"service": "one", "url": "https://one.test/private.fits"})
        job = (await ask("POST", "stagings")).json
        await job_ended(job["id"])
        listed = (await ask("GET", "jobs")).json
        again = (await ask("GET", "jobs", since=listed["version"])).json

        told = [data for schema, data in events if schema == JOB_CHANGED]
        assert told[-1]["phase"] == "ERROR"
        assert told[-1]["code"] == "no-replica"
        assert "private" not in json.dumps(events, default=str)
        assert [each["id"] for each in listed["jobs"]] == [job["id"]]
        assert (again["jobs"], again["ids"]) == ([], [job["id"]])


class TestBasketAndJobs:
    async def test_rows_become_items_once(self, ask, ended) -> None:
        table = (await ended((await ask("POST", "searches", json={"target": "1 2"})).json["id"]))["id"]

        first = await ask("POST", "basket/rows", json={"table": table, "rows": [4, 0]})
        every = await ask("POST", "basket/rows", json={"table": table})
        outside = await ask("POST", "basket/rows", json={"table": table, "rows": [5]})
        basket = (await ask("GET", "basket")).json

        assert (first.status, first.json) == (201, {"items": 2, "new": 2})
        assert every.json == {"items": 5, "new": 3}
        assert (outside.status, outside.json["field"]) == (400, "rows")
        assert [item["locator"][-1] for item in basket] == ["4", "0", "1", "2", "3"]
        assert (await ask("POST", "basket/remove", json={"ids": [basket[0]["id"], "none"]})).json == {
            "items": 1
        }
        assert (await ask("DELETE", "basket")).json == {"items": 4}

    async def test_files_of_unknown_services_are_refused(self, ask) -> None:
        answer = await ask("POST", "basket/files", json={"service": "nobody", "url": "https://x.test/1"})

        assert (answer.status, answer.json["code"]) == (404, "unknown-name")

    async def test_job_that_failed_is_resumed_rerun_and_deleted(self, ask, job_ended) -> None:
        await ask("POST", "basket/files", json={"service": "one", "url": "https://one.test/1"})
        staged = await ask("POST", "stagings")
        job = staged.json["id"]

        failed = await job_ended(job)
        resumed = await ask("POST", f"jobs/{job}/resume")
        await job_ended(job)
        rerun = await ask("POST", f"jobs/{job}/rerun")
        await job_ended(rerun.json["id"])

        assert staged.status == 201
        assert (failed["phase"], failed["error_code"]) == ("ERROR", "no-replica")
        assert resumed.json["id"] == job
        assert rerun.json["id"] != job
        assert (await ask("DELETE", f"jobs/{job}")).status == 204
        assert (await ask("GET", f"jobs/{job}")).status == 404

    async def test_item_that_is_not_in_the_basket(self, ask) -> None:
        answer = await ask("POST", "stagings", json={"items": ["nothing"]})

        assert (answer.status, answer.json["field"]) == (404, "items")


async def test_events_reach_who_subscribes(ask, ended, jp_ws_fetch) -> None:
    socket = await jp_ws_fetch("api", "events", "subscribe")
    state = await ended((await ask("POST", "searches", json={"target": "1 2"})).json["id"])

    async with asyncio.timeout(20):
        while not (event := json.loads(await socket.read_message())).get("ended"):
            assert event["schema_id"] == SEARCH_CHANGED
    socket.close()

    assert event["search"] == state["id"]
