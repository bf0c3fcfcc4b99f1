"""Where requests may go, whom they trust and what they carry."""

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from esap_jupyter.errors import AddressRefused, ConfigError, ServiceTimeout, ServiceUnreachable
from esap_jupyter.transfer import access as access_module
from esap_jupyter.transfer.access import Access, is_public, translate_request_error


class _Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the headers it got; ``/to?URL`` redirects there."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps(dict(self.headers)).encode()
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to?"))
            body = b""
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[list[str]]:
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield [f"http://127.0.0.1:{server.server_port}" for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("64:ff9b:1::7f00:1", False),
        ("fec0::1", False),
    ],
)
def test_private_addresses_are_known_in_every_disguise(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_named_origin_may_be_private(echo: list[str]) -> None:
    session = Access(named_origins=frozenset({echo[0]}), user_agent="esap-jupyter/test").session(5)

    headers = session.get(f"{echo[0]}/").json()

    assert headers["User-Agent"] == "esap-jupyter/test"


@pytest.mark.parametrize(
    "spelling", ["127.0.0.1", "localhost", "0177.0.0.1", "2130706433", "[::ffff:127.0.0.1]"]
)
def test_an_unnamed_private_address_is_refused_however_it_is_spelt(echo: list[str], spelling: str) -> None:
    port = echo[1].rpartition(":")[2]
    session = Access(named_origins=frozenset({echo[0]})).session(5)

    with pytest.raises(AddressRefused, match="private address"):
        session.get(f"http://{spelling}:{port}/")


@pytest.mark.parametrize(
    "spelling",
    ["127.1", "0x7f.0.0.1", "017700000001", "2130706433", "127.0.0.1.", "localhost.", "a.localhost"],
)
def test_a_proxy_is_not_asked_for_private_addresses_either(
    echo: list[str], spelling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", echo[1])
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    with pytest.raises(AddressRefused, match="private address"):
        Access().session(5).get(f"http://{spelling}:1/")


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://storage.example/file", True),
        ("HTTPS://Storage.Example:443/file", True),
        ("http://storage.example/file", False),
        ("https://evil.example\\@storage.example/file", False),
        ("https://evil.example:443\\@storage.example/file", False),
        ("https://evil.example#@storage.example/file", False),
        ("https://storage.example@evil.example/file", False),
        ("https://storage.example.evil.example/file", False),
        ("https://storage.exa\tmple/file", False),
        ("https://storage.example:99999/file", False),
        ("https:///file", False),
        ("file", False),
    ],
)
def test_a_token_goes_where_the_connection_goes(url: str, named: bool) -> None:
    assert Access(named_origins=frozenset({"https://storage.example:443"})).names(url) is named


def test_a_redirect_to_an_unnamed_private_address_is_refused(echo: list[str]) -> None:
    session = Access(named_origins=frozenset({echo[0]})).session(5)

    with pytest.raises(AddressRefused):
        session.get(f"{echo[0]}/to?{echo[1]}/")


def test_credentials_stay_behind_on_a_redirect_to_another_origin(echo: list[str]) -> None:
    session = Access(named_origins=frozenset(echo)).session(5)
    secrets = {"Authorization": "Bearer s3cret", "X-Rucio-Auth-Token": "s3cret", "Range": "bytes=5-"}

    elsewhere = session.get(f"{echo[0]}/to?{echo[1]}/", headers=secrets, cookies={"session": "s3cret"}).json()
    same_origin = session.get(f"{echo[0]}/to?/", headers=secrets).json()

    assert "s3cret" not in json.dumps(elsewhere)
    assert elsewhere["Range"] == "bytes=5-"
    assert same_origin["X-Rucio-Auth-Token"] == "s3cret"


def test_a_service_gets_its_token_from_us_and_not_by_a_redirect(echo: list[str]) -> None:
    session = Access(named_origins=frozenset(echo), bearer=lambda: "t0ken").session(5)
    unnamed = Access(allowed_origins=frozenset(echo), bearer=lambda: "t0ken").session(5)

    assert session.get(f"{echo[0]}/").json()["Authorization"] == "Bearer t0ken"
    assert session.get(f"{echo[0]}/to?/").json()["Authorization"] == "Bearer t0ken"
    assert "Authorization" not in session.get(f"{echo[0]}/to?{echo[1]}/").json()
    assert "Authorization" not in unnamed.get(f"{echo[0]}/").json()


