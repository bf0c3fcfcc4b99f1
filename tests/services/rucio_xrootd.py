"""Rucio as a site runs it: PostgreSQL, memcached, gunicorn, two XRootD storages over HTTPS, and transfers.

RSEs ``XRD1`` and ``XRD2`` (WebDAV over HTTPS, third-party copy between them) and ``POSIX1`` (a directory).
FTS3 is a stand-in that makes real third-party copies; the daemons of replication rules run in one process;
tokens come from a small issuer. Accounts: ``root`` (userpass ddmlab/secret) and ``jdoe`` (userpass
jdoe/secret, OIDC subject jdoe-sub, x509 CN=jdoe). Everything listens on loopback, or answers only there.

For a benchmark against the official client (set up before by ``python -m tests.services install rucio``)::

    rucio = RucioXRootD()
    rucio.start(print)                                   # seconds; nothing if it runs
    dataset = rucio.add_files(1000, 10_000)              # DID of a new dataset: scope:name
    environment = rucio.client_environment(a_directory)  # RUCIO_HOME, CA, proxy, PATH with `rucio`
    subprocess.run(["rucio", "download", "--dir", target, dataset], env=environment)
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import requests

from tests.services.rucio_setup import RucioSetup


class RucioXRootD(RucioSetup):
    """A running Rucio, its addresses, and what a test may do to it."""

    accounts: ClassVar[dict[str, tuple[str, str]]] = {
        "root": ("ddmlab", "secret"),
        "jdoe": ("jdoe", "secret"),
    }
    """Account: userpass identity and password."""

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """The table of `esap.toml` for it, as the account jdoe."""
        return {
            "lake": {
                "connector": "rucio",
                "title": "Rucio of the tests",
                "url": self.url,
                "account": "jdoe",
                "auth_type": "userpass",
                "username": self.accounts["jdoe"][0],
                "password_file": str(self.password_file),
                "origins": list(self.storage_origins),
                "ca_file": str(self.ca_file),
            }
        }

    def mint_token(self, *, ttl: int = 3600, audience: str = "rucio", sub: str = "jdoe-sub") -> str:
        """Make a token; a negative `ttl` makes one that expired so many seconds ago."""
        wanted = {"ttl": ttl, "aud": audience, "sub": sub}
        with self._http() as http:
            return http.post(f"{self.issuer}mint", json=wanted, timeout=10).json()["access_token"]

    def add_files(
        self, count: int, size: int, *, scope: str = "test", rse: str = "XRD1", storage: str = ""
    ) -> str:
        """Put files of random bytes on a storage and register them in bulk; returns the new dataset's DID.

        `storage` is the one whose disk the RSE has, if it has not its own.
        """
        dataset = f"set-{uuid.uuid4().hex[:8]}"
        files = []
        for number in range(count):
            name = f"{dataset}.{number:05d}"
            path = self.storage_path(storage or rse, scope, name)
            # The storage may run as another user, and must be able to write beside our files.
            for directory in (path.parent.parent.parent, path.parent.parent, path.parent):
                directory.mkdir(exist_ok=True)
                directory.chmod(0o777)
            adler32 = _write_random(path, size)
            files.append({"scope": scope, "name": name, "bytes": size, "adler32": f"{adler32:08x}"})
        self.rest("POST", "/replicas/", {"rse": rse, "files": files, "ignore_availability": True})
        self.rest("POST", f"/dids/{scope}/{dataset}", {"type": "DATASET"})
        if files:
            names = [{"scope": file["scope"], "name": file["name"]} for file in files]
            self.rest("POST", f"/dids/{scope}/{dataset}/dids", {"dids": names})
        return f"{scope}:{dataset}"

    def storage_path(self, rse: str, scope: str, name: str) -> Path:
        """Where a file is on the disk of a storage (Rucio's ``hash`` algorithm)."""
        digest = hashlib.md5(f"{scope}:{name}".encode()).hexdigest()
        inside = Path(*scope.split("."), digest[:2], digest[2:4], name)
        return self.directory / rse / "data" / "rucio" / inside

    def corrupt(self, rse: str, scope: str, name: str) -> None:
        """Flip every bit of a replica's first byte."""
        with self.storage_path(rse, scope, name).open("r+b") as file:
            first = file.read(1)[0]
            file.seek(0)
            file.write(bytes([first ^ 0xFF]))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Rucio accepts connections and answers nothing, as a hung server does."""
        rucio = next(process for process in self.processes() if process.name == "rucio")
        rucio.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            rucio.signal(signal.SIGCONT)

    def transfers(self, *, delay: float = 0.0, fail: str = "") -> None:
        """Make transfers slow, or fail for destinations that match a pattern, until told otherwise."""
        with self._http() as http:
            fts = f"http://127.0.0.1:{self.ports['fts']}"
            http.put(f"{fts}/_test", json={"delay": delay, "fail": fail}, timeout=10).raise_for_status()

    def rest(
        self, method: str, path: str, body: object = None, *, account: str = "root"
    ) -> requests.Response:
        """Call Rucio's REST interface.

        Raises
        ------
        requests.HTTPError
            If it refuses; the message has Rucio's own.
        """
        username, password = self.accounts[account]
        identity = {
            "X-Rucio-Account": account, "X-Rucio-Username": username, "X-Rucio-Password": password,
        }  # fmt: skip
        with self._http() as http:
            token = http.get(f"{self.url}/auth/userpass", headers=identity, timeout=30)
            token.raise_for_status()
            headers = {"X-Rucio-Auth-Token": token.headers["X-Rucio-Auth-Token"]}
            answer = http.request(method, self.url + path, json=body, headers=headers, timeout=300)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def client_environment(self, home: Path, account: str = "root") -> dict[str, str]:
        """Environment in which the official client finds this Rucio; `home` takes its configuration."""
        username, password = self.accounts[account]
        (home / "etc").mkdir(parents=True, exist_ok=True)
        (home / "etc" / "rucio.cfg").write_text(
            f"[client]\nrucio_host = {self.url}\nauth_host = {self.url}\nca_cert = {self.ca_file}\n"
            f"auth_type = userpass\naccount = {account}\nusername = {username}\npassword = {password}\n"
            f"request_retries = 3\nauth_token_file_path = {home}/token\n"
        )
        return {
            **os.environ,
            "RUCIO_HOME": str(home),
            "X509_USER_PROXY": str(self.ca_file.with_name("daemon-both.pem")),
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "NO_PROXY": "127.0.0.1",
        }


def _write_random(path: Path, size: int) -> int:
    """Write so many bytes, the same random megabyte numbered on; returns their adler32."""
    block = os.urandom(min(size, 1_000_000))
    adler32, written = 1, 0
    with path.open("wb") as file:
        while written < size:
            part = (written.to_bytes(8, "big") + block[8:])[: size - written]
            adler32 = zlib.adler32(part, adler32)
            written += file.write(part)
    return adler32
