"""Find in the archive, stage from Rucio, all over HTTP as the panels do it."""

import io
import json
from pathlib import Path

import pyarrow as pa


def rows_of(answer) -> pa.Table:
    assert answer.status == 200, answer.body
    return pa.ipc.open_stream(io.BytesIO(answer.body)).read_all()


async def test_from_a_name_to_verified_files(ask, ended, job_ended) -> None:
    body = {"target": "M 51", "product": "images", "radius": 0.2}
    found = await ended((await ask("POST", "searches", json=body)).json["id"])
    assert found["error"] is None
    assert found["rows"] > 0

    added = await ask("POST", "basket/rows", json={"table": found["id"]})
    job = await job_ended((await ask("POST", "stagings", json={"directory": "m51"})).json["id"])

    assert added.json["items"] == found["rows"]
    assert job["phase"] == "COMPLETED", job
    for file in job["results"]["files"]:
        assert file["verified"]
    workspace = Path((await ask("GET", "workspace")).json["path"])
    assert list((workspace / "m51").rglob("*.fits"))


async def test_catalogue_is_sorted_filtered_and_saved(ask, ended) -> None:
    table = (await ended((await ask("POST", "searches", json={"target": "M 13"})).json["id"]))["id"]
    order = json.dumps([{"column": "phot_g_mean_mag"}])
    bright = json.dumps([{"column": "phot_g_mean_mag", "operator": "<", "value": 15}])

    page = rows_of(await ask("GET", f"tables/{table}/rows", order=order, conditions=bright, limit=50))
    statistics = (await ask("GET", f"tables/{table}/statistics", column="phot_g_mean_mag")).json
    saved = await ask("POST", f"tables/{table}/save", json={"path": "m13.vot"})

    magnitudes = page.column("phot_g_mean_mag").to_pylist()
    assert magnitudes == sorted(magnitudes)
    assert magnitudes[0] == statistics["minimum"]
    assert max(magnitudes) < 15
    assert page.schema.field("phot_g_mean_mag").metadata[b"unit"] == b"mag"
    assert saved.json["bytes"] > 1000


async def test_adql_with_tables_columns_and_errors(ask, ended) -> None:
    tables = (await ask("GET", "services/demo-archive/tables")).json
    columns = (await ask("GET", "services/demo-archive/tables/demo.sources")).json["columns"]
    examples = (await ask("GET", "services/demo-archive/examples")).json
    good = {"service": "demo-archive", "adql": examples[0]["adql"], "row_limit": 10}
    wrong = {"service": "demo-archive", "adql": "SELECT nothing FROM demo.sources"}

    answered = await ended((await ask("POST", "queries", json=good)).json["id"])
    refused = await ended((await ask("POST", "queries", json=wrong)).json["id"])

    assert "demo.sources" in {table["name"] for table in tables}
    assert {"name": "ra", "unit": "deg"}.items() <= next(c for c in columns if c["name"] == "ra").items()
    assert answered["error"] is None
    assert refused["error"]["code"] == "query-rejected"


async def test_query_that_the_service_runs_as_a_job(ask, ended, job_ended) -> None:
    body = {"service": "demo-archive", "adql": "SELECT TOP 5 * FROM demo.sources", "mode": "async"}
    state = await ended((await ask("POST", "queries", json=body)).json["id"])
    job = await job_ended(state["jobs"]["demo-archive"])

    assert (job["kind"], job["phase"], job["results"]["table"]) == ("query", "COMPLETED", state["id"])


async def test_data_lake(ask) -> None:
    lake = "datalakes/demo-lake"
    scopes = (await ask("GET", f"{lake}/scopes")).json
    first = (await ask("GET", f"{lake}/dids", scope="demo", limit=2)).json
    second = (await ask("GET", f"{lake}/dids", scope="demo", limit=2, offset=2)).json
    containers = (await ask("GET", f"{lake}/dids", scope="demo", kind="container")).json["dids"]
    content = (await ask("GET", f"{lake}/content", did="demo:messier")).json["dids"]
    dataset = f"{content[0]['scope']}:{content[0]['name']}"
    replicas = (await ask("GET", f"{lake}/replicas", did=dataset)).json["replicas"]
    added = (await ask("POST", "basket/dids", json={"service": "demo-lake", "dids": [dataset]})).json
    missing = await ask("GET", f"{lake}/did", did="demo:nothing")

    assert "demo" in scopes
    assert first["more"]
    assert not {did["name"] for did in first["dids"]} & {did["name"] for did in second["dids"]}
    assert "messier" in {did["name"] for did in containers}
    assert (await ask("GET", f"{lake}/did", did=dataset)).json["type"] == "DATASET"
    assert (await ask("GET", f"{lake}/metadata", did=dataset)).json["scope"] == "demo"
    assert replicas[0]["rse"] in {rse["name"] for rse in (await ask("GET", f"{lake}/rses")).json}
    assert isinstance((await ask("GET", f"{lake}/rules", did=dataset)).json, list)
    assert (await ask("GET", f"{lake}/usage")).status == 200
    assert (await ask("GET", f"{lake}/account")).json["name"]
    assert added == {"items": 1, "new": 1}
    assert (missing.status, missing.json["code"]) == (404, "not-found")


async def test_registry_and_resolver(ask) -> None:
    found = (await ask("GET", "registry", keywords="demo")).json
    position = (await ask("GET", "resolve", target="M 31")).json

    assert found[0]["interfaces"]
    assert abs(position["ra"] - 10.68) < 0.1
