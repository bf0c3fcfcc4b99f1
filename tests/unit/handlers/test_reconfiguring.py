"""The services are those that esap.toml names now; what runs goes on."""

import tomllib

import pytest
import tomli_w

from tests.services.jupyter_server import until


@pytest.fixture
def services():
    return {"one": {}, "hung": {"fault": "hang after rows", "batches": [7]}}


@pytest.fixture
def edit(esap_config):
    """Change the services of esap.toml, as a person with an editor."""

    def write(**services):
        content = tomllib.loads(esap_config.read_text())
        content["services"] |= {name: {"connector": "partner", **each} for name, each in services.items()}
        content["search"]["services"] = [*content["search"]["services"], *services]
        esap_config.write_text(tomli_w.dumps(content))

    return write


async def test_a_service_that_was_added_is_asked(ask, ended, edit, jp_serverapp) -> None:
    before = [each["name"] for each in (await ask("GET", "services")).json]
    running = (await ask("POST", "searches", json={"target": "1 2", "services": ["hung"]})).json["id"]

    async def rows_came():
        return (await ask("GET", f"searches/{running}")).json["rows"] == 7

    await until(rows_came)
    gateway = jp_serverapp.extension_manager.extension_points["esap_jupyter"].app.session.made
    connectors = [gateway.connector(name) for name in before]
    edit(new={"url": "https://new.test", "batches": [4]})
    after = {each["name"]: each for each in (await ask("GET", "services")).json}
    found = await ended((await ask("POST", "searches", json={"target": "1 2"})).json["id"])

    assert after.keys() == {*before, "new"}
    assert after["new"]["usual"]
    assert {report["service"]: report["rows"] for report in found["reports"]} == {"one": 3, "new": 4}
    assert not (await ask("GET", f"searches/{running}")).json["ended"]
    assert [gateway.connector(name) for name in before] == connectors


async def test_a_file_that_cannot_be_used_is_told_and_changes_nothing(ask, ended, esap_config) -> None:
    await ask("GET", "services")
    esap_config.write_text("[search]\nservices = one\n")

    refused = await ask("GET", "services")
    found = await ended((await ask("POST", "searches", json={"target": "1 2"})).json["id"])

    assert (refused.status, refused.json["code"]) == (500, "config")
    assert f"{esap_config}" in refused.json["message"]
    assert found["rows"] == 3
