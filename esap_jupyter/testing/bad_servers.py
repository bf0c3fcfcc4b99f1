"""Servers as nobody wants them: one that is down, one that hangs, one that answers with a web page."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit, urlunsplit


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@contextlib.contextmanager
def silence() -> Iterator[str]:
    """An address at which connections are accepted and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@contextlib.contextmanager
def web_page() -> Iterator[str]:
    """An address at which everything is answered with a web page and status 200, as some portals do."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _WebPage)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def moved(settings: Any, address: str) -> Any:
    """The same settings with every HTTP URL in them led to another ``host:port``, without TLS."""
    if isinstance(settings, str):
        parts = urlsplit(settings)
        http = parts.scheme in ("http", "https") and parts.netloc
        return urlunsplit(parts._replace(scheme="http", netloc=address)) if http else settings
    if isinstance(settings, Mapping):
        return {key: moved(value, address) for key, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [moved(value, address) for value in settings]
    return settings


class _WebPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>Please sign in.</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    do_POST = do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names are http.server's

    def log_message(self, *_: object) -> None:
        """Say nothing."""
