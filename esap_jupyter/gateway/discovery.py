"""Asks services side by side, streams what arrives into a table, and tells how each one fares."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from esap_jupyter.connectors.base import AdqlRequest, AnswersADQL, Notice, Searches
from esap_jupyter.errors import Cancelled, EsapError, NotOffered, StateError
from esap_jupyter.gateway.forms import check_parameters
from esap_jupyter.gateway.receiving import TARGETS_AT_ONCE, Answer, ListReceiver, Targets, receive
from esap_jupyter.gateway.reports import Reports
from esap_jupyter.gateway.services import Services, explained
from esap_jupyter.models import Capability, Position, Query, ServiceReport, ServiceState, Target
from esap_jupyter.storage.state_history import HistoryRows, PastQuery

if TYPE_CHECKING:
    import pyarrow as pa

    from esap_jupyter.gateway.queries import RemoteQuery
    from esap_jupyter.gateway.receiving import Append
    from esap_jupyter.storage.tables import Table, TableStore, TableWriter

log = logging.getLogger(__name__)

AdqlMode = Literal["auto", "sync", "async"]


@dataclass(frozen=True, slots=True)
class AdqlOptions:
    """How ADQL is sent, see `AdqlRequest`; `remote` keeps track of the service's UWS job."""

    mode: AdqlMode = "auto"
    uploads: Mapping[str, pa.Table] = field(default_factory=dict)
    remote: Callable[[str, Search], RemoteQuery] | None = None


class Discovery:
    """Starts searches.

    Parameters
    ----------
    services : Services
        Whom to ask.
    default_services : tuple of str
        Whom to ask when the query names none; if that is empty too, all that can answer.
    tables : callable
        Returns the table store, which is made late because it imports much.
    resolve : callable
        Turns a target into a position.
    history : HistoryRows
        Remembers what was asked.
    """

    def __init__(
        self,
        services: Services,
        *,
        default_services: tuple[str, ...],
        tables: Callable[[], TableStore],
        resolve: Callable[[str], Awaitable[Position]],
        history: HistoryRows,
    ) -> None:
        self.services = services
        self.default_services = default_services
        self.resolve = resolve
        self.history = history
        self.tables = tables
        self._searches: set[Search] = set()

    def search(self, query: Query, options: AdqlOptions = AdqlOptions()) -> Search:
        """Ask; returns at once.

        Raises
        ------
        UnknownName
            If the query names a service that does not exist.
        """
        for name in query.services or self.default_services:
            self.services.deadline(name)
        search = Search(query, options, self)
        self._searches.add(search)
        return search

    def ended(self, search: Search) -> None:
        """Forget a search that has ended."""
        self._searches.discard(search)

    async def close(self) -> None:
        """Interrupt what still runs."""
        for search in list(self._searches):
            search.interrupt()
            await search.finished()


