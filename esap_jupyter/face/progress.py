"""A progress bar for whoever is there to see it: a notebook, or a terminal."""

from __future__ import annotations

import contextlib
import html
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from esap_jupyter.errors import UNPRINTABLE
from esap_jupyter.face.listing import format_bytes

if TYPE_CHECKING:
    from esap_jupyter.models import Progress, ServiceReport

# A front end, and a saved notebook, have enough of so many changes.
_PAUSE = 0.2
_WIDTH = 24


def progress_bar(title: str) -> AbstractContextManager[Callable[[Progress], None]]:
    """Show a bar while the context lasts; yields what is to be told the progress."""
    title = UNPRINTABLE.sub(" ", title)
    if _in_kernel():
        return _notebook_bar(title)
    if sys.stderr.isatty():
        return _terminal_bar(title)
    return contextlib.nullcontext(lambda _: None)


def targets_bar() -> AbstractContextManager[Callable[[ServiceReport], None]]:
    """Show for how many targets the services have answered; yields what is to be told each report."""
    if _in_kernel():
        return _notebook_targets()
    if sys.stderr.isatty():
        return _terminal_targets()
    return contextlib.nullcontext(lambda _: None)


def _in_kernel() -> bool:
    """Whether this process is a kernel, which a Jupyter server that has ipykernel imported is not."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


# In a notebook: an output that is replaced as the work goes on. Its last state stays, also as text.


@dataclass(frozen=True, slots=True)
class Line:
    """What is shown of one thing under way; `fraction` is None while the end is not in sight."""

    title: str
    fraction: float | None = None
    words: str = ""


@contextlib.contextmanager
def _notebook_bar(title: str) -> Iterator[Callable[[Progress], None]]:
    with _notebook_output([Line(title)]) as show_lines:
        yield lambda progress: show_lines([_line_of_progress(title, progress)])


@contextlib.contextmanager
def _notebook_targets() -> Iterator[Callable[[ServiceReport], None]]:
    lines: dict[str, Line] = {}
    with _notebook_output([Line("Searching")]) as show_lines:

        def show(report: ServiceReport) -> None:
            lines[report.service] = _line_of_report(report)
            show_lines(lines.values())

        yield show


@contextlib.contextmanager
def _notebook_output(first: Iterable[Line]) -> Iterator[Callable[[Iterable[Line]], None]]:
    from IPython.display import display

    last = list(first)
    shown = time.monotonic()
    handle = display(as_output(last), raw=True, display_id=True)

    def show(lines: Iterable[Line]) -> None:
        nonlocal last, shown
        last = list(lines)
        if time.monotonic() - shown >= _PAUSE:
            shown = time.monotonic()
            handle.update(as_output(last), raw=True)

    ending = "stopped"
    try:
        yield show
        ending = "ended"
    finally:
        handle.update(as_output(last, ending), raw=True)


def as_output(lines: Iterable[Line], ending: str = "") -> dict[str, Any]:
    """Make a MIME bundle: HTML with bars, and text for where no HTML is shown."""
    texts, divisions = [], []
    for line in lines:
        words = ", ".join(filter(None, [ending, line.words]))
        title = html.escape(line.title)
        drawn = bar = ""
        if not ending:
            value = "" if line.fraction is None else f" value='{line.fraction:.3f}'"
            bar = f"<progress max='1'{value} aria-label='{title}'></progress> "
            if line.fraction is not None:
                full = round(line.fraction * _WIDTH)
                drawn = f"[{'#' * full}{'.' * (_WIDTH - full)}] "
        texts.append(f"{line.title}: {drawn}{words}".rstrip(" :"))
        divisions.append(f"<div>{title} {bar}{html.escape(words)}</div>")
    return {
        "text/plain": "\n".join(texts),
        "text/html": f"<div class='esap-progress'>{''.join(divisions)}</div>",
    }


def _line_of_progress(title: str, progress: Progress) -> Line:
    said = []
    if progress.files_total:
        said.append(f"{progress.files_done}/{progress.files_total} files")
    said += [_amount(progress), _rate(progress)]
    return Line(title, _fraction(progress.done, progress.total), ", ".join(filter(None, said)))


def _amount(progress: Progress) -> str:
    if progress.unit == "bytes":
        whole = f" of {format_bytes(progress.total)}" if progress.total else ""
        return f"{format_bytes(progress.done)}{whole}"
    return f"{progress.done:,} {progress.unit}" if progress.done else ""


def _rate(progress: Progress) -> str:
    is_told = progress.unit == "bytes" and progress.rate
    return f"{format_bytes(int(progress.rate))}/s" if is_told else ""


def _line_of_report(report: ServiceReport) -> Line:
    title = UNPRINTABLE.sub(" ", report.title or report.service)
    words = f"{report.targets_done}/{report.targets} targets, {report.rows:,} rows"
    return Line(title, _fraction(report.targets_done, report.targets), words)


def _fraction(done: int, total: int | None) -> float | None:
    return min(done / total, 1.0) if total else None


# In a terminal


@contextlib.contextmanager
def _terminal_targets() -> Iterator[Callable[[ServiceReport], None]]:
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

        yield show


@contextlib.contextmanager
def _terminal_bar(title: str) -> Iterator[Callable[[Progress], None]]:
    from rich import progress as rich_progress
    from rich.console import Console

    bar = rich_progress.Progress(
        # Titles come from services: no markup in them.
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.TextColumn("{task.fields[files]}"),
        rich_progress.TextColumn("{task.fields[amount]}"),
        rich_progress.TextColumn("{task.fields[rate]}"),
        rich_progress.TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task(title, total=None, files="", amount="", rate="")

        def show(progress: Progress) -> None:
            files = f"{progress.files_done}/{progress.files_total} files" if progress.files_total else ""
            bar.update(
                task,
                completed=progress.done,
                total=progress.total,
                files=files,
                amount=_amount(progress),
                rate=_rate(progress),
            )

        yield show
