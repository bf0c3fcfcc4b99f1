"""Reading a file's bytes from one address; blocking, and stopped from another thread through `Stop`."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
import urllib3

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
from esap_jupyter.transfer.access import translate_request_error
from esap_jupyter.transfer.part import Version, fingerprint

CHUNK = 1 << 16
"""Bytes read at once: four TLS records; larger chunks were measured to be no faster."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_PASSING_STATUS = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class Stopped(Exception):
    """The attempt was told to stop; the part is kept."""


class Interrupted(Exception):
    """The attempt failed in a way that another attempt at the same address may mend.

    Attributes
    ----------
    error : EsapError
        What to say if no further attempt is made.
    """

    def __init__(self, error: EsapError) -> None:
        super().__init__(str(error))
        self.error = error


class Stop:
    """Stops an attempt from another thread, also while it waits for a server that says nothing more."""

    def __init__(self) -> None:
        self._told = threading.Event()
        self._response: requests.Response | None = None

    def set(self) -> None:
        """Stop the attempt."""
        self._told.set()
        if self._response is not None:
            # It may just have ended by itself.
            with contextlib.suppress(ValueError, RuntimeError, OSError):
                self._response.raw.shutdown()

    def check(self) -> None:
        """Raise `Stopped` if the attempt was stopped."""
        if self._told.is_set():
            raise Stopped

    def watch(self, response: requests.Response) -> None:
        """Take note of the response whose connection is to be shut down."""
        self._response = response
        self.check()


@dataclass(frozen=True, slots=True, repr=False)
class Source:
    """One address of a file, and how to ask it; shows in no repr, since a URL may carry a signature.

    Attributes
    ----------
    headers : mapping of str to str
        What authorises reading `url`; never repeated in an error.
    """

    session: requests.Session
    url: str
    headers: Mapping[str, str]
    stop: Stop

    @property
    def host(self) -> str:
        """Host and port for people; user names, passwords, paths and signatures stay out."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def get(self) -> requests.Response:
        """Ask for the whole file."""
        response = self._send({})
        if response.status_code != HTTPStatus.OK:
            response.close()
            raise _refusal(response.status_code, self.host)
        return response

    def resume(self, have: int, version: Version) -> tuple[requests.Response, int]:
        """Ask for the rest of the file; returns the answer and the offset of its first byte.

        The last byte is asked for even if it is here, so that the server can say whether the file is still
        the same. The range is closed: XRootD 5.5 misreads an open one.
        """
        offset = min(have, version.size - 1)
        headers = {"Range": f"bytes={offset}-{version.size - 1}"}
        if version.validator and version.url == fingerprint(self.url):
            headers["If-Range"] = version.validator
        response = self._send(headers)
        if response.status_code == HTTPStatus.OK:
            return response, 0
        if response.status_code == HTTPStatus.PARTIAL_CONTENT and _first_byte(response) == offset:
            offered = version_offered(response, self.url)
            if offered and not offered.contradicts(version):
                return response, offset
        response.close()
        if response.status_code not in (
            HTTPStatus.PARTIAL_CONTENT,
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        ):
            raise _refusal(response.status_code, self.host)
        return self.get(), 0

    def chunks(self, response: requests.Response) -> Iterator[bytes]:
        """Read the answer to its end."""
        while True:
            self.stop.check()
            try:
                # Undecoded: that is what was asked for, and it spares a copy.
                chunk = response.raw.read(CHUNK, decode_content=False)
            except urllib3.exceptions.ReadTimeoutError:
                raise Interrupted(
                    ServiceTimeout(
                        f"{self.host} fell silent in the middle of the file.",
                        hint="Stage again: it goes on where it stopped.",
                    )
                ) from None
            except (urllib3.exceptions.HTTPError, OSError, ValueError):
                self.stop.check()
                raise Interrupted(self.broke_off()) from None
            if not chunk:
                self.stop.check()  # to be shut down looks like an end
                return
            yield chunk

    def broke_off(self) -> ServiceUnreachable:
        """The error for an answer that ended too early."""
        return ServiceUnreachable(
            f"{self.host} broke off in the middle of the file.",
            hint="Stage again: it goes on where it broke off.",
        )

    def _send(self, range_headers: Mapping[str, str]) -> requests.Response:
        self.stop.check()
        # The bytes as they are stored, which is what size and checksum are of.
        headers = {**self.headers, **range_headers, "Accept-Encoding": "identity"}
        try:
            response = self.session.get(self.url, headers=headers, stream=True)
        except requests.RequestException as error:
            # The library's exception knows the request with its credentials: it goes no further.
            said = translate_request_error(error, self.url)
            # One that says nothing has been given its time; a certificate does not mend by itself.
            if isinstance(said, ServiceUnreachable) and not isinstance(error, requests.exceptions.SSLError):
                raise Interrupted(said) from None
            raise said from None
        except (urllib3.exceptions.HTTPError, ValueError):
            raise BadAnswer(f"No request can be made to {self.host} as it stands.") from None
        try:
            self.stop.watch(response)
        except Stopped:
            response.close()
            raise
        return response


def version_offered(response: requests.Response, url: str) -> Version | None:
    """Which bytes the server offers; None if it does not say how many."""
    partial = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    length = response.headers.get("Content-Length", "")
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        size = int(partial[2]) if partial else None
    else:
        size = int(length) if length.isdecimal() and "Transfer-Encoding" not in response.headers else None
    if size is None:
        return None
    return Version(
        url=fingerprint(url),
        size=size,
        etag=response.headers.get("ETag", ""),
        last_modified=response.headers.get("Last-Modified", ""),
    )


def _first_byte(response: requests.Response) -> int | None:
    partial = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(partial[1]) if partial else None


def _refusal(status: int, host: str) -> EsapError | Interrupted:
    if status == HTTPStatus.UNAUTHORIZED:
        return SignInNeeded(f"{host} wants to know who asks.", hint="Sign in, or get a new token.")
    if status == HTTPStatus.FORBIDDEN:
        return NotAllowed(f"{host} does not let you read this file.", hint="Ask its owners for access.")
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return NotFound(f"{host} does not have this file.")
    if status in _PASSING_STATUS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Interrupted(ServiceFailed(f"{host} is out of order (HTTP {status}).", hint="Try again later."))
    return BadAnswer(f"{host} answered HTTP {status} where a file was asked for.")
