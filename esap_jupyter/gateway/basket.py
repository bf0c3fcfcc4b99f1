"""The items a person has gathered, the same in every process of theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from esap_jupyter.errors import NotFound
from esap_jupyter.models import Item
from esap_jupyter.storage.state import State
from esap_jupyter.storage.state_basket import BasketRows


class Basket:
    """Items with their provenance, in the order in which they were put in."""

    def __init__(self, state: State) -> None:
        self._rows = BasketRows(state)

    async def add(self, items: Iterable[Item]) -> int:
        """Put items in; those that are in it stay as they are. Returns how many are new."""
        return await asyncio.to_thread(self._rows.add, list(items))

    async def remove(self, ids: Iterable[str]) -> int:
        """Take items out; ids that are not in it do no harm. Returns how many were."""
        return await asyncio.to_thread(self._rows.remove, list(ids))

    async def clear(self) -> int:
        """Take everything out; returns how many there were."""
        return await asyncio.to_thread(self._rows.clear)

    async def pick(self, ids: Iterable[str]) -> list[Item]:
        """The items of these ids.

        Raises
        ------
        NotFound
            If one is not in the basket.
        """
        items = {item.id: item for item in await self.list()}
        wanted = list(ids)
        for item_id in wanted:
            if item_id not in items:
                raise NotFound(
                    f"There is no item {item_id!r} in the basket.", hint="List the basket.", field="items"
                )
        return [items[item_id] for item_id in wanted]

    async def list(self) -> list[Item]:
        """Every item."""
        return await asyncio.to_thread(self._rows.list)
