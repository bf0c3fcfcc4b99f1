"""One file -> one URL of a WebDAV storage: under a passing name, verified there, then renamed."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import requests
import urllib3

from esap_jupyter.errors import (
    BadAnswer,
    ChecksumMismatch,
    Conflict,
    EsapError,
    NotAllowed,
    QuotaExceeded,
    ServiceFailed,
    SignInNeeded,
    TransferError,
)
from esap_jupyter.transfer.access import translate_request_error
from esap_jupyter.transfer.checksum import Adler32
from esap_jupyter.transfer.source import Stop, Stopped

_READ_AT_ONCE = 1 << 20
_SENT_AT_ONCE = 1 << 16
_DIGEST = re.compile(r"adler32=([0-9a-f]{1,8})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file as it was read for its checksum; by `changed_at`, its time in ns, a change is noticed."""

    path: Path
    size: int
    changed_at: int
    adler32: str

    @classmethod
    def read(cls, path: Path, stop: Stop) -> LocalFile:
        """Read a file for its checksum.

        Raises
        ------
        Stopped
            If it was stopped.
        TransferError
            If it cannot be read, or changes meanwhile.
        """
        with _readable(path), path.open("rb", buffering=0) as content:
            status = os.fstat(content.fileno())
            checksum, size = Adler32(), 0
            while data := content.read(_READ_AT_ONCE):
                stop.check()
                checksum.update(data)
                size += len(data)
        if size != status.st_size:
            raise _changed(path)
        return cls(path, size, status.st_mtime_ns, checksum.hexdigest())


