"""Signing in to a real Rucio: password, token, certificate; good, expired, missing."""

from __future__ import annotations

import builtins
import os
import time

import pytest

from esap_jupyter.errors import ServiceTimeout, ServiceUnreachable, SignInNeeded

pytestmark = pytest.mark.xrootd


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch):
    def asked(*_: object) -> str:
        pytest.fail("something was asked at the terminal")

    monkeypatch.setattr(builtins, "input", asked)
    for variable in ("BEARER_TOKEN", "BEARER_TOKEN_FILE", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)


async def test_a_password(connect):
    assert (await connect().whoami()).name == "jdoe"


async def test_a_wrong_password(connect, tmp_path):
    wrong = tmp_path / "password"
    wrong.touch(0o600)
    wrong.write_text("wrong")
    with pytest.raises(SignInNeeded, match="did not accept the user name and password for account jdoe"):
        await connect(password_file=wrong).whoami()


async def test_a_token_in_a_file_of_the_service(connect, rucio_xrootd, token_file):
    lake = connect(auth_type="oidc", token_file=token_file(rucio_xrootd.mint_token()))
    assert (await lake.whoami()).name == "jdoe"
    assert await lake.scopes()


async def test_a_token_found_where_wlcg_says(connect, rucio_xrootd, monkeypatch):
    monkeypatch.setenv("BEARER_TOKEN", rucio_xrootd.mint_token())
    assert (await connect(auth_type="oidc").whoami()).name == "jdoe"


async def test_an_expired_token_is_told_before_rucio_is_asked(connect, rucio_xrootd, token_file):
    with pytest.raises(SignInNeeded, match="expired at"):
        await connect(auth_type="oidc", token_file=token_file(rucio_xrootd.mint_token(ttl=-60))).whoami()


async def test_a_token_for_somebody_else(connect, rucio_xrootd, token_file):
    with pytest.raises(SignInNeeded, match="is for storage, not for rucio"):
        await connect(
            auth_type="oidc", token_file=token_file(rucio_xrootd.mint_token(audience="storage"))
        ).whoami()


@pytest.mark.parametrize("spoil", [{"sub": "nobody"}, {"audience": "storage"}])
async def test_a_token_that_rucio_refuses(connect, rucio_xrootd, token_file, spoil):
    lake = connect(auth_type="oidc", audience="", token_file=token_file(rucio_xrootd.mint_token(**spoil)))
    with pytest.raises(SignInNeeded, match=r"Rucio refused the token\. Get a new one"):
        await lake.whoami()


async def test_no_token(connect, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)  # who has none in /tmp
    with pytest.raises(SignInNeeded, match="no token"):
        await connect(auth_type="oidc").whoami()


async def test_a_certificate(connect, rucio_xrootd):
    person = rucio_xrootd.client_certificate
    lake = connect(auth_type="x509", client_cert=person.certificate_file, client_key=person.key_file)
    assert (await lake.whoami()).name == "jdoe"


async def test_another_ca_is_not_trusted(connect):
    with pytest.raises(ServiceUnreachable, match="certificate that is not trusted"):
        await connect(ca_file=None).whoami()


async def test_a_paused_rucio_is_given_up_within_the_deadline(connect, rucio_xrootd):
    lake = connect(deadline=1.0)
    await lake.whoami()
    with rucio_xrootd.paused():
        started = time.monotonic()
        with pytest.raises(ServiceTimeout):
            await lake.whoami()
        assert time.monotonic() - started < 10, "the default deadline is a minute"
    assert (await connect().whoami()).name == "jdoe"
