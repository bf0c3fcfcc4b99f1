"""Files to a WebDAV storage: nobody sees half of one, and what arrived is what was sent."""

from __future__ import annotations

import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from esap_jupyter.errors import (
    ChecksumMismatch,
    NotAllowed,
    QuotaExceeded,
    ServiceFailed,
    SignInNeeded,
    TransferError,
)
from esap_jupyter.transfer.access import Access
from esap_jupyter.transfer.source import Stop, Stopped
from esap_jupyter.transfer.upload import LocalFile, Storage

CONTENT = bytes(range(256)) * 1000


class WebDAV:
    """A storage in memory.

    Attributes
    ----------
    tells_digest, renames_over : bool
        What not every storage does.
    damages : bool
        It loses the last byte's bits.
    refuses : int
        Status of its answer to every PUT.
    """

    def __init__(self) -> None:  # noqa: C901 - a method for each verb
        self.files: dict[str, bytes] = {}
        self.collections = {"/"}
        self.seen: list[tuple[str, str, str]] = []
        self.tells_digest = self.renames_over = True
        self.damages = False
        self.refuses = 0
        storage = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _note(self) -> None:
                storage.seen.append((self.command, self.path, self.headers.get("Authorization", "")))

            def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_MKCOL(self) -> None:
                self._note()
                path = self.path.rstrip("/")
                if path in storage.collections:
                    self._answer(405)
                elif (path.rpartition("/")[0] or "/") not in storage.collections:
                    self._answer(409)
                else:
                    storage.collections.add(path)
                    self._answer(201)

            def do_PUT(self) -> None:
                self._note()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):
                    # Whoever sent it has gone; it may come after the DELETE, which has another connection.
                    self.close_connection = True
                    return
                if storage.refuses:
                    self._answer(storage.refuses)
                    return
                storage.files[self.path] = body[:-1] + b"?" if storage.damages else body
                self._answer(201)

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                self._note()
                content = storage.files.get(self.path)
                if content is None:
                    self._answer(404)
                    return
                digest = {"Digest": f"adler32={zlib.adler32(content):x}"} if storage.tells_digest else {}
                self._answer(200, content, **digest)

            def do_MOVE(self) -> None:
                self._note()
                target = "/" + self.headers["Destination"].split("/", 3)[3]
                if self.path not in storage.files:
                    self._answer(404)
                    return
                if target in storage.files and not storage.renames_over:
                    self._answer(412)
                    return
                storage.files[target] = storage.files.pop(self.path)
                self._answer(201)

            def do_DELETE(self) -> None:
                self._note()
                self._answer(204 if storage.files.pop(self.path, None) is not None else 404)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def at(self, path: str, *, renames: bool = True) -> Storage:
        session = Access(named_origins=frozenset({self.origin})).session(5)
        return Storage(session, self.origin + path, {"Authorization": "Bearer secret"}, renames)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def webdav():
    storage = WebDAV()
    yield storage
    storage.close()


@pytest.fixture
def local(tmp_path: Path) -> LocalFile:
    path = tmp_path / "frame.fits"
    path.write_bytes(CONTENT)
    return LocalFile.read(path, Stop())


def send(storage: Storage, file: LocalFile) -> list[int]:
    sent: list[int] = []
    storage.rename(storage.put(file, sent.append, Stop()))
    return sent


@pytest.mark.parametrize("tells_digest", [True, False])
def test_a_file_arrives_under_its_name(webdav, local, tells_digest):
    webdav.tells_digest = tells_digest
    sent = send(webdav.at("/a/b/frame.fits"), local)
    assert webdav.files == {"/a/b/frame.fits": CONTENT}
    assert sent[-1] == len(CONTENT)
    assert sorted(sent) == sent
    put = next(path for command, path, _ in webdav.seen if command == "PUT")
    assert put == f"/a/b/frame.fits.{local.adler32}.rucio.upload"
    assert {authorization for _, _, authorization in webdav.seen} == {"Bearer secret"}


def test_an_empty_file(webdav, tmp_path):
    (tmp_path / "empty").touch()
    send(webdav.at("/empty"), LocalFile.read(tmp_path / "empty", Stop()))
    assert webdav.files == {"/empty": b""}


def test_a_storage_that_does_not_rename(webdav, local):
    send(webdav.at("/frame.fits", renames=False), local)
    assert webdav.files == {"/frame.fits": CONTENT}
    assert "MOVE" not in [command for command, _, _ in webdav.seen]


@pytest.mark.parametrize("renames_over", [True, False])
def test_what_an_earlier_attempt_left_is_replaced(webdav, local, renames_over):
    webdav.renames_over = renames_over
    webdav.files = {"/frame.fits": b"left"}
    send(webdav.at("/frame.fits"), local)
    assert webdav.files == {"/frame.fits": CONTENT}


def test_of_two_that_send_the_same_neither_deletes_what_the_other_renamed(webdav, local):
    """They share the passing name, since that follows from the content."""
    one, other = webdav.at("/data/a.fits"), webdav.at("/data/a.fits")
    sent, sent_again = (storage.put(local, lambda _: None, Stop()) for storage in (one, other))

    one.rename(sent)
    other.rename(sent_again)

    assert webdav.files == {"/data/a.fits": CONTENT}


def test_what_was_sent_and_is_gone_is_an_error(webdav, local):
    storage = webdav.at("/data/a.fits")
    sent = storage.put(local, lambda _: None, Stop())
    webdav.files.clear()

    with pytest.raises(ServiceFailed, match="rename"):
        storage.rename(sent)


def test_what_is_not_needed_is_discarded_but_never_what_has_its_name(webdav, local):
    for renames in (True, False):
        storage = webdav.at("/data/a.fits", renames=renames)
        storage.discard(storage.put(local, lambda _: None, Stop()))

    assert webdav.files == {"/data/a.fits": CONTENT}


@pytest.mark.parametrize("tells_digest", [True, False])
def test_damaged_bytes_get_no_name(webdav, local, tells_digest):
    webdav.tells_digest, webdav.damages = tells_digest, True
    with pytest.raises(ChecksumMismatch):
        send(webdav.at("/frame.fits"), local)
    assert webdav.files == {}


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, SignInNeeded), (403, NotAllowed), (405, NotAllowed), (507, QuotaExceeded), (500, ServiceFailed)],
)
def test_a_refusal_is_in_words(webdav, local, status, error):
    webdav.refuses = status
    with pytest.raises(error) as raised:
        send(webdav.at("/frame.fits"), local)
    assert "secret" not in str(raised.value)


def test_stopped_it_deletes_what_it_sent(webdav, local):
    stop = Stop()

    def after_a_while(sent: int) -> None:
        if sent > 100_000:
            stop.set()

    with pytest.raises(Stopped):
        webdav.at("/frame.fits").put(local, after_a_while, stop)
    assert webdav.files == {}


def test_a_file_that_changes_meanwhile(webdav, local):
    local.path.write_bytes(CONTENT[:1000])
    with pytest.raises(TransferError, match="changed while it was uploaded"):
        send(webdav.at("/frame.fits"), local)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(TransferError, match="cannot be read"):
        LocalFile.read(tmp_path / "nothing", Stop())
