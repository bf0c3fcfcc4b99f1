"""What all of the archive's resources share (DALI 1.1): parameters, errors as VOTable, streamed answers."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
from tornado.httputil import HTTPFile
from tornado.iostream import StreamClosedError
from tornado.web import Finish, HTTPError, RequestHandler

from esap_jupyter.archive.answers import VOTABLE, Format, format_named
from esap_jupyter.archive.database import cast_batch
from esap_jupyter.errors import (
    Cancelled,
    EsapError,
    InputError,
    NotFound,
    ServiceError,
    ServiceFailed,
    ServiceTimeout,
)

if TYPE_CHECKING:
    from esap_jupyter.archive.archive import Archive
    from esap_jupyter.archive.database import Rows

T = TypeVar("T")

CHUNK = 1 << 18
"""Bytes written to the network at once."""

XML = "text/xml; charset=UTF-8"


class Parameters:
    """A request's parameters; their names have no case (DALI 1.1, section 2.2)."""

    def __init__(self, arguments: dict[str, list[bytes]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, values in arguments.items():
            decoded = [value.decode("utf-8", "replace").strip() for value in values]
            self._values.setdefault(name.upper(), []).extend(decoded)

    def all(self, name: str) -> list[str]:
        """Every value of a parameter, without empty ones."""
        return [value for value in self._values.get(name, []) if value]

    def one(self, name: str, default: str = "") -> str:
        """The value of a parameter that may be given once.

        Raises
        ------
        InputError
            If it is given more than once.
        """
        values = self.all(name)
        if len(set(values)) > 1:
            raise InputError(f"{name} is given more than once.", field=name)
        return values[0] if values else default

    def needed(self, name: str) -> str:
        """The value of a parameter that must be given."""
        value = self.one(name)
        if not value:
            raise InputError(f"The parameter {name} is missing.", field=name)
        return value

    def number(self, name: str, low: float, high: float) -> float:
        """The value of a parameter that must be given and is a number in a range."""
        value = self.needed(name)
        try:
            number = float(value)
        except ValueError:
            raise InputError(f"{name}={value} is not a number.", field=name) from None
        if not low <= number <= high:
            raise InputError(f"{name}={value} is not between {low:g} and {high:g}.", field=name)
        return number

    def row_limit(self, default: int, most: int) -> int:
        """MAXREC (DALI 1.1, section 3.4.4)."""
        value = self.one("MAXREC")
        if not value:
            return default
        if not re.fullmatch("[0-9]{1,18}", value):
            raise InputError(f"MAXREC={value[:40]} is not a number of rows.", field="MAXREC")
        return min(int(value), most)

    def format(self) -> Format:
        """RESPONSEFORMAT, or FORMAT as it was called in TAP 1.0."""
        return format_named(self.one("RESPONSEFORMAT") or self.one("FORMAT"))

    def items(self) -> list[tuple[str, str]]:
        """All of them."""
        return [(name, value) for name, values in self._values.items() for value in values]


@dataclass(slots=True)
class QueryPlan:
    """A query that a protocol's parameters amount to.

    Attributes
    ----------
    infos : dict
        What to say of it in the answer.
    reshape : callable, optional
        Makes the schema that the protocol wants of the one that the query has.
    """

    adql: str
    row_limit: int
    format: Format
    uploads: dict[str, pa.Table] = field(default_factory=dict)
    infos: dict[str, str] = field(default_factory=dict)
    reshape: Callable[[pa.Schema], pa.Schema] | None = None


class Queue:
    """A bounded pool of threads for queries, with a bounded queue before it."""

    def __init__(self, at_once: int, waiting: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._most = at_once + waiting
        self._here = 0

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in the pool.

        Raises
        ------
        ServiceFailed
            If too many wait already.
        """
        if self._here >= self._most:
            raise ServiceFailed("The archive is busy.", hint="Try again in a moment.")
        self._here += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        finally:
            self._here -= 1

    def close(self) -> None:
        """Take no more; what runs is the database's to stop."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class ArchiveHandler(RequestHandler):
    """A resource of the archive."""

    archive: Archive
    error_status: int | None = None
    """Status of every error, if the protocol wants a certain one."""

    def initialize(self, archive: Archive) -> None:
        """Take what the application gives every handler."""
        self.archive = archive
        self._rows: Rows | None = None
        self._gone = False

    def set_default_headers(self) -> None:
        """Name the server; pages of other origins are not let in, the tables may be a person's own."""
        self.set_header("Server", "ESAP-archive")
        self.set_header("X-Content-Type-Options", "nosniff")

    def prepare(self) -> None:
        """Refuse names that a page elsewhere made to point here (DNS rebinding)."""
        if self.request.host.lower() not in self.archive.hosts:
            raise HTTPError(HTTPStatus.MISDIRECTED_REQUEST, "This archive has another name.")

    @property
    def base(self) -> str:
        """URL of the archive as the client knows it."""
        return self.archive.url

    def parameters(self) -> Parameters:
        """Parameters of the query and the form."""
        return Parameters(self.request.arguments)

    def uploaded_files(self) -> dict[str, HTTPFile]:
        """Parts of a multipart form, by name."""
        return {name: files[0] for name, files in self.request.files.items() if files}

    def send_xml(self, text: str, media_type: str = XML) -> None:
        """Answer with a document."""
        self.set_header("Content-Type", media_type)
        self.finish(text)

    def break_off(self) -> None:
        """Close the connection in the middle of an answer, so that the client knows that it is not whole."""
        self.detach().close()

    def on_connection_close(self) -> None:
        """Stop the query of a client that went away."""
        self._gone = True
        if self._rows is not None:
            self._rows.cancel()

    async def answer(self, plan: QueryPlan) -> None:
        """Run a query and stream what it finds."""
        loop = asyncio.get_running_loop()
        sink = _Bridge(self._send, loop, self.archive.limits.seconds)
        self.set_header("Content-Type", plan.format.media_type)
        try:
            await self.archive.queries.run(self._produce, plan, sink)
        except (StreamClosedError, TimeoutError):
            raise Finish from None
        except Exception:
            if self._headers_written:
                # Half an answer must not look like a whole one.
                self.break_off()
                raise Finish from None
            raise
        self.finish()

    def _produce(self, plan: QueryPlan, sink: _Bridge) -> None:
        """Run and write the query; in a thread."""
        self._rows = self.archive.database.query(
            plan.adql,
            row_limit=plan.row_limit,
            seconds=self.archive.limits.seconds,
            uploads=plan.uploads,
        )
        if self._gone:
            self._rows.cancel()
        with self._rows as rows:
            schema = plan.reshape(rows.schema) if plan.reshape else rows.schema
            batches = (cast_batch(batch, schema) for batch in rows) if plan.reshape else rows
            plan.format.write(cast(BinaryIO, sink), schema, batches, lambda: rows.truncated, plan.infos)
            sink.send()

    async def _send(self, chunk: bytes) -> None:
        self.write(chunk)
        await self.flush()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what went wrong as DALI wants it (section 4.4): a VOTable with QUERY_STATUS=ERROR."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, EsapError):
            status_code, message = _status(error), f"{error.message} {error.hint}".strip()
        elif isinstance(error, HTTPError):
            message = error.log_message or HTTPStatus(status_code).phrase
        else:
            message = "The archive failed; its log says why."
        self.set_status(self.error_status or status_code)
        self.set_default_headers()
        if status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            self.set_header("Retry-After", "5")
        self.set_header("Content-Type", VOTABLE)
        self.finish(self.error_document(message))

    def error_document(self, message: str) -> str:
        """The document that says what went wrong."""
        return error_votable(message)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A client's mistake is no event for the log."""
        if not isinstance(value, EsapError | HTTPError | Finish):
            super().log_exception(typ, value, tb)


class Missing(ArchiveHandler):
    """Every address that is not there."""

    def prepare(self) -> None:
        """Say so."""
        raise NotFound(f"There is nothing at {self.request.path}.")


class _Bridge(io.RawIOBase):
    """A file that a thread writes and the event loop sends; writing waits for a slow client."""

    def __init__(self, send: Callable[[bytes], Any], loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        super().__init__()
        self._send_chunk = send
        self._loop = loop
        self._seconds = seconds
        self._pending = bytearray()
        self._sent = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._pending += view
        if len(self._pending) >= CHUNK:
            self.send()
        return len(view)

    def tell(self) -> int:
        return self._sent + len(self._pending)

    def send(self) -> None:
        """Send what is pending."""
        chunk = bytes(self._pending)
        self._pending.clear()
        self._sent += len(chunk)
        asyncio.run_coroutine_threadsafe(self._send_chunk(chunk), self._loop).result(self._seconds)


def error_votable(message: str) -> str:
    """A VOTable that says what went wrong (DALI 1.1, section 4.4)."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
        '<RESOURCE type="results">\n'
        f'<INFO name="QUERY_STATUS" value="ERROR">{escape(_printable(message))}</INFO>\n'
        "</RESOURCE>\n</VOTABLE>\n"
    )


def element(name: str, text: str = "", **attributes: str) -> str:
    """A line of XML."""
    inside = "".join(f" {key}={quoteattr(_printable(value))}" for key, value in attributes.items())
    return f"<{name}{inside}>{escape(_printable(text))}</{name}>"


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """DALI 1.1, section 3.3.3."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _printable(text: str) -> str:
    """Without the characters that XML 1.0 cannot have (section 2.2)."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and not 0xD800 <= ord(c) <= 0xDFFF))


def _status(error: EsapError) -> int:
    if isinstance(error, NotFound):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, ServiceFailed) and not isinstance(error, ServiceTimeout):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, ServiceError | InputError | Cancelled):
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.INTERNAL_SERVER_ERROR
