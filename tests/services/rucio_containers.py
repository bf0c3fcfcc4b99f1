"""The tests' Rucio where containers reach it: a second server of the same Rucio, and a way to its storage.

Both have a certificate for the machine's address in Docker's network. This server knows the hub's identity
provider; its tokens stand for the account jdoe.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import threading
import uuid
from pathlib import Path
from typing import Any

import requests

from tests.services.certificates import make_certificate
from tests.services.oidc_provider import OidcProvider
from tests.services.processes import Process
from tests.services.rucio_setup import RECIPE
from tests.services.rucio_xrootd import RucioXRootD

_SECONDS = 30.0
_IDENTITIES = "/accounts/jdoe/identities"


class RucioForContainers:
    """A Rucio at the address of an identity provider that containers reach.

    Parameters
    ----------
    directory : Path
        Takes its configuration.
    rucio : RucioXRootD
        The running one, whose database and storage it has.
    provider : OidcProvider
        The running provider whose tokens it takes.
    """

    def __init__(self, directory: Path, rucio: RucioXRootD, provider: OidcProvider) -> None:
        self.directory = directory
        self.rucio = rucio
        self.provider = provider
        self.certificate, self.key = make_certificate(directory / "certificates", provider.host)
        # An RSE that has held replicas stays.
        self.rse = f"XRD-{uuid.uuid4().hex[:8]}".upper()
        self._identity = {"identity": f"SUB=alice, ISS={provider.issuer}", "authtype": "OIDC"}
        self._known = False
        with socket.create_server((provider.host, 0)) as free:
            port = free.getsockname()[1]
        self.url = f"https://{provider.host}:{port}"
        self._relay = _Relay(provider.host, rucio, self.certificate, self.key)
        self._server = Process(
            "rucio",
            (
                *(str(rucio.python), "-m", "gunicorn", "--bind", f"{provider.host}:{port}"),
                *("--workers", "1", "--worker-class", "gthread", "--threads", "4", "--no-control-socket"),
                *("--certfile", str(self.certificate), "--keyfile", str(self.key)),
                *("--pythonpath", str(RECIPE), "application:application"),
            ),
            directory,
            self._answers,
            environment={"RUCIO_HOME": str(directory / "server")},
        )

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """The table of `esap.toml` for it; the certificate is beside that file."""
        return {
            "lake": {
                "connector": "rucio",
                "title": "Rucio of the tests",
                "url": self.url,
                "audience": "rucio",
                "origins": [f"https://{self.provider.host}:{self._relay.port}"],
                "ca_file": "/etc/xdg/esap/rucio.pem",
            }
        }

    def start(self) -> None:
        """Start it, and make the storage and the account known."""
        self._relay.start()
        self._configure()
        self._server.start()
        self._server.wait_until_ready()
        domains = {"wan": {"read": 1, "write": 0, "delete": 0}}
        protocol = {"hostname": self.provider.host, "port": self._relay.port, "prefix": "/rucio"}
        protocol |= {"impl": "rucio.rse.protocols.webdav.Default", "domains": domains}
        self.rucio.rest("POST", f"/rses/{self.rse}", {})
        self.rucio.rest("POST", f"/rses/{self.rse}/protocols/https", protocol)
        self.rucio.rest("POST", _IDENTITIES, self._identity | {"email": "alice@example.org"})
        self._known = True

    def stop(self) -> None:
        """Stop it; the person is forgotten."""
        self._server.stop()
        self._relay.stop()
        if self._known:
            self.rucio.rest("DELETE", _IDENTITIES, self._identity)

    def add_files(self, count: int, size: int) -> str:
        """Put files of random bytes on the storage; returns the new dataset's DID."""
        return self.rucio.add_files(count, size, rse=self.rse, storage="XRD1")

    def _configure(self) -> None:
        etc = self.directory / "server" / "etc"
        etc.mkdir(parents=True)
        (self.directory / "server" / "log").mkdir()
        configuration = (self.rucio.directory / "server" / "etc" / "rucio.cfg").read_text()
        secrets_file = etc / "idpsecrets.json"
        (etc / "rucio.cfg").write_text(
            re.sub(r"(?m)^idpsecrets = .*$", f"idpsecrets = {secrets_file}", configuration)
        )
        client = {"client_id": "hub", "client_secret": "hub-secret"}
        issuer = {"issuer": self.provider.issuer, "redirect_uris": [f"{self.url}/auth/oidc_token"]}
        secrets_file.write_text(json.dumps({"tests": issuer | client | {"SCIM": client}}))

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/ping", timeout=10, verify=str(self.certificate)).ok
        except requests.RequestException:
            return False


class _Relay:
    """Passes on what comes to the storage, which answers only this machine.

    One thread does all of it: a TLS connection that one thread reads while another writes spoils bytes.
    """

    def __init__(self, host: str, rucio: RucioXRootD, certificate: Path, key: Path) -> None:
        self._host = host
        self._storage = ("127.0.0.1", rucio.ports["XRD1"])
        self._outside = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._outside.load_cert_chain(certificate, key)
        self._inside = ssl.create_default_context(cafile=str(rucio.ca_file))
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._listens = threading.Event()
        self.port = 0

    def start(self) -> None:
        self._thread.start()
        assert self._listens.wait(_SECONDS)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._pass_on, self._host, 0, ssl=self._outside)
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._ended.wait()
        server.close()

    async def _pass_on(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_storage, to_storage = await asyncio.open_connection(*self._storage, ssl=self._inside)
        ways = [
            asyncio.create_task(_copy(from_client, to_storage)),
            asyncio.create_task(_copy(from_storage, to_client)),
        ]
        try:
            # TLS has no half-open connections: with one side, both have ended.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # The relay ends; what was cancelled would be told as a fault.
            to_storage.transport.abort()
            to_client.transport.abort()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for writer in (to_storage, to_client):
            writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
