"""Where the person's tokens come from: a real hub, a real provider's device codes."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from esap_jupyter.config import Config, ServiceSettings, SignInSettings
from esap_jupyter.connectors.base import Token
from esap_jupyter.errors import SignInNeeded
from esap_jupyter.gateway.hub import HubAPI
from esap_jupyter.gateway.sign_in import SignIn
from esap_jupyter.gateway.tokens import KeptTokens
from esap_jupyter.gateway.tokens.claims import claims
from esap_jupyter.gateway.tokens.hub import HubTokenSource
from tests.services.hub import Hub
from tests.services.oidc_provider import OidcProvider

STORAGE = "https://storage.example.org"


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BEARER_TOKEN", "BEARER_TOKEN_FILE", "OIDC_SOCK", "JUPYTERHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def in_a_server(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a server that the hub spawned for alice."""
    monkeypatch.setenv("JUPYTERHUB_API_URL", f"{hub.url}/hub/api")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", hub.server_token(hub.sign_in("alice")))


def claims_of(token: Token) -> dict[str, Any]:
    return claims(token.value.get_secret_value())


def here(provider: OidcProvider, directory: Path) -> SignIn:
    """The sign-in of a machine without a hub."""
    scopes = ("openid", "profile", "offline_access", "storage.read:/")
    settings = SignInSettings(issuer=provider.issuer, client_id="esap", scopes=scopes)
    lake = ServiceSettings.model_validate({"connector": "rucio", "audience": STORAGE})
    return SignIn(Config(sign_in=settings, services={"lake": lake}), directory)


async def signed_in(provider: OidcProvider, directory: Path, account: str = "bob") -> SignIn:
    """The sign-in of a machine where a person confirmed the code in a browser."""
    sign_in = here(provider, directory)
    prompt = await sign_in.begin()
    assert prompt.user_code in prompt.verification_uri_complete
    page = await asyncio.to_thread(
        provider.sign_in, requests.Session(), prompt.verification_uri_complete, account
    )
    assert page.ok
    await sign_in.finished()
    return sign_in


@pytest.mark.usefixtures("in_a_server")
async def test_many_who_ask_in_a_server_make_one_request_of_the_hub(hub: Hub) -> None:
    def asked() -> int:
        return hub.log.count("GET /hub/api/esap/token?audience=")

    sign_in = SignIn(Config(), Path())
    before = asked()
    given = await asyncio.gather(*(sign_in.tokens.token(STORAGE) for _ in range(20)))
    # The hub logs a request when it has answered it, and certainly before it answers the next.
    await sign_in.state()
    assert len({token.value.get_secret_value() for token in given if token}) == 1
    assert asked() - before == 1
    assert given[0] is not None
    assert given[0].expires_at is not None


@pytest.mark.usefixtures("in_a_server")
async def test_a_server_knows_who_is_signed_in(hub: Hub) -> None:
    state = await SignIn(Config(), Path()).state()
    assert (state.source, state.username, state.name) == ("the hub", "alice", "Alice Archer")
    assert state.groups == ("/escape", "/escape/lofar", "/operators")
    assert state.issuer == hub.provider.issuer
    assert state.tokens[0].expires_at is not None
    assert not state.can_sign_in


@pytest.mark.usefixtures("in_a_server")
async def test_an_audience_that_the_site_does_not_offer_is_told() -> None:
    with pytest.raises(SignInNeeded, match="gives no tokens for the audience https://elsewhere"):
        await SignIn(Config(), Path()).tokens.token("https://elsewhere.example.org")


async def test_a_hub_without_esap_has_no_tokens(hub: Hub) -> None:
    assert await HubTokenSource(HubAPI(f"{hub.url}/hub/api/nothing", "x")).token() is None


