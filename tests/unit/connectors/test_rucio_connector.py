"""The Rucio connector against a Rucio that fails as it is told to, and against wrong credentials."""

from __future__ import annotations

import asyncio
import builtins
import dataclasses
import getpass
import time
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from esap_jupyter.config import origin_of
from esap_jupyter.connectors.base import (
    Context,
    DataLake,
    DownloadsItself,
    HasFiles,
    Notice,
    Searches,
    Token,
)
from esap_jupyter.connectors.calls import ServiceCalls
from esap_jupyter.connectors.rucio import RucioConnector, RucioSettings
from esap_jupyter.demo.rucio_certificates import make_certificates
from esap_jupyter.errors import (
    BadAnswer,
    InputError,
    NotAllowed,
    NotFound,
    ServiceFailed,
    ServiceTimeout,
    ServiceUnreachable,
    SignInNeeded,
)
from esap_jupyter.models import Capability, Query
from esap_jupyter.transfer.access import Access
from tests.services.rucio_stand_in import Reply, as_json, as_stream, hang, refusal, rucio_stand_in


class Tokens:
    """A person's tokens: one, or none."""

    def __init__(self, value: str = "") -> None:
        self.value = value
        self.audiences: list[str] = []

    async def token(self, audience: str = "") -> Token | None:
        self.audiences.append(audience)
        return Token(SecretStr(self.value)) if self.value else None


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch):
    def asked(*_: object) -> str:
        pytest.fail("something was asked at the terminal")

    monkeypatch.setattr(builtins, "input", asked)
    monkeypatch.setattr(getpass, "getpass", asked)


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def rucio():
    with rucio_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def connect(password_file):
    """Make a connector; settings beside the usual ones are given by name."""

    def make(
        url: str, *, tokens: Tokens | None = None, deadline: float = 10, access=None, **own
    ) -> RucioConnector:
        usual = {
            "auth_type": "userpass",
            "username": "jdoe",
            "password_file": password_file,
            "account": "jdoe",
        }
        settings = RucioSettings(url=url, **{**usual, **own})
        return RucioConnector(
            settings,
            Context(
                service="lake",
                access=access or Access(named_origins=frozenset({origin_of(url)})),
                tokens=tokens or Tokens(),
                cache=None,
                calls=ServiceCalls("lake", at_once=4, deadline=deadline),
            ),
        )

    return make


async def everything(stream) -> list:
    return [each async for each in stream]


async def test_it_can_do_what_it_says(rucio, connect):
    connector = connect(rucio.url)
    assert connector.capabilities == {
        Capability.DIDS, Capability.FILES, Capability.DATALAKE, Capability.UPLOADS,
    }  # fmt: skip
    for protocol in (Searches, HasFiles, DataLake, DownloadsItself):
        assert isinstance(connector, protocol)


# Signing in


async def test_the_password_goes_to_the_sign_in_and_the_token_to_the_rest(rucio, connect):
    connector = connect(rucio.url, vo="ska")
    await connector.whoami()
    await connector.whoami()
    (sign_in,) = rucio.asked("/auth/userpass")
    assert (sign_in.headers["X-Rucio-Username"], sign_in.headers["X-Rucio-Password"]) == ("jdoe", "s3cret")
    for request in rucio.asked("/accounts/whoami"):
        assert request.headers["X-Rucio-Auth-Token"] == "token-1"
        assert (request.headers["X-Rucio-Account"], request.headers["X-Rucio-VO"]) == ("jdoe", "ska")
        assert "X-Rucio-Password" not in request.headers


async def test_many_threads_sign_in_once(rucio, connect):
    connector = connect(rucio.url)
    await asyncio.gather(*(connector.whoami() for _ in range(8)))
    assert len(rucio.tokens) == 1


async def test_an_expired_token_is_renewed_once_and_nobody_notices(rucio, connect):
    rucio.answers["GET /accounts/whoami"] = lambda request: (
        as_json({"account": "jdoe"})
        if request.headers["X-Rucio-Auth-Token"] == "token-2"
        else refusal(401, "CannotAuthenticate", "Cannot authenticate with given credentials")
    )
    assert (await connect(rucio.url).whoami()).name == "jdoe"
    assert rucio.tokens == ["token-1", "token-2"]


