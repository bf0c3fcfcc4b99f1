"""What the answers of all VO services have in common (IVOA DALI 1.1): rows, overflow, errors, documents.

pyvo builds and sends the queries; its answers are read here, because a VOTable read as a stream of record
batches takes a twentieth of the time of `pyvo.dal.DALResults`, and because a person needs to be told what the
service said rather than what a library made of it.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Generator, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
import pyarrow as pa
import requests
import urllib3
from defusedxml.common import DefusedXmlException

from esap_jupyter.connectors.base import Notice
from esap_jupyter.errors import (
    BadAnswer,
    EsapError,
    NotAllowed,
    NotFound,
    ServiceFailed,
    ServiceTimeout,
    ServiceUnreachable,
    SignInNeeded,
)
from esap_jupyter.formats.service_text import query_rejected, service_text, shorten
from esap_jupyter.formats.votable import open_votable
from esap_jupyter.transfer.access import translate_request_error

if TYPE_CHECKING:
    from pyvo.dal.query import DALQuery

ALL_ROWS = 2_147_483_647
"""MAXREC for a service that names no limit of its own."""

_DOCUMENT_BYTES = 200_000_000
_ERROR_BYTES = 100_000

# The end of an answer is read for what it may say, unless the service ignores MAXREC and sends on and on.
_SURPLUS_ROWS = 10_000


def maxrec(row_limit: int | None, hard_limit: int | None = None) -> int:
    """Rows to ask for, so that the answer tells whether there are more than wanted.

    Parameters
    ----------
    row_limit : int or None
        Rows wanted; None means all.
    hard_limit : int, optional
        The most that the service sends, if it says so.
    """
    if row_limit is None:
        return hard_limit or ALL_ROWS
    # One more than wanted: services that cut without saying OVERFLOW are then found out too.
    return min(row_limit + 1, ALL_ROWS)


def send(query: DALQuery) -> requests.Response:
    """Send a query that pyvo has built and return the answer, not yet read.

    Raises
    ------
    EsapError
        If it cannot be sent; `AddressRefused` too.
    """
    with requesting(query.queryurl):
        response: requests.Response = query.submit()
        return response


@contextlib.contextmanager
def requesting(url: str) -> Iterator[None]:
    """Say in ESAP's words what goes wrong in the requests made inside."""
    try:
        yield
    except requests.RequestException as error:
        raise translate_request_error(error, url) from error


def read_rows(
    response: requests.Response, row_limit: int | None
) -> Generator[pa.RecordBatch | Notice, None, None]:
    """Stream the rows of an answer, `row_limit` at most, and say if there are more; closes the answer.

    Raises
    ------
    QueryRejected
        With the service's own message, and where in the query if the message says so.
    BadAnswer
        HTML, a malformed or truncated VOTable, entities.
    ServiceError
        Otherwise.
    """
    with contextlib.closing(response):
        raise_for_status(response)
        reader = open_votable(body_of(response))
        received = surplus = 0
        told: Mapping[bytes, bytes] | None = None
        for batch in reader:
            room = batch.num_rows if row_limit is None else row_limit - received
            wanted = batch.slice(0, room) if batch.num_rows > room else batch
            # An empty batch tells the schema: of no rows, or with the service descriptors after the rows.
            if wanted.num_rows or told is None or (batch.schema.metadata or {}) != told:
                yield wanted
            told = batch.schema.metadata or {}
            received += wanted.num_rows
            surplus += batch.num_rows - wanted.num_rows
            if surplus > _SURPLUS_ROWS:
                break
        if surplus:
            yield Notice("truncated", f"Cut at the row limit of {row_limit:,}; there are more.")
        elif reader.truncated:
            said = f" It says: {shorten(reader.message)}" if reader.message else ""
            yield Notice("truncated", f"The service sent {received:,} rows and has more.{said}")


def read_table(response: requests.Response) -> list[dict[str, Any]]:
    """Read a small answer as dictionaries by column name.

    Raises
    ------
    ServiceError
        As `read_rows`.
    """
    rows: list[dict[str, Any]] = []
    received = 0
    with contextlib.closing(read_rows(response, None)) as parts:
        for part in parts:
            if isinstance(part, Notice):
                continue
            received += part.nbytes
            if received > _DOCUMENT_BYTES:
                raise _too_large(str(response.url))
            rows += part.to_pylist()
    return rows


