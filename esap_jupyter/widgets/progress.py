"""How far a job is, as a bar with words."""

from __future__ import annotations

import ipywidgets

from esap_jupyter.face.listing import format_bytes
from esap_jupyter.models import Progress
from esap_jupyter.widgets.words import muted_html


class ProgressLine(ipywidgets.HBox):
    """A bar and what it stands for; nothing where there is nothing to follow."""

    def __init__(self) -> None:
        self._bar = ipywidgets.FloatProgress(min=0.0, max=1.0, layout=ipywidgets.Layout(width="16em"))
        self._bar.tooltip = "Progress"
        self._words = ipywidgets.HTML()
        super().__init__([self._bar, self._words])
        self.show(None)

    def show(self, progress: Progress | None) -> None:
        """Show how far it is; None hides the bar."""
        self.layout.display = "none" if progress is None else None
        if progress is not None:
            known = bool(progress.total)
            self._bar.layout.display = None if known else "none"
            self._bar.value = min(progress.done / progress.total, 1.0) if progress.total else 0.0
            self._words.value = muted_html(progress_text(progress))


def progress_text(progress: Progress) -> str:
    """Write how far it is: ``3/10 files, 1.2 MB of 5.0 MB, 300 kB/s``."""
    is_bytes = progress.unit == "bytes"

    def amount(count: float) -> str:
        return format_bytes(int(count)) if is_bytes else f"{int(count):,} {progress.unit}"

    said = [f"{progress.files_done}/{progress.files_total} files"] if progress.files_total else []
    if progress.done or progress.total:
        said.append(amount(progress.done) + (f" of {amount(progress.total)}" if progress.total else ""))
    if progress.rate:
        said.append(f"{amount(progress.rate)}/s")
    if progress.message:
        said.append(progress.message)
    return ", ".join(said) or "starting"