async def test_a_token_refused_again_and_again_ends_in_words(rucio, connect):
    rucio.answers["GET /accounts/whoami"] = refusal(401, "CannotAuthenticate", "no")
    with pytest.raises(SignInNeeded, match="lake: Rucio refused the credential"):
        await connect(rucio.url).whoami()
    assert len(rucio.tokens) == 2


async def test_what_the_person_may_not_do_is_no_reason_to_sign_in_again(rucio, connect):
    rucio.answers["GET /accounts/root/usage/local"] = refusal(
        401, "AccessDenied", "Account jdoe can not list account usage"
    )
    with pytest.raises(NotAllowed, match="can not list account usage"):
        await connect(rucio.url).usage("root")
    assert len(rucio.tokens) == 1


async def test_a_wrong_password_says_which_account_and_repeats_no_secret(rucio, connect):
    rucio.answers["GET /auth/userpass"] = refusal(401, "CannotAuthenticate", "s3cret is wrong")
    with pytest.raises(
        SignInNeeded, match="did not accept the user name and password for account jdoe"
    ) as raised:
        await connect(rucio.url).whoami()
    assert "s3cret" not in str(raised.value) + repr(vars(raised.value))


async def test_an_identity_of_several_accounts_is_asked_to_name_one(rucio, connect):
    rucio.answers["GET /auth/userpass"] = Reply(206, headers={"X-Rucio-Auth-Accounts": "jdoe,root"})
    with pytest.raises(SignInNeeded, match=r"jdoe,root.*Name one as `account`"):
        await connect(rucio.url, account="").whoami()


async def test_a_sign_in_without_a_token_is_no_sign_in(rucio, connect):
    rucio.answers["GET /auth/userpass"] = as_json({})
    with pytest.raises(BadAnswer, match="without a token"):
        await connect(rucio.url).whoami()


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ({"password_file": None}, "no password.*`password_file`"),
        ({"username": ""}, "no password.*`username`"),
        ({"password_file": Path("/nonexistent/password")}, "/nonexistent/password does not exist"),
        ({"auth_type": "x509"}, "no certificate.*`client_cert`"),
        ({"auth_type": "x509", "client_cert": Path("/nonexistent/c")}, "/nonexistent/c does not exist"),
        ({"auth_type": "oidc"}, r"no token.*\$BEARER_TOKEN"),
    ],
)
async def test_a_missing_credential_says_what_to_do_and_nothing_is_sent(rucio, connect, own, reason):
    with pytest.raises(SignInNeeded, match=reason):
        await connect(rucio.url, **own).whoami()
    assert rucio.requests == []


async def test_a_password_that_others_can_read_is_not_sent(rucio, connect, password_file):
    password_file.chmod(0o644)
    with pytest.raises(SignInNeeded, match=r"can be read by others.*chmod 600"):
        await connect(rucio.url).whoami()
    assert rucio.requests == []


async def test_a_password_that_no_header_can_carry_is_not_sent(rucio, connect, password_file):
    password_file.write_text("one\ntwo")
    with pytest.raises(SignInNeeded, match="cannot be sent"):
        await connect(rucio.url).whoami()


async def test_the_persons_token_is_shown_and_asked_for_with_its_audience(rucio, connect):
    tokens = Tokens("jwt.of.person")
    await connect(rucio.url, auth_type="oidc", audience="ska-rucio", tokens=tokens).whoami()
    assert rucio.asked("/accounts/whoami")[0].headers["X-Rucio-Auth-Token"] == "jwt.of.person"
    assert (tokens.audiences, rucio.tokens) == (["ska-rucio"], [])


async def test_a_refused_token_says_what_to_do(rucio, connect):
    rucio.answers["GET /accounts/whoami"] = refusal(401, "CannotAuthenticate", "no")
    with pytest.raises(SignInNeeded, match=r"lake: Rucio refused the token. Get a new one") as raised:
        await connect(rucio.url, auth_type="oidc", tokens=Tokens("jwt.of.person")).whoami()
    assert "jwt.of.person" not in str(raised.value)


