"""How one service's requests go out: which addresses, which CA, which proxy, under which name.

Every HTTP request of ESAP, whichever library makes it (pyvo, rucio-clients, our own transfers), goes through
a session made here. The address is checked after name resolution and before the connection is made, on each
redirect too, so that neither a service's answer nor a name that resolves to a private address can make ESAP
talk to the site's inner network.
"""

from __future__ import annotations

import functools
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from esap_jupyter.errors import (
    AddressRefused,
    BadAnswer,
    ConfigError,
    EsapError,
    ServiceTimeout,
    ServiceUnreachable,
)

CONNECT_SECONDS = 10.0
"""A connection that takes longer will not come; reading has the service's own deadline."""

# A redirect to another origin carries only what says how to answer, nothing of who asks.
_HEADERS_FOR_ANYONE = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "if-range",
        "range",
        "transfer-encoding",
        "user-agent",
        "want-digest",
    }
)

_PROXY_VARIABLES = tuple(
    name
    for scheme in ("http", "https", "all", "no")
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())
)

_adapters_guard = threading.Lock()

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV6_OF_THE_INTERNET = ipaddress.ip_network("2000::/3")
"""All that IANA has given out; outside lie further ways to write an IPv4 address."""


@dataclass(frozen=True, slots=True)
class Access:
    """How requests on behalf of one service go out.

    Attributes
    ----------
    named_origins : frozenset of str
        ``scheme://host:port`` that the service's configuration names: they may be at private addresses, and
        its tokens may go there.
    allowed_origins : frozenset of str
        Further ones that may be at private addresses; no token goes there.
    ca_file : Path, optional
        CA bundle trusted in addition, for this service only.
    site_ca_file : Path, optional
        The site's CA bundle, instead of the system's.
    client_cert, client_key : Path, optional
        X.509 certificate shown to the service; the key may be in the same file (a proxy certificate).
    bearer : callable, optional
        Gives the service's token (RFC 6750), or nothing, as a request goes out; called in its thread.
        It goes to the named origins only, over TLS or to this machine, and never along a redirect.
    user_agent : str
        Names ESAP and a contact, as the IVOA note *Operational Identification of Software Components* asks.
    """

    named_origins: frozenset[str] = frozenset()
    allowed_origins: frozenset[str] = frozenset()
    ca_file: Path | None = None
    site_ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    bearer: Callable[[], str] | None = field(default=None, repr=False)
    user_agent: str = "esap-jupyter"

    @property
    def private_origins(self) -> frozenset[str]:
        """Every origin that may be at a private address."""
        return self.named_origins | self.allowed_origins

    def names(self, url: str) -> bool:
        """Whether a URL is at a named origin, so that the service's token may go there.

        It is read as the session will read it: for a backslash before ``@``, other parsers find another host.
        """
        try:
            prepared = requests.Request("GET", url).prepare().url
        except requests.RequestException:
            return False
        return _origin(str(prepared)) in self.named_origins

    def trusts(self, url: str) -> bool:
        """Whether a token may go there: to a named origin, by TLS or on this machine."""
        return self.names(url) and _keeps_secrets(url)

    def session(self, deadline: float) -> requests.Session:
        """Make a session for one thread; all sessions of an `Access` share one pool of connections.

        Parameters
        ----------
        deadline : float
            Seconds that a call may take; reading from a silent server gives up a little earlier.

        Raises
        ------
        ConfigError
            If a CA or certificate file cannot be read.
        """
        return _Session(self, deadline)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    An IPv4 address inside an IPv6 one (mapped, 6to4, NAT64) is looked at as what it stands for.

    Raises
    ------
    ValueError
        If it is no address.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
        elif ip not in _IPV6_OF_THE_INTERNET:
            return False
    return ip.is_global and not ip.is_multicast


def _keeps_secrets(url: str) -> bool:
    """Whether what is sent there is for its reader alone: by TLS, or on this machine."""
    parts = urlsplit(url)
    if parts.scheme.lower() in {"https", "davs"}:
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname == "localhost"


