"""The search panel: what is looked for, where, and which services are asked."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, get_args

import ipywidgets
import traitlets

from esap_jupyter.errors import EsapError, InputError
from esap_jupyter.face import verbs
from esap_jupyter.face.asked import degrees, names_of, query_of
from esap_jupyter.face.background import gateway
from esap_jupyter.face.targets import query_fields
from esap_jupyter.gateway.registries import is_ivoid
from esap_jupyter.models import Capability, Product, Query, ServiceStatus, Target
from esap_jupyter.widgets.asking import AskingPanel
from esap_jupyter.widgets.fields import AngleTrait, Bound, RowLimitTrait, TargetTrait, labelled, on_enter
from esap_jupyter.widgets.fold import Fold
from esap_jupyter.widgets.query_form import QueryForm
from esap_jupyter.widgets.registry_find import RegistryFind
from esap_jupyter.widgets.service_choice import ServiceChoice
from esap_jupyter.widgets.target_list import TargetListField, TargetsTrait

_PRODUCTS: dict[str, str] = {
    "sources": "Sources",
    "images": "Images",
    "spectra": "Spectra",
    "observations": "Observations",
    "dids": "Files in the data lake",
}
_FORMS_AT_ONCE = 20


class SearchPanel(AskingPanel):
    """Search several services side by side: `esap_jupyter.search` as a form.

    Parameters
    ----------
    **traits
        Any of the attributes that may be set.

    Attributes
    ----------
    target : str
        A name, or coordinates in any usual form; may be set to a SkyCoord too.
    targets : tuple of Target
        Several, in the place of `target`; may be set to a list of names, coordinates or SkyCoord, to a
        SkyCoord array, to a table with positions, or to text with one on each line. Setting `target`
        empties it.
    radius : str
        ``"6 arcmin"``; may be set to a Quantity, or a number (degrees), too.
    product : str
        ``sources``, as for `search`, ``images``, ``spectra``, ``observations`` or ``dids``.
    keyword : str
        Free text; for ``dids`` a pattern ``scope:name*``.
    services : tuple of str
        Which are asked, may be set to one name too; none means those that are asked usually. An IVOA
        identifier (``ivo://...``) is one of the registry's, see `find_services`.
    row_limit : int, str or None
        Rows wanted of each service: a number, None for all, ``"default"`` for what the configuration says.
    parameters : dict
        Further fields of the services' query forms.
    saved : tuple of SavedQuery
        The queries saved that are not ADQL; `recall` takes their names.
    table, selected, reports, running, error
        What came of it.

    Examples
    --------
    >>> panel = esap.SearchPanel(target="M 51", product="images")
    >>> panel
    >>> panel.search()
    >>> await panel.finished()
    >>> panel.table
    >>> panel.targets = ["M 51", "M 42", SkyCoord(10.68, 41.27, unit="deg")]
    """

    target = TargetTrait(default_value="")
    targets = TargetsTrait(default_value=())
    radius = AngleTrait(default_value="6 arcmin")
    product = traitlets.Enum(get_args(Product), default_value="sources")
    keyword = traitlets.Unicode()
    services = traitlets.Any(default_value=())
    parameters = traitlets.Dict()

    def __init__(self, **traits: Any) -> None:
        self._offered: tuple[ServiceStatus, ...] = ()
        self._looked_for: set[str] = set()
        self._forms: dict[str, Mapping[str, Any]] = {}
        product = labelled(
            ipywidgets.Dropdown, "Look for", options=[(title, name) for name, title in _PRODUCTS.items()]
        )
        target = labelled(ipywidgets.Text, "Target", placeholder="M 51, or 13 29 52.7 +47 11 43")
        radius = labelled(ipywidgets.Text, "Radius", placeholder="6 arcmin")
        keyword = labelled(
            ipywidgets.Text, "Keyword", placeholder="optional; for files a pattern scope:name*"
        )
        row_limit = labelled(
            ipywidgets.Text,
            "Rows at most",
            "Rows wanted of each service",
            placeholder="as configured; or all",
        )
        self._list = TargetListField(lambda text: self._try(lambda: self._set(targets=text)))
        self._target, self._places = target, (radius, self._list)
        self._find = RegistryFind(self._find_services, self._add_service)
        self._choice = ServiceChoice(lambda names: self.set_trait("services", names))
        self._form = QueryForm(self._on_form)
        self._more = Fold("Further fields", [self._form])
        fields = [product, target, self._list, radius, keyword, row_limit]
        super().__init__([*fields, self._choice, self._find, self._more], "Search")
        self._bound = [
            Bound(self, "product", product),
            Bound(self, "target", target),
            Bound(self, "radius", radius),
            Bound(self, "keyword", keyword),
            Bound(self, "row_limit", row_limit, read=RowLimitTrait.read, write=RowLimitTrait.write),
        ]
        for field in (target, radius, keyword, row_limit):
            on_enter(field, lambda: self._try(self._begin))
        self._set(**traits)
        self._offer()
        self._do(self._look(), self._know)
        self._look_at_saved()

    def search(self) -> None:
        """Ask what the form says; returns at once. See `finished`.

        Raises
        ------
        InputError
            If something of it cannot be used.
        """
        self._begin()

    def _check(self) -> None:
        self._faults()
        asks_for_dids = self.product == "dids"
        is_somewhere = not asks_for_dids and bool(self.targets or self.target.strip())
        if not (is_somewhere or self.keyword.strip() or self.parameters):
            missing = "a pattern, scope:name with *" if asks_for_dids else "a name or coordinates"
            raise InputError(f"Type {missing}.", field="keyword" if asks_for_dids else "target")
        if self._offered and not self.services and not self._choice.ticked:
            raise InputError("Choose at least one service.", field="services")

    def _where(self) -> str | tuple[Target, ...]:
        return "" if self.product == "dids" else self.targets or self.target.strip()

    def _begin(self) -> None:
        self._check()
        self._ask(
            functools.partial(
                verbs.search,
                self._where(),
                radius=self.radius,
                services=self.services or self._choice.ticked,
                product=self.product,
                keyword=self.keyword.strip(),
                row_limit=self.row_limit,
                parameters={**self.parameters, **self._form.read()},
            )
        )

    async def _query(self) -> Query:
        return query_of(
            services=self.services,
            product=self.product,
            **await query_fields(self._where()),
            radius=degrees(self.radius),
            keyword=self.keyword.strip(),
            row_limit=await self._wanted_rows(),
            parameters={**self.parameters, **self._form.read()},
        )

    def _fill(self, query: Query) -> None:
        where = query.target or query.position
        self._set(product=query.product, target=where or "", targets=query.targets, radius=query.radius)
        self._set(keyword=query.keyword, row_limit=query.row_limit, parameters=query.parameters)
        # The last, since one of them may be gone.
        self.services = query.services

    def _is_mine(self, query: Query) -> bool:
        return not query.adql

    # The services and their forms

    async def _look(self, *names: str) -> tuple[list[ServiceStatus], dict[str, Mapping[str, Any]]]:
        services = await verbs.services(names)
        joined = await gateway()
        forms: dict[str, Mapping[str, Any]] = {}
        for service in services[:_FORMS_AT_ONCE]:
            try:
                forms[service.name] = await joined.query_form(service.name)
            except EsapError:
                # It says so itself when it is asked.
                continue
        return services, forms

    def _know(self, found: tuple[list[ServiceStatus], dict[str, Mapping[str, Any]]]) -> None:
        known = {service.name: service for service in (*self._offered, *found[0])}
        self._offered, self._forms = tuple(known.values()), {**self._forms, **found[1]}
        unknown = {name for name in self.services if not is_ivoid(name)} - known.keys()
        if unknown:
            self._fail(InputError(f"There is no service {min(unknown)!r}.", field="services"))
        self._look_in_registry()
        self._offer()

    def _look_in_registry(self) -> None:
        """Ask for those of the services chosen that the registry knows."""
        new = {name for name in self.services if is_ivoid(name)} - self._looked_for
        self._looked_for |= new
        for name in sorted(new):
            self._do(self._look(name), self._know)

    def _find_services(self, words: str) -> None:
        self._fail(None)
        if words.lower().startswith("ivo:"):
            self._try(lambda: self._add_service(words))
        else:
            self._do(verbs.find_services(words, product=self.product), self._find.show)

    def _add_service(self, ivoid: str) -> None:
        self.services = tuple(dict.fromkeys([*(self.services or self._choice.ticked), ivoid]))

    def _offer(self) -> None:
        able = [service for service in self._offered if Capability(self.product) in service.capabilities]
        # Those chosen usually first: the list shows only some without scrolling.
        able.sort(key=lambda service: not service.usual)
        if self._offered:
            self._choice.offer(able, self.services)
        chosen = self.services or self._choice.ticked
        self._form.describe({name: self._forms[name] for name in chosen if name in self._forms})
        self._form.fill(self.parameters)
        self._more.layout.display = None if self._form.names else "none"

    @traitlets.validate("services")
    def _names(self, proposal: Any) -> tuple[str, ...]:
        names = names_of(proposal.value)
        known = {service.name for service in self._offered}
        wrong = next((name for name in names if known and name not in known and not is_ivoid(name)), None)
        if wrong is not None:
            raise InputError(
                f"There is no service {wrong!r}.",
                hint=f"There are: {', '.join(sorted(known))}.",
                field="services",
            )
        return names

    @traitlets.observe("product", "services")
    def _on_choice(self, change: Any) -> None:
        if change.name == "product":
            self._show_places()
            self._drop_what_does_not_fit()
        if self._offered:
            self._look_in_registry()
        self._offer()

    @traitlets.observe("target")
    def _on_target(self, _: Any) -> None:
        if self.target:
            self._set(targets=())

    @traitlets.observe("targets")
    def _on_targets(self, _: Any) -> None:
        if self.targets:
            self._set(target="")
        self._list.show(self.targets)
        self._show_places()

    def _show_places(self) -> None:
        is_placed = self.product != "dids"
        for field in self._places:
            field.layout.display = None if is_placed else "none"
        self._target.layout.display = None if is_placed and not self.targets else "none"

    def _drop_what_does_not_fit(self) -> None:
        """The services chosen, and their fields, may be of no use for another product."""
        if self._offered:
            able = {
                service.name for service in self._offered if Capability(self.product) in service.capabilities
            }
            self.services = tuple(name for name in self.services if name in able)
            self._offer()
            self.parameters = {
                name: self.parameters[name] for name in self._form.names if name in self.parameters
            }

    @traitlets.observe("parameters")
    def _on_parameters(self, _: Any) -> None:
        self._form.fill(self.parameters)

    def _on_form(self) -> None:
        try:
            self.parameters = self._form.read()
        except InputError:
            # Half typed; what it is in the end is read when it is asked.
            return

    def _asked_text(self) -> str:
        what = _PRODUCTS[self.product]
        named = f"{len(self.targets)} targets" if self.targets else self.target
        where = f" within {self.radius} of {named}" if named and self.product != "dids" else ""
        return f"{what}{where} {self.keyword}".strip()
