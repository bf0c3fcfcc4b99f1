"""Tables over HTTP: pages, sorting, filters, statistics, files."""

import io
import json

import pyarrow as pa
import pytest

from esap_jupyter.formats.files import read_file

HOSTILE = 'x"; DROP TABLE rows; --'


@pytest.fixture
def services():
    return {"one": {"batches": [3, 2]}, "two": {"batches": [4]}}


@pytest.fixture
async def table(ask, ended) -> str:
    """Five rows of one service, then four of another."""
    body = {"target": "1 2", "services": ["one", "two"]}
    return (await ended((await ask("POST", "searches", json=body)).json["id"]))["id"]


def rows_of(answer) -> pa.Table:
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/vnd.apache.arrow.stream"
    return pa.ipc.open_stream(io.BytesIO(answer.body)).read_all()


async def test_schema_has_units_and_kinds(ask, table) -> None:
    described = (await ask("GET", f"tables/{table}")).json
    columns = {column["name"]: column for column in described["columns"]}

    assert (described["rows"], described["complete"]) == (9, True)
    assert list(columns) == ["service", "id", "ra", "access_url"]
    assert (columns["ra"]["unit"], columns["ra"]["ucd"], columns["ra"]["kind"]) == (
        "deg",
        "pos.eq.ra",
        "number",
    )
    assert columns["service"]["kind"] == "text"
    assert [each["id"] for each in (await ask("GET", "tables")).json] == [table]


async def test_page_as_it_stands(ask, table) -> None:
    page = rows_of(await ask("GET", f"tables/{table}/rows", offset=4, limit=3, columns=["ra", "service"]))

    assert page.column_names == ["ra", "service", "row"]
    assert page.column("service").to_pylist() == sorted(page.column("service").to_pylist())
    assert page.column("row").to_pylist() == [4, 5, 6]
    assert page.schema.metadata[b"esap.total"] == b"9"
    counts = dict(json.loads(page.schema.metadata[b"esap.services"]))
    assert counts == {"one": 5, "two": 4}
    assert list(counts) == page.column("service").unique().to_pylist()
    assert page.schema.field("row").metadata == {b"esap.row-number": b"1"}
    assert page.schema.field("ra").metadata[b"unit"] == b"deg"


async def test_rows_are_put_into_the_basket_by_their_numbers_at_each_service(ask, table) -> None:
    page = rows_of(await ask("GET", f"tables/{table}/rows")).to_pylist()
    wanted = {"one": [3], "two": [0, 2]}
    added = await ask("POST", "basket/rows", json={"table": table, "rows_of": wanted})
    outside = await ask("POST", "basket/rows", json={"table": table, "rows_of": {"two": [4]}})
    basket = (await ask("GET", "basket")).json

    assert added.json == {"items": 3, "new": 3}
    assert {item["locator"] for item in basket} == {
        [row for row in page if row["service"] == name][number]["access_url"]
        for name, numbers in wanted.items()
        for number in numbers
    }
    assert (outside.status, outside.json["field"]) == (400, "rows")


async def test_page_sorted_and_filtered(ask, table) -> None:
    answer = await ask(
        "GET",
        f"tables/{table}/rows",
        limit=3,
        conditions=json.dumps([{"column": "service", "operator": "=", "value": "one"}]),
        order=json.dumps([{"column": "id", "descending": True}]),
    )
    page = rows_of(answer)

    assert page.column("id").to_pylist() == [4, 3, 2]
    assert page.schema.metadata[b"esap.total"] == b"5"
    numbers = page.column("row").to_pylist()
    plain = rows_of(await ask("GET", f"tables/{table}/rows"))
    assert plain.take(numbers).column("id").to_pylist() == [4, 3, 2]


async def test_nothing_that_is_typed_becomes_sql(ask, table) -> None:
    in_value = await ask(
        "GET",
        f"tables/{table}/rows",
        conditions=json.dumps([{"column": "service", "operator": "=", "value": HOSTILE}]),
    )
    in_column = await ask("GET", f"tables/{table}/statistics", column=HOSTILE)
    in_order = await ask("GET", f"tables/{table}/rows", order=json.dumps([{"column": HOSTILE}]))
    in_columns = await ask("GET", f"tables/{table}/rows", columns=[HOSTILE])

    assert rows_of(in_value).num_rows == 0
    assert (in_column.status, in_column.json["field"]) == (400, "column")
    assert (in_order.status, in_order.json["field"]) == (400, "order.0.column")
    assert (in_columns.status, in_columns.json["field"]) == (400, "columns")
    assert (await ask("GET", f"tables/{table}")).json["rows"] == 9


async def test_value_that_does_not_fit(ask, table) -> None:
    conditions = [{"column": "id", "operator": "<", "value": "many"}]
    answer = await ask("GET", f"tables/{table}/rows", conditions=json.dumps(conditions))

    assert (answer.status, answer.json["field"]) == (400, "conditions.0.value")


