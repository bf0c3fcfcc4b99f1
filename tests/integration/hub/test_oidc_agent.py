"""Tokens of a real oidc-agent, whose account a person made by a device code at a real provider."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from esap_jupyter.config import Config, SignInSettings
from esap_jupyter.errors import SignInNeeded
from esap_jupyter.gateway.sign_in import SignIn
from esap_jupyter.gateway.tokens.oidc_agent import OidcAgentSource
from tests.integration.conftest import running
from tests.services.oidc_agent import OidcAgent
from tests.services.oidc_provider import OidcProvider


@pytest.fixture
def agent(provider: OidcProvider) -> Iterator[OidcAgent]:
    """An agent with bob's account."""
    with running(OidcAgent()) as service:
        service.sign_in(provider, "esap", "bob")
        yield service


async def test_an_agent_gives_tokens_by_account_and_by_issuer(
    agent: OidcAgent, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("BEARER_TOKEN", "BEARER_TOKEN_FILE", "JUPYTERHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("OIDC_SOCK", str(agent.socket))

    state = await SignIn(Config(sign_in=SignInSettings(agent_account="esap")), tmp_path).state()
    assert (state.source, state.problem) == ("oidc-agent", "")
    token = await SignIn(Config(sign_in=SignInSettings(issuer=provider.issuer)), tmp_path).tokens.token()
    assert token is not None
    assert token.expires_at is not None
    assert timedelta() < token.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    shown = {"Authorization": f"Bearer {token.value.get_secret_value()}"}
    said = await asyncio.to_thread(requests.get, f"{provider.issuer}/me", headers=shown, timeout=10)
    assert said.json()["sub"] == "bob"

    with pytest.raises(SignInNeeded, match="No account configured with that short name") as refused:
        await OidcAgentSource(agent.socket, "nobody").token()
    assert "oidc-gen nobody" in refused.value.hint
    provider.end("bob")
    # What it has is valid by its clock; what it must get anew is refused.
    with pytest.raises(SignInNeeded, match="invalid_grant") as ended:
        await OidcAgentSource(agent.socket, "esap").token("https://storage.example.org")
    assert "oidc-gen --reauthenticate esap" in ended.value.hint
    await asyncio.to_thread(agent.stop, print)
    assert await OidcAgentSource(agent.socket, "esap").token() is None