async def test_a_token_goes_to_storages_that_the_configuration_names_and_to_no_other(rucio, connect):
    access = Access(named_origins=frozenset({origin_of(rucio.url), "https://storage.example:1094"}))
    connector = connect(rucio.url, auth_type="oidc", tokens=Tokens("jwt"), access=access)
    assert await connector.authorization("https://storage.example:1094/a") == {"Authorization": "Bearer jwt"}
    for elsewhere in (
        "https://storage.example/a",
        "http://storage.example:1094/a",
        "https://evil.example/a",
        "https://evil.example\\@storage.example:1094/a",
    ):
        assert await connector.authorization(elsewhere) == {}


async def test_a_password_is_rucios_alone(rucio, connect):
    assert await connect(rucio.url).authorization(rucio.url + "/a") == {}


# Certificates


@pytest.fixture
def certified(tmp_path):
    """A Rucio that wants certificates, and two of its people, one of whose certificates has expired."""
    ca, issued = make_certificates(tmp_path / "certificates", "Test CA", ["server", "jdoe"])
    expired_ca, expired = make_certificates(tmp_path / "expired", "Test CA 2", ["late"], days=0)
    trusted = tmp_path / "both.pem"
    trusted.write_bytes(ca.read_bytes() + expired_ca.read_bytes())
    server = issued["server"]
    with rucio_stand_in(tls=(server.certificate_file, server.key_file, trusted)) as stand_in:
        access = Access(named_origins=frozenset({origin_of(stand_in.url)}), ca_file=ca)
        yield stand_in, access, {**issued, **expired}


async def test_a_certificate_signs_in(certified, connect):
    rucio, access, people = certified
    person = {"client_cert": people["jdoe"].certificate_file, "client_key": people["jdoe"].key_file}
    await connect(rucio.url, access=access, auth_type="x509", **person).whoami()
    assert [request.client_name for request in rucio.asked("/auth/x509")] == ["jdoe"]


async def test_a_proxy_in_one_file_signs_in(certified, connect, tmp_path):
    rucio, access, people = certified
    proxy = tmp_path / "proxy.pem"
    proxy.touch(0o600)
    proxy.write_bytes(people["jdoe"].certificate_file.read_bytes() + people["jdoe"].key_file.read_bytes())
    await connect(rucio.url, access=access, auth_type="x509", client_cert=proxy).whoami()
    assert [request.client_name for request in rucio.asked("/auth/x509_proxy")] == ["jdoe"]


async def test_an_expired_certificate_says_so(certified, connect):
    rucio, access, people = certified
    person = {"client_cert": people["late"].certificate_file, "client_key": people["late"].key_file}
    with pytest.raises(SignInNeeded, match=r"refused the certificate: expired.*Renew it"):
        await connect(rucio.url, access=access, auth_type="x509", **person).whoami()


async def test_a_rucio_that_knows_nobody_still_says_its_version(certified, connect):
    rucio, access, _ = certified
    rucio.answers["GET /ping"] = as_json({"version": "41.5.1"})
    gone = Path("/nonexistent/cert.pem")
    access = dataclasses.replace(access, client_cert=gone)  # as the gateway makes it
    said = await connect(rucio.url, access=access, auth_type="x509", client_cert=gone).check()
    assert said.startswith("Rucio 41.5.1; not signed in: ")


async def test_a_key_with_a_passphrase_is_refused_not_asked_about(certified, connect, tmp_path):
    rucio, access, people = certified
    key = tmp_path / "locked.key"
    key.touch(0o600)
    key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n")
    person = {"client_cert": people["jdoe"].certificate_file, "client_key": key}
    with pytest.raises(SignInNeeded, match=r"has a passphrase.*Make a proxy"):
        await connect(rucio.url, access=access, auth_type="x509", **person).whoami()


# Other people's configuration, several Rucios


