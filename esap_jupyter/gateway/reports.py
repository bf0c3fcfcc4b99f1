"""How each service of a search fares, and telling it to whoever follows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from esap_jupyter.errors import EsapError, InputError, NotOffered, ServiceError
from esap_jupyter.models import ServiceReport
from esap_jupyter.models.service import ServiceState


class Reports:
    """The reports of one search.

    Attributes
    ----------
    by_service : dict
        The last report of each service.
    errors : dict
        By service, the error for which it failed.
    """

    def __init__(self) -> None:
        self.by_service: dict[str, ServiceReport] = {}
        self.errors: dict[str, EsapError] = {}
        self._begun_at = time.monotonic()
        self._news = asyncio.Event()

    @property
    def seconds(self) -> float:
        """Since the search was begun."""
        return time.monotonic() - self._begun_at

    @property
    def rows(self) -> int:
        """Rows of all services so far."""
        return sum(report.rows for report in self.by_service.values())

    def tell(self, name: str, state: ServiceState, *, rows: int | None = None, **said: Any) -> None:
        """Say how a service fares; what is counted stays as it was if it is not given, and so does the title.

        The message of one state does not hold for the next.
        """
        before = self.by_service.get(name, ServiceReport(service=name))
        self._publish(
            ServiceReport(
                service=name,
                state=state,
                rows=before.rows if rows is None else rows,
                seconds=round(self.seconds, 3),
                **{
                    "title": before.title,
                    "targets": before.targets,
                    "targets_done": before.targets_done,
                    "message": before.message if before.state == state else "",
                    **said,
                },
            )
        )

    def tell_phase(self, name: str, phase: str) -> None:
        """Say in which UWS phase a service's own job is, as long as no row has come."""
        report = self.by_service[name]
        if report.state == "waiting":
            self._publish(report.model_copy(update={"message": f"The service's job is {phase}."}))

    def tell_failure(self, name: str, error: EsapError) -> None:
        """Say that a service failed."""
        self.errors[name] = error
        self.tell(
            name,
            "failed",
            code=error.code,
            message=error.message,
            hint=error.hint,
            retryable=error.retryable,
        )

    def tell_cancelled(self, why: str) -> None:
        """Say of every service that has not ended that it was cancelled."""
        for name, report in self.by_service.items():
            if report.state in ("waiting", "receiving"):
                self.tell(name, "cancelled", message=why)

    def common_error(self) -> EsapError | None:
        """The error to raise if every service failed before any row arrived."""
        if self.rows or not self.errors or set(self.errors) != set(self.by_service):
            return None
        if len(self.errors) == 1:
            return next(iter(self.errors.values()))
        # A field that is wrong is wrong for all that know it.
        wrong = [error for error in self.errors.values() if not isinstance(error, NotOffered)]
        if wrong and all(isinstance(error, InputError) and error.field == wrong[0].field for error in wrong):
            return wrong[0]
        reasons = " ".join(f"{name}: {error.message}" for name, error in self.errors.items())
        return ServiceError(f"None of {len(self.errors)} services answered. {reasons}")

    async def changes(self, until: asyncio.Task[Any]) -> AsyncIterator[ServiceReport]:
        """Yield each report as it changes, until a task has ended."""
        told: dict[str, ServiceReport] = {}
        while True:
            ended, news = until.done(), self._news
            for name, report in list(self.by_service.items()):
                if told.get(name) != report:
                    told[name] = report
                    yield report
            if ended:
                return
            waiting = asyncio.create_task(news.wait())
            try:
                await asyncio.wait([waiting, until], return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()

    def _publish(self, report: ServiceReport) -> None:
        self.by_service[report.service] = report
        news, self._news = self._news, asyncio.Event()
        news.set()
