"""What was asked: the history of queries, newest first."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from esap_jupyter.models import Query
from esap_jupyter.storage.state import State

KEPT = 1000
"""Queries remembered."""


class PastQuery(BaseModel):
    """A query that was asked.

    Attributes
    ----------
    services : tuple of str
        Those that were asked in the end, the default choice included.
    at : datetime
        When it was sent.
    seconds : float
        Until the last service had answered.
    rows : int
        Of all services.
    table_id : str
        The table it filled, which may have been removed since.
    """

    model_config = ConfigDict(frozen=True)

    query: Query
    services: tuple[str, ...]
    at: datetime
    seconds: float
    rows: int
    table_id: str


class HistoryRows:
    """Reads and writes the history; every call is one transaction."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, past: PastQuery) -> None:
        """Remember a query, and forget the oldest."""
        with self._state.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO history (query, services, at, seconds, rows, table_id)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    past.query.model_dump_json(),
                    json.dumps(past.services),
                    past.at.timestamp(),
                    past.seconds,
                    past.rows,
                    past.table_id,
                ),
            )
            connection.execute("DELETE FROM history WHERE id <= ?", ((cursor.lastrowid or 0) - KEPT,))

    def list(self, limit: int) -> list[PastQuery]:
        """The last queries, newest first."""
        with self._state.reading() as connection:
            rows = connection.execute("SELECT * FROM history ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
        return [
            PastQuery(
                query=Query.model_validate_json(row["query"]),
                services=tuple(json.loads(row["services"])),
                at=datetime.fromtimestamp(row["at"], UTC),
                seconds=row["seconds"],
                rows=row["rows"],
                table_id=row["table_id"],
            )
            for row in rows
        ]

    def clear(self) -> None:
        """Forget everything."""
        with self._state.writing() as connection:
            connection.execute("DELETE FROM history")