async def test_no_rucio_cfg_is_read_and_no_token_is_written(rucio, connect, monkeypatch, tmp_path):
    from rucio.client.baseclient import BaseClient
    from rucio.common.config import get_config

    (tmp_path / "rucio.cfg").write_text(
        "[client]\nrucio_host = https://else.example\naccount = root\nvo = other\n"
    )
    monkeypatch.setenv("RUCIO_CONFIG", str(tmp_path / "rucio.cfg"))
    monkeypatch.setenv("RUCIO_ACCOUNT", "root")
    monkeypatch.setattr(BaseClient, "TOKEN_PATH_PREFIX", str(tmp_path / "tokens"))
    get_config.cache_clear()
    try:
        await connect(rucio.url).whoami()
    finally:
        get_config.cache_clear()
    headers = rucio.asked("/accounts/whoami")[0].headers
    assert (headers["X-Rucio-Account"], headers["X-Rucio-VO"]) == ("jdoe", "def")
    assert not list(tmp_path.glob("tokens*"))


async def test_several_rucios_live_side_by_side(rucio, connect):
    with rucio_stand_in("/rucio/v1") as other:
        first, second = connect(rucio.url), connect(other.url + "/", vo="ska", account="root")
        await asyncio.gather(*(each.whoami() for each in (first, second) * 5))
        assert {request.headers["X-Rucio-VO"] for request in rucio.requests} == {"def"}
        assert {request.headers["X-Rucio-VO"] for request in other.requests} == {"ska"}
        assert len(other.asked("/accounts/whoami")) == 5  # its path is kept


async def test_another_origin_sees_no_credential_after_a_redirect(rucio, connect):
    with rucio_stand_in() as elsewhere:
        access = Access(named_origins=frozenset({origin_of(rucio.url), origin_of(elsewhere.url)}))
        to = {"Location": elsewhere.url + "/accounts/whoami"}
        rucio.answers["GET /accounts/whoami"] = Reply(302, headers=to)
        await connect(rucio.url, access=access).whoami()
        (arrived,) = elsewhere.requests
        assert not [name for name in arrived.headers if name.lower().startswith("x-rucio")]


def test_a_setting_that_does_not_exist_is_an_error():
    with pytest.raises(ValidationError):
        RucioSettings(url="https://rucio.example", pasword_file="x")
    with pytest.raises(ValidationError):
        RucioSettings(url="rucio.example")


# What can go wrong with the answers


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Reply(200, "text/html", b"<h1>Welcome</h1>"), BadAnswer, "A web page came.*`url`"),
        (Reply(404, "text/html", b"<h1>Not Found</h1>"), BadAnswer, "HTTP 404 came instead"),
        (Reply(200, "application/json", b'{"account": '), BadAnswer, "not what Rucio's interface promises"),
        (Reply(200, "application/json", b'"jdoe"'), BadAnswer, "not what Rucio's interface promises"),
        (Reply(200, "application/json", b"{}"), BadAnswer, "not what Rucio's interface promises"),
        (Reply(200, "application/json", b""), BadAnswer, "not what Rucio's interface promises"),
        (Reply(200, "application/json", b"{}", length=100), ServiceUnreachable, "broke off"),
        (refusal(403, "AccessDenied", "Not you"), NotAllowed, "Not you"),
        (refusal(500, "DatabaseException", "Deadlock"), ServiceFailed, "Deadlock"),
        (Reply(503, "text/html", b"busy"), ServiceFailed, r"Rucio failed \(HTTP 503\)"),
        (refusal(404, "AccountNotFound", "No jdoe"), NotFound, "No jdoe"),
        (refusal(400, "ValueError", "Bad value"), InputError, "Bad value"),
    ],
)
async def test_each_failure_has_its_error(rucio, connect, answer, error, words):
    rucio.answers["GET /accounts/whoami"] = answer
    with pytest.raises(error, match=words) as raised:
        await connect(rucio.url).whoami()
    assert type(raised.value) is error
    assert raised.value.service == "lake"


async def test_a_rucio_that_is_down_is_unreachable(connect):
    with rucio_stand_in() as gone:
        url = gone.url
    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        await connect(url).whoami()


