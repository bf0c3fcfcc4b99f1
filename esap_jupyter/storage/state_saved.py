"""The queries that a person saved under a name."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from esap_jupyter.errors import NotFound
from esap_jupyter.models import Query
from esap_jupyter.storage.state import State


class SavedQuery(BaseModel):
    """A query under a name of the person's own."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str
    query: Query
    saved_at: datetime


class SavedQueryRows:
    """Reads and writes the saved queries; every call is one transaction."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, name: str, query: Query) -> SavedQuery:
        """Save a query; others may have the same name."""
        at = datetime.now(UTC)
        with self._state.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO saved_queries (name, query, saved_at) VALUES (?, ?, ?)",
                (name, query.model_dump_json(), at.timestamp()),
            )
        return SavedQuery(id=cursor.lastrowid or 0, name=name, query=query, saved_at=at)

    def replace(self, saved_id: int, name: str, query: Query) -> SavedQuery:
        """Save another name and query in the place of one.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        at = datetime.now(UTC)
        with self._state.writing() as connection:
            cursor = connection.execute(
                "UPDATE saved_queries SET name = ?, query = ?, saved_at = ? WHERE id = ?",
                (name, query.model_dump_json(), at.timestamp(), saved_id),
            )
            _expect_one(cursor, saved_id)
        return SavedQuery(id=saved_id, name=name, query=query, saved_at=at)

    def delete(self, saved_id: int) -> None:
        """Forget one.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        with self._state.writing() as connection:
            _expect_one(connection.execute("DELETE FROM saved_queries WHERE id = ?", (saved_id,)), saved_id)

    def list(self) -> list[SavedQuery]:
        """All of them, by name."""
        with self._state.reading() as connection:
            rows = connection.execute("SELECT * FROM saved_queries ORDER BY name, id").fetchall()
        return [
            SavedQuery(
                id=row["id"],
                name=row["name"],
                query=Query.model_validate_json(row["query"]),
                saved_at=datetime.fromtimestamp(row["saved_at"], UTC),
            )
            for row in rows
        ]


def _expect_one(cursor: sqlite3.Cursor, saved_id: int) -> None:
    if cursor.rowcount != 1:
        raise NotFound(f"There is no saved query {saved_id}.", hint="List them.", field="id")
