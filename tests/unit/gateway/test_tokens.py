"""The token that a person already has is found, looked at, and refused with a reason."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path

import pytest

from esap_jupyter.errors import SignInNeeded
from esap_jupyter.gateway.tokens.claims import ANY_AUDIENCE
from esap_jupyter.gateway.tokens.discovery import WLCGTokenSource


def jwt(seconds: float = 3600, **claims: object) -> str:
    def part(content: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part({'exp': int(time.time() + seconds), **claims})}.c2ln"


def private_file(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture(autouse=True)
def runtime_directory(tmp_path, monkeypatch):
    monkeypatch.delenv("BEARER_TOKEN", raising=False)
    monkeypatch.delenv("BEARER_TOKEN_FILE", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


async def found(source: WLCGTokenSource, audience: str = "") -> str | None:
    token = await source.token(audience)
    return token and token.value.get_secret_value()


async def test_the_places_are_tried_in_the_order_of_wlcg(monkeypatch, runtime_directory):
    source = WLCGTokenSource()
    in_runtime, in_named, in_variable = jwt(1000), jwt(2000), jwt(3000)
    private_file(runtime_directory / f"bt_u{os.geteuid()}", in_runtime + "\n")
    assert await found(source) == in_runtime
    monkeypatch.setenv("BEARER_TOKEN_FILE", str(private_file(runtime_directory / "named", in_named)))
    assert await found(source) == in_named
    monkeypatch.setenv("BEARER_TOKEN", f" {in_variable}\n")
    assert await found(source) == in_variable


async def test_a_services_own_file_comes_before_everything(monkeypatch, tmp_path):
    monkeypatch.setenv("BEARER_TOKEN", jwt())
    own = jwt(1000)
    assert await found(WLCGTokenSource(private_file(tmp_path / "own", own))) == own


async def test_a_person_without_a_token_has_none(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    assert await WLCGTokenSource().token() is None


async def test_a_renewed_token_is_seen_at_once(tmp_path):
    path = private_file(tmp_path / "token", jwt(1000))
    source = WLCGTokenSource(path)
    await source.token()
    renewed = jwt(5000)
    path.write_text(renewed)
    assert await found(source) == renewed


async def test_the_end_of_the_token_is_read_from_it(monkeypatch):
    monkeypatch.setenv("BEARER_TOKEN", jwt(600))
    token = await WLCGTokenSource().token()
    assert token.expires_at.timestamp() == pytest.approx(time.time() + 600, abs=5)


async def test_an_opaque_token_is_taken_as_it_is(monkeypatch):
    monkeypatch.setenv("BEARER_TOKEN", "opaque-1234")
    token = await WLCGTokenSource().token("rucio")
    assert (token.value.get_secret_value(), token.expires_at) == ("opaque-1234", None)


async def test_an_expired_token_is_refused_with_when_and_where(monkeypatch):
    monkeypatch.setenv("BEARER_TOKEN", jwt(-60))
    with pytest.raises(SignInNeeded, match=r"\$BEARER_TOKEN expired at 20.*Get a new one"):
        await WLCGTokenSource().token()


@pytest.mark.parametrize("audience", ["rucio", ["other", "rucio"], ANY_AUDIENCE, None])
async def test_a_token_for_the_audience_is_taken(monkeypatch, audience):
    monkeypatch.setenv("BEARER_TOKEN", jwt(aud=audience))
    assert await WLCGTokenSource().token("rucio") is not None


async def test_a_token_for_another_audience_is_refused(monkeypatch):
    monkeypatch.setenv("BEARER_TOKEN", jwt(aud=["storage", "fts"]))
    with pytest.raises(SignInNeeded, match="is for storage, fts, not for rucio"):
        await WLCGTokenSource().token("rucio")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
async def test_a_file_that_others_can_touch_is_refused(tmp_path, mode):
    path = private_file(tmp_path / "token", jwt())
    path.chmod(mode)
    with pytest.raises(SignInNeeded, match=f"{path} can be read by others.*chmod 600"):
        await WLCGTokenSource(path).token()


async def test_a_named_file_that_is_missing_is_an_error_not_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("BEARER_TOKEN_FILE", str(tmp_path / "gone"))
    with pytest.raises(SignInNeeded, match="gone does not exist"):
        await WLCGTokenSource().token()


async def test_a_pipe_in_the_place_of_the_file_holds_nobody_up(tmp_path):
    os.mkfifo(tmp_path / "token", 0o600)
    with pytest.raises(SignInNeeded, match="no ordinary file"):
        await WLCGTokenSource(tmp_path / "token").token()


@pytest.mark.parametrize("text", ["", "two words", "a\nb", "tök"])
async def test_what_is_no_token_is_refused_and_not_repeated(tmp_path, text):
    with pytest.raises(SignInNeeded) as raised:
        await WLCGTokenSource(private_file(tmp_path / "token", text)).token()
    assert not text or text not in str(raised.value)


async def test_the_token_shows_in_no_repr_and_no_message(monkeypatch):
    value = jwt(aud="other")
    monkeypatch.setenv("BEARER_TOKEN", value)
    token = await WLCGTokenSource().token()
    with pytest.raises(SignInNeeded) as raised:
        await WLCGTokenSource().token("rucio")
    assert value not in repr(token) + str(raised.value) + repr(vars(raised.value))