def translate_request_error(  # noqa: PLR0911 - a table in the form of a function
    error: requests.RequestException, url: str
) -> EsapError:
    """Say in ESAP's words why a request failed; neither query nor credentials of `url` are repeated.

    Parameters
    ----------
    error : requests.RequestException
        What the session raised.
    url : str
        What was asked for.
    """
    host = urlsplit(url).netloc.rpartition("@")[2]
    if isinstance(error, requests.Timeout):
        return ServiceTimeout(f"{host} did not answer in time.", hint="Try again, or later.")
    if isinstance(error, requests.exceptions.SSLError):
        return ServiceUnreachable(
            f"{host} has a certificate that is not trusted here.",
            hint="If its CA is the site's own, name it as `ca_file` of the service in esap.toml.",
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return ServiceUnreachable(
            f"The proxy in front of {host} refused the request.",
            hint="Check HTTPS_PROXY and NO_PROXY in the environment.",
        )
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return ServiceUnreachable(f"{host} broke off in the middle of its answer.", hint="Try again.")
    if isinstance(error, requests.ConnectionError):
        return ServiceUnreachable(
            f"{host} cannot be reached.", hint="Check the address, the network and the proxy."
        )
    if isinstance(error, requests.TooManyRedirects | requests.exceptions.ContentDecodingError):
        return BadAnswer(f"{host} gave an answer that leads nowhere ({type(error).__name__}).")
    return BadAnswer(f"The request to {host} could not be made ({type(error).__name__}).")


class _Session(requests.Session):
    """A session with a deadline that leaves environment, netrc and credentials out of what it sends."""

    max_redirects = 10

    def __init__(self, access: Access, deadline: float) -> None:
        super().__init__()
        # Proxies are honoured below; netrc must not add credentials of its own.
        self.trust_env = False
        self.headers["User-Agent"] = access.user_agent
        self._access = access
        self._timeout = (min(CONNECT_SECONDS, deadline), deadline * 0.9)
        adapter = _adapter(access)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def close(self) -> None:
        """Leave the connections to the other sessions of the same access."""

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        # What a redirect leads to is not prepared here, and so never gets a token of its own.
        prepared = super().prepare_request(request)
        url = str(prepared.url)
        bearer = self._access.bearer
        if bearer is not None and "Authorization" not in prepared.headers and self._access.trusts(url):
            token = bearer()
            if token:
                prepared.headers["Authorization"] = f"Bearer {token}"
        return prepared

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        url = str(request.url)
        _refuse_private_literal(url, self._access.private_origins)
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self._timeout
        kwargs["verify"] = True
        kwargs["proxies"] = dict(_proxies(_origin(url), tuple(map(os.environ.get, _PROXY_VARIABLES))))
        return super().send(request, **kwargs)

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        if _origin(str(prepared_request.url)) == _origin(str(response.request.url)):
            return
        for name in list(prepared_request.headers):
            if name.lower() not in _HEADERS_FOR_ANYONE:
                del prepared_request.headers[name]


class _Adapter(HTTPAdapter):
    """Connects through guarded connections with the access's own TLS context."""

    def __init__(self, access: Access) -> None:
        self._context = _tls_context(access)
        self._pools = _guarded_pools(access.private_origins)
        super().__init__(pool_connections=64, pool_maxsize=64)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)

    def cert_verify(self, *_: Any) -> None:
        """The context, made once, verifies."""

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, *_: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        parts = urlsplit(str(request.url))
        host = {"scheme": parts.scheme, "host": parts.hostname, "port": parts.port}
        return host, {"ssl_context": self._context}


def _adapter(access: Access) -> _Adapter:
    files = (access.ca_file, access.site_ca_file, access.client_cert, access.client_key)
    with _adapters_guard:  # threads that ask at the same time are to share one pool
        return _made_adapter(access, tuple(_changed(file) for file in files))


@functools.lru_cache(maxsize=256)
def _made_adapter(access: Access, _files_changed: tuple[float, ...]) -> _Adapter:
    # A renewed certificate is another adapter: proxies of the grid live for hours only.
    return _Adapter(access)