@pytest.mark.parametrize(
    ("url", "trusted"),
    [("https://archive.example/tap", True), ("http://archive.example/tap", False), ("http://[::1]:8/", True)],
)
def test_a_token_goes_nowhere_in_clear_but_to_this_machine(url: str, trusted: bool) -> None:
    named = frozenset({"https://archive.example:443", "http://archive.example:80", "http://[::1]:8"})
    assert Access(named_origins=named).trusts(url) is trusted


def test_netrc_adds_nothing(
    echo: list[str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cret\n")
    monkeypatch.setenv("NETRC", str(netrc))

    headers = Access(named_origins=frozenset(echo)).session(5).get(f"{echo[0]}/").json()

    assert "Authorization" not in headers


def test_the_proxy_of_the_environment_is_used_and_private_literals_are_still_refused(
    echo: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", echo[1])
    session = Access(named_origins=frozenset()).session(5)

    assert session.get("http://archive.example/tap").ok
    with pytest.raises(AddressRefused):
        session.get("http://10.0.0.1/")


def test_a_public_name_is_verified_by_name_though_connected_by_address(
    tls_server: str, monkeypatch: pytest.MonkeyPatch, tls_ca: str
) -> None:
    # The certificate is for `localhost` only, so verification against the address would fail.
    monkeypatch.setattr(access_module, "is_public", lambda _: True)

    answer = Access(ca_file=Path(tls_ca)).session(5).get(tls_server)

    assert answer.text == "hello"


def test_a_ca_is_trusted_only_where_it_is_named(tls_server: str) -> None:
    origins = frozenset({tls_server})
    with pytest.raises(requests.exceptions.SSLError) as caught:
        Access(named_origins=origins).session(5).get(tls_server)

    error = translate_request_error(caught.value, tls_server)

    assert isinstance(error, ServiceUnreachable)
    assert "ca_file" in error.hint


def test_an_unreadable_ca_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.pem"):
        Access(ca_file=tmp_path / "missing.pem").session(5)


def test_a_failure_repeats_neither_credentials_nor_query() -> None:
    error = translate_request_error(requests.Timeout(), "https://me:s3cret@host.example/x?token=s3cret")

    assert isinstance(error, ServiceTimeout)
    assert "s3cret" not in str(error)
    assert "host.example" in str(error)


@pytest.fixture(scope="module")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory = tmp_path_factory.mktemp("tls")
    pem = directory / "ca.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    both = directory / "server.pem"
    both.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + pem.read_bytes()
    )
    return str(pem), str(both)


@pytest.fixture(scope="module")
def tls_ca(tls_files: tuple[str, str]) -> str:
    return tls_files[0]


@pytest.fixture(scope="module")
def tls_server(tls_files: tuple[str, str]) -> Iterator[str]:
    class Hello(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls_files[1])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_encrypted_key_is_an_error_not_a_prompt(tls_files: tuple[str, str], tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(Path(tls_files[1]).read_bytes(), None)
    encrypted = tmp_path / "key.pem"
    encrypted.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )

    with pytest.raises(ConfigError, match="encrypted"):
        Access(client_cert=Path(tls_files[0]), client_key=encrypted).session(5)


def test_a_renewed_certificate_is_used_without_a_restart(
    tls_server: str, tls_ca: str, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    access = Access(named_origins=frozenset({tls_server}), ca_file=bundle)
    with pytest.raises(ConfigError):
        access.session(5)

    bundle.write_bytes(Path(tls_ca).read_bytes())

    assert access.session(5).get(tls_server).text == "hello"


def test_an_origin_that_the_site_allows_may_be_private(echo: list[str]) -> None:
    assert Access(allowed_origins=frozenset({echo[0]})).session(5).get(f"{echo[0]}/").ok
