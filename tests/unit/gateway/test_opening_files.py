"""Files of the person's that are opened as tables."""

import asyncio
import os

import numpy as np
import pyarrow as pa
import pytest

from esap_jupyter.errors import BadAnswer, InputError, NotFound
from esap_jupyter.formats.files import write_file
from esap_jupyter.gateway import Gateway

ROWS = 300_000


@pytest.fixture
async def gateway(make_config, tmp_path):
    async with Gateway(make_config()) as opened:
        yield opened


@pytest.fixture
def stars(tmp_path):
    path = tmp_path / "stars.vot"
    numbers = np.arange(ROWS)
    write_file(pa.table({"n": numbers, "half": numbers / 2}), path)
    return path


async def test_all_rows_under_the_name_of_the_file(gateway, stars) -> None:
    table = await gateway.files.whole(stars, None)

    assert (table.title, table.num_rows, table.complete) == ("stars.vot", ROWS, True)
    assert table.page(ROWS - 1, 1).to_pylist() == [{"n": ROWS - 1, "half": (ROWS - 1) / 2}]
    assert table.columns == ["n", "half"]


async def test_first_rows_before_the_file_is_read(gateway, stars) -> None:
    table = await gateway.files.begin(stars, None)

    assert table.num_rows > 0
    assert (await gateway.files.whole(stars, None)).id == table.id


async def test_a_file_that_has_not_changed_is_not_read_again(gateway, stars) -> None:
    first, second = await asyncio.gather(gateway.files.whole(stars, None), gateway.files.whole(stars, None))
    assert first.id == second.id

    write_file(pa.table({"n": [1, 2]}), stars)
    os.utime(stars, ns=(1, 1))
    third = await gateway.files.whole(stars, None)
    assert (third.id == first.id, third.num_rows) == (False, 2)


async def test_rows_of_a_file_are_no_items(gateway, stars) -> None:
    table = await gateway.files.whole(stars, None)

    with pytest.raises(InputError, match="of a file"):
        await gateway.items(table, [0])


async def test_a_file_without_a_row(gateway, tmp_path) -> None:
    write_file(pa.table({"n": pa.array([], pa.int64())}), tmp_path / "none.parquet")

    table = await gateway.files.whole(tmp_path / "none.parquet", None)

    assert (table.num_rows, table.columns, table.complete) == (0, ["n"], True)


async def test_a_file_that_cannot_be_read_leaves_no_table(gateway, tmp_path) -> None:
    (tmp_path / "page.vot").write_text("<html>no table</html>")

    with pytest.raises(BadAnswer, match=r"page\.vot"):
        await gateway.files.whole(tmp_path / "page.vot", None)
    with pytest.raises(NotFound):
        await gateway.files.whole(tmp_path / "none.vot", None)
    assert gateway.tables.tables() == []


async def test_what_arrived_of_a_file_that_breaks_off(gateway, stars) -> None:
    stars.write_bytes(stars.read_bytes()[:3_000_000])

    with pytest.raises(BadAnswer, match="breaks off"):
        await gateway.files.whole(stars, None)

    [table] = gateway.tables.tables()
    assert table.num_rows > 0
    assert table.reports["file"].state == "failed"
    with pytest.raises(BadAnswer):
        await gateway.files.whole(stars, None)


async def test_closing_stops_the_reading(gateway, stars) -> None:
    table = await gateway.files.begin(stars, None)
    await gateway.close()

    table.refresh()
    assert table.complete
