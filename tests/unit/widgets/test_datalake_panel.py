"""The panel of a data lake, on a stand-in of Rucio."""

import json

import pytest

from esap_jupyter.errors import Conflict, InputError
from esap_jupyter.models import DID
from esap_jupyter.widgets import DataLakePanel
from esap_jupyter.widgets import datalake as datalake_panel
from esap_jupyter.widgets.datalake_rules import lifetime_of
from tests.services.rucio_stand_in import Reply, as_json, as_stream, refusal, rucio_stand_in


def _did(name, kind):
    return {"scope": "mc", "name": name, "did_type": kind, "type": kind, "bytes": 7, "length": 1}


@pytest.fixture
def rucio():
    """Has a dataset with a file, and another file."""
    with rucio_stand_in() as running:
        running.answers |= {
            "GET /dids/mc/dids/search": as_stream([_did("run", "DATASET"), _did("<b>a", "FILE")]),
            "GET /dids/mc/run/dids": as_stream([_did("inside", "FILE")]),
            "GET /dids/mc/run": as_json(_did("run", "DATASET")),
            "GET /dids/mc/run/rules": as_stream([]),
            "GET /dids/mc/run/meta": as_json({"datatype": "<i>RAW", "project": None}),
            "GET /dids/mc/%3Cb%3Ea": as_json(_did("<b>a", "FILE")),
            "GET /dids/mc/%3Cb%3Ea/rules": as_stream([]),
            "GET /dids/mc/%3Cb%3Ea/meta": as_json({}),
            "POST /dids/bulkmeta": as_stream([_did("<b>a", "FILE")]),
            "POST /replicas/list": as_stream(
                [{**_did("<b>a", "FILE"), "rses": {"DISK": ["root://x/a"]}, "states": {"DISK": "AVAILABLE"}}]
            ),
        }
        yield running


@pytest.fixture
async def panel(gateway_of, rucio, tmp_path, keep, until):
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    password.chmod(0o600)
    gateway_of(
        {
            "lake": {
                "connector": "rucio",
                "url": rucio.url,
                "auth_type": "userpass",
                "username": "jdoe",
                "account": "jdoe",
                "password_file": str(password),
            }
        }
    )
    made = keep(DataLakePanel(pattern="mc:*"))
    await until(lambda: made.service == "lake")
    return made


@pytest.fixture
async def listed(panel):
    panel.list()
    await panel.finished()
    assert panel.error is None
    return panel


async def test_dids_are_listed_by_a_pattern(listed, rucio):
    assert [str(did) for did in listed.dids] == ["mc:run", "mc:<b>a"]
    assert listed._list.options[0] == ("mc:run · dataset · 7 bytes", "mc:run")
    assert "2 DIDs" in listed._count.value
    assert "mc:run" in repr(listed)
    assert "<b>a" not in listed._repr_html_()
    [asked] = rucio.asked("/dids/mc/dids/search")
    assert asked.query["type"] == ["all"]


@pytest.mark.parametrize("pattern", ["", "mc", ":a"])
async def test_a_pattern_that_is_none_is_said(panel, pattern):
    panel.pattern = pattern
    with pytest.raises(InputError, match="pattern"):
        panel.list()
    panel._list_button.click()
    assert "pattern" in panel._alert.value


async def test_a_dataset_is_opened_and_left_again(listed):
    assert listed._open_button.disabled
    listed.selected = ["mc:run"]
    assert not listed._open_button.disabled
    listed._open_button.click()
    await listed.finished()
    assert (listed.place, [str(did) for did in listed.dids]) == ("mc:run", ["mc:inside"])
    assert "1 DID in mc:run" in listed._count.value
    assert not listed._back_button.disabled
    listed._back_button.click()
    await listed.finished()
    assert (listed.place, len(listed.dids)) == ("", 2)
    assert listed._back_button.disabled


async def test_a_file_cannot_be_opened(listed):
    for selected in ([], ["mc:<b>a"], ["mc:run", "mc:<b>a"]):
        listed.selected = selected
        with pytest.raises(InputError, match="Select one dataset"):
            listed.enter()


async def test_of_a_large_dataset_the_beginning_is_listed_and_that_is_said(listed, rucio, monkeypatch):
    monkeypatch.setattr(datalake_panel, "MOST_DIDS", 20)
    rucio.answers["GET /dids/mc/run/dids"] = as_stream([_did(f"f{n}", "FILE") for n in range(50)])
    listed.selected = ["mc:run"]
    listed.enter()
    await listed.finished()
    assert len(listed._list.options) == 20
    assert "there may be more" in listed._count.value


async def test_selected_dids_go_into_the_basket(listed, until):
    with pytest.raises(InputError, match="Select what"):
        listed.to_basket()
    listed.selected = [DID(scope="mc", name="run", type="DATASET")]
    assert listed.selected == ("mc:run",)
    listed._basket_button.click()
    await until(lambda: listed._remark.value)
    assert "1 new item put" in listed._remark.value
    listed.to_basket()
    await until(lambda: "0 new items" in listed._remark.value)


