"""A storage on loopback that speaks real HTTP (Range, If-Range, HEAD, keep-alive) and fails as it is told to.

Every request is recorded, so that a test can assert what was asked for and what it carried.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import threading
import zlib
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class Fault:
    """What goes wrong with a file; nothing, unless set.

    Attributes
    ----------
    times : int, optional
        Only for so many requests; then the file is served as it should be.
    status : int
        Answer with this status and no file; 416 only when a range is asked for.
    break_after : int
        Close the connection after so many bytes of the body.
    hang_after : int
        Send so many bytes of the body, then nothing, until `StorageStandIn.release` is called;
        -1: do not even answer.
    wrong_byte : int
        Change the byte at this offset.
    ignore_range, ignore_if_range : bool
        As old servers do.
    no_length : bool
        Do not say how long the body is; its end is the end of the connection.
    chunked : bool
        Do not say how long the body is, but send it in chunks (RFC 9112, section 7.1).
    redirect : str
        Send the client to this URL.
    """

    times: int | None = None
    status: int | None = None
    break_after: int | None = None
    hang_after: int | None = None
    wrong_byte: int | None = None
    ignore_range: bool = False
    ignore_if_range: bool = False
    no_length: bool = False
    chunked: bool = False
    redirect: str = ""


@dataclass
class StoredFile:
    """A file of the storage."""

    content: bytes
    etag: str = ""
    last_modified: str = ""
    content_type: str = "application/octet-stream"
    fault: Fault = field(default_factory=Fault)

    @property
    def adler32(self) -> str:
        return f"{zlib.adler32(self.content):08x}"

    @property
    def md5(self) -> str:
        return hashlib.md5(self.content).hexdigest()


@dataclass(frozen=True)
class SeenRequest:
    """A request as it arrived."""

    method: str
    path: str
    headers: Message

    @property
    def range(self) -> str:
        return self.headers.get("Range", "")


class StorageStandIn:
    """The storage; a context manager that serves while it is open.

    Attributes
    ----------
    files : dict of str to StoredFile
        By path, without the leading slash.
    requests : list of SeenRequest
        In the order of arrival.
    connections : int
        TCP connections accepted so far.
    """

    def __init__(self) -> None:
        self.files: dict[str, StoredFile] = {}
        self.requests: list[SeenRequest] = []
        self.connections = 0
        self._released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.storage = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def put(self, path: str, content: bytes, **details: object) -> StoredFile:
        self.files[path] = StoredFile(content, **details)  # type: ignore[arg-type]
        return self.files[path]

    def url(self, path: str) -> str:
        return f"{self.origin}/{path}"

    def ranges(self, path: str) -> list[str]:
        """The ranges asked for, one a request; empty for all of the file."""
        return [request.range for request in self.requests if request.path == f"/{path}"]

    def release(self) -> None:
        """Let go of all that hangs: what was begun is sent to its end."""
        self._released.set()

    def wait_for_release(self) -> None:
        self._released.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._server.close_connections()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    storage: StorageStandIn

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._open: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self.storage.connections += 1
        self._open.add(request)
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away."""

    def close_connections(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: _Server

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, *_: object) -> None:
        """Say nothing: the requests are recorded."""

    def _answer(self, *, with_body: bool) -> None:
        storage = self.server.storage
        storage.requests.append(SeenRequest(self.command, self.path, self.headers))
        file = storage.files.get(self.path.partition("?")[0].removeprefix("/"))
        if file is None:
            self._send_status(404)
            return
        fault = self._fault_now(file)
        if fault.hang_after == -1:
            storage.wait_for_release()
        if fault.redirect:
            self._send_status(302, Location=fault.redirect)
        elif fault.status and (fault.status != 416 or "Range" in self.headers):
            self._send_status(fault.status)
        else:
            self._send_file(file, fault, with_body=with_body)

    @staticmethod
    def _fault_now(file: StoredFile) -> Fault:
        if file.fault.times is None:
            return file.fault
        if file.fault.times == 0:
            return Fault()
        file.fault.times -= 1
        return file.fault

    def _send_status(self, status: int, **headers: str) -> None:
        body = f"status {status}\n".encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self, file: StoredFile, fault: Fault, *, with_body: bool) -> None:
        content = file.content
        if fault.wrong_byte is not None:
            at = fault.wrong_byte
            content = content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
        first = self._first_byte(file, fault)
        body = content[first or 0 :]
        self.send_response(200 if first is None else 206)
        if first is not None:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if fault.no_length:
            self.send_header("Connection", "close")
        elif fault.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        for name, value in (("ETag", file.etag), ("Last-Modified", file.last_modified)):
            if value:
                self.send_header(name, value)
        self.send_header("Content-Type", file.content_type)
        self.end_headers()
        if with_body:
            self._send_body(body, fault)

    def _first_byte(self, file: StoredFile, fault: Fault) -> int | None:
        """First byte of the range that is to be sent; None for all of the file."""
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        if asked is None or fault.ignore_range:
            return None
        condition = self.headers.get("If-Range")
        if condition and not fault.ignore_if_range and condition not in (file.etag, file.last_modified):
            return None
        return int(asked[1])

    def _send_body(self, body: bytes, fault: Fault) -> None:
        if fault.chunked:
            pieces = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
        if fault.hang_after is not None and fault.hang_after >= 0:
            self.wfile.write(body[: fault.hang_after])
            self.wfile.flush()
            self.server.storage.wait_for_release()
            body = body[fault.hang_after :]
        if fault.break_after is not None:
            self.wfile.write(body[: fault.break_after])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(body)
