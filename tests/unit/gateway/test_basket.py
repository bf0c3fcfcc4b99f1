"""From rows to items, and the basket that every process shares."""

import numpy as np
import pytest
from astropy import units as u

from esap_jupyter.errors import InputError, NotFound
from esap_jupyter.models import Position, Query
from esap_jupyter.storage.tables_rows import TableRows

HERE = Position(ra=10, dec=20)


@pytest.fixture
async def gateway(make_gateway):
    return await make_gateway({"one": {"batches": [3]}, "two": {"batches": [2]}})


@pytest.fixture
async def table(gateway):
    return await gateway.search(Query(services=("one", "two"), position=HERE)).done()


class TestItemsOfRows:
    async def test_all_with_where_they_come_from(self, gateway, table):
        items = await gateway.items(table)
        assert len(items) == 5
        item = next(item for item in items if item.service == "one")
        assert item.locator == "https://one.test/0"
        assert item.provenance.service == "one"
        assert item.provenance.query == table.query.describe()
        assert item.provenance.identifier == "0"

    async def test_chosen_rows_of_a_service(self, gateway, table):
        items = await gateway.items(table, [2, 0], "one")
        assert [item.locator for item in items] == ["https://one.test/2", "https://one.test/0"]

    async def test_chosen_rows_as_the_table_shows_them(self, gateway, table):
        shown = table.to_arrow().select(["service", "id"]).to_pylist()
        for row, cells in enumerate(shown):
            [item] = await gateway.items(table, [row])
            assert item.locator == f"https://{cells['service']}.test/{cells['id']}"

    @pytest.mark.parametrize(
        "rows",
        [
            [False, False, True, False, True],
            np.array([False, False, True, False, True]),
            np.ma.array([True, False, True, False, True], mask=[True, False, False, False, False]),
            np.array([2, 4]),
            (row for row in (2, 4)),
            slice(2, None, 2),
        ],
        ids=["list", "mask", "masked mask", "array", "generator", "slice"],
    )
    async def test_rows_chosen_as_numpy_chooses_them(self, gateway, table, rows):
        assert [item.locator for item in await gateway.items(table, rows)] == [
            item.locator for item in await gateway.items(table, [2, 4])
        ]

    async def test_one_row_of_numpy(self, gateway, table):
        [item] = await gateway.items(table, np.int64(2))
        assert item.locator == "https://one.test/2"

    @pytest.mark.parametrize("rows", [[True, False], True, "12", [1.5], [0, True], ["a"]])
    async def test_what_is_no_row(self, gateway, table, rows):
        with pytest.raises(InputError, match=r"mask|no row"):
            await gateway.items(table, rows)

    async def test_no_such_row(self, gateway, table):
        for row in (-1, 5):
            with pytest.raises(InputError, match=f"no row {row}"):
                await gateway.items(table, [row])
        with pytest.raises(InputError, match="no row 3"):
            await gateway.items(table, [3], "one")

    async def test_no_rows_of_the_service(self, gateway, table):
        with pytest.raises(NotFound, match="no rows of 'moon'"):
            await gateway.items(table, service="moon")

    async def test_those_of_chosen_rows_are_the_ones_shown(self, gateway, table):
        chosen = table.where("id", "!=", 1).sort("id", "service", descending=True)
        items = await gateway.items(chosen)
        assert [item.locator for item in items] == [
            "https://one.test/2",
            "https://two.test/0",
            "https://one.test/0",
        ]
        assert {item.provenance.query for item in items} == {table.query.describe()}
        ids = [item.id for item in items]
        for given, expected in (
            ((chosen, [2, 0]), [ids[2], ids[0]]),
            ((chosen, chosen["ra"] > 0.1 * u.deg), ids[:1]),
            ((chosen, [1, 0], "one"), [ids[2], ids[0]]),
            ((table, chosen.row_numbers), ids),
        ):
            assert [item.id for item in await gateway.items(*given)] == expected
        assert await gateway.items(table.where("id", ">", 10)) == []
        with pytest.raises(InputError, match="no row 3"):
            await gateway.items(chosen, [3])

    async def test_rows_far_apart(self, make_gateway):
        gateway = await make_gateway({"one": {"batches": [12_000]}})
        table = await gateway.search(Query(services=("one",), position=HERE, row_limit=None)).done()
        items = await gateway.items(table, [11_999, 0, 5_000])
        assert [item.provenance.identifier for item in items] == ["11999", "0", "5000"]

    async def test_rows_in_any_order_are_read_once(self, make_gateway, monkeypatch):
        gateway = await make_gateway({"one": {"batches": [12_000]}})
        table = await gateway.search(Query(services=("one",), position=HERE, row_limit=None)).done()
        reads = []
        page = TableRows.page

        def counted(self, *asked):
            reads.append(asked)
            return page(self, *asked)

        monkeypatch.setattr(TableRows, "page", counted)
        rows = [row for pair in zip(range(50), range(11_950, 12_000), strict=True) for row in pair]
        items = await gateway.items(table, rows)
        assert [item.provenance.identifier for item in items] == [str(row) for row in rows]
        assert len(reads) == 2


class TestBasket:
    async def test_is_the_same_in_every_process(self, gateway, table, make_gateway):
        items = await gateway.items(table)
        assert await gateway.basket.add(items[:3]) == 3
        other = await make_gateway()
        assert await other.basket.add(items[2:]) == 2
        assert await gateway.basket.list() == items

    async def test_remove_and_clear(self, gateway, table):
        items = await gateway.items(table)
        await gateway.basket.add(items)
        assert await gateway.basket.remove([items[0].id, "unknown"]) == 1
        assert await gateway.basket.list() == items[1:]
        assert await gateway.basket.clear() == 4
        assert await gateway.basket.list() == []

    async def test_pick(self, gateway, table):
        items = await gateway.items(table)
        await gateway.basket.add(items)
        assert await gateway.basket.pick([items[3].id, items[0].id]) == [items[3], items[0]]
        with pytest.raises(NotFound, match="'unknown'"):
            await gateway.basket.pick(["unknown"])