async def test_a_connection_that_rucio_closes_without_a_word_is_tried_once_more(rucio, connect):
    def closing(_: object) -> Reply:
        if len(rucio.asked("/accounts/whoami")) % 3:
            raise ConnectionAbortedError
        return as_json({"account": "jdoe"})

    rucio.answers["GET /accounts/whoami"] = closing
    with pytest.raises(ServiceUnreachable):
        await connect(rucio.url).whoami()
    assert len(rucio.asked("/accounts/whoami")) == 2
    assert (await connect(rucio.url).whoami()).name == "jdoe"


async def test_a_paused_rucio_is_given_up_in_time_and_blocks_nobody(rucio, connect):
    rucio.answers["GET /ping"] = Reply(body=[hang(5), b"{}"])
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    started = time.monotonic()
    with pytest.raises(ServiceTimeout):
        await connect(rucio.url, deadline=0.5).check()
    assert time.monotonic() - started < 4.5, "it waited for the server to wake up"
    assert ticks > 10
    ticking.cancel()


async def test_a_rucio_that_stops_in_the_middle_is_given_up(rucio, connect):
    line = b'{"scope": "mc", "name": "a", "did_type": "FILE", "bytes": 1, "length": null}\n'
    rucio.answers["GET /dids/mc/dids/search"] = Reply(
        content_type="application/x-json-stream", body=[line * 600, hang(5), line]
    )
    found = []
    with pytest.raises(ServiceTimeout):
        async for did in connect(rucio.url, deadline=0.5).dids("mc"):
            found.append(did)  # noqa: PERF401 - up to where it breaks off
    assert len(found) == 500


async def test_what_comes_slowly_is_handed_on_before_the_page_is_full(rucio, connect):
    line = b'{"scope": "mc", "name": "a", "did_type": "FILE", "bytes": 1, "length": null}\n'
    rucio.answers["GET /dids/mc/dids/search"] = Reply(
        content_type="application/x-json-stream", body=[line, hang(0.6), line, hang(5), line]
    )
    found = []
    with pytest.raises(ServiceTimeout):
        async for did in connect(rucio.url, deadline=1.5).dids("mc"):
            found.append(did)  # noqa: PERF401 - up to where it breaks off
    assert len(found) == 2


async def test_a_stream_that_is_cut_is_not_taken_for_complete(rucio, connect):
    line = b'{"scope": "mc", "name": "a", "did_type": "FILE", "bytes": 1, "length": null}\n'
    rucio.answers["GET /dids/mc/dids/search"] = Reply(
        content_type="application/x-json-stream", body=line * 3, length=10_000
    )
    with pytest.raises(ServiceUnreachable, match="broke off"):
        await everything(connect(rucio.url).dids("mc"))


async def test_a_check_says_version_and_person_or_why_not(rucio, connect, password_file):
    rucio.answers["GET /ping"] = as_json({"version": "41.5.1"})
    assert await connect(rucio.url).check() == "Rucio 41.5.1, as jdoe"
    password_file.unlink()
    said = await connect(rucio.url).check()
    assert said.startswith("Rucio 41.5.1; not signed in: ")
    assert "does not exist" in said


# Searching


def rows(count: int) -> Reply:
    return as_stream(
        [
            {"scope": "mc", "name": f"f{n}", "did_type": "FILE", "bytes": n, "length": None}
            for n in range(count)
        ]
    )


async def searched(connector, **query) -> tuple[int, list[Notice]]:
    found = await everything(connector.search(Query(product="dids", **query)))
    batches = [each for each in found if not isinstance(each, Notice)]
    assert batches  # at least one tells the schema
    return sum(batch.num_rows for batch in batches), [each for each in found if isinstance(each, Notice)]


@pytest.mark.parametrize(
    ("there", "limit", "given", "cut"), [(1200, None, 1200, 0), (700, 600, 600, 1), (600, 600, 600, 0)]
)
async def test_a_search_is_cut_where_the_person_said_and_says_so(rucio, connect, there, limit, given, cut):
    rucio.answers["GET /dids/mc/dids/search"] = rows(there)
    count, notices = await searched(connect(rucio.url), keyword="mc:f*", row_limit=limit)
    assert (count, len(notices)) == (given, cut)
    assert all(notice.kind == "truncated" and str(limit) in notice.message for notice in notices)


