"""The grid: a view whose rows come as Arrow, over the widget's messages, as they are scrolled to."""

from __future__ import annotations

import asyncio
import copy
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from esap_jupyter.errors import EsapError, InputError, NotFound
from esap_jupyter.face.background import begin
from esap_jupyter.models import Condition, Order, Selection
from esap_jupyter.storage.tables_description import arrow_stream, details_of
from esap_jupyter.storage.tables_pages import Page, TablePages

if TYPE_CHECKING:
    from esap_jupyter.storage.tables import Table

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
MOST_ROWS = 10_000
"""Rows of one page."""


class _Rows(BaseModel):
    """Some rows that the view asks for."""

    model_config = ConfigDict(extra="ignore")

    offset: int = Field(ge=0)
    limit: int = Field(ge=0, le=MOST_ROWS)
    columns: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()


class Grid(anywidget.AnyWidget):
    """The rows of one table.

    Attributes
    ----------
    selection : list of (int, int)
        The first and last of each run of selected rows, counted as they are shown.
    preview : str
        What is shown where no kernel answers.
    """

    _esm = STATIC / "table.js"
    _css = STATIC / "table.css"

    table_id = traitlets.Unicode().tag(sync=True)
    conditions = traitlets.List().tag(sync=True)
    order = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    selection = traitlets.List().tag(sync=True)
    sexagesimal = traitlets.Bool(default_value=False).tag(sync=True)
    label = traitlets.Unicode("Rows of the table").tag(sync=True)
    preview = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._table: Table | None = None
        self._pages = TablePages()
        super().__init__(**traits)
        self.on_msg(self._on_message)

    def show(self, table: Table | None) -> None:
        """Show a table, as it came."""
        # One that grows is refreshed as the view asks for it; the person's own stays as it is.
        self._table = copy.copy(table)
        # Chosen rows have the id of their table, and what was read of others is not theirs.
        self._pages = TablePages()
        name = table.id if table is not None else ""
        with self.hold_sync():
            self.selection, self.conditions, self.order = [], [], None
            self.preview = repr(table) if table is not None else ""
            self.table_id = f"{name}+" if name and name == self.table_id else name

    def page(self, selection: Selection, offset: int, limit: int, columns: tuple[str, ...] = ()) -> Page:
        """Read rows; in a thread, since it may sort millions.

        Raises
        ------
        NotFound
            If there is no table.
        """
        if self._table is None:
            raise NotFound("There is no table.")
        return self._pages.page(self._table, selection, offset, limit, columns or None)

    def _on_message(self, _: Any, content: dict[str, Any], __: Any) -> None:
        begin(self._answer(content))

    async def _answer(self, question: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"answer": question.get("id")}
        buffers: list[bytes] = []
        try:
            content, buffers = await asyncio.to_thread(self._read, question)
            answer["content"] = content
        except EsapError as error:
            answer["error"] = {"code": error.code, "message": error.message, "hint": error.hint}
        except Exception as error:
            log.exception("Rows could not be read")
            answer["error"] = {
                "code": "error",
                "message": f"Rows could not be read ({type(error).__name__}).",
            }
        self.send(answer, buffers)

    def _read(self, question: dict[str, Any]) -> tuple[Any, list[bytes]]:
        table = self._table
        if table is None or question.get("table") != self.table_id:
            raise NotFound("This table is not shown any more.")
        if question.get("ask") == "table":
            return details_of(table.refresh()).model_dump(mode="json"), []
        try:
            wanted = _Rows.model_validate(question)
        except ValidationError as error:
            raise InputError(
                f"The rows cannot be asked for like this: {error.error_count()} faults."
            ) from None
        selection = Selection(conditions=wanted.conditions, order=wanted.order)
        page = self.page(selection, wanted.offset, wanted.limit, wanted.columns)
        return None, [arrow_stream(page)]
