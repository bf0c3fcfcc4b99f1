"""Several targets instead of one: pasted into a field, or set from code as people have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
import traitlets

from esap_jupyter.face.targets import listed_targets
from esap_jupyter.models import Target
from esap_jupyter.widgets.fields import button
from esap_jupyter.widgets.fold import Fold
from esap_jupyter.widgets.words import escaped

_TOLD = 5


class TargetsTrait(traitlets.TraitType[Any, Any]):
    """Several targets; set as text with one on each line, a list, a SkyCoord array or a table."""

    info_text = "a list of targets"

    def validate(self, _: Any, value: Any) -> tuple[Target, ...]:
        """Read them.

        Raises
        ------
        InputError
            Naming the one that cannot be used.
        """
        if value is None or (isinstance(value, str | list | tuple) and not value):
            return ()
        return listed_targets(value)


class TargetListField(Fold):
    """Where a list of targets is pasted, and what it was taken for.

    Parameters
    ----------
    take : callable
        Given the text that the person wants to be used; empty for no list.
    """

    def __init__(self, take: Callable[[str], None]) -> None:
        self._told = ipywidgets.HTML()
        self._text = ipywidgets.Textarea(
            description="A name or coordinates on each line; or CSV with ra and dec",
            placeholder="M 51\nM 42\n10.684 +41.269",
            rows=4,
            layout=ipywidgets.Layout(width="100%", max_width="36em", flex_flow="column"),
        )
        # The label stands above the field.
        self._text.style.description_width = "max-content"
        self._clear = button("Clear", self._on_clear)
        use = button("Use this list", lambda: take(self._text.value.strip()))
        self._take = take
        super().__init__("Several targets", [self._text, ipywidgets.HBox([use, self._clear]), self._told])
        self.show(())

    def show(self, targets: tuple[Target, ...]) -> None:
        """Tell which targets are used."""
        self._clear.disabled = not targets
        count = "1 target" if len(targets) == 1 else f"{len(targets):,} targets"
        self.title = f"Several targets: {count}" if targets else "Several targets"
        names = ", ".join(str(target) for target in targets[:_TOLD])
        more = ", …" if len(targets) > _TOLD else ""
        self._told.value = f"<b>{count}</b>: {escaped(names)}{more}" if targets else ""

    def _on_clear(self) -> None:
        self._text.value = ""
        self._take("")
