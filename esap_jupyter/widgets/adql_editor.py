"""The editor of a query: highlighted, completed, sent by a key, with what is wrong marked in it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import anywidget
import traitlets

from esap_jupyter.face.adql_completion import Completion, complete
from esap_jupyter.face.background import begin
from esap_jupyter.face.vocabulary import Vocabulary
from esap_jupyter.widgets.grid import STATIC

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.1
# What is known by then is shown, and if that is nothing it is waited for longer.
_SOON_SECONDS = 1.0
_LONGEST_SECONDS = 30.0
# More are never read: a letter more finds the one wanted.
_MOST = 100


class AdqlEditor(anywidget.AnyWidget):
    """The text of a query in ADQL.

    Parameters
    ----------
    service_of : callable
        Returns the service whose tables complete the query; empty for the default one. Called in the
        kernel's loop.
    run : callable
        Called, in the kernel's loop, when a person presses Shift-Enter.

    Attributes
    ----------
    value : str
        The query.
    edits : int
        How often a person has changed it: what is typed is newer than what the kernel tells of before.
    error_line, error_column : int, optional
        What a service complains of, counted from 1.
    error_message : str
        Its words.
    label : str
        Shown beside the field.
    """

    _esm = STATIC / "adql.js"
    _css = STATIC / "adql.css"

    value = traitlets.Unicode().tag(sync=True)
    edits = traitlets.Int(0).tag(sync=True)
    error_line = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)
    error_column = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)
    error_message = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode("ADQL").tag(sync=True)

    def __init__(self, service_of: Callable[[], str], run: Callable[[], None], **traits: Any) -> None:
        self._service_of = service_of
        self._run = run
        self._vocabulary = Vocabulary()
        self._newest: Any = None
        super().__init__(**traits)
        self.on_msg(self._on_message)

    def close(self) -> None:
        """Complete nothing any more."""
        self._newest = None
        super().close()

    def mark(self, line: int | None, column: int | None, message: str) -> None:
        """Show where the query is wrong; without a line, that nothing is known to be."""
        with self.hold_sync():
            self.error_line, self.error_column, self.error_message = line, column, message

    def _on_message(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("ask") == "run":
            # What was typed last may be on its way still.
            self.value = str(content.get("adql", self.value))
            self._run()
        elif content.get("ask") == "complete":
            self._newest = content.get("id")
            begin(self._answer(content, self._service_of()))

    async def _answer(self, question: dict[str, Any], service: str) -> None:
        try:
            answer = await self._completed(question, service)
        except Exception:
            log.exception("A query could not be completed")
            answer = {"from": question.get("at"), "options": []}
        self.send({"answer": question.get("id"), "content": answer})

    async def _completed(self, question: dict[str, Any], service: str) -> dict[str, Any]:
        begun = time.monotonic()
        while question.get("id") == self._newest:
            self._vocabulary.lacks = False
            start, found = await asyncio.to_thread(self._complete, question["adql"], question["at"], service)
            patience = _SOON_SECONDS if found else _LONGEST_SECONDS
            if not self._vocabulary.lacks or time.monotonic() - begun > patience:
                return {"from": start, "options": [asdict(each) for each in found]}
            await asyncio.sleep(_PAUSE_SECONDS)
        # The person has typed on.
        return {"from": question["at"], "options": []}

    def _complete(self, adql: str, at: int, service: str) -> tuple[int, list[Completion]]:
        asked = service or self._vocabulary.default_service()
        return complete(adql, at, asked, self._vocabulary, _MOST)
