"""The ADQL panel: a query, which service answers it, its tables and columns."""

from __future__ import annotations

import functools
from typing import Any

import ipywidgets
import traitlets

from esap_jupyter.errors import EsapError, InputError, QueryRejected
from esap_jupyter.face import verbs
from esap_jupyter.face.asked import query_of
from esap_jupyter.face.background import gateway
from esap_jupyter.face.listing import Listing
from esap_jupyter.gateway.registries import is_ivoid
from esap_jupyter.models import Capability, ColumnDescription, Query, ServiceStatus, TableDescription
from esap_jupyter.widgets.adql_editor import AdqlEditor
from esap_jupyter.widgets.asking import AskingPanel
from esap_jupyter.widgets.fields import LABEL_WIDTH, Bound, RowLimitTrait, button, labelled
from esap_jupyter.widgets.fold import Fold
from esap_jupyter.widgets.words import muted_html

_FIRST_ONE = "the first that answers ADQL"
# VizieR has 47,595, which no page draws and nobody reads.
_MOST_TABLES = 200


class AdqlPanel(AskingPanel):
    """Ask a TAP service in ADQL: `esap_jupyter.adql` as a panel.

    Tables and columns are completed as the query is typed; Shift-Enter sends it.

    Parameters
    ----------
    **traits
        Any of the attributes that may be set.

    Attributes
    ----------
    adql : str
        The query.
    service : str
        Which service is asked, one of the registry's by its identifier (``ivo://...``); empty for the first
        that answers ADQL.
    row_limit : int, str or None
        Rows wanted: a number, None for all, ``"default"`` for what the configuration says.
    mode : str
        ``auto``, ``sync`` or ``async``.
    uploads : dict
        Tables by name, for ``TAP_UPLOAD.<name>``; set from code.
    saved : tuple of SavedQuery
        The queries in ADQL that were saved; `recall` takes their names.
    examples : tuple of (str, str)
        The service's own examples, title and ADQL, once its tables were looked at; read only.
    table, selected, reports, running, error
        What came of it.
    """

    adql = traitlets.Unicode()
    service = traitlets.Unicode()
    mode = traitlets.Enum(("auto", "sync", "async"), default_value="auto")
    uploads = traitlets.Dict()
    examples = traitlets.Tuple(read_only=True)

    def __init__(self, **traits: Any) -> None:
        self._offered: tuple[ServiceStatus, ...] = ()
        self._service = labelled(ipywidgets.Dropdown, "Service", options=[(_FIRST_ONE, "")])
        self._editor = AdqlEditor(lambda: self.service, lambda: self._try(self._begin))
        row_limit = labelled(ipywidgets.Text, "Rows at most", placeholder="as configured; or all")
        mode = labelled(
            ipywidgets.Dropdown,
            "Mode",
            options=[("at once, else as a job", "auto"), ("at once", "sync"), ("as a job", "async")],
        )
        self._known_tables: tuple[tuple[str, str], ...] = ()
        self._filter = labelled(ipywidgets.Text, "Tables with", placeholder="part of a name")
        self._shown = ipywidgets.HTML()
        self._tables = ipywidgets.Select(description="Tables", rows=8, layout=ipywidgets.Layout(width="50%"))
        self._tables.style.description_width = LABEL_WIDTH
        self._columns = ipywidgets.HTML(
            layout=ipywidgets.Layout(width="48%", max_height="14em", overflow="auto")
        )
        look = button("Look which tables there are", lambda: self._try(self._look_at_tables))
        self._examples = labelled(ipywidgets.Dropdown, "Examples", options=[("", "")])
        self._examples.layout.display = "none"
        lists = ipywidgets.HBox([self._tables, self._columns])
        browser = [look, self._examples, self._filter, lists, self._shown]
        self._browser = Fold("Tables, columns and examples", browser)
        super().__init__([self._service, self._editor, row_limit, mode, self._browser], "Ask")
        self._bound = [
            Bound(self, "adql", self._editor),
            Bound(self, "row_limit", row_limit, read=RowLimitTrait.read, write=RowLimitTrait.write),
            Bound(self, "mode", mode),
        ]
        self._service.observe(lambda change: self.set_trait("service", change.new), "value")
        self._examples.observe(lambda change: self._take_example(change.new), "value")
        self._filter.observe(lambda _: self._list_tables(), "value")
        self._tables.observe(lambda change: self._look_at_columns(change.new), "value")
        self._set(**traits)
        self._do(verbs.services(), self._know)
        self._look_at_saved()

    def ask(self) -> None:
        """Send the query; returns at once. See `finished`.

        Raises
        ------
        InputError
            If there is no query, or something else of it cannot be used.
        """
        self._begin()

    def _check(self) -> None:
        self._faults()
        if not self.adql.strip():
            raise InputError("There is no ADQL.", hint="Write a query: SELECT ... FROM ...", field="adql")

    async def _query(self) -> Query:
        services = (self.service or await verbs.default_adql_service(),)
        return query_of(services=services, adql=self.adql, row_limit=await self._wanted_rows())

    def _fill(self, query: Query) -> None:
        self._set(adql=query.adql, row_limit=query.row_limit)
        self.service = query.services[0] if query.services else ""

    def _is_mine(self, query: Query) -> bool:
        return bool(query.adql)

    def _begin(self) -> None:
        self._check()
        self._ask(
            functools.partial(
                verbs.adql,
                self.adql,
                self.service,
                row_limit=self.row_limit,
                mode=self.mode,
                uploads=self.uploads,
            )
        )

    def _fail(self, error: EsapError | None) -> None:
        super()._fail(error)
        rejected = error if isinstance(error, QueryRejected) else None
        if rejected is None or rejected.line is None:
            self._editor.mark(None, None, "")
            return
        self._editor.mark(rejected.line, rejected.column, rejected.message)
        if "line" not in rejected.message.lower():
            column = f", column {rejected.column}" if rejected.column else ""
            self._say(f"This is in line {rejected.line}{column}.")

    # The services, their tables and columns

    def _know(self, services: list[ServiceStatus]) -> None:
        self._offered = tuple(service for service in services if Capability.ADQL in service.capabilities)
        options = [(service.title or service.name, service.name) for service in self._offered]
        wanted = self.service
        if is_ivoid(wanted):
            options.append((wanted, wanted))
        self._service.options = [(_FIRST_ONE, ""), *options]
        try:
            self.service = wanted
        except InputError as error:
            self.service = ""
            self._fail(error)
        self._service.value = self.service

    @traitlets.validate("service")
    def _known(self, proposal: Any) -> str:
        names = [service.name for service in self._offered]
        if is_ivoid(proposal.value):
            return str(proposal.value)
        if proposal.value and names and proposal.value not in names:
            raise InputError(
                f"{proposal.value!r} answers no ADQL.", hint=f"These do: {', '.join(names)}.", field="service"
            )
        return str(proposal.value)

    @traitlets.observe("service")
    def _on_service(self, _: Any) -> None:
        wanted = self.service
        if is_ivoid(wanted) and wanted not in [value for _, value in self._service.options]:
            # New options reset the choice.
            self._service.options = [*self._service.options, (wanted, wanted)]
            self._service.value = wanted
        if self.service in [value for _, value in self._service.options]:
            self._service.value = self.service
        self._know_tables(())
        self._show_examples([])

    def _look_at_tables(self) -> None:
        wanted = self.service

        async def look() -> tuple[str, list[TableDescription], list[tuple[str, str]]]:
            service = wanted or await verbs.default_adql_service()
            return service, await verbs.tables(service), await _examples_of(service)

        def show(found: tuple[str, list[TableDescription], list[tuple[str, str]]]) -> None:
            if self.service != wanted:
                return
            service, tables, examples = found
            self._know_tables(tuple((service, table.name) for table in tables))
            self._show_examples(examples)

        self._fail(None)
        self._do(look(), show)

    def _know_tables(self, tables: tuple[tuple[str, str], ...]) -> None:
        self._known_tables = tables
        if self._filter.value:
            self._filter.value = ""
        else:
            self._list_tables()

    def _list_tables(self) -> None:
        words = self._filter.value.lower().split()
        found = [table for table in self._known_tables if all(word in table[1].lower() for word in words)]
        options = [(table[1], table) for table in found[:_MOST_TABLES]]
        with self._tables.hold_trait_notifications():
            self._tables.options = options
            # Options choose the first of them; whose columns nobody asked for.
            self._tables.index = None
        self._columns.value = ""
        some = f"{len(options):,} of " if len(options) < len(self._known_tables) else ""
        self._shown.value = (
            muted_html(f"{some}{len(self._known_tables):,} tables") if self._known_tables else ""
        )

    def _show_examples(self, examples: list[tuple[str, str]]) -> None:
        self.set_trait("examples", tuple(examples))
        self._examples.options = [("choose one …", ""), *examples]
        self._examples.value = ""
        self._examples.layout.display = None if examples else "none"

    def _take_example(self, adql: str) -> None:
        if adql:
            self.adql = adql

    def _look_at_columns(self, table: tuple[str, str] | None) -> None:
        if table is None:
            return

        def show(columns: Listing[ColumnDescription]) -> None:
            # Of two answers the slower one may be to the older question.
            if self._tables.value == table:
                self._columns.value = columns._repr_html_()

        self._do(verbs.columns(*table), show)

    # As text

    def _asked_text(self) -> str:
        return self.adql or "no query"


async def _examples_of(service: str) -> list[tuple[str, str]]:
    try:
        return await (await gateway()).examples(service)
    except EsapError:
        # Few services have any.
        return []