class Search:
    """A query on its way: a table that grows, and a report for each service.

    Iterating over it asynchronously gives each `ServiceReport` as it changes, until all services have ended.

    Attributes
    ----------
    query : Query
        What was asked.
    begun_at : datetime
        When, in UTC.
    jobs : dict
        By service, the id of the job that follows its asynchronous query.
    interrupted : bool
        Whether it was stopped because its process ends.
    """

    def __init__(self, query: Query, options: AdqlOptions, discovery: Discovery) -> None:
        self.query = query
        self.options = options
        self.jobs: dict[str, str] = {}
        self._reports = Reports()
        self._discovery = discovery
        self._services = discovery.services
        self._capability = Capability.ADQL if query.adql else Capability(query.product)
        self.begun_at = datetime.now(UTC)
        self._targets: Targets | None = None
        self._writer: TableWriter | None = None
        self._table: Table | None = None
        self._error: EsapError | None = None
        self._asking = True
        self.interrupted = False
        self._begun = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="esap search")

    @property
    def reports(self) -> Mapping[str, ServiceReport]:
        """By service, how it fares."""
        return self._reports.by_service

    @property
    def seconds(self) -> float:
        """Since it was begun."""
        return self._reports.seconds

    @property
    def errors(self) -> Mapping[str, EsapError]:
        """By service, the error for which it failed."""
        return self._reports.errors

    @property
    def table(self) -> Table:
        """What has arrived; it can be read while it grows, see `Table.refresh`. It is there once `begun`."""
        if self._table is None:
            raise StateError("The search has no table yet.", hint="Await `begun` first.")
        return self._table

    async def begun(self) -> Table:
        """Wait until there is a table, which is a moment, and return it.

        Raises
        ------
        StateError
            If it cannot be written.
        """
        begun = asyncio.create_task(self._begun.wait())
        await asyncio.wait([begun, self._task], return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        if self._table is None and self._error is not None:
            raise self._error
        return self.table

    async def done(self) -> Table:
        """Wait until every service has ended, and return the table.

        A service that failed is in `reports`; it does not make this fail as long as another one answered.

        Raises
        ------
        UnknownName, InputError, ServiceError
            If the target could not be resolved.
        NotOffered
            If there is no service to ask.
        EsapError
            If every service failed before any row arrived.
        """
        await self.finished()
        error = self._error or self._task.exception() or self._reports.common_error()
        if error is not None:
            raise error
        return self.table

    async def finished(self) -> None:
        """Wait until it has ended, however it did."""
        await asyncio.wait([self._task])

    def cancel(self) -> None:
        """Stop; remote jobs are deleted, and what has arrived stays."""
        # Not before the task has begun: a task that never begins never closes its table.
        asyncio.get_running_loop().call_soon(self._cancel)

    def interrupt(self) -> None:
        """Stop because this process ends: as `cancel`, but its table tells that it was not to end there."""
        # One that only closes its table has all that there is.
        self.interrupted = self.interrupted or self._asking
        self.cancel()

    def _cancel(self) -> None:
        if self._asking:
            self._task.cancel()

    def __aiter__(self) -> AsyncIterator[ServiceReport]:
        return self._reports.changes(self._task)

    # From here on: how it goes, in order

    async def _run(self) -> None:
        try:
            await _in_thread(self._open_table)
            self._begun.set()
            query = await self._resolved()
            names = await self._choice()
            for name in names:
                title = self._services.title(name)
                self._reports.tell(name, "waiting", title=title, targets=len(query.targets))
            if query.targets:
                self._targets = Targets(query.targets, self._discovery.resolve)
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(self._ask(name, query), name=f"esap search {name}")
                if self._targets is not None:
                    group.create_task(self._targets.resolve(), name="esap targets")
            if self._targets is not None:
                self._error = self._targets.common_error()
        except asyncio.CancelledError:
            log.debug("A search was cancelled")
        except EsapError as error:
            self._error = error
            for name in self.query.services:
                self._reports.tell_failure(name, error)
        finally:
            self._asking = False
            await self._finish()

    def _open_table(self) -> None:
        self._writer = self._discovery.tables().create(self.query, self.query.describe())
        self._table = self._writer.table

    async def _resolved(self) -> Query:
        """The query with its target turned into a position, once for all services."""
        query = self.query
        if not query.target or query.position or query.adql or query.product == "dids":
            return query
        return query.model_copy(update={"position": await self._discovery.resolve(query.target)})

    async def _choice(self) -> list[str]:
        """Whom to ask: those named, else those of the configuration that can answer, else all that can."""
        if self.query.services:
            return list(dict.fromkeys(self.query.services))
        able = []
        for name in self._discovery.default_services or self._services.names:
            try:
                await self._services.able(name, self._capability)
            except NotOffered:
                continue
            except EsapError:
                log.debug("%s cannot be used, which asking it will report", name)
            able.append(name)
        if not able:
            raise NotOffered(f"No service offers {self._capability}.", hint="See which services there are.")
        return able

    async def _ask(self, name: str, query: Query) -> None:
        """Ask one service; whatever goes wrong there is its report and nobody else's."""
        remote = self.options.remote(name, self) if self.options.remote and query.adql else None
        failure: EsapError | None = None
        try:
            connector = await self._services.able(name, self._capability)
            self._reports.tell(name, "waiting", title=self._services.title(name))
            check_parameters(connector, query.parameters)
            await self._receive(name, connector, query, remote)
        except asyncio.CancelledError as stop:
            self._reports.tell(name, "cancelled", message=self._why_stopped)
            if remote is not None:
                await remote.end(stop if remote.keep_job() else Cancelled("The query was cancelled."))
            raise
        except Exception as error:  # noqa: BLE001 - explained, logged and reported
            failure = explained(error, name)
            self._reports.tell_failure(name, failure)
        if remote is not None:
            await remote.end(failure)
        await _in_thread(self._written.report, self.reports[name])

    def _parts(
        self, name: str, connector: Any, query: Query, remote: RemoteQuery | None
    ) -> AsyncIterator[pa.RecordBatch | Notice]:
        if not query.adql:
            return cast(Searches, connector).search(query)
        loop = asyncio.get_running_loop()

        def on_phase(phase: str) -> None:
            loop.call_soon_threadsafe(self._reports.tell_phase, name, str(phase))

        request = AdqlRequest(
            query.adql,
            row_limit=query.row_limit,
            mode=self.options.mode,
            uploads=self.options.uploads,
            job_url=remote.job_url if remote else "",
            on_job=remote.on_job if remote else None,
            on_phase=on_phase,
            keep_job=remote.keep_job if remote else None,
        )
        return cast(AnswersADQL, connector).adql(request)

    async def _receive(self, name: str, connector: Any, query: Query, remote: RemoteQuery | None) -> None:
        limit, deadline = query.row_limit, self._deadline(name)
        append = functools.partial(self._append, name)
        if self._targets is None:
            answer = await receive(self._parts(name, connector, query, remote), limit, deadline, append)
            done = 0
        else:

            def receive_one(target: Target, position: Position, append: Append) -> Awaitable[Answer]:
                parts = self._parts(name, connector, query.at(target, position), None)
                return receive(parts, limit, deadline, append)

            def tell(done: int, message: str) -> None:
                self._reports.tell(name, "receiving", targets_done=done, message=message)

            # A call that waits for its place has its deadline running.
            at_once = min(TARGETS_AT_ONCE, self._services.calls_at_once(name))
            many = ListReceiver(name, self._targets, receive_one, append, tell, at_once)
            answer = await many.take()
            done = self._targets.count
        state: ServiceState = "truncated" if answer.cut else "complete"
        self._reports.tell(name, state, targets_done=done, message=answer.cut or answer.remark)

    async def _append(self, name: str, batch: pa.RecordBatch) -> None:
        await _in_thread(self._written.append, name, batch)
        self._reports.tell(name, "receiving", rows=self.reports[name].rows + batch.num_rows)

    def _deadline(self, name: str) -> float | None:
        """Seconds for all of a service's answer; an asynchronous query may take hours."""
        return None if self.query.adql and self.options.mode != "sync" else self._services.deadline(name)

    @property
    def _why_stopped(self) -> str:
        return "Interrupted: the process that asked has ended." if self.interrupted else "Cancelled."

    @property
    def _written(self) -> TableWriter:
        assert self._writer is not None, "nobody is asked before the table is there"
        return self._writer

    async def _finish(self) -> None:
        self._reports.tell_cancelled(self._why_stopped)
        try:
            if self._writer is not None:
                await _in_thread(self._close_table, self._writer)
        except EsapError as error:
            self._error = self._error or error
        finally:
            self._let_go()
            self._discovery.ended(self)

    def _let_go(self) -> None:
        """Who keeps a search that has ended does not keep the tables and targets that went with it."""
        self.options = dataclasses.replace(self.options, uploads={})
        self._targets = None
        for failure in self.errors.values():
            error: BaseException | None = failure
            while error is not None:
                traceback.clear_frames(error.__traceback__)
                error = error.__cause__ or error.__context__

    def _close_table(self, writer: TableWriter) -> None:
        for report in self.reports.values():
            writer.report(report)
        writer.finish(interrupted=self.interrupted)
        past = PastQuery(
            query=self.query,
            services=tuple(self.reports),
            at=self.begun_at,
            seconds=self._reports.seconds,
            rows=self._reports.rows,
            table_id=self.table.refresh().id,
        )
        try:
            self._discovery.history.add(past)
        except StateError:
            log.exception("The query could not be added to the history")


async def _in_thread(function: Callable[..., None], /, *args: Any) -> None:
    """Run in a thread; what has begun is waited for even when cancelled, so that nothing is half written."""
    writing = asyncio.ensure_future(asyncio.to_thread(function, *args))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise
