"""The basket panel: what was gathered, and bringing it here."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets
import traitlets

from esap_jupyter.errors import EsapError, InputError
from esap_jupyter.face import bringing
from esap_jupyter.face.background import directly, gateway
from esap_jupyter.face.basket import Basket
from esap_jupyter.face.listing import Listing, format_bytes
from esap_jupyter.face.staged import StagedFile
from esap_jupyter.models import Item, Progress
from esap_jupyter.widgets.fields import Bound, button, labelled
from esap_jupyter.widgets.fold import Fold
from esap_jupyter.widgets.panel import Panel
from esap_jupyter.widgets.progress import ProgressLine
from esap_jupyter.widgets.watching import Watch
from esap_jupyter.widgets.words import muted_html

MOST_LISTED = 1000
"""Items that are listed to be selected; staging all of them stages the others too."""


async def _look() -> tuple[Item, ...]:
    return tuple(await (await gateway()).basket.list())


_WATCH: Watch[tuple[Item, ...]] = Watch(_look)


class BasketPanel(Panel):
    """The basket, the same in every process: take items out, stage them.

    Attributes
    ----------
    items : tuple of Item
        What is in it; read only.
    selected : tuple of str
        Ids of the selected items; items may be set too.
    directory : str
        Where files go, relative to the workspace; empty for the configured one.
    replica : str
        An RSE expression: replicate there by a rule instead; empty to download.
    progress : Progress
        How far the staging is; read only.
    files : tuple of StagedFile
        What the last staging brought; read only.
    running, error
        Whether it stages, and what went wrong.
    """

    items = traitlets.Tuple(read_only=True)
    selected = traitlets.Any(default_value=())
    directory = traitlets.Unicode()
    replica = traitlets.Unicode()
    progress = traitlets.Instance(Progress, args=(), read_only=True)
    files = traitlets.Tuple(read_only=True)

    def __init__(self, **traits: Any) -> None:
        self._basket: Any = Basket(directly)
        self._list = ipywidgets.SelectMultiple(
            description="Items", rows=6, layout=ipywidgets.Layout(width="100%", max_width="60em")
        )
        self._list.style.description_width = "4em"
        self._stage_button = button(
            "Stage", lambda: self._try(self.stage), button_style="primary", icon="download"
        )
        self._cancel_button = button("Cancel", self.cancel, icon="stop", disabled=True)
        self._remove_button = button("Take out", lambda: self._try(self.remove), icon="trash", disabled=True)
        self._line = ProgressLine()
        self._count = ipywidgets.HTML(muted_html("Looking what is in the basket …"))
        self._files = ipywidgets.HTML()
        directory = labelled(ipywidgets.Text, "Directory", placeholder="of the workspace")
        replica = labelled(
            ipywidgets.Text,
            "Replicate to",
            "An RSE expression: a rule of the data lake, no download",
            placeholder="nowhere: download",
        )
        self._fields = (directory, replica)
        buttons = ipywidgets.HBox([self._stage_button, self._cancel_button, self._remove_button])
        buttons.layout.flex_flow = "row wrap"
        where = Fold("Where to", self._fields)
        super().__init__([self._count, self._list, buttons, where, self._line, self._files])
        self._setting = False
        Bound(self, "directory", directory)
        Bound(self, "replica", replica, read=str.strip)
        self._list.observe(self._on_list, "value")
        self._set(**traits)
        _WATCH.listen(self, self._seen)

    def stage(self) -> None:
        """Stage the selected items, or else all; returns at once. See `finished` and `files`.

        Raises
        ------
        InputError
            If there is nothing to stage.
        """
        wanted = self.selected or tuple(item.id for item in self.items)
        if not wanted:
            raise InputError("There is nothing to stage.", hint="Put items into the basket.", field="items")
        self._take_files(())
        self._take_progress(Progress())
        staging = bringing.stage(
            wanted,
            directory=self.directory or None,
            replica=self.replica or None,
            on_progress=lambda progress: self._tell("progress", lambda: self._take_progress(progress)),
        )
        self._run(staging, self._take_files)

    def remove(self) -> None:
        """Take the selected items out of the basket.

        Raises
        ------
        InputError
            If none is selected.
        """
        if not self.selected:
            raise InputError("Select what to take out.", field="selected")
        self._fail(None)
        ids = self.selected
        self._do(self._basket.remove(ids), lambda _: self._say(f"{len(ids)} taken out."))

    def close(self) -> None:
        """Take the panel off the page; a staging that it follows is stopped."""
        _WATCH.leave(self)
        super().close()

    def _seen(self, found: tuple[Item, ...] | EsapError) -> None:
        self._tell(
            "items", lambda: self._fail(found) if isinstance(found, EsapError) else self._take_items(found)
        )

    def _take_items(self, items: tuple[Item, ...]) -> None:
        self.set_trait("items", items)
        ids = {item.id for item in items}
        kept = tuple(one for one in self.selected if one in ids)
        self._setting = True
        self._list.options = [(_line(item), item.id) for item in items[:MOST_LISTED]]
        self._setting = False
        self.selected = kept
        self._mark()
        size = sum(item.size or 0 for item in items)
        count = "1 item" if len(items) == 1 else f"{len(items):,} items"
        said = f"{count}, {format_bytes(size)}" if size else count
        if len(items) > MOST_LISTED:
            said += f"; the first {MOST_LISTED:,} are listed"
        self._count.value = muted_html(said if items else "The basket is empty.")
        self._list.layout.display = None if items else "none"
        self._show_buttons()

    @traitlets.validate("selected")
    def _known(self, proposal: Any) -> tuple[str, ...]:
        ids = tuple(one.id if isinstance(one, Item) else one for one in proposal.value)
        known = {item.id for item in self.items}
        wrong = next((one for one in ids if one not in known), None)
        if wrong is not None:
            raise InputError(f"There is no item {wrong!r} in the basket.", field="selected")
        return ids

    @traitlets.observe("selected")
    def _on_selected(self, _: Any) -> None:
        self._mark()
        self._show_buttons()

    def _on_list(self, change: Any) -> None:
        if not self._setting:
            self.set_trait("selected", change.new)

    def _mark(self) -> None:
        """Show in the list which are selected, as far as they are listed."""
        listed = {item.id for item in self.items[:MOST_LISTED]}
        self._setting = True
        self._list.value = tuple(one for one in self.selected if one in listed)
        self._setting = False

    @traitlets.observe("running")
    def _on_running(self, _: Any) -> None:
        self._show_buttons()
        self._line.show(self.progress if self.running else None)

    def _show_buttons(self) -> None:
        count = len(self.selected)
        self._stage_button.description = f"Stage {count} selected" if count else "Stage all"
        self._stage_button.disabled = self.running or not self.items
        self._cancel_button.disabled = not self.running
        self._remove_button.disabled = not count

    def _take_progress(self, progress: Progress) -> None:
        self.set_trait("progress", progress)
        if self.running:
            self._line.show(progress)

    def _take_files(self, files: Any) -> None:
        found: Listing[StagedFile] = Listing(files, nothing="No files.")
        self.set_trait("files", tuple(found))
        self._files.value = found._repr_html_() if found else ""

    # As text

    def _state_text(self) -> str:
        parts = [repr(Listing(self.items, nothing="The basket is empty."))]
        if self.files:
            parts.append(repr(Listing(self.files)))
        return "BasketPanel:\n" + "\n".join(parts)

    def _state_html(self) -> str:
        items = Listing(self.items, nothing="The basket is empty.")
        return f"<p><b>{html.escape('BasketPanel')}</b></p>{items._repr_html_()}{self._files.value}"


def _line(item: Item) -> str:
    size = f" · {format_bytes(item.size)}" if item.size is not None else ""
    return f"{item.title or item.locator}{size} · {item.provenance.service}"
