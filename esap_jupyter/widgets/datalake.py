"""The data lake panel: DIDs by pattern, what collections hold, rules, uploads, into the basket."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import ipywidgets
import traitlets

from esap_jupyter.errors import Conflict, InputError
from esap_jupyter.face import bringing, verbs
from esap_jupyter.face.background import directly
from esap_jupyter.face.basket import Basket
from esap_jupyter.face.datalake import DataLake, DIDKind
from esap_jupyter.face.listing import Listing, format_bytes
from esap_jupyter.face.uploaded import UploadedFile
from esap_jupyter.models import DID, Capability, Progress, Rule, ServiceStatus
from esap_jupyter.widgets.datalake_details import FILES, DIDDetails, described
from esap_jupyter.widgets.datalake_rules import Rules
from esap_jupyter.widgets.datalake_upload import UploadForm
from esap_jupyter.widgets.fields import Bound, button, labelled, on_enter
from esap_jupyter.widgets.panel import Panel
from esap_jupyter.widgets.words import escaped, muted_html

MOST_DIDS = 1000
"""DIDs that are listed at once."""


class DataLakePanel(Panel):
    """Look through a data lake (Rucio), make rules, upload files.

    Parameters
    ----------
    **traits
        Any of the attributes that may be set.

    Attributes
    ----------
    service : str
        Which data lake; may be empty where there is one only.
    pattern : str
        ``scope:name`` with the wildcard ``*`` in the name.
    kind : str
        ``all``, ``file``, ``dataset``, ``container`` or ``collection``.
    filters : str
        Metadata as Rucio writes it: ``length>3, run_number=7``.
    place : str
        The collection whose content is listed; empty if it is the pattern's DIDs. Read only.
    dids : tuple of DID
        What is listed; read only.
    selected : tuple of str
        Selected DIDs, ``scope:name``; DIDs may be set too.
    rules : tuple of Rule
        Those on the selected DID, if it is one; read only.
    uploading : bool
        Whether an upload is under way; read only.
    progress : Progress
        How far it is; read only.
    uploaded : tuple of UploadedFile
        What the last upload brought there; read only.
    running, error
        Whether it looks, and what went wrong.
    """

    service = traitlets.Unicode()
    pattern = traitlets.Unicode()
    kind = traitlets.Enum(get_args(DIDKind), default_value="all")
    filters = traitlets.Unicode()
    place = traitlets.Unicode(read_only=True)
    dids = traitlets.Tuple(read_only=True)
    selected = traitlets.Any(default_value=())
    rules = traitlets.Tuple(read_only=True)
    uploading = traitlets.Bool(default_value=False, read_only=True)
    progress = traitlets.Instance(Progress, args=(), read_only=True)
    uploaded = traitlets.Tuple(read_only=True)

    def __init__(self, **traits: Any) -> None:
        self._lake: Any = DataLake(directly)
        self._basket: Any = Basket(directly)
        self._offered: tuple[str, ...] = ()
        self._places: list[str] = []
        self._sending = -1
        self._service = labelled(ipywidgets.Dropdown, "Data lake", options=[("the only one", "")])
        pattern = labelled(ipywidgets.Text, "DIDs", "scope:name, the name with *", placeholder="scope:name*")
        kind = labelled(ipywidgets.Dropdown, "Type", options=get_args(DIDKind))
        filters = labelled(ipywidgets.Text, "Metadata", placeholder="optional: length>3, datatype=RAW")
        self._list = ipywidgets.SelectMultiple(
            description="Found", rows=8, layout=ipywidgets.Layout(width="100%", max_width="60em")
        )
        self._list.style.description_width = "4em"
        self._count = ipywidgets.HTML()
        self._details = ipywidgets.HTML()
        self._rules = Rules(lambda: self._try(self._make_rule), lambda: self._try(self._delete_rule))
        self._upload = UploadForm(lambda: self._try(self._upload_asked), self.cancel_upload)
        self._list_button = button(
            "List", lambda: self._try(self.list), button_style="primary", icon="search"
        )
        self._cancel_button = button("Cancel", self.cancel, icon="stop", disabled=True)
        self._open_button = button("Open", lambda: self._try(self.enter), icon="folder-open", disabled=True)
        self._back_button = button("Back", self.back, icon="arrow-left", disabled=True)
        self._basket_button = button("Put into the basket", lambda: self._try(self.to_basket), icon="plus")
        self._basket_button.disabled = True
        ask = ipywidgets.HBox([self._list_button, self._cancel_button])
        deeds = ipywidgets.HBox([self._open_button, self._back_button, self._basket_button])
        deeds.layout.flex_flow = "row wrap"
        found = [self._count, self._list, deeds, self._details, self._rules]
        super().__init__([self._service, pattern, kind, filters, ask, *found, self._upload])
        self._bound = [
            Bound(self, "pattern", pattern),
            Bound(self, "kind", kind),
            Bound(self, "filters", filters),
        ]
        for field in (pattern, filters):
            on_enter(field, lambda: self._try(self.list))
        self._service.observe(lambda change: self.set_trait("service", change.new), "value")
        self._rules.new.observe(
            lambda change: self._offer(change.new, self._lake.rses, self._rules), "is_open"
        )
        self._upload.observe(
            lambda change: self._offer(change.new, self._lake.writable_rses, self._upload), "is_open"
        )
        self._list.observe(lambda change: self.set_trait("selected", change.new), "value")
        self._take(())
        self._set(**traits)
        self._do(verbs.services(), self._know)

    def list(self) -> None:
        """List the DIDs of the pattern; returns at once. See `finished` and `dids`.

        Raises
        ------
        InputError
            If there is no pattern.
        """
        scope, colon, _ = self.pattern.partition(":")
        if not (scope and colon):
            raise InputError("Type a pattern, scope:name with *.", field="pattern")
        found = self._lake.dids(
            self.pattern, kind=self.kind, filters=self.filters, limit=MOST_DIDS, service=self.service
        )
        self._places = []
        self._look(found, "")

    def enter(self) -> None:
        """List what the selected dataset or container holds; returns at once.

        Raises
        ------
        InputError
            If no single collection is selected.
        """
        if len(self.selected) != 1 or self._is_file(self.selected[0]):
            raise InputError("Select one dataset or container.", field="selected")
        self._places.append(self.place)
        self._look(self._content(self.selected[0]), self.selected[0])

    def back(self) -> None:
        """List what was listed before; returns at once."""
        if self._places:
            place = self._places.pop()
            if place:
                self._look(self._content(place), place)
            else:
                self.list()

    def to_basket(self) -> None:
        """Put the selected DIDs into the basket.

        Raises
        ------
        InputError
            If none is selected.
        """
        chosen, service = self.selected, self.service
        if not chosen:
            raise InputError("Select what to put into the basket.", field="selected")

        async def put() -> int:
            items = [await self._lake.item(did, service=service) for did in chosen]
            new: int = await self._basket.add(items)
            return new

        def say(new: int) -> None:
            self._say(f"{new} new {'item' if new == 1 else 'items'} put into the basket.")

        self._fail(None)
        self._do(put(), say)

    def add_rule(
        self, rse_expression: str = "", copies: int = 1, lifetime: int | timedelta | None = None
    ) -> None:
        """Make a rule on the selected DID; returns at once. See `rules`.

        Parameters
        ----------
        rse_expression : str
            Where the replicas are to be; empty for the site's own RSE.
        copies : int
            How many replicas, each on another RSE.
        lifetime : int or timedelta
            How long, in seconds; by default for ever.

        Raises
        ------
        InputError
            If no single DID is selected.
        """
        made = self._lake.add_rule(
            self._one(), rse_expression, copies=copies, lifetime=lifetime, service=self.service
        )
        self._fail(None)
        self._do(made, lambda rule: self._look_again(f"The rule on {rule.rse_expression} is made."))

    def delete_rule(self, rule: str | Rule) -> None:
        """Delete a rule, or that of an id; returns at once. Rucio takes it away within the hour.

        Parameters
        ----------
        rule : str or Rule
            What is wrong is in `error`: `NotFound` if there is no such rule.
        """
        deleted = self._lake.delete_rule(rule, service=self.service)
        self._fail(None)
        self._do(
            deleted, lambda _: self._look_again("The rule is deleted; Rucio takes it away within the hour.")
        )

    def upload(self, files: str | Path | Iterable[str | Path], to: str = "", *, rse: str = "") -> None:
        """Upload files, see `esap_jupyter.upload`; returns at once. See `uploading` and `uploaded`.

        Parameters
        ----------
        files : str, Path or list of these
            Files, or directories with files.
        to : str
            ``scope:dataset`` or a scope; by default one's own scope.
        rse : str
            Where to; by default the site's own RSE, or the only one that one may write.

        Raises
        ------
        Conflict
            If an upload is under way.
        """
        if self.uploading:
            raise Conflict("An upload is under way.", hint="Wait for it, or cancel it.", field="files")

        service = self.service

        async def send() -> Listing[UploadedFile]:
            try:
                return await bringing.upload(
                    files,
                    to,
                    rse=rse,
                    service=service,
                    on_progress=lambda progress: self._tell("far", lambda: self._take_progress(progress)),
                )
            finally:
                self._tell("uploaded", lambda: self.set_trait("uploading", False))

        self._fail(None)
        self._take_uploaded(())
        self._take_progress(Progress())
        self.set_trait("uploading", True)
        self._sending = self._do(send(), self._take_uploaded)

    def cancel_upload(self) -> None:
        """Stop the upload; files that have arrived stay."""
        self._stop(self._sending)

    def _offer(self, is_open: bool, rses: Any, form: Rules | UploadForm) -> None:
        """Offer the RSEs that there are in a form that was opened."""
        if is_open:
            self._do(rses(service=self.service), lambda found: form.offer([rse.name for rse in found]))

    def _one(self) -> str:
        if len(self.selected) != 1:
            raise InputError("Select one DID.", field="selected")
        return str(self.selected[0])

    def _make_rule(self) -> None:
        self.add_rule(*self._rules.asked)

    def _delete_rule(self) -> None:
        self.delete_rule(self._rules.chosen)

    def _upload_asked(self) -> None:
        path, to, rse = self._upload.asked
        self.upload(path, to, rse=rse)

    def _take_progress(self, progress: Progress) -> None:
        self.set_trait("progress", progress)
        self._upload.show(progress if self.uploading else None)

    @traitlets.observe("uploading")
    def _on_uploading(self, _: Any) -> None:
        self._upload.show(self.progress if self.uploading else None)

    def _take_uploaded(self, files: Any) -> None:
        found: Listing[UploadedFile] = Listing(files, nothing="No files.")
        self.set_trait("uploaded", tuple(found))
        self._upload.show_files(found)

    def _look_again(self, said: str) -> None:
        """Say what was done, and look at the DID as it is now."""
        self._say(said)
        self._look_at_selected()

    def _content(self, did: str) -> Any:
        return self._lake.content(did, limit=MOST_DIDS, service=self.service)

    def _look(self, found: Any, place: str) -> None:
        self.set_trait("place", place)
        self._take(())
        self._run(found, self._take)

    def _take(self, dids: Any) -> None:
        self._list.value = ()
        self.set_trait("dids", tuple(dids))
        self.selected = ()
        self._list.options = [(_line(did), str(did)) for did in self.dids]
        where = f" in {self.place}" if self.place else ""
        more = f"; there may be more{'' if self.place else ': narrow the pattern'}"
        more = more if len(self.dids) == MOST_DIDS else ""
        count = f"{len(self.dids):,} {'DID' if len(self.dids) == 1 else 'DIDs'}{where}{more}"
        self._count.value = muted_html(count if self.dids or self.place else "")
        self._list.layout.display = None if self.dids else "none"
        self._back_button.disabled = not self._places

    def _know(self, services: Any) -> None:
        lakes: list[ServiceStatus] = [each for each in services if Capability.DATALAKE in each.capabilities]
        self._offered = tuple(each.name for each in lakes)
        options = [(each.title or each.name, each.name) for each in lakes]
        wanted = self.service or (self._offered[0] if self._offered else "")
        if options:
            self._service.options = options
        self.service = wanted if wanted in self._offered else ""

    @traitlets.validate("service")
    def _known(self, proposal: Any) -> str:
        if proposal.value and self._offered and proposal.value not in self._offered:
            raise InputError(
                f"{proposal.value!r} is no data lake.",
                hint=f"These are: {', '.join(self._offered)}.",
                field="service",
            )
        return str(proposal.value)

    @traitlets.observe("service")
    def _on_service(self, _: Any) -> None:
        if self.service in self._offered:
            self._service.value = self.service

    @traitlets.validate("selected")
    def _listed(self, proposal: Any) -> tuple[str, ...]:
        names = tuple(str(did) for did in proposal.value)
        known = {str(did) for did in self.dids}
        wrong = next((name for name in names if name not in known), None)
        if wrong is not None:
            raise InputError(f"{wrong} is not listed.", field="selected")
        return names

    @traitlets.observe("selected")
    def _on_selected(self, _: Any) -> None:
        self._list.value = self.selected
        one = self.selected[0] if len(self.selected) == 1 else ""
        self._open_button.disabled = not one or self._is_file(one)
        self._basket_button.disabled = not self.selected
        self._details.value = ""
        self._rules.hide()
        self.set_trait("rules", ())
        self._look_at_selected()

    def _look_at_selected(self) -> None:
        if len(self.selected) == 1:
            self._do(described(self._lake, self.selected[0], self.service), self._show_details)

    @traitlets.observe("running")
    def _on_running(self, _: Any) -> None:
        self._cancel_button.disabled = not self.running

    def _is_file(self, name: str) -> bool:
        return any(str(did) == name and did.type in FILES for did in self.dids)

    def _show_details(self, found: DIDDetails) -> None:
        if self.selected == (found.name,):
            self._details.value = found.html
            self.set_trait("rules", tuple(found.rules))
            self._rules.show(found.rules, found.account)
            if found.error is not None:
                self._fail(found.error)

    # As text

    def _listing(self) -> Listing[DID]:
        return Listing(self.dids, nothing="Nothing is listed.")

    def _state_text(self) -> str:
        return f"DataLakePanel: {self.place or self.pattern}\n{self._listing()!r}"

    def _state_html(self) -> str:
        head = f"<p><b>DataLakePanel</b>: {escaped(self.place or self.pattern)}</p>"
        return head + self._listing()._repr_html_()


def _line(did: DID) -> str:
    size = f" · {format_bytes(did.bytes)}" if did.bytes is not None else ""
    return f"{did} · {did.type.lower()}{size}"
