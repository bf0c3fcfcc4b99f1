"""A part of a panel that can be folded away, also by the keyboard."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets
import traitlets


class Fold(ipywidgets.VBox):
    """A button, and what it shows and hides. ipywidgets' own Accordion takes no key.

    Parameters
    ----------
    title : str
        What the button says.
    parts : sequence of Widget
        What is below it.

    Attributes
    ----------
    is_open : bool
        Whether they are shown.
    """

    is_open = traitlets.Bool(default_value=False)

    def __init__(self, title: str, parts: Sequence[ipywidgets.Widget]) -> None:
        self._button = ipywidgets.ToggleButton(
            description=title,
            icon="caret-right",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        self._inside = ipywidgets.VBox(list(parts), layout=ipywidgets.Layout(display="none"))
        super().__init__([self._button, self._inside])
        self.layout.flex = "none"
        self.layout.overflow = "visible"
        self._button.observe(lambda change: self.set_trait("is_open", change.new), "value")

    @property
    def title(self) -> str:
        """What the button says."""
        return str(self._button.description)

    @title.setter
    def title(self, text: str) -> None:
        self._button.description = text

    @traitlets.observe("is_open")
    def _on_open(self, _: object) -> None:
        self._button.value = self.is_open
        self._button.icon = "caret-down" if self.is_open else "caret-right"
        self._inside.layout.display = None if self.is_open else "none"
