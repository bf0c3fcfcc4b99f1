"""A progress bar for whoever is there to see it: a terminal, or a notebook."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from esap_jupyter.errors import UNPRINTABLE
from esap_jupyter.face.listing import format_bytes

if TYPE_CHECKING:
    from esap_jupyter.models import Progress, ServiceReport


def _someone_watches() -> bool:
    return "ipykernel" in sys.modules or sys.stderr.isatty()


@contextlib.contextmanager
def targets_bar() -> Iterator[Callable[[ServiceReport], None]]:
    """Show for how many targets the services have answered; yields what is to be told each report."""
    if not _someone_watches():
        yield lambda _: None
        return
    from rich import progress as rich_progress
    from rich.console import Console

    bar = rich_progress.Progress(
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("targets, {task.fields[rows]:,} rows"),
        console=Console(stderr=True),
    )
    with bar:
        tasks: dict[str, rich_progress.TaskID] = {}

        def show(report: ServiceReport) -> None:
            if report.service not in tasks:
                named = UNPRINTABLE.sub(" ", report.title or report.service)
                tasks[report.service] = bar.add_task(named, total=report.targets, rows=0)
            bar.update(tasks[report.service], completed=report.targets_done, rows=report.rows)
            bar.refresh()

        yield show


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Callable[[Progress], None]]:
    """Show a bar while the context lasts; yields what is to be told the progress."""
    if not _someone_watches():
        yield lambda _: None
        return
    from rich import progress as rich_progress
    from rich.console import Console

    bar = rich_progress.Progress(
        # Titles come from services: no markup in them.
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.TextColumn("{task.fields[files]}"),
        rich_progress.DownloadColumn(),
        rich_progress.TextColumn("{task.fields[rate]}"),
        rich_progress.TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task(UNPRINTABLE.sub(" ", title), total=None, files="", rate="")

        def show(progress: Progress) -> None:
            files = f"{progress.files_done}/{progress.files_total} files" if progress.files_total else ""
            rate = f"{format_bytes(int(progress.rate))}/s" if progress.rate else ""
            bar.update(task, completed=progress.done, total=progress.total, files=files, rate=rate)
            bar.refresh()  # in a notebook the bar is not drawn again when it stops

        yield show
