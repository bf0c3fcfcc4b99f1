"""The ADQL panel: what its editor asks the kernel, and answers that come too late; without a front end."""

import asyncio
import threading

import pytest

from esap_jupyter.errors import QueryRejected
from esap_jupyter.face import verbs
from esap_jupyter.models import ColumnDescription, TableDescription
from esap_jupyter.widgets import AdqlPanel

SERVICES = {
    "archive": {"offers": ["sources", "adql"], "batches": [2]},
    "other": {"offers": ["sources", "adql"]},
}


@pytest.fixture
def catalogue(monkeypatch):
    """Each service's tables, and when they are told; columns likewise."""
    waiting = {}
    tables = {"archive": ["I/239/hip_main", "demo.sources"], "other": ["their.stars"]}

    async def tables_of(service):
        if service in waiting:
            await asyncio.wait_for(asyncio.to_thread(waiting[service].wait), 20)
        return [TableDescription(name=name) for name in tables[service]]

    async def columns_of(_, table):
        if table in waiting:
            await asyncio.wait_for(asyncio.to_thread(waiting[table].wait), 20)
        return _Columns([ColumnDescription(name=f"B-V of {table}", unit="mag")])

    monkeypatch.setattr(verbs, "tables", tables_of)
    monkeypatch.setattr(verbs, "columns", columns_of)
    return tables, waiting


class _Columns(list):
    def _repr_html_(self):
        return self[0].name


async def test_the_editor_and_the_trait_are_in_step(gateway_of, keep):
    gateway_of(SERVICES)
    panel = keep(AdqlPanel(adql="SELECT 1"))
    assert panel._editor.value == "SELECT 1"
    panel._editor.value = "SELECT 2"
    assert panel.adql == "SELECT 2"
    panel.adql = "SELECT 3"
    assert panel._editor.value == "SELECT 3"


async def test_the_key_sends_what_was_typed_last(gateway_of, keep):
    gateway_of(SERVICES)
    panel = keep(AdqlPanel(service="archive"))
    panel._editor._handle_custom_msg({"ask": "run", "adql": "SELECT 1"}, [])
    await panel.finished()
    assert panel.adql == "SELECT 1"
    assert len(panel.table) == 2
    panel._editor._handle_custom_msg({"ask": "run", "adql": " "}, [])
    assert "no ADQL" in panel._alert.value


async def test_the_query_is_completed_from_the_panels_service(
    gateway_of, keep, catalogue, until, monkeypatch
):
    gateway_of(SERVICES)
    _, waiting = catalogue
    panel = keep(AdqlPanel(service="archive"))
    sent = []
    monkeypatch.setattr(panel._editor, "send", sent.append)

    def asked(adql, at):
        panel._editor._handle_custom_msg({"ask": "complete", "id": len(sent), "adql": adql, "at": at}, [])

    asked("SELECT * FROM hip", 17)
    await until(lambda: len(sent) == 1)
    assert sent[0]["content"]["from"] == 14
    assert sent[0]["content"]["options"][0]["text"] == '"I/239/hip_main"'
    panel.service = "other"
    # Tables may be long in coming.
    waiting["other"] = threading.Event()
    asked("SELECT b FROM their.stars", 8)
    await asyncio.sleep(0.3)
    assert len(sent) == 1
    waiting["other"].set()
    await until(lambda: len(sent) == 2)
    [column, *_] = sent[1]["content"]["options"]
    assert (column["text"], column["unit"]) == ('"B-V of their.stars"', "mag")


async def test_where_a_service_finds_fault_is_marked_until_it_is_asked_again(gateway_of, keep):
    gateway_of(SERVICES)
    panel = keep(AdqlPanel(service="archive", adql="SELECT\n foo"))
    panel._fail(QueryRejected("Unknown column foo.", line=2, column=2))
    assert (panel._editor.error_line, panel._editor.error_column) == (2, 2)
    assert panel._editor.error_message == "Unknown column foo."
    assert "in line 2, column 2" in panel._remark.value
    panel.ask()
    assert panel._editor.error_line is None
    await panel.finished()


async def test_tables_of_the_service_before_are_not_shown(gateway_of, keep, catalogue, until):
    gateway_of(SERVICES)
    _, waiting = catalogue
    waiting["archive"] = threading.Event()
    panel = keep(AdqlPanel(service="archive"))
    panel._look_at_tables()
    panel.service = "other"
    waiting["archive"].set()
    panel._look_at_tables()
    await until(lambda: panel._tables.options)
    await until(lambda: not panel._works)
    assert [name for name, _ in panel._tables.options] == ["their.stars"]


async def test_columns_are_those_of_the_chosen_table(gateway_of, keep, catalogue, until):
    gateway_of(SERVICES)
    _, waiting = catalogue
    waiting["demo.sources"] = threading.Event()
    panel = keep(AdqlPanel(service="archive"))
    panel._look_at_tables()
    await until(lambda: panel._tables.options)
    assert panel._tables.value is None
    panel._tables.value = ("archive", "demo.sources")
    panel._tables.value = ("archive", "I/239/hip_main")
    await until(lambda: "hip_main" in panel._columns.value)
    waiting["demo.sources"].set()
    await until(lambda: not panel._works)
    assert "hip_main" in panel._columns.value


async def test_of_very_many_tables_some_are_shown_and_the_rest_found_by_name(
    gateway_of, keep, catalogue, until
):
    gateway_of(SERVICES)
    tables, _ = catalogue
    tables["archive"] = [f"J/A+A/{number}/table" for number in range(47_595)]
    panel = keep(AdqlPanel(service="archive"))
    panel._look_at_tables()
    await until(lambda: panel._tables.options)
    assert len(panel._tables.options) == 200
    assert "200 of 47,595 tables" in panel._shown.value
    panel._filter.value = "a+a /40123/"
    assert [name for name, _ in panel._tables.options] == ["J/A+A/40123/table"]
    assert "1 of 47,595 tables" in panel._shown.value
