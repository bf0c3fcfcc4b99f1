"""Passwords and tokens stay where they are, whatever goes wrong."""

import asyncio
import logging
import traceback

import pytest

from esap_jupyter.gateway import error_of
from esap_jupyter.models import Query
from esap_jupyter.storage.state import State
from tests.services.fault_server import FaultServer
from tests.services.rucio_stand_in import Reply, as_json, as_stream, refusal, rucio_stand_in
from tests.services.storage_stand_in import Fault

PASSWORD, TOKEN, LOGIN_TOKEN = "pa55word-marker", "bearer-t0ken-marker", "rucio-t0ken-marker"
SECRETS = (PASSWORD, TOKEN, LOGIN_TOKEN)


def echo(status, kind):
    """A complaint that repeats all that was sent."""
    return lambda request: refusal(status, kind, f"You sent {list(request.headers.values())}.")


@pytest.fixture
def secret_file(tmp_path):
    def write(name, text):
        path = tmp_path / "secrets" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{text}\n")
        path.chmod(0o600)
        return str(path)

    return write


@pytest.fixture
def rucio():
    """A Rucio that signs in, and repeats in its complaints whatever it was shown."""
    with rucio_stand_in() as running:
        running.answers["GET /auth/userpass"] = Reply(headers={"X-Rucio-Auth-Token": LOGIN_TOKEN})
        yield running


@pytest.fixture(params=["userpass", "oidc"])
def lake(request, rucio, storage, secret_file):
    """The service `lake`, with a secret to be kept."""
    own = {"auth_type": "oidc", "token_file": secret_file("token", TOKEN)}
    if request.param == "userpass":
        own = {"auth_type": "userpass", "username": "me", "password_file": secret_file("password", PASSWORD)}
    return {"connector": "rucio", "url": rucio.url, "origins": [storage.origin], "deadline": 2, **own}


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def nothing_is_told(tmp_path, caplog, capfd):
    """Look for the secrets in what was written, logged and printed, and in what is given."""

    def check(*things):
        shown = [caplog.text, *capfd.readouterr()]
        for thing in things:
            shown += [repr(thing), str(thing)]
            if isinstance(thing, BaseException):
                shown += traceback.format_exception(thing)
        for path in tmp_path.rglob("*"):
            if path.is_file() and path.parent.name != "secrets":
                shown.append(path.read_bytes().decode("utf-8", "replace"))
        for secret in SECRETS:
            assert not [text for text in shown if secret in text]

    return check


@pytest.mark.parametrize(
    "answer",
    [
        echo(401, "CannotAuthenticate"),
        echo(401, "AccessDenied"),
        echo(403, "AccessDenied"),
        echo(404, "ScopeNotFound"),
        echo(400, "InvalidObject"),
        echo(500, "DatabaseException"),
        lambda request: Reply(500, "text/html", str(request.headers).encode()),
        lambda request: Reply(200, "text/html", str(request.headers).encode()),
        Reply(200, "application/x-json-stream", b'{"scope": "mc", "name":'),
        Reply(200, "application/x-json-stream", b"{}\n", length=100),
        Reply(302, headers={"Location": "http://127.0.0.2:9/"}),
        Reply(302, headers={"Location": "file:///etc/passwd"}),
    ],
)
async def test_a_search_that_fails(make_gateway, rucio, lake, nothing_is_told, answer):
    rucio.answers["GET /dids/mc/dids/search"] = answer
    gateway = await make_gateway({"lake": lake})
    search = gateway.search(Query(product="dids", keyword="mc:*", services=("lake",)))
    await search.finished()
    error = search.errors["lake"]
    connector = gateway.connector("lake")
    nothing_is_told(
        error, search.reports["lake"], connector, connector.settings, connector.context, connector._login
    )


@pytest.mark.parametrize("answer", [echo(401, "CannotAuthenticate"), echo(500, "DatabaseException")])
async def test_a_sign_in_that_fails(make_gateway, rucio, secret_file, nothing_is_told, answer):
    rucio.answers["GET /auth/userpass"] = answer
    password = secret_file("password", PASSWORD)
    lake = {"connector": "rucio", "url": rucio.url, "auth_type": "userpass", "username": "me"}
    gateway = await make_gateway({"lake": {**lake, "password_file": password}})
    search = gateway.search(Query(product="dids", keyword="mc:*", services=("lake",)))
    await search.finished()
    (status,) = await gateway.services(check=True)
    nothing_is_told(search.errors["lake"], status)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(),
        Fault(status=401),
        Fault(status=403),
        Fault(status=404),
        Fault(status=500),
        Fault(break_after=10),
        Fault(wrong_byte=3),
        Fault(redirect="http://127.0.0.2:9/elsewhere"),
        Fault(redirect="https://["),
        Fault(redirect="file:///etc/passwd"),
    ],
)
async def test_a_staging(make_gateway, rucio, lake, storage, nothing_is_told, fault):
    stored = storage.put("a.fits", b"A" * 1000, fault=fault)
    about = {"scope": "mc", "name": "a.fits", "bytes": 1000, "adler32": stored.adler32}
    rucio.answers["POST /dids/bulkmeta"] = as_stream([{**about, "did_type": "FILE"}])
    pfns = {f"{storage.url('a.fits')}?sig=x": {"rse": "DISK", "type": "DISK"}}
    rucio.answers["POST /replicas/list"] = as_stream([{**about, "pfns": pfns}])
    gateway = await make_gateway({"lake": lake})
    connector = await asyncio.to_thread(gateway.connector, "lake")
    item = connector.item({"scope": "mc", "name": "a.fits"}, None, "")
    await gateway.basket.add([item])
    job = await (await gateway.stage()).wait()
    assert storage.requests
    if lake["auth_type"] == "oidc":
        assert storage.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    nothing_is_told(job, error_of(job), item)


async def test_a_token_is_not_sent_where_a_replica_only_seems_to_be(
    make_gateway, rucio, storage, secret_file
):
    with FaultServer() as evil:
        stored = storage.put("a.fits", b"A" * 1000)
        about = {"scope": "mc", "name": "a.fits", "bytes": 1000, "adler32": stored.adler32}
        rucio.answers["POST /dids/bulkmeta"] = as_stream([{**about, "did_type": "FILE"}])
        address = f"{evil.url}\\@{storage.origin.removeprefix('http://')}/a.fits"
        rucio.answers["POST /replicas/list"] = as_stream([{**about, "pfns": {address: {"rse": "DISK"}}}])
        lake = {"connector": "rucio", "url": rucio.url, "origins": [storage.origin], "auth_type": "oidc"}
        gateway = await make_gateway(
            {"lake": {**lake, "token_file": secret_file("token", TOKEN)}}, network={"allow": [evil.url]}
        )
        connector = await asyncio.to_thread(gateway.connector, "lake")
        job = await (
            await gateway.stage([connector.item({"scope": "mc", "name": "a.fits"}, None, "")])
        ).wait()
        assert job.error_code
        assert evil.requests
        assert not [request for request in evil.requests if "Authorization" in request.headers]


async def test_what_is_kept_is_readable_for_nobody_else(make_gateway, rucio, lake, tmp_path):
    rucio.answers["GET /accounts/whoami"] = as_json({"account": "me"})
    gateway = await make_gateway({"lake": lake})
    await gateway.services(check=True)
    search = gateway.search(Query(product="dids", keyword="mc:*", services=("lake",)))
    await search.finished()
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    assert State(tmp_path / "state" / "state.sqlite").path.stat().st_mode & 0o077 == 0
