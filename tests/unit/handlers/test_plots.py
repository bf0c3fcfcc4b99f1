"""What plots are drawn from, over HTTP."""

import io
import json

import pyarrow as pa
import pytest


@pytest.fixture
def services():
    return {"one": {"batches": [3, 2]}}


@pytest.fixture
async def table(ask, ended) -> str:
    body = {"target": "1 2", "services": ["one"]}
    return (await ended((await ask("POST", "searches", json=body)).json["id"]))["id"]


def rows_of(answer) -> pa.Table:
    assert answer.status == 200, answer.body
    return pa.ipc.open_stream(io.BytesIO(answer.body)).read_all()


def axis(column, **more) -> str:
    return json.dumps({"column": column, **more})


async def test_points_in_the_order_of_the_table(ask, table) -> None:
    points = rows_of(
        await ask(
            "GET",
            f"tables/{table}/points",
            x=axis("id", low=1),
            y=axis("id"),
            order=json.dumps([{"column": "id", "descending": True}]),
            limit=2,
        )
    )

    assert points.to_pydict() == {"x": [4.0, 3.0], "y": [4.0, 3.0], "row": [0, 1]}
    assert points.schema.metadata[b"esap.total"] == b"4"


async def test_density_of_rows_that_meet_a_condition(ask, table) -> None:
    answer = await ask(
        "GET",
        f"tables/{table}/density",
        x=axis("id"),
        y=axis("id"),
        columns=2,
        rows=2,
        conditions=json.dumps([{"column": "id", "operator": "<", "value": 4}]),
    )

    assert answer.json == {"x": [0.0, 3.0], "y": [0.0, 3.0], "columns": 2, "rows": 2, "counts": [2, 0, 0, 2]}


async def test_positions_on_the_sky(ask, table) -> None:
    everywhere = rows_of(await ask("GET", f"tables/{table}/sky-points", ra="ra", dec="ra"))
    density = await ask("GET", f"tables/{table}/sky-density", ra="ra", dec="ra", healpix_order=0)
    elsewhere = json.dumps({"ra": 200, "dec": -80, "radius": 1})
    nothing = rows_of(await ask("GET", f"tables/{table}/sky-points", ra="ra", dec="ra", within=elsewhere))

    assert everywhere.num_rows == 5
    assert sum(density.json["counts"]) == 5
    assert nothing.num_rows == 0


@pytest.mark.parametrize(
    ("resource", "given", "field"),
    [
        ("points", {"x": axis('id"; --'), "y": axis("id")}, "x.column"),
        ("density", {"x": axis("id"), "y": axis("access_url")}, "y.column"),
        ("density", {"x": axis("id", low="; DROP"), "y": axis("id")}, "x.low"),
        ("sky-points", {"ra": "none", "dec": "ra"}, "ra"),
        ("sky-density", {"ra": "ra", "dec": "access_url"}, "dec"),
        ("sky-density", {"ra": "ra", "dec": "ra", "healpix_order": 40}, "healpix_order"),
    ],
)
async def test_what_does_not_fit(ask, table, resource, given, field) -> None:
    answer = await ask("GET", f"tables/{table}/{resource}", **given)

    assert (answer.status, answer.json["field"]) == (400, field)
