"""What an identity provider may answer that is out of order, and whom it must not sign out or give away."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from esap_jupyter.errors import ServiceUnreachable
from esap_jupyter.hub.authenticator import EsapAuthenticator


class Provider(ThreadingHTTPServer):
    """Answers by path: a status, and a body or where to go."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers: dict[str, tuple[int, str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answering(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.asked.append((self.path, body))
        status, said = self.server.answers[self.path]
        self.send_response(status)
        if status == 307:
            self.send_header("Location", said)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    do_GET = do_POST  # noqa: N815 - the library's name

    def log_message(self, *_: Any) -> None:
        pass


class Person:
    """A user of the hub whose token is over, or not yet."""

    name = "bob"

    def __init__(self, signed_in_at: float = 1.0, *, over: bool = False) -> None:
        now = time.time()
        self.state: dict[str, Any] = {
            "token_response": {
                "token_type": "Bearer",
                "access_token": f"own-{signed_in_at}",
                "expires_at": now + 900,
                "refresh_at": now - 1 if over else now + 600,
            },
            "refresh_token": "refresh-token",
            "oauth_user": {},
            "signed_in_at": signed_in_at,
        }

    async def get_auth_state(self) -> dict[str, Any]:
        return self.state

    async def save_auth_state(self, state: dict[str, Any]) -> None:
        self.state = state


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def authenticator(provider: Provider) -> EsapAuthenticator:
    return EsapAuthenticator(
        client_id="hub",
        client_secret="secret",
        token_url=f"{provider.url}/token",
        userdata_url=f"{provider.url}/userinfo",
        authorize_url=f"{provider.url}/authorize",
        oauth_callback_url="https://hub.example.org/hub/oauth_callback",
        audiences={"lake": ""},
        allow_all=True,
    )


OUT_OF_ORDER = {
    "too many requests": (429, "{}"),
    "away": (503, ""),
    "a page of its maintenance": (200, "<html>"),
    "another address": (307, "/elsewhere"),
    "the hub is not known": (400, '{"error": "invalid_client"}'),
}


@pytest.mark.parametrize("said", OUT_OF_ORDER.values(), ids=OUT_OF_ORDER)
@pytest.mark.parametrize("path", ["/token", "/userinfo"])
async def test_a_provider_out_of_order_signs_nobody_out(
    authenticator: EsapAuthenticator, provider: Provider, path: str, said: tuple[int, str]
) -> None:
    provider.answers[path] = said
    assert await authenticator.refresh_user(Person(over=path == "/token")) is True


async def test_a_refresh_token_goes_along_no_redirect(
    authenticator: EsapAuthenticator, provider: Provider
) -> None:
    provider.answers["/token"] = (307, "/elsewhere")
    with pytest.raises(ServiceUnreachable):
        await authenticator.fresh_token(Person(over=True))
    assert [path for path, _ in provider.asked] == ["/token"]


async def test_exchanged_tokens_are_of_one_sign_in_and_kept_while_they_last(
    authenticator: EsapAuthenticator, provider: Provider
) -> None:
    def exchanges() -> list[str]:
        return [body.partition("subject_token=own-")[2][:1] for _, body in provider.asked]

    provider.answers["/token"] = (200, json.dumps({"access_token": "for the lake", "expires_in": 600}))
    for signed_in_at in (1.0, 1.0, 2.0):
        await authenticator.fresh_token(Person(signed_in_at), "lake")
    assert exchanges() == ["1", "2"]
    # Without an end nobody knows how long it lasts.
    provider.answers["/token"] = (200, json.dumps({"access_token": "for the lake"}))
    for _ in range(2):
        await authenticator.fresh_token(Person(3.0), "lake")
    assert exchanges() == ["1", "2", "3", "3"]
