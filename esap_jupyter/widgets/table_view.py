"""A table to look at: rows are read as they are scrolled to, sorted and filtered where they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import ipywidgets
import numpy as np
import traitlets
from pydantic import ValidationError

from esap_jupyter.errors import InputError
from esap_jupyter.models import ColumnKind, Condition, Order, Selection
from esap_jupyter.storage.tables import Table
from esap_jupyter.storage.tables_conditions import condition_on
from esap_jupyter.storage.tables_numbers import row_numbers
from esap_jupyter.storage.tables_preview import headline
from esap_jupyter.storage.tables_query import Question, kind_of
from esap_jupyter.widgets.fields import on_enter
from esap_jupyter.widgets.grid import Grid
from esap_jupyter.widgets.panel import Panel
from esap_jupyter.widgets.words import muted_html

MOST_SELECTED = 100_000
"""Rows that may be selected at once."""

_OPERATORS: dict[ColumnKind, tuple[str, ...]] = {
    "number": ("=", "!=", "<", "<=", ">", ">=", "is-empty", "is-not-empty"),
    "text": ("contains", "starts-with", "=", "!=", "is-empty", "is-not-empty"),
    "truth": ("=", "is-empty", "is-not-empty"),
    "time": ("<", "<=", ">", ">=", "is-empty", "is-not-empty"),
    "other": ("is-empty", "is-not-empty"),
}


class TableView(Panel):
    """Look at a table of any length.

    A click on a column's name sorts; rows are selected by mouse, or with the arrow keys and Shift. Sorting
    and filtering deselect.

    Parameters
    ----------
    table : Table, optional
        What a search gave.

    Attributes
    ----------
    table : Table
        What is shown.
    selected : tuple of int
        Numbers of the selected rows, counted from 0 in the table as it came; in the order shown. May be set
        to a mask of the table's rows too.
    order : Order, optional
        Which column sorts; may be set by its name, with ``-`` before it for descending.
    conditions : tuple of Condition
        What rows must meet; may be set as ``[("mag", "<", 12)]``, with values as of `Table.where`.
    height : int
        Of the grid, px.
    sexagesimal : bool
        Whether positions are written with hours, minutes and seconds.

    Examples
    --------
    >>> view = esap.TableView(table)
    >>> view.order = "-mag"
    >>> view.conditions = [("mag", "<", 12)]
    >>> view.selected
    (4, 17)
    """

    table = traitlets.Instance(Table, allow_none=True)
    selected = traitlets.Any(default_value=())
    order = traitlets.Any(allow_none=True, default_value=None)
    conditions = traitlets.Any(default_value=())
    height = traitlets.Int(360)
    sexagesimal = traitlets.Bool(default_value=False)

    def __init__(self, table: Table | None = None, **traits: Any) -> None:
        self._grid = Grid()
        self._on_height(None)
        self._total = 0
        self._sort_by = ipywidgets.Dropdown(
            description="Sort by", options=[("as it came", "")], layout=_auto()
        )
        self._descending = ipywidgets.Checkbox(description="descending", indent=False, layout=_auto())
        self._column = ipywidgets.Dropdown(description="Show where", layout=_auto())
        self._operator = ipywidgets.Dropdown(description="Comparison", layout=_auto())
        self._value = ipywidgets.Text(description="Value", layout=ipywidgets.Layout(width="14em"))
        self._add = ipywidgets.Button(description="Filter", layout=_auto())
        self._chips = ipywidgets.HBox(layout=ipywidgets.Layout(flex_flow="row wrap"))
        self._footer = ipywidgets.HTML()
        for field in (self._sort_by, self._column, self._operator, self._value):
            field.style.description_width = "initial"
        self._tools = ipywidgets.HBox(
            [self._sort_by, self._descending, self._column, self._operator, self._value, self._add],
            layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="2px 8px"),
        )
        self._setting = False
        super().__init__([self._tools, self._chips, self._grid, self._footer])
        self._add.on_click(lambda _: self._try(self._add_condition))
        on_enter(self._value, lambda: self._try(self._add_condition))
        self._sort_by.observe(lambda _: self._sort(), "value")
        self._descending.observe(lambda _: self._sort(), "value")
        self._column.observe(lambda _: self._offer_operators(), "value")
        self._grid.observe(self._on_selection, "selection")
        self._grid.observe(self._on_order, "order")
        traitlets.link((self, "sexagesimal"), (self._grid, "sexagesimal"))
        self._show_table()
        if table is not None:
            self.table = table
        self._set(**traits)

    # What may be set

    @traitlets.validate("selected")
    def _selected_numbers(self, proposal: Any) -> tuple[int, ...]:
        return _row_numbers(proposal.value, self.table)

    @traitlets.validate("order")
    def _known_order(self, proposal: Any) -> Order | None:
        given = proposal.value
        if given is None:
            return None
        order = given if isinstance(given, Order) else _order_of(given)
        self._question().order(order, "order")
        return order

    @traitlets.validate("conditions")
    def _sound_conditions(self, proposal: Any) -> tuple[Condition, ...]:
        conditions = tuple(_condition_of(given, self.table) for given in proposal.value or ())
        if conditions:
            self._question().where(conditions)
        return conditions

    def _question(self) -> Question:
        if self.table is None:
            raise InputError("There is no table.", hint="Set `table` first.", field="table")
        return Question(self.table)

    # From code to the grid

    @traitlets.observe("table")
    def _on_table(self, _: Any) -> None:
        self._show_table()

    def refresh(self) -> None:
        """Show how the table is now, after rows came."""
        if self.table is not None:
            self.table.refresh()
            self._offer_columns()
            self._count(self._total)
            self._changed()

    def _show_table(self) -> None:
        self._setting = True
        self.order, self.conditions, self.selected = None, (), ()
        self._setting = False
        self._grid.show(self.table)
        self._total = self.table.num_rows if self.table is not None else 0
        self._offer_columns()
        self._show_conditions()
        self._count(self._total)
        shown = None if self.table is not None else "none"
        for part in (self._tools, self._grid):
            part.layout.display = shown
        self._changed()

    @traitlets.observe("order", "conditions")
    def _on_selection_of_rows(self, _: Any) -> None:
        if self._setting:
            return
        self.selected = ()
        with self._grid.hold_sync():
            self._grid.selection = []
            self._grid.conditions = [each.model_dump(mode="json") for each in self.conditions]
            self._grid.order = self.order.model_dump() if self.order else None
        self._show_conditions()
        self._show_order()
        if self.conditions:
            selection = self._selection
            self._do(asyncio.to_thread(lambda: self._grid.page(selection, 0, 0).total), self._count)
        else:
            self._count(len(self.table) if self.table is not None else 0)

    @traitlets.observe("height")
    def _on_height(self, _: Any) -> None:
        self._grid.layout.height = f"{self.height}px"

    @traitlets.observe("selected")
    def _on_selected(self, _: Any) -> None:
        self._count(self._total)
        if not self._setting:
            self._do(asyncio.to_thread(self._places), self._select)

    # From the grid to code

    def _on_order(self, _: Any) -> None:
        given = self._grid.order
        self._try(lambda: self._set(order=Order(**given) if given else None))

    def _on_selection(self, change: Any) -> None:
        if not self._setting:
            self._do(asyncio.to_thread(self._numbers_in, change.new), self._take_selected)

    def _numbers_in(self, runs: Sequence[tuple[int, int]]) -> tuple[Any, tuple[int, ...]]:
        """The numbers in the table of rows as they are shown."""
        numbers: list[int] = []
        for first, last in sorted(runs):
            count = min(last - first + 1, MOST_SELECTED - len(numbers))
            if self._selection.takes_all:
                numbers += range(first, first + count)
            elif count > 0:
                page = self._grid.page(self._selection, first, count, tuple(self.table.columns[:1]))
                numbers += page.numbers.tolist()
        return runs, tuple(dict.fromkeys(numbers))

    def _take_selected(self, found: tuple[Any, tuple[int, ...]]) -> None:
        runs, numbers = found
        if runs == self._grid.selection:
            self._set_quietly(selected=numbers)

    def _places(self) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
        """Where the selected rows stand, as runs."""
        selected = self.selected
        places = np.asarray(selected, dtype=np.int64)
        if selected and not self._selection.takes_all:
            everything = self._grid.page(self._selection, 0, len(self.table), tuple(self.table.columns[:1]))
            places = np.flatnonzero(np.isin(everything.numbers, places))
        return selected, _runs(places)

    def _select(self, found: tuple[tuple[int, ...], list[tuple[int, int]]]) -> None:
        selected, runs = found
        if selected == self.selected:
            self._setting = True
            self._grid.selection = [list(run) for run in runs]
            self._setting = False

    def _set_quietly(self, **traits: Any) -> None:
        self._setting = True
        try:
            self._set(**traits)
        finally:
            self._setting = False

    @property
    def _selection(self) -> Selection:
        return Selection(conditions=self.conditions, order=(self.order,) if self.order else ())

    # The bars

    def _offer_columns(self) -> None:
        columns = self.table.columns if self.table is not None else []
        self._setting = True
        if tuple(columns) != self._column.options:
            self._column.options = columns
            self._column.index = 0 if columns else None
            self._sort_by.options = [("as it came", ""), *((name, name) for name in columns)]
        self._setting = False
        self._show_order()
        self._offer_operators()

    def _offer_operators(self) -> None:
        if self.table is None or self._column.value is None:
            return
        kind = kind_of(self.table.schema.field(self._column.value).type)
        options = tuple((name.replace("-", " "), name) for name in _OPERATORS[kind])
        if options != self._operator.options:
            self._operator.options = options
            self._operator.index = 0

    def _sort(self) -> None:
        if not self._setting:
            column, descending = self._sort_by.value, self._descending.value
            self._try(
                lambda: self._set(order=Order(column=column, descending=descending) if column else None)
            )

    def _show_order(self) -> None:
        self._setting = True
        self._sort_by.value = self.order.column if self.order else ""
        self._descending.value = bool(self.order and self.order.descending)
        self._descending.disabled = self.order is None
        self._setting = False

    def _add_condition(self) -> None:
        if self.table is None or self._column.value is None:
            return
        kind = kind_of(self.table.schema.field(self._column.value).type)
        typed: Any = self._value.value.strip()
        if kind == "truth":
            typed = typed.lower() in ("t", "true", "1", "yes")
        operator = self._operator.value
        value = None if operator.startswith("is-") else typed
        condition = Condition(column=self._column.value, operator=operator, value=value)
        self.conditions = (*self.conditions, condition)
        self._fail(None)
        self._value.value = ""

    def _show_conditions(self) -> None:
        for chip in self._chips.children:
            chip.close()
        self._chips.children = [self._chip(condition) for condition in self.conditions]

    def _chip(self, condition: Condition) -> ipywidgets.Button:
        value = "" if condition.value is None else str(condition.value)
        text = f"{condition.column} {condition.operator.replace('-', ' ')} {value}".strip()
        chip = ipywidgets.Button(description=f"{text} ✕", tooltip=f"Remove: {text}", layout=_auto())
        chip.on_click(lambda _: self._without(condition))
        return chip

    def _without(self, condition: Condition) -> None:
        self.conditions = tuple(each for each in self.conditions if each is not condition)

    def _count(self, total: int) -> None:
        self._total = total
        if self.table is None:
            self._footer.value = ""
            return
        said = headline(self.table)
        if self.conditions:
            said = f"{total:,} of {said}"
        if self.selected:
            most = ", and no more can be" if len(self.selected) == MOST_SELECTED else ""
            said = f"{len(self.selected):,} selected{most}; {said}"
        self._footer.value = muted_html(said)

    # As text

    def _state_text(self) -> str:
        return "TableView: no table." if self.table is None else f"TableView: {self.table!r}"

    def _state_html(self) -> str:
        return "<p>No table.</p>" if self.table is None else self.table._repr_html_()


def _auto() -> ipywidgets.Layout:
    return ipywidgets.Layout(width="auto")


def _row_numbers(given: Any, table: Table | None) -> tuple[int, ...]:
    rows = len(table) if table is not None else 0
    numbers = tuple(row_numbers(given, rows))
    wrong = next((number for number in numbers if not 0 <= number < rows), None)
    if wrong is not None:
        raise InputError(f"There is no row {wrong}; there are {rows:,}.", field="selected")
    if len(numbers) > MOST_SELECTED:
        raise InputError(f"At most {MOST_SELECTED:,} rows can be selected.", field="selected")
    return numbers


def _order_of(given: Any) -> Order:
    if not isinstance(given, str):
        raise InputError(f"{given!r} is no order.", hint='Give a column: "mag" or "-mag".', field="order")
    return Order(column=given.removeprefix("-"), descending=given.startswith("-"))


def _condition_of(given: Any, table: Table | None) -> Condition:
    if isinstance(given, Condition):
        return given
    try:
        if isinstance(given, dict):
            return Condition(**given)
        column, operator, *value = given
        if table is not None:
            return condition_on(table.schema, column, operator, value[0] if value else None)
        return Condition(column=column, operator=operator, value=value[0] if value else None)
    except (ValidationError, TypeError, ValueError):
        raise InputError(
            f"{given!r} is no condition.",
            hint='Write for example ("mag", "<", 12) or ("name", "is-not-empty").',
            field="conditions",
        ) from None


def _runs(places: Any) -> list[tuple[int, int]]:
    """Runs of numbers that follow each other, as (first, last)."""
    ordered = np.unique(places)
    if not len(ordered):
        return []
    breaks = np.flatnonzero(np.diff(ordered) != 1)
    firsts = ordered[np.concatenate(([0], breaks + 1))]
    lasts = ordered[np.concatenate((breaks, [len(ordered) - 1]))]
    return [(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]
