"""A small archive with a protocol of its own, and the connector for it, as a partner would write it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zlib import adler32

import pyarrow as pa
import requests
from pydantic import BaseModel, ConfigDict, Field

from esap_jupyter.connectors.base import Connector, Notice
from esap_jupyter.errors import BadAnswer, NotFound
from esap_jupyter.models import Capability, Item, Provenance, Query, Replica, SourceFile
from esap_jupyter.transfer.access import translate_request_error

PLATES = [
    {"number": n, "title": f"Plate {n}", "exposure": 60.0 * n, "observer": ("Anna", "Wil")[n % 2]}
    for n in range(1, 6)
]

SCHEMA = pa.schema(
    [
        pa.field("number", pa.int64()),
        pa.field("title", pa.string(), metadata={"ucd": "meta.title"}),
        pa.field("exposure", pa.float64(), metadata={"unit": "s", "ucd": "time.duration;obs.exposure"}),
        pa.field("observer", pa.string()),
    ]
)


class ShelfSettings(BaseModel):
    """A shelf of photographic plates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description="Address of the shelf.")


class ShelfForm(BaseModel):
    """What a search for plates can be narrowed to."""

    observer: str = Field(default="", title="Observer", description="Who exposed the plate.")


class ShelfConnector(Connector):
    """Finds plates and knows where their scans are."""

    Settings = ShelfSettings
    Form = ShelfForm

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset({Capability.IMAGES, Capability.FILES})

    @property
    def address(self) -> str:
        return str(self.settings.url)

    async def check(self) -> str:
        return str((await self._get("about"))["version"])

    async def search(self, query: Query) -> AsyncIterator[pa.RecordBatch | Notice]:
        form = ShelfForm.model_validate(query.parameters)
        answer = await self._get("plates", observer=form.observer, limit=query.row_limit or "")
        yield pa.RecordBatch.from_pylist(answer["plates"], schema=SCHEMA)
        if answer["more"]:
            yield Notice("truncated", "The shelf holds more plates.")

    def item(self, row: Mapping[str, Any], schema: pa.Schema, query: str) -> Item | None:
        service = self.context.service
        number = str(row["number"])
        return Item(
            service=service,
            kind="url",
            locator=f"{self.address}/plates/{number}",
            title=row["title"],
            provenance=Provenance(
                service=service, query=query, identifier=number, retrieved_at=datetime.now(UTC)
            ),
        )

    async def files(self, items: Sequence[Item]) -> AsyncIterator[SourceFile]:
        for item in items:
            scan = await self._get(f"plates/{item.locator.rpartition('/')[2]}")
            yield SourceFile(
                item_id=item.id,
                service=self.context.service,
                path=scan["file"],
                size=scan["size"],
                checksums={"adler32": scan["adler32"]},
                replicas=(Replica(url=f"{self.address}/{scan['file']}"),),
            )

    async def _get(self, path: str, **parameters: Any) -> Any:
        return await self.context.calls.call(self._blocking_get, f"{self.address}/{path}", parameters)

    def _blocking_get(self, url: str, parameters: Mapping[str, Any]) -> Any:
        try:
            with self.context.access.session(self.context.calls.deadline) as session:
                answer = session.get(url, params=parameters)
        except requests.RequestException as error:
            raise translate_request_error(error, url) from error
        if answer.status_code == requests.codes.not_found:
            raise NotFound(f"The shelf has no {urlsplit(url).path}.", service=self.context.service)
        try:
            return answer.json()
        except requests.JSONDecodeError as error:
            raise BadAnswer("The shelf did not answer in JSON.", service=self.context.service) from error


@contextmanager
def shelf() -> Iterator[str]:
    """Serve the archive on loopback; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shelf)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Shelf(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = self._answer(parts.path.strip("/").split("/"), asked)
        self.send_response(404 if answer is None else 200)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, path: list[str], asked: Mapping[str, str]) -> Any:
        match path:
            case ["about"]:
                return {"version": "Shelf 2.0"}
            case ["plates"]:
                found = [plate for plate in PLATES if asked.get("observer") in (None, plate["observer"])]
                limit = int(asked.get("limit", len(found)))
                return {"plates": found[:limit], "more": len(found) > limit}
            case ["plates", number] if self._scan(number):
                scan = self._scan(number)
                return {"file": f"{number}.scan", "size": len(scan), "adler32": f"{adler32(scan):08x}"}
            case [file] if file.endswith(".scan"):
                return self._scan(file.removesuffix(".scan")) or None
        return None

    def _scan(self, number: str) -> bytes:
        known = number in {str(plate["number"]) for plate in PLATES}
        return number.encode() * 10_000 if known else b""

    def log_message(self, *_: object) -> None:
        """Say nothing."""
