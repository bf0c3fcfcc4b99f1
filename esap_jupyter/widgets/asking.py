"""What asking has in common, by a form or in ADQL: the services' progress, and the table."""

from __future__ import annotations

import html
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import ipywidgets
import traitlets

from esap_jupyter.errors import EsapError
from esap_jupyter.face import bringing, verbs
from esap_jupyter.face.asked import checked_limit
from esap_jupyter.face.background import directly, gateway
from esap_jupyter.face.basket import Basket
from esap_jupyter.face.listing import Listing
from esap_jupyter.models import ServiceReport
from esap_jupyter.storage.tables import Table
from esap_jupyter.widgets.fields import Bound, RowLimitTrait, button
from esap_jupyter.widgets.keeping import KeepingPanel
from esap_jupyter.widgets.table_view import TableView

Ask = Callable[..., Coroutine[Any, Any, Table]]


class AskingPanel(KeepingPanel):
    """A form, and below it what came.

    Attributes
    ----------
    table : Table, optional
        What has come so far; read only.
    selected : tuple of int
        Numbers of the selected rows of the table, counted from 0.
    reports : tuple of ServiceReport
        How each service fares; read only.
    view : TableView
        The view of the table.
    """

    table = traitlets.Instance(Table, allow_none=True, read_only=True)
    selected = traitlets.Any(default_value=())
    reports = traitlets.Tuple(read_only=True)
    row_limit = RowLimitTrait(default_value=verbs.DEFAULT)

    def __init__(self, form: Sequence[ipywidgets.Widget], ask: str) -> None:
        self._bound: list[Bound] = []
        self._ask_button = button(ask, lambda: self._try(self._begin), button_style="primary", icon="search")
        self._cancel_button = button("Cancel", self.cancel, icon="stop", disabled=True)
        self._basket_button = button("Put selected rows into the basket", self._to_basket, icon="plus")
        self._basket_button.disabled = True
        self._told = ipywidgets.HTML()
        self.view = TableView()
        self._basket: Any = Basket(directly)
        buttons = ipywidgets.HBox([self._ask_button, self._cancel_button, self._basket_button])
        buttons.layout.flex_flow = "row wrap"
        super().__init__([*form, self._make_box(), buttons, self._told, self.view])
        traitlets.link((self.view, "selected"), (self, "selected"))

    def _begin(self) -> None:
        """Ask what the form says."""
        raise NotImplementedError

    async def _wanted_rows(self) -> int | None:
        limit = self.row_limit
        return (await gateway()).config.search.row_limit if limit == verbs.DEFAULT else checked_limit(limit)

    def _faults(self) -> None:
        """Raise what cannot be used of what was typed."""
        for bound in self._bound:
            if bound.fault is not None:
                raise bound.fault

    def _ask(self, ask: Ask) -> None:
        """Ask, and show what comes; whatever is asked still is stopped."""
        reports: dict[str, ServiceReport] = {}

        def on_report(report: ServiceReport) -> None:
            reports[report.service] = report
            self._tell("reports", lambda: self._show_reports(tuple(reports.values())))

        def on_begun(table: Table) -> None:
            self._tell("table", lambda: self._show_table(table))

        self._show_table(None)
        self._show_reports(())
        self._run(ask(on_report=on_report, on_begun=on_begun), lambda _: None)

    @traitlets.observe("running")
    def _on_running(self, _: Any) -> None:
        self._cancel_button.disabled = not self.running
        if not self.running and self.table is not None:
            # Also after a cancel, and when a service failed: what the table says is what holds.
            self._refresh()
            self._show_reports(tuple(self.table.reports.values()))

    @traitlets.validate("selected")
    def _selected_rows(self, proposal: Any) -> Any:
        return self.view._selected_numbers(proposal)  # noqa: SLF001 - the same check

    @traitlets.observe("selected")
    def _on_selected(self, _: Any) -> None:
        self._basket_button.disabled = not self.selected

    def _show_table(self, table: Table | None) -> None:
        self.set_trait("table", table)
        self.view.table = table

    def _show_reports(self, reports: tuple[ServiceReport, ...]) -> None:
        self.set_trait("reports", reports)
        self._told.value = Listing(reports)._repr_html_() if reports else ""
        if self.table is not None and any(report.rows for report in reports):
            self._refresh()

    def _refresh(self) -> None:
        try:
            self.view.refresh()
        except EsapError as error:
            self._fail(error)

    def _to_basket(self) -> None:
        table, rows = self.table, self.selected
        if table is None or not rows:
            return

        async def put() -> int:
            new: int = await self._basket.add(await bringing.items(table, rows))
            return new

        def say(new: int) -> None:
            things = "1 new item" if new == 1 else f"{new:,} new items"
            self._say(f"{things} put into the basket.")

        self._fail(None)
        self._do(put(), say)

    # As text

    def _asked_text(self) -> str:
        """What is asked, in a line."""
        raise NotImplementedError

    def _state_text(self) -> str:
        lines = [f"{type(self).__name__}: {self._asked_text()}"]
        if self.running:
            lines.append("Running.")
        if self.reports:
            lines.append(repr(Listing(self.reports)))
        if self.table is not None:
            lines.append(repr(self.table))
        return "\n".join(lines)

    def _state_html(self) -> str:
        parts = [f"<p><b>{type(self).__name__}</b>: {html.escape(self._asked_text())}</p>", self._told.value]
        if self.table is not None:
            parts.append(self.table._repr_html_())
        return "".join(parts)