def _changed(file: Path | None) -> float:
    try:
        return file.stat().st_mtime if file else 0.0
    except OSError:
        return 0.0  # making the adapter says what is wrong with it


@functools.lru_cache(maxsize=256)
def _proxies(origin: str, _environment: tuple[str | None, ...]) -> dict[str, str]:
    """Which proxies stand before an origin; looked up anew only when the environment has changed."""
    return requests.utils.get_environ_proxies(origin)


def _tls_context(access: Access) -> ssl.SSLContext:
    file: str | Path | None = None
    try:
        context = ssl.create_default_context()
        for file in _ca_files(access):
            if Path(file).is_dir():
                context.load_verify_locations(capath=file)
            else:
                context.load_verify_locations(cafile=file)
        if access.client_cert:
            file = access.client_cert
            context.load_cert_chain(access.client_cert, access.client_key, password=_no_password)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"The certificate file {file} cannot be used: {error}.", hint="Correct `ca_file` in esap.toml."
        ) from None
    return context


def _no_password() -> str:
    """Stand in for the prompt that an encrypted key would bring up in a server or kernel."""
    raise ConfigError(
        "The client key is encrypted, and nobody can be asked for its passphrase here.",
        hint="Make a proxy certificate, or a key without passphrase that only you can read.",
    )


def _ca_files(access: Access) -> list[str | Path]:
    site = access.site_ca_file or os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where()
    return [site, access.ca_file] if access.ca_file else [site]


def _guarded_pools(named_origins: frozenset[str]) -> dict[str, type]:
    class GuardedHTTPConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, "http", named_origins, super()._new_conn)

    class GuardedHTTPSConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, "https", named_origins, super()._new_conn)

    class GuardedHTTPPool(urllib3.HTTPConnectionPool):
        ConnectionCls = GuardedHTTPConnection

    class GuardedHTTPSPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = GuardedHTTPSConnection

    return {"http": GuardedHTTPPool, "https": GuardedHTTPSPool}


def _connect(
    connection: HTTPConnection,
    scheme: str,
    named_origins: frozenset[str],
    connect: Callable[[], socket.socket],
) -> socket.socket:
    """Connect to an address that was looked at, so that a name cannot change its mind in between."""
    host = connection.host
    if f"{scheme}://{_bracketed(host)}:{connection.port}".lower() in named_origins:
        return connect()
    try:
        found = socket.getaddrinfo(host.strip("[]"), connection.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise urllib3.exceptions.NameResolutionError(host, connection, error) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not all(is_public(address) for address in addresses):
        raise _refusal(host)
    try:
        for address in addresses[:-1]:
            connection._dns_host = address  # noqa: SLF001 - where to, as opposed to whom TLS verifies
            try:
                return connect()
            except (urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.NewConnectionError):
                continue
        connection._dns_host = addresses[-1]  # noqa: SLF001
        return connect()
    finally:
        connection._dns_host = host  # noqa: SLF001


def _refuse_private_literal(url: str, named_origins: frozenset[str]) -> None:
    """Refuse what is private by its very spelling, for requests that a proxy resolves."""
    host = urlsplit(url).hostname or ""
    if _origin(url) in named_origins:
        return
    bare = host.rstrip(".")
    try:
        public = is_public(_without_shorthand(bare))
    except ValueError:
        public = bare != "localhost" and not bare.endswith(".localhost")
    if not public:
        raise _refusal(host)


def _without_shorthand(host: str) -> str:
    """Write 127.1, 0x7f.1 and 2130706433 as the 127.0.0.1 that a resolver takes them for."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return host


def _refusal(host: str) -> AddressRefused:
    return AddressRefused(
        f"{host} is at a private address that the configuration does not name.",
        hint="If it belongs to a service, list it in that service's `origins` in esap.toml.",
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme.lower(), 0)
    return f"{parts.scheme}://{_bracketed(parts.hostname or '')}:{port}".lower()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
