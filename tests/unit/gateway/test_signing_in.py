"""A sign-in on this machine that does not go as it should."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from esap_jupyter.config import Config
from esap_jupyter.errors import ServiceUnreachable, SignInNeeded
from esap_jupyter.gateway.sign_in import SignIn
from esap_jupyter.gateway.tokens.device import DeviceCode, DeviceSignIn
from esap_jupyter.transfer.access import Access


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeviceSignIn:
    """One whose provider has a code for anybody, and grants it at once."""
    made = DeviceSignIn("https://id.example", "esap", (), (), tmp_path, Access(named_origins=frozenset()))
    code = DeviceCode("ABCD", "https://id.example/", "", time.time() + 60, 0.01, SecretStr("device"))
    monkeypatch.setattr(made, "_begin", lambda: code)
    monkeypatch.setattr(made, "_post", lambda *_, **__: {"refresh_token": "granted"})
    monkeypatch.setattr("esap_jupyter.gateway.tokens.grant_store._keyring", lambda: None)
    return made


@pytest.fixture
def sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: DeviceSignIn) -> SignIn:
    monkeypatch.setattr("esap_jupyter.gateway.sign_in._device", lambda *_: device)
    monkeypatch.setenv("HOME", str(tmp_path))
    return SignIn(Config.model_validate({"sign_in": {"token_files": {"~/token": ""}}}), tmp_path)


async def test_a_grant_that_cannot_be_kept_is_told(sign_in, device, monkeypatch) -> None:
    def write(_: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(device._store, "write", write)
    await sign_in.begin()

    with pytest.raises(SignInNeeded, match="could not be kept"):
        await sign_in.finished()
    assert not await device.signed_in()


async def test_a_provider_that_is_away_for_a_moment_ends_no_sign_in(sign_in, device, monkeypatch) -> None:
    answers = iter([ServiceUnreachable("Connection reset."), {"refresh_token": "granted"}])

    def post(*_, **__):
        if isinstance(answer := next(answers), Exception):
            raise answer
        return answer

    monkeypatch.setattr(device, "_post", post)
    await sign_in.begin()
    await sign_in.finished()

    assert await device.signed_in()


async def test_a_provider_that_is_away_keeps_nobody_signed_in(sign_in, device, monkeypatch, tmp_path) -> None:
    await sign_in.begin()
    await sign_in.finished()
    monkeypatch.setattr(device, "_post", lambda *_, **__: {"access_token": "a.b.c", "expires_in": 600})
    await sign_in.token_files.write()
    assert (tmp_path / "token").read_text() == "a.b.c"

    def post(*_, **__):
        raise ServiceUnreachable("Connection reset.")

    monkeypatch.setattr(device, "_post", post)
    with pytest.raises(ServiceUnreachable):
        await sign_in.sign_out()
    assert not await device.signed_in()
    assert not (tmp_path / "token").exists()
