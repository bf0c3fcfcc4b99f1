"""`esap.basket`: the items a person has gathered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from esap_jupyter.face.asked import items_of
from esap_jupyter.face.background import Verbs, gateway, run, verb
from esap_jupyter.face.listing import Listing
from esap_jupyter.models import Item

_EMPTY = "The basket is empty."


async def _listing() -> Listing[Item]:
    return Listing(await (await gateway()).basket.list(), nothing=_EMPTY)


class Basket(Verbs):
    """The items a person has gathered; the same in every process of theirs, kept until taken out.

    Examples
    --------
    >>> esap.basket.add(esap.items(esap.search("M 51", product="images")))
    >>> len(esap.basket)
    3
    >>> for item in esap.basket:
    ...     print(item.title, item.size)
    """

    @verb
    async def items(self) -> Listing[Item]:
        """List the items, in the order in which they were put in.

        Returns
        -------
        Listing of Item
            With the ids by which `remove` and `esap.stage` know them.

        Raises
        ------
        StateError
            If the saved state cannot be used.
        """
        return await _listing()

    @verb
    async def add(self, items: Item | Iterable[Item]) -> int:
        """Put items in; one that is in it already stays as it is.

        Parameters
        ----------
        items : Item or iterable of Item
            What `esap.items` or `esap.datalake.item` gave.

        Returns
        -------
        int
            How many are new.

        Raises
        ------
        InputError
            If something is no item: a table has rows, of which `esap.items` makes items.
        """
        return await (await gateway()).basket.add(items_of(items))

    @verb
    async def remove(self, items: Item | str | Iterable[Item | str]) -> int:
        """Take items out, given as such or by their ids.

        Parameters
        ----------
        items : Item, str, or iterable of these
            Items or their ids; one that is not in the basket is passed over.

        Returns
        -------
        int
            How many were in it.

        Raises
        ------
        InputError
            If something is neither.
        """
        chosen = items_of(items, or_ids=True)
        ids = [item.id if isinstance(item, Item) else item for item in chosen]
        return await (await gateway()).basket.remove(ids)

    @verb
    async def clear(self) -> int:
        """Take everything out.

        Returns
        -------
        int
            How many there were.

        Raises
        ------
        StateError
            If the saved state cannot be used.
        """
        return await (await gateway()).basket.clear()

    def __iter__(self) -> Iterator[Item]:
        return iter(run(_listing()))

    def __len__(self) -> int:
        return len(run(_listing()))

    def __repr__(self) -> str:
        return repr(run(_listing()))

    def _repr_html_(self) -> str:
        return run(_listing())._repr_html_()
