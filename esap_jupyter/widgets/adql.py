"""The ADQL panel: a query, which service answers it, its tables and columns."""

from __future__ import annotations

import functools
from typing import Any

import ipywidgets
import traitlets

from esap_jupyter.errors import InputError
from esap_jupyter.face import verbs
from esap_jupyter.face.listing import Listing
from esap_jupyter.models import Capability, ColumnDescription, ServiceStatus, TableDescription
from esap_jupyter.widgets.asking import AskingPanel
from esap_jupyter.widgets.fields import Bound, RowLimitTrait, button, labelled

_FIRST_ONE = "the first that answers ADQL"


class AdqlPanel(AskingPanel):
    """Ask a TAP service in ADQL: `esap_jupyter.adql` as a panel.

    Parameters
    ----------
    **traits
        Any of the attributes that may be set.

    Attributes
    ----------
    adql : str
        The query.
    service : str
        Which service is asked; empty for the first that answers ADQL.
    row_limit : int, str or None
        Rows wanted: a number, None for all, ``"default"`` for what the configuration says.
    mode : str
        ``auto``, ``sync`` or ``async``.
    uploads : dict
        Tables by name, for ``TAP_UPLOAD.<name>``; set from code.
    table, selected, reports, running, error
        What came of it.
    """

    adql = traitlets.Unicode()
    service = traitlets.Unicode()
    row_limit = RowLimitTrait(default_value=verbs.DEFAULT)
    mode = traitlets.Enum(("auto", "sync", "async"), default_value="auto")
    uploads = traitlets.Dict()

    def __init__(self, **traits: Any) -> None:
        self._offered: tuple[ServiceStatus, ...] = ()
        self._service = labelled(ipywidgets.Dropdown, "Service", options=[(_FIRST_ONE, "")])
        text = ipywidgets.Textarea(
            description="ADQL",
            placeholder="SELECT TOP 10 * FROM ...",
            rows=6,
            layout=ipywidgets.Layout(width="100%"),
        )
        text.style.description_width = "8em"
        text.style.font_family = "var(--jp-code-font-family, monospace)"
        text.add_class("esap-Adql")
        row_limit = labelled(ipywidgets.Text, "Rows at most", placeholder="as configured; or all")
        mode = labelled(
            ipywidgets.Dropdown,
            "Mode",
            options=[("at once, else as a job", "auto"), ("at once", "sync"), ("as a job", "async")],
        )
        self._tables = ipywidgets.Select(description="Tables", rows=8, layout=ipywidgets.Layout(width="40%"))
        self._columns = ipywidgets.HTML(
            layout=ipywidgets.Layout(width="58%", max_height="14em", overflow="auto")
        )
        look = button("Look which tables there are", lambda: self._try(self._look_at_tables))
        browser = ipywidgets.VBox([look, ipywidgets.HBox([self._tables, self._columns])])
        self._browser = ipywidgets.Accordion([browser], titles=("Tables and columns",))
        super().__init__([self._service, text, row_limit, mode, self._browser], "Ask")
        self._bound = [
            Bound(self, "adql", text),
            Bound(self, "row_limit", row_limit, read=RowLimitTrait.read, write=RowLimitTrait.write),
            Bound(self, "mode", mode),
        ]
        self._service.observe(lambda change: self.set_trait("service", change.new), "value")
        self._tables.observe(lambda change: self._look_at_columns(change.new), "value")
        self._set(**traits)
        self._do(verbs.services(), self._know)

    def ask(self) -> None:
        """Send the query; returns at once. See `finished`.

        Raises
        ------
        InputError
            If there is no query, or something else of it cannot be used.
        """
        self._begin()

    def _begin(self) -> None:
        self._faults()
        if not self.adql.strip():
            raise InputError("There is no ADQL.", hint="Write a query: SELECT ... FROM ...", field="adql")
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

    # The services, their tables and columns

    def _know(self, services: list[ServiceStatus]) -> None:
        self._offered = tuple(service for service in services if Capability.ADQL in service.capabilities)
        options = [(service.title or service.name, service.name) for service in self._offered]
        wanted = self.service
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
        if proposal.value and names and proposal.value not in names:
            raise InputError(
                f"{proposal.value!r} answers no ADQL.", hint=f"These do: {', '.join(names)}.", field="service"
            )
        return str(proposal.value)

    @traitlets.observe("service")
    def _on_service(self, _: Any) -> None:
        if self.service in [value for _, value in self._service.options]:
            self._service.value = self.service
        self._tables.options = ()
        self._columns.value = ""

    def _look_at_tables(self) -> None:
        service = self.service or (self._offered[0].name if self._offered else "")
        if not service:
            raise InputError("Choose a service.", field="service")

        def show(tables: list[TableDescription]) -> None:
            self._tables.options = [(table.name, (service, table.name)) for table in tables]

        self._fail(None)
        self._do(verbs.tables(service), show)

    def _look_at_columns(self, table: tuple[str, str] | None) -> None:
        if table is None:
            return

        def show(columns: Listing[ColumnDescription]) -> None:
            self._columns.value = columns._repr_html_()

        self._do(verbs.columns(*table), show)

    # As text

    def _asked_text(self) -> str:
        return self.adql or "no query"
