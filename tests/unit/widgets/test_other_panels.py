"""The panels of basket, jobs, data lake and ADQL, without a front end."""

import asyncio
from types import SimpleNamespace

import ipywidgets
import pytest

from esap_jupyter.errors import InputError, ServiceUnreachable
from esap_jupyter.models import Progress
from esap_jupyter.widgets import AdqlPanel, BasketPanel, DataLakePanel, JobsPanel, basket
from esap_jupyter.widgets.deliveries import Deliveries
from esap_jupyter.widgets.progress import ProgressLine, progress_text
from esap_jupyter.widgets.words import error_html

FILES = {"offers": ["sources", "adql", "files"]}


async def test_the_basket_follows_what_others_put_in(gateway_of, keep, until):
    gateway = gateway_of({"archive": {**FILES, "batches": [2]}})
    panel = keep(BasketPanel())
    await until(lambda: "empty" in panel._count.value)
    table = await gateway.adql("archive", "SELECT 1").done()
    await gateway.basket.add(await gateway.items(table))
    await until(lambda: len(panel.items) == 2)
    assert panel._stage_button.disabled is False
    panel.selected = [panel.items[0]]
    assert panel._stage_button.description == "Stage 1 selected"
    panel._remove_button.click()
    await until(lambda: len(panel.items) == 1)
    assert panel.selected == ()


async def test_of_a_full_basket_the_first_items_are_listed(gateway_of, keep, until, monkeypatch):
    monkeypatch.setattr(basket, "MOST_LISTED", 3)
    gateway = gateway_of({"archive": {**FILES, "batches": [5]}})
    table = await gateway.adql("archive", "SELECT 1").done()
    await gateway.basket.add(await gateway.items(table))
    panel = keep(BasketPanel())
    await until(lambda: len(panel.items) == 5)
    assert len(panel._list.options) == 3
    assert "5 items; the first 3 are listed" in panel._count.value
    panel.selected = [panel.items[0], panel.items[4]]
    assert panel.selected == (panel.items[0].id, panel.items[4].id)
    assert panel._stage_button.description == "Stage 2 selected"
    assert panel._list.value == (panel.items[0].id,)
    panel._list.value = (panel.items[1].id,)
    assert panel.selected == (panel.items[1].id,)


async def test_what_came_and_cannot_be_shown_ends_the_work_all_the_same(gateway_of, keep, caplog):
    gateway_of({"archive": FILES})
    panel = keep(AdqlPanel())

    async def work():
        return 1

    def ended(_):
        raise ValueError("secret detail")

    panel._run(work(), ended)
    await asyncio.wait_for(panel.finished(), 20)
    assert "fault of ESAP" in panel._alert.value
    assert "secret detail" in caplog.text


async def test_a_deed_that_fails_takes_no_other_with_it(caplog):
    deliveries, done = Deliveries(pause=0), asyncio.Event()
    deliveries.tell("first", lambda: 1 / 0)
    deliveries.tell("second", done.set)
    await asyncio.wait_for(done.wait(), 20)
    assert "ZeroDivisionError" in caplog.text


async def test_only_the_last_displays_of_a_panel_follow(gateway_of, keep, monkeypatch, until):
    class Shown:
        updates = 0

        def update(self, *_, **__):
            self.updates += 1

    gateway_of({"archive": FILES})
    panel, shown = keep(AdqlPanel()), []
    await until(lambda: panel._offered)
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: shown.append(Shown()) or shown[-1])
    for _ in range(50):
        panel._ipython_display_()
    panel._show_state()
    assert shown[-1].updates == 1
    assert sum(each.updates for each in shown) < 10


async def test_wrong_values_are_refused(gateway_of, keep):
    gateway_of({"archive": FILES})
    with pytest.raises(InputError, match="no item"):
        keep(BasketPanel()).selected = ["nothing"]
    with pytest.raises(InputError, match="not listed"):
        keep(DataLakePanel()).selected = ["a:b"]
    with pytest.raises(InputError, match="no number of rows"):
        keep(AdqlPanel()).row_limit = -1
    with pytest.raises(TypeError, match="no trait"):
        AdqlPanel(adqll="SELECT 1")


async def test_what_cannot_be_staged_is_said_and_the_job_can_be_seen(gateway_of, keep, until):
    gateway = gateway_of({"archive": {**FILES, "batches": [1]}})
    table = await gateway.adql("archive", "SELECT 1").done()
    await gateway.basket.add(await gateway.items(table))
    panel, jobs = keep(BasketPanel()), keep(JobsPanel())
    await until(lambda: panel.items)
    panel.stage()
    assert panel.running
    await panel.finished()
    assert panel.files == ()
    assert "role='alert'" in panel._alert.value
    await until(lambda: jobs.jobs and jobs.jobs[0].ended)
    assert not jobs.running
    [line] = jobs._list.children
    assert line._resume.layout.display is None
    line._delete.click()
    await until(lambda: not jobs.jobs)
    assert "no jobs" in repr(jobs)