def get_document(
    session: requests.Session, url: str, *roots: str, parameters: Mapping[str, str] | None = None
) -> Element:
    """Get a small XML document (VOSI, UWS, DALI examples).

    The standard library's ElementTree behind defusedxml rather than `pyvo.io.vosi`: entities stay off, an
    element it does not know makes no warning, and the 47,595 tables of VizieR take a fifth of the time.

    Parameters
    ----------
    roots : str
        Names that the root element may have; any if none is given.

    Raises
    ------
    BadAnswer
        If it is not well-formed XML, declares entities, is unreasonably large or something else.
    ServiceError
        If it cannot be had.
    """
    with requesting(url), session.get(url, params=dict(parameters or {}), stream=True) as response:
        raise_for_status(response)
        body = body_of(response).read(_DOCUMENT_BYTES + 1)
    if len(body) > _DOCUMENT_BYTES:
        raise _too_large(url)
    return parse_document(body, url, *roots)


def parse_document(body: bytes, url: str, *roots: str) -> Element:
    """Parse an XML document from `url`, as `get_document`."""
    try:
        root = cast("Element", defusedxml.ElementTree.fromstring(body))
    except (ParseError, DefusedXmlException, ValueError) as error:
        if is_html(body):
            raise _web_page(body, url) from None
        what = "XML that declares entities" if isinstance(error, DefusedXmlException) else "broken XML"
        raise BadAnswer(f"{host_of(url)} answered with {what}.") from error
    name = root.tag.rpartition("}")[2]
    if roots and name not in roots:
        if is_html(body):
            raise _web_page(body, url)
        raise BadAnswer(f"{host_of(url)} answered with <{name}> instead of <{roots[0]}>.")
    return root


def raise_for_status(response: requests.Response) -> None:
    """Raise what an HTTP status of 400 or more means, with the service's own words if it has any.

    Raises
    ------
    SignInNeeded, NotAllowed, NotFound, QueryRejected, ServiceFailed
        For 401, 403, 404, other 4xx, 5xx.
    """
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return
    url = str(response.url)
    body = body_of(response).read(_ERROR_BYTES)
    message = _message_of(body) or f"{response.reason or 'no reason given'}"
    where = f"{host_of(url)} answered {status}"
    if status == HTTPStatus.UNAUTHORIZED:
        raise SignInNeeded(
            f"{where}: {message}",
            hint="Sign in. If it takes tokens, esap.toml must name the `audience` of the service.",
        )
    if status == HTTPStatus.FORBIDDEN:
        raise NotAllowed(f"{where}: {message}")
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise NotFound(f"{where}: {message}", hint="Check the service's URL in esap.toml.")
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        after = response.headers.get("Retry-After", "")
        hint = f"Try again after {after}{' s' if after.isdigit() else ''}." if after else "Try again later."
        raise ServiceFailed(f"{where}: {message}", hint=hint)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ServiceFailed(f"{where}: {message}", hint="Try again later.")
    raise query_rejected(message)


def is_html(body: bytes) -> bool:
    """Whether it is a web page."""
    start = body[:2000].lower()
    return b"<html" in start or b"<!doctype html" in start


def host_of(url: str) -> str:
    """Host and port, without credentials."""
    return urlsplit(url).netloc.rpartition("@")[2]


def body_of(response: requests.Response) -> BinaryIO:
    """Make a file of an answer's body, as it arrives, that fails with ESAP's errors."""
    return cast("BinaryIO", io.BufferedReader(_Body(response), 1 << 18))


class _Body(io.RawIOBase):
    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self._response = response

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        host = host_of(str(self._response.url))
        try:
            data = self._response.raw.read1(len(buffer), decode_content=True)
        except urllib3.exceptions.TimeoutError as error:
            raise ServiceTimeout(f"{host} stopped in the middle of its answer.", hint="Try again.") from error
        except urllib3.exceptions.DecodeError as error:
            raise BadAnswer(f"{host} sent an answer that cannot be decompressed.") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ServiceUnreachable(
                f"{host} broke off in the middle of its answer.", hint="Try again."
            ) from error
        buffer[: len(data)] = data
        return len(data)


def _too_large(url: str) -> BadAnswer:
    return BadAnswer(f"{host_of(url)} sent a document larger than {_DOCUMENT_BYTES // 1_000_000} MB.")


def _web_page(body: bytes, url: str) -> BadAnswer:
    return BadAnswer(
        f"{host_of(url)} answered with a web page instead of a document: {service_text(body)}",
        hint="Check the service's URL in esap.toml.",
    )


def _message_of(body: bytes) -> str:
    """Find what the service says in the body of an error: a VOTable's QUERY_STATUS, or its text."""
    if b"<VOTABLE" in body[:4000]:
        try:
            for _ in open_votable(io.BytesIO(body)):
                pass
        except EsapError as error:
            return error.message
    return service_text(body)
