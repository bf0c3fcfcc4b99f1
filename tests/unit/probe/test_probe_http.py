"""How the probe asks, and what it says of answers that are not good."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from esap_jupyter.errors import (
    BadAnswer,
    ConfigError,
    InputError,
    NotAllowed,
    QueryRejected,
    ServiceFailed,
    ServiceTimeout,
    ServiceUnreachable,
)
from esap_jupyter.probe.http import Http
from esap_jupyter.probe.hub import Hub, check_provider
from tests.services.certificates import make_certificate

TOKEN = "a-secret-token-of-the-hub"
ENVELOPE = {"code": "query-rejected", "message": "No such table.", "hint": "See tables.", "service": "eso"}


@asynccontextmanager
async def serving(
    answer: Callable[[web.RequestHandler], Any], certificate: tuple[Path, Path] | None = None
) -> AsyncIterator[str]:
    """A server that answers everything in one way."""

    class Handler(web.RequestHandler):
        async def get(self) -> None:
            done = answer(self)
            if asyncio.iscoroutine(done):
                await done

        post = delete = get

    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    socket, port = bind_unused_port()
    server = HTTPServer(web.Application([(r".*", Handler)]), ssl_options=context)
    server.add_socket(socket)
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    finally:
        server.stop()
        await server.close_all_connections()


async def asked(url: str, *, ca_files: Sequence[Path] = (), seconds: float = 20.0) -> bytes:
    http = Http(ca_files, at_once=2, seconds=seconds)
    try:
        return (await http.ask("GET", f"{url}/here?code=secret", token=TOKEN)).body
    finally:
        http.close()


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (422, ENVELOPE, QueryRejected, "eso: No such table. See tables."),
        (400, {"status": 400, "message": "No profile."}, InputError, "No profile."),
        (403, {"status": 403, "message": "Forbidden"}, NotAllowed, "Forbidden"),
        (500, "<html>Oops</html>", ServiceFailed, "/here answered 500"),
        (503, [1], ServiceFailed, "/here answered 503"),
    ],
)
async def test_an_error_is_of_the_kind_that_the_answer_tells(
    status: int, body: Any, kind: type[Exception], words: str
) -> None:
    def answer(handler: web.RequestHandler) -> None:
        handler.set_status(status)
        handler.write(body if isinstance(body, str | dict) else str(body))

    async with serving(answer) as url:
        with pytest.raises(kind) as raised:
            await asked(url)
    assert words in str(raised.value)
    assert "secret" not in str(raised.value)


async def test_no_answer_in_time_and_no_connection() -> None:
    ended = asyncio.Event()
    async with serving(lambda _: ended.wait()) as url:
        with pytest.raises(ServiceTimeout, match=r"No answer after 0\.2 s"):
            await asked(url, seconds=0.2)
        ended.set()
    with pytest.raises(ServiceUnreachable, match="does not answer"):
        await asked(url)


async def test_a_certificate_is_trusted_only_if_it_is_named(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "127.0.0.1")
    async with serving(lambda handler: handler.write("yes"), certificate) as url:
        with pytest.raises(ServiceUnreachable, match="certificate verify failed"):
            await asked(url)
        assert await asked(url, ca_files=[certificate[0]]) == b"yes"
    with pytest.raises(ConfigError, match="no file of certificate authorities"):
        await asked(url, ca_files=[certificate[1]])


@pytest.mark.parametrize(("hours", "taken"), [(2, True), (0, False)])
async def test_only_a_user_whom_a_killed_probe_left_is_taken_over(hours: int, taken: bool) -> None:
    created = (datetime.now(UTC) - timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
    known = {"user": True}
    asked_for = []

    def hub(handler: web.RequestHandler) -> None:
        method, path = str(handler.request.method), handler.request.path.removeprefix("/hub/api/users/")
        asked_for.append((method, path))
        if (method, path) == ("POST", "one"):
            handler.set_status(409 if known["user"] else 201)
        elif (method, path) == ("GET", "one"):
            handler.write({"created": created, "servers": {}})
        elif (method, path) == ("DELETE", "one"):
            known["user"] = False

    async with serving(hub) as url:
        http = Http((), at_once=2, seconds=20)
        assert await Hub(url, TOKEN, http).take("one") is taken
        http.close()
    assert (("DELETE", "one/server") in asked_for) is taken
    assert known["user"] is not taken


@pytest.mark.parametrize(
    ("leads_to", "words"),
    [
        ("/hub/login", "does not lead to an identity provider"),
        (
            "https://iam.example.org/authorize?response_type=code&client_id=hub&state=1",
            "without state or PKCE",
        ),
    ],
)
async def test_signing_in_must_lead_to_a_provider_with_state_and_pkce(leads_to: str, words: str) -> None:
    async with serving(lambda handler: handler.redirect(leads_to)) as url:
        http = Http((), at_once=2, seconds=20)
        with pytest.raises(BadAnswer, match=words):
            await Hub(url, TOKEN, http).sign_in_address()
        http.close()


async def test_a_provider_that_refuses_the_hub_is_told() -> None:
    back = "https://hub.example.org/hub/oauth_callback?error=invalid_scope&error_description=No+such+scope"
    async with serving(lambda handler: handler.redirect(back)) as url:
        http = Http((), at_once=2, seconds=20)
        with pytest.raises(NotAllowed, match=r"refuses the hub: No such scope\."):
            await check_provider(http, f"{url}/authorize", "")
        http.close()