async def test_where_files_go_is_said_in_the_basket(gateway_of, keep, until):
    gateway = gateway_of({"archive": {**FILES, "batches": [1]}})
    table = await gateway.adql("archive", "SELECT 1").done()
    await gateway.basket.add(await gateway.items(table))
    panel = keep(BasketPanel(directory="m51"))
    await until(lambda: panel.items)
    panel.stage()
    await panel.finished()
    panel.replica = "country=NL"
    panel.stage()
    await panel.finished()
    replicated, staged = await gateway.jobs.list()
    assert staged.parameters["directory"] == "m51"
    assert (replicated.kind, replicated.parameters["replica"]) == ("replication", "country=NL")
    directory, replica = panel._fields
    assert (directory.value, replica.value) == ("m51", "country=NL")
    replica.value = " "
    assert panel.replica == ""


async def test_adql_gives_a_table_and_says_where_it_is_wrong(gateway_of, keep, until):
    gateway_of({"archive": {**FILES, "batches": [3]}, "strict": {**FILES, "fault": "rejected"}})
    panel = keep(AdqlPanel(adql="SELECT * FROM partner.numbers"))
    await until(lambda: panel._offered)
    panel.ask()
    await panel.finished()
    assert len(panel.table) == 3
    panel.service = "strict"
    panel.ask()
    await panel.finished()
    assert panel.error.code == "query-rejected"
    assert "Unknown table foo." in panel._alert.value
    panel.adql = " "
    with pytest.raises(InputError, match="no ADQL"):
        panel.ask()


async def test_a_panel_tells_of_a_fault_without_its_trace(gateway_of, keep):
    gateway_of({"archive": {**FILES, "fault": "bug"}})
    panel = keep(AdqlPanel(adql="SELECT 1", service="archive"))
    panel.ask()
    await panel.finished()
    assert "unexpectedly" in panel._alert.value
    assert "secret detail" not in panel._alert.value


def test_what_services_say_is_escaped():
    written = error_html(ServiceUnreachable("<img src=x onerror=alert(1)>", hint="<b>", service="<i>"))
    assert "<img" not in written
    assert "&lt;b&gt;" in written
    assert "&lt;i&gt;" in written


def test_progress_in_words():
    line = ProgressLine()
    assert line.layout.display == "none"
    progress = Progress(done=1_000_000, total=4_000_000, files_done=1, files_total=4, rate=500_000.0)
    line.show(progress)
    assert line._bar.value == 0.25
    assert progress_text(progress) == "1/4 files, 1.0 MB of 4.0 MB, 500.0 kB/s"
    assert progress_text(Progress(done=10, unit="rows")) == "10 rows"


async def test_adql_is_saved_recalled_and_the_examples_of_a_service_are_offered(gateway_of, keep, until):
    gateway_of({"archive": {**FILES, "batches": [1]}})
    panel = keep(AdqlPanel(adql="SELECT 1 FROM a", row_limit=5))
    await until(lambda: panel._offered)
    panel.save("one")
    await until(lambda: panel.saved)
    assert panel.saved[0].query.services == ("archive",)
    panel._set(adql="", row_limit=None)
    panel.recall("one")
    assert (panel.adql, panel.service, panel.row_limit) == ("SELECT 1 FROM a", "archive", 5)
    panel._show_examples([("Bright", "SELECT TOP 5 * FROM stars")])
    panel._examples.value = "SELECT TOP 5 * FROM stars"
    assert panel.adql == "SELECT TOP 5 * FROM stars"
    panel.service = "ivo://some/tap"
    assert panel._service.value == "ivo://some/tap"
    assert panel.examples == ()


async def test_what_was_told_while_a_page_loaded_is_told_again(gateway_of, keep, monkeypatch):
    gateway_of({"archive": FILES})
    panel = keep(AdqlPanel(adql="SELECT 1"))
    sent = {}
    monkeypatch.setattr(
        ipywidgets.Widget, "send_state", lambda part, keys=None: sent.update({part: set(keys)})
    )
    presence = panel.children[-1]
    presence._handle_custom_msg({"drawn": True}, [])
    assert "value" in sent[panel._alert]
    assert {"table_id", "order"} <= sent[panel.view._grid]
    assert "_esm" not in sent[panel.view._grid]