async def test_what_is_selected_is_described(listed, until):
    listed.selected = ["mc:<b>a"]
    await until(lambda: listed._details.value)
    assert "DISK" in listed._details.value
    assert "There are no rules." in listed._rules._listing.value
    assert "<b>a" not in listed._details.value
    listed.selected = ["mc:run"]
    await until(lambda: "Open it" in listed._details.value)
    assert "&lt;i&gt;RAW" in listed._details.value
    assert "project" not in listed._details.value
    listed.selected = []
    assert listed._details.value == ""


async def test_what_is_missing_of_a_did_does_not_hide_the_rest(listed, rucio, until):
    rucio.answers["GET /dids/mc/%3Cb%3Ea/meta"] = refusal(500, "DatabaseException", "Out of order")
    listed.selected = ["mc:<b>a"]
    await until(lambda: listed.error)
    assert "DISK" in listed._details.value
    assert "There are no rules." in listed._rules._listing.value


FIRST, SECOND = "1" * 32, "2" * 32


def _rule(rule_id, account):
    return {
        "id": rule_id,
        "scope": "mc",
        "name": "run",
        "account": account,
        "state": "OK",
        "rse_expression": "DISK",
        "copies": 1,
        "locks_ok_cnt": 1,
    }


async def test_only_rules_of_ones_own_can_be_deleted(listed, rucio, until):
    rucio.answers["GET /dids/mc/run/rules"] = as_stream([_rule(FIRST, "jdoe"), _rule(SECOND, "root")])
    rucio.answers[f"DELETE /rules/{FIRST}"] = as_json({})
    listed.selected = ["mc:run"]
    await until(lambda: listed.rules)
    assert [rule.id for rule in listed.rules] == [FIRST, SECOND]
    assert [chosen for _, chosen in listed._rules._own.options] == [FIRST]
    rucio.answers["GET /dids/mc/run/rules"] = as_stream([_rule(SECOND, "root")])
    listed._delete_rule()
    await until(lambda: len(listed.rules) == 1 or listed.error)
    assert listed.error is None
    assert rucio.asked(f"/rules/{FIRST}")[0].method == "DELETE"
    assert "is deleted" in listed._remark.value
    assert listed._rules._old.layout.display == "none"


async def test_a_rule_is_made_by_the_form(listed, rucio, until):
    rucio.answers["POST /rules/"] = Reply(201, body=json.dumps([FIRST]).encode())
    rucio.answers[f"GET /rules/{FIRST}"] = as_json(_rule(FIRST, "jdoe"))
    rucio.answers["GET /rses/"] = as_stream([{"rse": "DISK"}, {"rse": "TAPE"}])
    with pytest.raises(InputError, match="Select one DID"):
        listed.add_rule("DISK")
    listed.selected = ["mc:run"]
    form = listed._rules
    await until(lambda: form.layout.display is None)
    form.new.is_open = True
    await until(lambda: form._expression.options == ("DISK", "TAPE"))
    form._expression.value, form._copies.value, form._days.value = " DISK ", 2, "1.5 days"
    listed._try(listed._make_rule)
    assert "no number of days" in listed._alert.value
    form._days.value = "1.5"
    rucio.answers["GET /dids/mc/run/rules"] = as_stream([_rule(FIRST, "jdoe")])
    listed._try(listed._make_rule)
    await until(lambda: listed.rules)
    asked = json.loads(rucio.asked("/rules/")[0].body)
    assert (asked["rse_expression"], asked["copies"], asked["lifetime"]) == ("DISK", 2, 129_600)
    assert "on DISK is made" in listed._remark.value
    assert not form.new.is_open


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "1e-9", "soon"])
def test_days_that_are_none_are_refused(days):
    with pytest.raises(InputError, match="no number of days"):
        lifetime_of(days)


async def test_what_rucio_refuses_is_said(panel, rucio):
    rucio.answers["GET /dids/mc/dids/search"] = refusal(401, "AccessDenied", "Not for you")
    panel.list()
    await panel.finished()
    assert panel.error.code == "not-allowed"
    assert panel.dids == ()


async def test_a_lake_that_is_none_is_refused(panel):
    with pytest.raises(InputError, match="These are: lake"):
        panel.service = "pond"


async def test_what_cannot_be_uploaded_is_said_and_the_form_can_be_used_again(panel, until):
    panel._try(panel._upload_asked)
    assert "Name the file" in panel._alert.value
    panel._upload._path.value = "/no/such/file"
    panel._upload_asked()
    assert panel.uploading
    assert panel._upload._send_button.disabled
    with pytest.raises(Conflict, match="under way"):
        panel.upload("another")
    await until(lambda: not panel.uploading)
    assert "file is no file" in panel._alert.value
    assert not panel._upload._send_button.disabled
