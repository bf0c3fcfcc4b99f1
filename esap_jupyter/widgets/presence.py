"""Hears when a page has drawn a panel, so that what was told while it loaded is not lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import ipywidgets


class Presence(anywidget.AnyWidget):
    """A part of a panel that is not seen.

    A page asks for the states of all widgets and then listens to each; what changes in between reaches
    nobody (a notebook that Voila shows, or one opened again, while its kernel works).

    Parameters
    ----------
    drawn : callable
        Called in the kernel's loop each time a page has drawn the panel.
    """

    _esm = "export default { render({ model }) { model.send({ drawn: true }); } };"

    def __init__(self, drawn: Callable[[], None]) -> None:
        super().__init__(layout=ipywidgets.Layout(display="none"))
        self.on_msg(lambda *_: drawn())


def tell_again(widget: Any) -> None:
    """Send a widget's state as it is now; what it is made of does not change and may be large."""
    widget.send_state([key for key in widget.keys if not key.startswith("_")])