async def test_a_device_code_signs_in_and_out(provider: OidcProvider, tmp_path: Path) -> None:
    sign_in = await signed_in(provider, tmp_path)
    state = await sign_in.state()
    assert (state.username, state.name, state.can_sign_out) == ("bob", "Bob Baker", True)
    token = await sign_in.tokens.token()
    assert token is not None
    assert stat.S_IMODE((tmp_path / "sign-in").stat().st_mode) == 0o600
    kept = (tmp_path / "sign-in").read_text()
    await sign_in.sign_out()
    assert await sign_in.tokens.token() is None
    assert not (tmp_path / "sign-in").exists()
    answer = await asyncio.to_thread(
        requests.post,
        f"{provider.issuer}/token",
        data={"grant_type": "refresh_token", "refresh_token": kept, "client_id": "esap"},
        timeout=10,
    )
    assert answer.json()["error"] == "invalid_grant"


async def test_processes_side_by_side_never_spend_one_refresh_token_twice(
    provider: OidcProvider, tmp_path: Path
) -> None:
    await signed_in(provider, tmp_path)
    others = [here(provider, tmp_path) for _ in range(6)]
    provider.grants(forget=True)
    given = await asyncio.gather(*(other.tokens.token() for other in others))
    assert all(given)
    assert [each["error"] for each in provider.grants()] == [""] * 6
    assert await here(provider, tmp_path).tokens.token() is not None


async def test_a_token_is_kept_until_shortly_before_it_ends(provider: OidcProvider, tmp_path: Path) -> None:
    sign_in = await signed_in(provider, tmp_path)
    provider.settings(ttl=2)
    first = await sign_in.tokens.token()
    assert await sign_in.tokens.token() is first
    assert first is not None
    assert first.expires_at is not None
    while datetime.now(UTC) < first.expires_at:  # noqa: ASYNC110 - the clock is waited for
        await asyncio.sleep(0.05)
    later = await sign_in.tokens.token()
    assert later is not None
    assert later.expires_at is not None
    assert later.expires_at > first.expires_at


async def test_a_grant_that_has_ended_asks_for_a_new_sign_in(provider: OidcProvider, tmp_path: Path) -> None:
    await signed_in(provider, tmp_path)
    provider.end("bob")
    again = here(provider, tmp_path)
    with pytest.raises(SignInNeeded, match="has ended or was refused"):
        await again.tokens.token()
    state = await again.state()
    assert state.problem
    assert state.can_sign_in


async def test_a_token_for_an_audience(provider: OidcProvider, tmp_path: Path) -> None:
    sign_in = await signed_in(provider, tmp_path)
    token = await sign_in.tokens.token(STORAGE)
    assert token is not None
    assert token.expires_at is not None
    known = {each.audience: each.expires_at for each in (await sign_in.state()).tokens}
    assert known[STORAGE] == token.expires_at
    assert claims_of(token)["aud"] == STORAGE


async def test_no_token_is_in_what_is_shown(provider: OidcProvider, tmp_path: Path) -> None:
    sign_in = await signed_in(provider, tmp_path)
    token = await sign_in.tokens.token()
    assert token is not None
    value = token.value.get_secret_value()
    kept = KeptTokens(sign_in.tokens.sources[-1])
    shown = f"{await sign_in.state()!r} {token!r} {kept!r} {sign_in.tokens!r}"
    assert value not in shown
    assert (tmp_path / "sign-in").read_text() not in shown


def test_one_signs_in_from_a_terminal(
    provider: OidcProvider, esap_config: Callable[..., Path], tmp_path: Path
) -> None:
    esap_config(sign_in={"issuer": provider.issuer, "client_id": "esap"})

    def esap(*arguments: str) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).with_name("esap")), *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    with esap("sign-in") as signing_in:
        assert signing_in.stderr is not None
        told = signing_in.stderr.readline()
        page = next(word for word in told.split() if word.startswith(provider.issuer))
        provider.sign_in(requests.Session(), page, "alice")
        shown, _ = signing_in.communicate(timeout=60)
    assert shown.startswith(f"Alice Archer (alice), by the sign-in on this machine at {provider.issuer}")
    assert "groups: /escape, /escape/lofar, /operators" in shown
    with esap("sign-out") as out:
        assert out.wait(60) == 0
    with esap("whoami") as who:
        assert who.communicate(timeout=60)[0].startswith("You are not signed in")
