"""A server on loopback that speaks as much of Rucio's REST as a fault needs: it answers as it is told to."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What arrived."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    client_name: str = ""


@dataclass(frozen=True)
class Reply:
    """What goes back; parts of the body that are functions are called in their turn."""

    status: int = 200
    content_type: str = "application/json"
    body: bytes | Sequence[bytes | Callable[[], None]] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


def as_json(value: object) -> Reply:
    return Reply(body=json.dumps(value).encode())


def as_stream(rows: Sequence[object]) -> Reply:
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return Reply(content_type="application/x-json-stream", body=body)


def refusal(status: int, kind: str, message: str) -> Reply:
    said = {"ExceptionClass": kind, "ExceptionMessage": message}
    return Reply(status, body=json.dumps(said).encode(), headers=said)


class RucioStandIn:
    """Signs everybody in, and answers other paths as `answers` says: a reply, or a function of the request.

    Attributes
    ----------
    answers : dict
        By ``"METHOD /path"``.
    requests : list of Request
        All that arrived, in order.
    tokens : list of str
        Those given, in order.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.answers: dict[str, Reply | Callable[[Request], Reply]] = {
            "GET /auth/userpass": self._signed_in,
            "GET /auth/x509": self._signed_in,
            "GET /auth/x509_proxy": self._signed_in,
            "GET /accounts/whoami": as_json({"account": "jdoe", "account_type": "USER"}),
        }
        self.requests: list[Request] = []
        self.tokens: list[str] = []
        self.gone = threading.Event()
        self.url = ""

    def asked(self, path: str) -> list[Request]:
        """The requests for one path."""
        return [request for request in self.requests if request.path == self.path + path]

    def _signed_in(self, _: Request) -> Reply:
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        return Reply(headers={"X-Rucio-Auth-Token": self.tokens[-1]})

    def reply(self, request: Request) -> Reply:
        """Look up the answer."""
        path = request.path.removeprefix(self.path) if request.path.startswith(self.path + "/") else "outside"
        answer = self.answers.get(f"{request.method} {path}", Reply(404, "text/html", b"<h1>Not Found</h1>"))
        return answer(request) if callable(answer) else answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = _client_name(self.connection)
        request = Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body, name)
        stand_in = self.server.stand_in
        stand_in.requests.append(request)
        try:
            self.send(stand_in.reply(request))
        except OSError:
            stand_in.gone.set()
            self.close_connection = True

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the names that http.server wants

    def send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if isinstance(reply.body, bytes):
            if reply.length is not None:
                self.send_header("Connection", "close")
            self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
            self.end_headers()
            self.wfile.write(reply.body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in reply.body:
            if callable(piece):
                piece()
            else:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, stand_in: RucioStandIn) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stand_in = stand_in


@contextmanager
def rucio_stand_in(path: str = "", *, tls: tuple[Path, Path, Path] | None = None) -> Iterator[RucioStandIn]:
    """Run one.

    Parameters
    ----------
    path : str
        What its URL has beyond host and port.
    tls : tuple of Path, optional
        Certificate, key, and the CA whose client certificates it takes.
    """
    stand_in = RucioStandIn(path)
    server = _Server(stand_in)
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls[2])
        context.load_cert_chain(tls[0], tls[1])
        context.verify_mode = ssl.CERT_OPTIONAL
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    stand_in.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}{path}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def hang(seconds: float) -> Callable[[], None]:
    """A part of a body that takes its time."""
    return lambda: time.sleep(seconds)


def _client_name(connection: Any) -> str:
    """Common name of the client's certificate, if it showed one."""
    if not isinstance(connection, ssl.SSLSocket):
        return ""
    subject = (connection.getpeercert() or {}).get("subject", ())
    return next((value for part in subject for key, value in part if key == "commonName"), "")
