"""The basket's rows: items in the order in which they were put in."""

from __future__ import annotations

from collections.abc import Iterable

from esap_jupyter.models import Item
from esap_jupyter.storage.state import State


class BasketRows:
    """Reads and writes the basket; every call is one transaction."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, items: Iterable[Item]) -> int:
        """Add those that are not in it yet; returns how many."""
        with self._state.writing() as connection:
            before = connection.total_changes
            connection.executemany(
                "INSERT INTO basket (id, item) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
                [(item.id, item.model_dump_json()) for item in items],
            )
            return connection.total_changes - before

    def remove(self, ids: Iterable[str]) -> int:
        """Take items out; returns how many were in it."""
        with self._state.writing() as connection:
            before = connection.total_changes
            connection.executemany("DELETE FROM basket WHERE id = ?", [(item_id,) for item_id in ids])
            return connection.total_changes - before

    def clear(self) -> int:
        """Take everything out; returns how many there were."""
        with self._state.writing() as connection:
            return connection.execute("DELETE FROM basket").rowcount

    def list(self) -> list[Item]:
        """Every item, in the order in which they were put in."""
        with self._state.reading() as connection:
            rows = connection.execute("SELECT item FROM basket ORDER BY position").fetchall()
        return [Item.model_validate_json(row["item"]) for row in rows]
