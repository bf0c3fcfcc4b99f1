"""The form that uploads files into a data lake."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets

from esap_jupyter.errors import InputError
from esap_jupyter.face.listing import Listing
from esap_jupyter.face.uploaded import UploadedFile
from esap_jupyter.models import Progress
from esap_jupyter.widgets.fields import button, labelled
from esap_jupyter.widgets.fold import Fold
from esap_jupyter.widgets.progress import ProgressLine


class UploadForm(Fold):
    """What to upload, and where to; folded away at first.

    Parameters
    ----------
    send, cancel : callable
        What the buttons do.
    """

    def __init__(self, send: Callable[[], None], cancel: Callable[[], None]) -> None:
        self._path = labelled(ipywidgets.Text, "File", placeholder="or a directory with files")
        self._to = labelled(ipywidgets.Text, "To", placeholder="scope:dataset; empty: your own scope")
        self._rse = labelled(ipywidgets.Combobox, "RSE", placeholder="empty: the site's own RSE")
        self._send_button = button("Upload", send, button_style="primary", icon="upload")
        self._cancel_button = button("Cancel", cancel, icon="stop", disabled=True)
        self._line = ProgressLine()
        self._files = ipywidgets.HTML()
        fields = [self._path, self._to, self._rse]
        buttons = ipywidgets.HBox([self._send_button, self._cancel_button])
        super().__init__("Upload files", [*fields, buttons, self._line, self._files])

    @property
    def asked(self) -> tuple[str, str, str]:
        """Path, where to, and RSE.

        Raises
        ------
        InputError
            If there is no path.
        """
        path = self._path.value.strip()
        if not path:
            raise InputError("Name the file to upload.", field="files")
        return path, self._to.value.strip(), self._rse.value.strip()

    def offer(self, rses: Sequence[str]) -> None:
        """Offer names of RSEs where one is typed."""
        self._rse.options = tuple(rses)

    def show(self, progress: Progress | None) -> None:
        """Show how far it is; None if nothing is under way."""
        self._line.show(progress)
        self._send_button.disabled = progress is not None
        self._cancel_button.disabled = progress is None

    def show_files(self, files: Listing[UploadedFile]) -> None:
        """Show what came to the data lake."""
        self._files.value = files._repr_html_() if files else ""
