"""What a connector is given, without a gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from esap_jupyter.config import origin_of
from esap_jupyter.connectors.base import Context, Notice, Token
from esap_jupyter.connectors.calls import ServiceCalls
from esap_jupyter.transfer.access import Access


class MemoryCache:
    """A cache that forgets nothing."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def put(self, key: str, value: bytes, *, seconds: float) -> None:
        self.kept[key] = value


class NoTokens:
    """A person without tokens."""

    async def token(self, audience: str = "") -> Token | None:
        return None


def context_for(
    *urls: str, service: str = "somewhere", deadline: float = 10.0, ca_file: Path | None = None
) -> Context:
    """A context whose requests may go to the origins of these URLs."""
    origins = frozenset(origin_of(url) for url in urls if url)
    return Context(
        service=service,
        access=Access(named_origins=origins, ca_file=ca_file, user_agent="esap-jupyter/test"),
        tokens=NoTokens(),
        cache=MemoryCache(),
        calls=ServiceCalls(service, at_once=8, deadline=deadline),
    )


async def gathered(stream: AsyncIterator[Any]) -> tuple[pa.Table, list[Notice]]:
    """All rows of a stream as a table, and what was said beside them."""
    batches: list[pa.RecordBatch] = []
    notices: list[Notice] = []
    async for part in stream:
        (notices if isinstance(part, Notice) else batches).append(part)
    return pa.Table.from_batches([batch.replace_schema_metadata(None) for batch in batches]), notices
