"""Services that nobody configured: found in the registry, and asked like the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets

from esap_jupyter.models import RegisteredService
from esap_jupyter.widgets.fields import LABEL_WIDTH, button, labelled, on_enter
from esap_jupyter.widgets.fold import Fold
from esap_jupyter.widgets.words import muted_html


class RegistryFind(Fold):
    """Words to look for, and what the registry has.

    Parameters
    ----------
    find : callable
        Given the words, or an IVOA identifier.
    add : callable
        Given the identifier of a service that is to be asked, too.
    """

    def __init__(self, find: Callable[[str], None], add: Callable[[str], None]) -> None:
        words = labelled(ipywidgets.Text, "Words", placeholder="quasars, or ivo://authority/path")
        look = button("Find services", lambda: find(words.value.strip()), icon="search")
        on_enter(words, lambda: find(words.value.strip()))
        self._told = ipywidgets.HTML()
        self._list = ipywidgets.Select(
            description="Found", options=[], rows=6, layout=ipywidgets.Layout(width="100%", max_width="60em")
        )
        self._list.style.description_width = LABEL_WIDTH
        self._add = button("Ask it, too", lambda: add(self._list.value), disabled=True)
        self._list.observe(lambda change: setattr(self._add, "disabled", change.new is None), "value")
        self._results = ipywidgets.VBox([self._list, self._add])
        self._results.layout.display = "none"
        row = ipywidgets.HBox([words, look], layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__("Find more services", [row, self._told, self._results])

    def show(self, found: Sequence[RegisteredService]) -> None:
        """Show what the registry has."""
        self._list.options = [(_line(service), service.ivoid) for service in found]
        self._list.value = None
        self._results.layout.display = None if found else "none"
        self._told.value = muted_html(
            f"{len(found)} found" if found else "The registry knows no such service."
        )


def _line(service: RegisteredService) -> str:
    return f"{service.title or service.short_name or service.ivoid} ({service.ivoid})"
