"""The view of a table, asked as its page in the browser asks it."""

import pyarrow as pa
import pytest
from astropy import units as u

from esap_jupyter.errors import InputError
from esap_jupyter.models import Condition, Order
from esap_jupyter.widgets import TableView, table_view


@pytest.fixture
def view(table, keep):
    return keep(TableView(table))


@pytest.fixture
def ask(view, until, monkeypatch):
    """Ask as the page does, and return what the kernel answers."""

    async def asked(**question):
        answers = []
        monkeypatch.setattr(view._grid, "send", lambda *answer: answers.append(answer))
        view._grid._on_message(None, {"id": "page-1", "table": view.table.id, **question}, [])
        await until(lambda: answers)
        content, buffers = answers[0]
        assert content["answer"] == "page-1"
        return content, buffers

    return asked


async def test_rows_come_as_arrow_sorted_and_filtered(ask):
    content, [stream] = await ask(
        ask="rows",
        offset=1,
        limit=2,
        columns=[],
        order=[{"column": "mag"}],
        conditions=[{"column": "id", "operator": "<", "value": "500"}],
    )
    page = pa.ipc.open_stream(stream).read_all()
    assert "error" not in content
    assert page.column("id").to_pylist() == [498, 497]
    assert page.column("row").to_pylist() == [498, 497]
    assert page.schema.metadata[b"esap.total"] == b"500"


async def test_chosen_rows_are_shown_instead_of_the_table(view, table, ask, until):
    async def first_rows(count):
        name = view._grid.table_id
        _, [stream] = await ask(table=name, ask="rows", offset=0, limit=count, order=[{"column": "mag"}])
        return name, pa.ipc.open_stream(stream).read_all().column("id").to_pylist()

    names = [await first_rows(2)]
    view.table = table.where("mag", "<=", 19 * u.mag).sort("id")
    names += [await first_rows(2)]
    view.selected = [0, 2]
    assert list(view.table[list(view.selected)]["id"]) == [100, 102]
    # As many rows, but others.
    view.table = table.where("id", "<", 900)
    names += [await first_rows(2)]

    assert [rows for _, rows in names] == [[999, 998], [999, 998], [899, 898]]
    # The page asks anew where the name is another.
    assert names[0][0] != names[1][0] != names[2][0]
    assert "900 of 1,000 rows from archive" in view._footer.value
    await until(lambda: view._grid.selection == [])


async def test_conditions_are_in_any_unit(view):
    view.conditions = [("mag", "<", 12 * u.mag)]
    assert view.conditions == (Condition(column="mag", operator="<", value=12.0),)
    with pytest.raises(InputError, match="does not convert"):
        view.conditions = [("mag", "<", 12 * u.km)]


async def test_the_page_learns_what_the_table_is(ask):
    content, _ = await ask(ask="table")
    assert content["content"]["rows"] == 1000
    assert [column["unit"] for column in content["content"]["columns"]] == ["", "mag", ""]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"ask": "rows", "offset": -1, "limit": 2}, "input"),
        ({"ask": "rows", "offset": 0, "limit": 10**6}, "input"),
        ({"ask": "rows", "offset": 0, "limit": 2, "order": [{"column": "no"}]}, "input"),
        ({"ask": "table", "table": "other"}, "not-found"),
    ],
)
async def test_what_cannot_be_answered_is_said_in_words(ask, question, code):
    content, buffers = await ask(**question)
    assert content["error"]["code"] == code
    assert content["error"]["message"]
    assert not buffers


async def test_rows_selected_on_a_sorted_page_are_numbered_as_the_table_came(view, until):
    view.order = "mag"
    view._grid.selection = [[0, 1], [4, 4]]
    await until(lambda: view.selected == (999, 998, 995))


async def test_a_selection_that_is_cut_says_so(view, until, monkeypatch):
    monkeypatch.setattr(table_view, "MOST_SELECTED", 10)
    view._grid.selection = [[0, 4]]
    await until(lambda: view.selected)
    assert "5 selected; " in view._footer.value
    view._grid.selection = [[0, 4], [100, 900]]
    await until(lambda: len(view.selected) == 10)
    assert "10 selected, and no more can be; " in view._footer.value


async def test_rows_are_selected_by_a_mask(view, table):
    view.selected = table["id"] >= 998
    assert view.selected == (998, 999)


async def test_rows_selected_in_code_are_shown_where_they_stand(view, until):
    view.order = Order(column="mag")
    view.selected = [999, 998, 0]
    await until(lambda: view._grid.selection == [[0, 1], [999, 999]])
    assert view.selected == (999, 998, 0)


async def test_sorting_and_filtering_deselect(view, until):
    view.selected = [3]
    await until(lambda: view._grid.selection == [[3, 3]])
    view.conditions = [("mag", "<", 12)]
    assert view.selected == ()
    assert view._grid.selection == []
    await until(lambda: "199 of 1,000 rows" in view._footer.value)


async def test_a_click_on_a_header_is_seen_in_code(view):
    seen = []
    view.observe(lambda change: seen.append(change.new), "order")
    view._grid.order = {"column": "mag", "descending": True}
    assert seen == [Order(column="mag", descending=True)]
    assert view._sort_by.value == "mag"


async def test_the_bar_filters_and_a_chip_takes_it_back(view):
    view._column.value = "name"
    view._value.value = "7"
    view._add.click()
    assert [(each.column, each.operator, each.value) for each in view.conditions] == [
        ("name", "contains", "7")
    ]
    [chip] = view._chips.children
    chip.click()
    assert view.conditions == ()


async def test_a_filter_that_does_not_fit_is_said_in_the_panel(view):
    view._column.value = "mag"
    view._value.value = "bright"
    view._add.click()
    assert view.conditions == ()
    assert "mag holds a number" in view._alert.value


@pytest.mark.parametrize(
    ("trait", "value"),
    [
        ("order", "no such column"),
        ("order", 3),
        ("conditions", [("mag", "<", "bright")]),
        ("conditions", ["mag"]),
        ("selected", [1000]),
        ("selected", "1"),
    ],
)
async def test_a_wrong_value_is_refused_and_what_was_there_stays(view, trait, value):
    before = getattr(view, trait)
    with pytest.raises(InputError):
        setattr(view, trait, value)
    assert getattr(view, trait) == before


async def test_as_text_it_is_the_table(view):
    assert "1,000 rows from archive" in repr(view)
    bundle = view._repr_mimebundle_()
    assert "&lt;b&gt;0&lt;/b&gt;" in bundle["text/html"]
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