@dataclass(frozen=True, slots=True, repr=False)
class Storage:
    """Where a file goes, and how to ask there; shows in no repr, since headers hold credentials.

    Attributes
    ----------
    headers : mapping of str to str
        What authorises writing; never repeated in an error.
    renames : bool
        Whether the storage can rename: then nobody ever sees half a file under its own name.
    """

    session: requests.Session
    url: str
    headers: Mapping[str, str]
    renames: bool = True

    @property
    def host(self) -> str:
        """Host and port for people."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def put(self, file: LocalFile, sent: Callable[[int], None], stop: Stop) -> str:
        """Send a file, under a passing name where the storage renames; returns the URL of what was sent.

        The name follows from the content: an upload that was killed is overwritten by the next attempt.

        Raises
        ------
        Stopped
            If it was stopped; what was sent is deleted.
        EsapError
            If the storage did not take it.
        """
        url = f"{self.url}.{file.adler32}.rucio.upload" if self.renames else self.url
        self._make_parents()
        try:
            with _readable(file.path), file.path.open("rb") as content:
                # The library would send an empty body without saying its length.
                body = _Body(content, file, sent, stop) if file.size else b""
                response = self.ask("PUT", url, data=body)
            self._refuse(response, "take")
            self._verify(url, file, stop)
        except (Stopped, EsapError):
            self.delete(url)
            raise
        return url

    def rename(self, url: str) -> None:
        """Give what was sent its final name; what an earlier, unregistered attempt left there is replaced."""
        if url == self.url:
            return
        response = self.ask("MOVE", url, headers={"Destination": self.url, "Overwrite": "T"})
        if response.status_code in (
            HTTPStatus.NOT_FOUND,
            HTTPStatus.CONFLICT,
            HTTPStatus.PRECONDITION_FAILED,
        ):
            if self.ask("HEAD", url).status_code == HTTPStatus.NOT_FOUND:
                # Somebody who sends the same has renamed it: what now has the name is not to be deleted.
                if not self.ask("HEAD", self.url).ok:
                    self._refuse(response, "rename")
                return
            # Some storages do not rename onto what exists.
            self.delete(self.url)
            response = self.ask("MOVE", url, headers={"Destination": self.url, "Overwrite": "T"})
        self._refuse(response, "rename")

    def discard(self, url: str) -> None:
        """Delete what was sent and is not needed, unless it has the final name: that may be registered."""
        if url != self.url:
            self.delete(url)

    def delete(self, url: str) -> None:
        """Delete what was sent; that it cannot be deleted is no further harm."""
        with contextlib.suppress(EsapError):
            self.ask("DELETE", url)

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: _Body | bytes | None = None,
    ) -> requests.Response:
        """Send a request and read its short answer."""
        try:
            response = self.session.request(
                method, url, headers={**self.headers, **(headers or {})}, data=data, stream=True
            )
            with response:
                # The connection can be used again only if the answer has been read.
                response.raw.read(_SENT_AT_ONCE)
        except requests.RequestException as error:
            # The library's exception knows the request with its credentials: it goes no further.
            raise translate_request_error(error, url) from None
        except (urllib3.exceptions.HTTPError, ValueError):
            raise BadAnswer(f"No request can be made to {self.host} as it stands.") from None
        return response

    def _make_parents(self) -> None:
        """Make the collections that the file lies in; most storages make them by themselves."""
        missing = []
        parent = self.url.rpartition("/")[0]
        while urlsplit(parent).path.strip("/"):
            status = self.ask("MKCOL", f"{parent}/").status_code
            if status not in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
                break
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        for each in reversed(missing):
            self.ask("MKCOL", f"{each}/")

    def _verify(self, url: str, file: LocalFile, stop: Stop) -> None:
        """See that the storage has what was sent: by its own checksum if it tells one, else by reading."""
        response = self.ask("HEAD", url, headers={"Want-Digest": "adler32"})
        self._refuse(response, "show")
        told = _DIGEST.search(response.headers.get("Digest", ""))
        adler32 = told[1].lower().zfill(8) if told else self._read_back(url, stop)
        if adler32 != file.adler32:
            raise ChecksumMismatch(
                f"What arrived at {self.host} of {file.path.name} is not what was sent.",
                hint="Upload it again; if that does not help, tell the storage's operators.",
            )

    def _read_back(self, url: str, stop: Stop) -> str:
        checksum = Adler32()
        try:
            headers = {**self.headers, "Accept-Encoding": "identity"}
            with self.session.get(url, headers=headers, stream=True) as response:
                self._refuse(response, "show")
                while data := response.raw.read(_SENT_AT_ONCE, decode_content=False):
                    stop.check()
                    checksum.update(data)
        except requests.RequestException as error:
            raise translate_request_error(error, url) from None
        except (urllib3.exceptions.HTTPError, OSError):
            raise TransferError(f"{self.host} broke off while the file was verified.") from None
        return checksum.hexdigest()

    def _refuse(self, response: requests.Response, deed: str) -> None:
        if response.ok:
            return
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            raise SignInNeeded(f"{self.host} wants to know who asks.", hint="Sign in, or get a new token.")
        if status in (HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED):
            raise NotAllowed(
                f"{self.host} does not let you write there (HTTP {status}).",
                hint="Choose another RSE, or ask its owners for the right.",
            )
        if status == HTTPStatus.INSUFFICIENT_STORAGE:
            raise QuotaExceeded(f"The storage {self.host} is full.", hint="Choose another RSE.")
        if status == HTTPStatus.LOCKED:
            raise Conflict(f"{self.host} is just writing this file.", hint="Wait, then upload it again.")
        raise ServiceFailed(
            f"{self.host} did not {deed} the file (HTTP {status}).", hint="Try again later, or another RSE."
        )


class _Body:
    """A file as `requests` sends it: with its length, counted, and stopped from outside."""

    def __init__(self, content: BinaryIO, file: LocalFile, sent: Callable[[int], None], stop: Stop) -> None:
        self._content = content
        self._file = file
        self._tell = sent
        self._stop = stop
        self._at = 0

    def __len__(self) -> int:
        return self._file.size

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(_SENT_AT_ONCE):
            yield data

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Begin again, when a storage redirects to another."""
        self._at = self._content.seek(offset, whence)
        self._tell(self._at)
        return self._at

    def read(self, _: int = -1) -> bytes:
        # The library asks for 16 kB at a time, which costs more than it needs.
        self._stop.check()
        data = self._content.read(min(_SENT_AT_ONCE, self._file.size - self._at))
        self._at += len(data)
        if not data and self._at < self._file.size:
            raise _changed(self._file.path)
        self._tell(self._at)
        return data


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, requests.RequestException):
            raise
        raise TransferError(
            f"{path.name} cannot be read: {error.strerror or error}.", hint="Look whether it is there."
        ) from None


def _changed(path: Path) -> TransferError:
    return TransferError(f"{path.name} changed while it was uploaded.", hint="Upload it again.")
