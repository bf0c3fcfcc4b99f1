"""Which services are asked: a box to tick for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets

from esap_jupyter.models import ServiceStatus
from esap_jupyter.widgets.words import muted_html


class ServiceChoice(ipywidgets.VBox):
    """Services to tick; those asked usually are ticked to begin with.

    Parameters
    ----------
    changed : callable
        Called with the names chosen when the person has ticked; none when these are the usual ones.
    """

    def __init__(self, changed: Callable[[tuple[str, ...]], None]) -> None:
        self._changed = changed
        self._boxes: dict[str, ipywidgets.Checkbox] = {}
        self._usual: tuple[str, ...] = ()
        self._setting = False
        self._title = ipywidgets.HTML(muted_html("Services: looking which there are …"))
        self._list = ipywidgets.VBox(layout=ipywidgets.Layout(max_height="11em", overflow="auto"))
        super().__init__([self._title, self._list])

    def offer(self, services: Sequence[ServiceStatus], chosen: tuple[str, ...]) -> None:
        """Show these, and which of them are chosen; none means the usual ones."""
        if [service.name for service in services] != list(self._boxes):
            for box in self._boxes.values():
                box.close()
            self._boxes = {service.name: self._box(service) for service in services}
            self._usual = tuple(service.name for service in services if service.usual)
            self._list.children = list(self._boxes.values())
        self._setting = True
        for name, box in self._boxes.items():
            box.value = name in (chosen or self._usual)
        self._setting = False
        self._count()

    @property
    def ticked(self) -> tuple[str, ...]:
        """The names of those that are ticked."""
        return tuple(name for name, box in self._boxes.items() if box.value)

    def _box(self, service: ServiceStatus) -> ipywidgets.Checkbox:
        layout = ipywidgets.Layout(width="auto", flex="none", margin="0")
        box = ipywidgets.Checkbox(description=service.title or service.name, indent=False, layout=layout)
        box.tooltip = service.address
        box.observe(lambda _: self._on_tick(), "value")
        return box

    def _on_tick(self) -> None:
        if not self._setting:
            self._count()
            ticked = self.ticked
            self._changed(() if ticked == self._usual else ticked)

    def _count(self) -> None:
        if self._boxes:
            self._title.value = muted_html(f"Services: {len(self.ticked)} of {len(self._boxes)}")
        else:
            self._title.value = muted_html("No service offers this.")
