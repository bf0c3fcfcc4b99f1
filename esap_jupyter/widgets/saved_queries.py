"""The queries that a person saved: to be asked again, and deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import ipywidgets

from esap_jupyter.models import Query
from esap_jupyter.widgets.fields import LABEL_WIDTH, button, labelled
from esap_jupyter.widgets.fold import Fold

if TYPE_CHECKING:
    from esap_jupyter.gateway import SavedQuery

_LONGEST = 80


class SavedQueryBox(Fold):
    """A list of saved queries, with what can be done to them.

    Parameters
    ----------
    look : callable
        Called when the list is opened.
    save : callable
        Given the name to save what is asked under.
    recall : callable
        Given the query that is to be asked again.
    delete : callable
        Given the saved query to forget.
    """

    def __init__(
        self,
        *,
        look: Callable[[], None],
        save: Callable[[str], None],
        recall: Callable[[Query], None],
        delete: Callable[[SavedQuery], None],
    ) -> None:
        self._list = ipywidgets.Select(
            description="Saved",
            options=[],
            rows=4,
            layout=ipywidgets.Layout(width="100%", max_width="60em"),
        )
        self._list.style.description_width = LABEL_WIDTH
        self._recall = button("Recall", lambda: recall(self._list.value.query))
        self._delete = button("Delete", lambda: delete(self._list.value))
        self._name = labelled(ipywidgets.Text, "Name", placeholder="to save this query under")
        keep = button("Save", lambda: save(self._name.value.strip()))
        super().__init__(
            "Saved queries",
            [
                self._list,
                ipywidgets.HBox([self._recall, self._delete]),
                ipywidgets.HBox([self._name, keep], layout=ipywidgets.Layout(flex_flow="row wrap")),
            ],
        )
        self._list.observe(lambda _: self._offer(), "value")
        # Other panels save, too.
        self.observe(lambda change: look() if change.new else None, "is_open")
        self._offer()

    def show(self, queries: Sequence[SavedQuery]) -> None:
        """Show these."""
        chosen = self._list.value
        options = [(_line(saved), saved) for saved in queries]
        if options != list(self._list.options):
            self._list.options = options
            self._list.value = chosen if chosen in queries else None
        self._offer()

    def _offer(self) -> None:
        self._recall.disabled = self._delete.disabled = self._list.value is None


def _line(saved: SavedQuery) -> str:
    said = saved.query.describe()
    return f"{saved.name}: {said if len(said) <= _LONGEST else said[:_LONGEST] + ' …'}"
