"""The queries that a person saved, the same in every process of theirs."""

from __future__ import annotations

import asyncio

from esap_jupyter.models import Query
from esap_jupyter.storage.state import State
from esap_jupyter.storage.state_saved import SavedQuery, SavedQueryRows


class SavedQueries:
    """Queries under names of the person's own."""

    def __init__(self, state: State) -> None:
        self._rows = SavedQueryRows(state)

    async def add(self, name: str, query: Query) -> SavedQuery:
        """Save a query; others may have the same name."""
        return await asyncio.to_thread(self._rows.add, name, query)

    async def replace(self, saved_id: int, name: str, query: Query) -> SavedQuery:
        """Save another name and query in the place of one.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        return await asyncio.to_thread(self._rows.replace, saved_id, name, query)

    async def delete(self, saved_id: int) -> None:
        """Forget one.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        await asyncio.to_thread(self._rows.delete, saved_id)

    async def list(self) -> list[SavedQuery]:
        """All of them, by name."""
        return await asyncio.to_thread(self._rows.list)