async def test_stopping_early_drops_the_connection(rucio, connect):
    endless = [rows(1).body * 600, *([hang(0.02), rows(1).body * 600] * 200)]
    rucio.answers["GET /dids/mc/dids/search"] = Reply(content_type="application/x-json-stream", body=endless)
    await searched(connect(rucio.url), keyword="mc:f*", row_limit=10)
    assert await asyncio.to_thread(rucio.gone.wait, 5)


async def test_a_scope_may_be_a_pattern_and_the_sites_scopes_are_looked_in(rucio, connect):
    rucio.answers["GET /scopes/"] = as_json(["data", "mc15", "mc16"])
    rucio.answers["GET /dids/mc15/dids/search"] = rows(1)
    rucio.answers["GET /dids/mc16/dids/search"] = rows(2)
    assert (await searched(connect(rucio.url), keyword="mc*:f*"))[0] == 3
    assert (await searched(connect(rucio.url, scopes=("mc16",)), keyword="f*"))[0] == 2
    with pytest.raises(InputError, match="in which scope"):
        await searched(connect(rucio.url), keyword="f*")


async def test_custom_metadata_does_not_tell_the_type_so_it_is_asked_for(rucio, connect):
    found = [{"scope": "mc", "name": name, "did_type": None, "bytes": None, "length": None} for name in "ab"]
    rucio.answers["GET /dids/mc/dids/search"] = as_stream(found)
    rucio.answers["POST /dids/bulkmeta"] = as_stream(
        [
            {"scope": "mc", "name": "a", "did_type": "FILE", "bytes": 7},
            {"scope": "mc", "name": "b", "did_type": "DATASET"},
        ]
    )
    dids = await everything(connect(rucio.url).dids("mc", filters="nights>3", kind="file"))
    assert [(did.name, did.type, did.bytes) for did in dids] == [("a", "FILE", 7)]


async def test_a_row_becomes_an_item_with_its_provenance(rucio, connect):
    item = connect(rucio.url).item({"scope": "mc", "name": "a", "bytes": 7}, None, "dids mc:a*")
    assert (item.kind, item.locator, item.size) == ("did", "mc:a", 7)
    assert (item.provenance.service, item.provenance.query) == ("lake", "dids mc:a*")


# Staging


async def test_what_rucio_does_not_know_is_said_after_the_files_it_knows(rucio, connect):
    connector = connect(rucio.url)
    rucio.answers["POST /dids/bulkmeta"] = as_stream(
        [{"scope": "mc", "name": "a", "did_type": "FILE", "bytes": 7}]
    )
    rucio.answers["POST /replicas/list"] = as_stream([{"scope": "mc", "name": "a", "bytes": 7, "pfns": {}}])
    items = [connector.item({"scope": "mc", "name": name}, None, "") for name in ("gone", "a")]
    found = []
    with pytest.raises(NotFound, match="lake: Rucio does not know mc:gone"):
        async for file in connector.files(items):
            found.append(file)  # noqa: PERF401 - up to where it ends in an error
    assert [(file.path, file.replicas) for file in found] == [("mc/a", ())]


async def test_a_container_that_holds_itself_ends(rucio, connect):
    connector = connect(rucio.url)
    container = {"scope": "mc", "name": "c", "did_type": "CONTAINER"}
    rucio.answers["POST /dids/bulkmeta"] = as_stream([container])
    rucio.answers["GET /dids/mc/c/dids"] = as_stream([container])
    with pytest.raises(BadAnswer, match="holds itself"):
        await everything(connector.files([connector.item(container, None, "")]))


@pytest.mark.parametrize("name", ["", ".", ".."])
async def test_a_name_leads_to_no_other_part_of_rucio(rucio, connect, name):
    with pytest.raises(InputError):
        await connect(rucio.url).rse(name)
    rucio.answers["GET /rses/..%2Faccounts"] = refusal(404, "RSENotFound", "No such RSE")
    with pytest.raises(NotFound):
        await connect(rucio.url).rse("../accounts")
