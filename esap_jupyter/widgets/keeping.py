"""Saving what a panel asks, and recalling it; the queries saved are the same in every face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from esap_jupyter.errors import InputError
from esap_jupyter.face.background import gateway
from esap_jupyter.models import Query
from esap_jupyter.widgets.panel import Panel
from esap_jupyter.widgets.saved_queries import SavedQueryBox

if TYPE_CHECKING:
    from esap_jupyter.gateway import SavedQuery


class KeepingPanel(Panel):
    """A panel whose question can be saved, and recalled.

    Attributes
    ----------
    saved : tuple of SavedQuery
        The queries saved that this panel can ask, as last looked at; read only.
    """

    saved = traitlets.Tuple(read_only=True)

    def save(self, name: str) -> None:
        """Save what the form asks, under a name; returns at once. See `saved`.

        Parameters
        ----------
        name : str
            What it is called; others may have the same name.

        Raises
        ------
        InputError
            If there is no name, or the form asks nothing.
        """
        if not name:
            raise InputError("Give the query a name.", field="name")
        self._check()

        async def keep() -> list[SavedQuery]:
            saved = (await gateway()).saved
            await saved.add(name, await self._query())
            return await saved.list()

        self._keep(keep())

    def recall(self, query: Query | str) -> None:
        """Have the form ask what was asked.

        Parameters
        ----------
        query : Query or str
            A query, as of `esap.history`, or the name of one in `saved`.

        Raises
        ------
        InputError
            If no query is saved under the name, or a service of it is not there any more.
        """
        self._fill(self._saved_as(query) if isinstance(query, str) else query)
        self._fail(None)

    def _saved_as(self, name: str) -> Query:
        for each in self.saved:
            if each.name == name:
                found: Query = each.query
                return found
        raise InputError(f"There is no saved query {name!r}.", field="saved")

    # What a panel of this kind says

    def _check(self) -> None:
        """Raise what cannot be asked."""
        raise NotImplementedError

    async def _query(self) -> Query:
        """What the form asks."""
        raise NotImplementedError

    def _fill(self, query: Query) -> None:
        """Write a query into the form."""
        raise NotImplementedError

    def _is_mine(self, query: Query) -> bool:
        """Whether this panel can ask a query."""
        raise NotImplementedError

    # What the list does

    def _make_box(self) -> SavedQueryBox:
        self._box = SavedQueryBox(
            look=self._look_at_saved,
            save=lambda name: self._try(lambda: self.save(name)),
            recall=lambda query: self._try(lambda: self.recall(query)),
            delete=self._forget,
        )
        return self._box

    def _look_at_saved(self) -> None:
        async def look() -> list[SavedQuery]:
            return await (await gateway()).saved.list()

        self._keep(look())

    def _forget(self, query: SavedQuery) -> None:
        async def forget() -> list[SavedQuery]:
            saved = (await gateway()).saved
            await saved.delete(query.id)
            return await saved.list()

        self._keep(forget())

    def _keep(self, work: Any) -> None:
        def show(queries: list[SavedQuery]) -> None:
            mine = tuple(each for each in queries if self._is_mine(each.query))
            self.set_trait("saved", mine)
            self._box.show(mine)

        self._do(work, show)
