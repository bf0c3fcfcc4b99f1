"""A running Jupyter server keeps tokens fresh in files, for tools that know nothing of ESAP."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from esap_jupyter.config import load_config
from esap_jupyter.gateway.sign_in import SignIn
from esap_jupyter.gateway.tokens.claims import claims
from tests.services.oidc_provider import OidcProvider

STORAGE = "https://storage.example.org"
_SECONDS = 60.0


def test_a_server_keeps_token_files_fresh(
    provider: OidcProvider, esap_config: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("BEARER_TOKEN", "OIDC_SOCK", "XDG_RUNTIME_DIR", "JUPYTERHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)
    own, storage = tmp_path / "bearer", tmp_path / "rucio" / "token"
    # What ESAP writes is also where WLCG bearer token discovery looks: it must not take it for another's.
    monkeypatch.setenv("BEARER_TOKEN_FILE", str(own))
    sign_in = {"issuer": provider.issuer, "client_id": "esap"}
    sign_in |= {"scopes": ["openid", "profile", "offline_access", "storage.read:/"]}
    esap_config(sign_in={**sign_in, "token_files": {"~/bearer": "", str(storage): STORAGE}})
    asyncio.run(_sign_in(provider, tmp_path / "state"))

    provider.settings(ttl=15)
    with (tmp_path / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--port=0"]
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path)
    try:
        _until(storage.exists)
        first = storage.read_text()
        _until(lambda: _lives(storage.read_text()) and storage.read_text() != first)
        assert [stat.S_IMODE(file.stat().st_mode) for file in (own, storage)] == [0o600, 0o600]
    finally:
        server.terminate()
        server.wait(30)

    command = [str(Path(sys.executable).with_name("esap"))]
    shown = subprocess.run([*command, "token-files"], capture_output=True, text=True, timeout=60, check=True)
    assert f"{storage}: token for {STORAGE} until" in shown.stdout
    assert storage.read_text() not in shown.stdout
    subprocess.run([*command, "sign-out"], capture_output=True, timeout=60, check=True)
    assert not own.exists()
    assert not storage.exists()


async def _sign_in(provider: OidcProvider, state: Path) -> None:
    sign_in = SignIn(load_config(), state)
    prompt = await sign_in.begin()
    page = prompt.verification_uri_complete
    assert (await asyncio.to_thread(provider.sign_in, requests.Session(), page, "bob")).ok
    await sign_in.finished()


def _lives(token: str) -> bool:
    """See that it is a whole token that is valid now, as it must be whenever somebody looks."""
    said = claims(token)
    assert said["aud"] == STORAGE
    assert said["exp"] > time.time()
    return True


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
