"""The jobs panel: searches, queries and stagings, of this process and of all others."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets
import traitlets

from esap_jupyter.errors import EsapError
from esap_jupyter.face.background import directly, gateway
from esap_jupyter.face.jobs import Jobs
from esap_jupyter.face.listing import Listing, format_time
from esap_jupyter.models import Job
from esap_jupyter.models.job import Phase
from esap_jupyter.widgets.fields import button
from esap_jupyter.widgets.panel import Panel
from esap_jupyter.widgets.progress import ProgressLine
from esap_jupyter.widgets.watching import Watch
from esap_jupyter.widgets.words import escaped, muted_html

MOST_SHOWN = 20
"""Jobs with a line of their own; the list has all."""


async def _look() -> tuple[Job, ...]:
    return tuple(await (await gateway()).jobs.list())


_WATCH: Watch[tuple[Job, ...]] = Watch(_look)


class JobsPanel(Panel):
    """The last jobs, newest first, with their progress; cancel, resume or forget them.

    Attributes
    ----------
    jobs : tuple of Job
        Read only.
    running : bool
        Whether any of them is under way; read only.
    """

    jobs = traitlets.Tuple(read_only=True)

    def __init__(self) -> None:
        self._deeds: Any = Jobs(directly)
        self._lines: dict[str, _JobLine] = {}
        self._count = ipywidgets.HTML(muted_html("Looking for jobs …"))
        self._list = ipywidgets.VBox()
        super().__init__([self._count, self._list])
        _WATCH.listen(self, self._seen)

    def cancel_job(self, job: str) -> None:
        """Ask for a job to stop, whichever process runs it; returns at once.

        Parameters
        ----------
        job : str
            Its id. What is wrong is in `error`: `NotFound` if there is no such job.
        """
        self._ask(self._deeds.cancel(job))

    def resume(self, job: str) -> None:
        """Go on with a job that failed, was stopped or is interrupted, in this process; returns at once.

        Parameters
        ----------
        job : str
            Its id. What is wrong is in `error`: `NotFound` if there is no such job, `Conflict` if it runs or
            is complete.
        """

        async def resumed() -> None:
            await (await gateway()).jobs.resume(job)

        self._ask(resumed())

    def delete(self, job: str) -> None:
        """Forget a job; its files and tables stay. Returns at once.

        Parameters
        ----------
        job : str
            Its id. What is wrong is in `error`: `NotFound` if there is no such job, `Conflict` if it runs.
        """
        self._ask(self._deeds.delete(job))

    def close(self) -> None:
        """Take the panel off the page; the jobs go on."""
        _WATCH.leave(self)
        super().close()

    def _ask(self, deed: Any) -> None:
        self._fail(None)
        self._do(deed, lambda _: None)

    def _seen(self, found: tuple[Job, ...] | EsapError) -> None:
        self._tell("jobs", lambda: self._fail(found) if isinstance(found, EsapError) else self._take(found))

    def _take(self, jobs: tuple[Job, ...]) -> None:
        self.set_trait("jobs", jobs)
        under_way = sum(not job.ended and not job.interrupted for job in jobs)
        self.set_trait("running", under_way > 0)
        said = f"{len(jobs)} jobs, {under_way} under way" if jobs else "There are no jobs."
        if len(jobs) > MOST_SHOWN:
            said += f"; the last {MOST_SHOWN} are shown"
        self._count.value = muted_html(said)
        shown = {job.id: job for job in jobs[:MOST_SHOWN]}
        for gone in self._lines.keys() - shown.keys():
            self._lines.pop(gone).close()
        for job in shown.values():
            if job.id not in self._lines:
                self._lines[job.id] = _JobLine(self, job.id)
            self._lines[job.id].show(job)
        lines = tuple(self._lines[name] for name in shown)
        if lines != self._list.children:
            self._list.children = lines

    # As text

    def _state_text(self) -> str:
        return f"JobsPanel:\n{Listing(self.jobs[:MOST_SHOWN], nothing='There are no jobs.')!r}"

    def _state_html(self) -> str:
        listing = Listing(self.jobs[:MOST_SHOWN], nothing="There are no jobs.")
        return f"<p><b>{html.escape('JobsPanel')}</b></p>{listing._repr_html_()}"


class _JobLine(ipywidgets.VBox):
    """One job."""

    def __init__(self, panel: JobsPanel, job: str) -> None:
        self._job: Job | None = None
        self._title = ipywidgets.HTML()
        self._cancel = button("Cancel", lambda: panel.cancel_job(job), icon="stop")
        self._resume = button("Resume", lambda: panel.resume(job), icon="play")
        self._delete = button("Forget", lambda: panel.delete(job), icon="trash")
        self._line = ProgressLine()
        buttons = ipywidgets.HBox([self._line, self._cancel, self._resume, self._delete])
        buttons.layout.flex_flow = "row wrap"
        super().__init__([self._title, buttons])
        self.layout.border_bottom = "1px solid var(--jp-border-color2, #e0e0e0)"

    def show(self, job: Job) -> None:
        """Show how it is."""
        if job == self._job:
            return
        self._job = job
        phase = "interrupted" if job.interrupted else str(job.phase).lower()
        when = format_time(job.started_at or job.created_at)
        wrong = f" {job.error_message} {job.error_hint}".rstrip()
        self._title.value = f"<b>{escaped(job.title)}</b><br>{muted_html(f'{phase} · {when}{wrong}')}"
        under_way = not job.ended and not job.interrupted
        self._line.show(job.progress if under_way else None)
        self._cancel.layout.display = None if under_way else "none"
        may_resume = job.interrupted or job.phase in (Phase.ERROR, Phase.ABORTED)
        self._resume.layout.display = None if may_resume else "none"
        self._delete.layout.display = "none" if under_way else None
        for each in (self._cancel, self._resume, self._delete):
            each.tooltip = f"{each.description} {job.title}"

    def close(self) -> None:
        """Take the line off the page."""
        for box in self.children:
            for part in getattr(box, "children", ()):
                part.close()
            box.close()
        super().close()