async def test_statistics_and_histogram(ask, table) -> None:
    only_one = json.dumps([{"column": "service", "operator": "=", "value": "one"}])
    statistics = (await ask("GET", f"tables/{table}/statistics", column="id", conditions=only_one)).json
    services = (await ask("GET", f"tables/{table}/statistics", column="service")).json
    histogram = (await ask("GET", f"tables/{table}/histogram", column="id", bins=2)).json
    of_text = await ask("GET", f"tables/{table}/histogram", column="service")

    assert (statistics["rows"], statistics["minimum"], statistics["maximum"]) == (5, 0, 4)
    assert statistics["quartiles"] == [1.0, 2.0, 3.0]
    assert services["most_frequent"] == [{"value": "one", "count": 5}, {"value": "two", "count": 4}]
    assert histogram == {"column": "id", "edges": [0.0, 2.0, 4.0], "counts": [4, 5]}
    assert (of_text.status, of_text.json["field"]) == (400, "column")


@pytest.mark.parametrize("suffix", ["vot", "fits", "parquet", "csv"])
async def test_saved_as_shown(ask, table, jp_root_dir, suffix) -> None:
    body = {
        "path": f"out/table.{suffix}",
        "conditions": [{"column": "id", "operator": ">=", "value": 3}],
        "order": [{"column": "id"}],
    }
    saved = await ask("POST", f"tables/{table}/save", json=body)
    again = await ask("POST", f"tables/{table}/save", json=body)
    replaced = await ask("POST", f"tables/{table}/save", json={"path": body["path"], "replace": True})

    assert saved.status == 201
    assert saved.json["path"] == body["path"]
    assert (again.status, again.json["code"], again.json["field"]) == (409, "conflict", "path")
    assert replaced.status == 201
    assert read_file(jp_root_dir / body["path"]).num_rows == 9


async def test_format_that_there_is_not(ask, table) -> None:
    answer = await ask("POST", f"tables/{table}/save", json={"path": "table.xlsx"})

    assert (answer.status, answer.json["code"]) == (400, "input")


async def test_pinned_and_deleted(ask, table) -> None:
    assert (await ask("PUT", f"tables/{table}/pin")).status == 204
    assert (await ask("GET", f"tables/{table}")).json["pinned"]
    assert (await ask("DELETE", f"tables/{table}/pin")).status == 204
    assert not (await ask("GET", f"tables/{table}")).json["pinned"]
    assert (await ask("DELETE", f"tables/{table}")).status == 204
    assert (await ask("GET", f"tables/{table}/rows")).status == 404


async def test_workspace_is_what_the_file_browser_shows(ask, jp_root_dir) -> None:
    assert (await ask("GET", "workspace")).json == {
        "path": str(jp_root_dir.resolve()),
        "in_file_browser": ".",
        "staging_directory": "esap-data",
    }


@pytest.fixture
def several_tables(jp_root_dir) -> str:
    """A FITS file with two tables, as the file browser names it."""
    import numpy as np
    from astropy.io import fits

    (jp_root_dir / "data").mkdir()
    names = ("FIRST", "OTHER")
    hdus = [
        fits.BinTableHDU.from_columns([fits.Column(name.lower(), "J", array=np.arange(3))], name=name)
        for name in names
    ]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(jp_root_dir / "data" / "several.fits")
    return "data/several.fits"


async def test_a_file_is_opened_as_a_table(ask, several_tables) -> None:
    listed = (await ask("GET", "files/tables", path=several_tables)).json
    opened = await ask("POST", "files/tables", json={"path": several_tables, "hdu": listed[1]["hdu"]})
    again = await ask("POST", "files/tables", json={"path": several_tables, "hdu": 2})

    assert [(each["hdu"], each["name"], each["rows"]) for each in listed] == [
        (1, "FIRST", 3),
        (2, "OTHER", 3),
    ]
    assert (opened.status, opened.json["title"], opened.json["rows"]) == (201, "several.fits", 3)
    assert again.json["id"] == opened.json["id"]
    rows = rows_of(await ask("GET", f"tables/{opened.json['id']}/rows"))
    assert rows.column("other").to_pylist() == [0, 1, 2]
    refused = await ask("POST", "basket/rows", json={"table": opened.json["id"], "rows": [0]})
    assert (refused.status, refused.json["code"]) == (400, "input")
    assert "of a file" in refused.json["message"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("none.vot", 404), ("../outside.vot", 400), ("/etc/passwd.csv", 400), ("notes.txt", 400), ("data", 400)],
)
async def test_a_file_that_cannot_be_opened(ask, jp_root_dir, path, status) -> None:
    (jp_root_dir / "data").mkdir()
    (jp_root_dir / "notes.txt").write_text("no table")

    answer = await ask("POST", "files/tables", json={"path": path})

    assert answer.status == status
