"""Connectors to the tests' real Rucio, and a scope in it with DIDs of each kind."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from esap_jupyter.connectors.rucio import RucioConnector
from tests.services.rucio_connector import rucio_connector

AT_ONCE = 1000
"""Rucio takes no more in one request."""


@pytest.fixture
def connect(rucio_xrootd) -> Callable[..., RucioConnector]:
    """Make a connector to the Rucio with XRootD, as jdoe with a password, or as is said."""
    (table,) = rucio_xrootd.services.values()
    return lambda **changes: rucio_connector(table, **changes)


@pytest.fixture
def lake(connect) -> RucioConnector:
    return connect()


@dataclass(frozen=True)
class Filled:
    """A scope whose dataset ``many`` is in the container ``inner``, which is in ``outer``.

    Attributes
    ----------
    count : int
        Files in ``many``: more than the thousand at which a listing may be cut.
    """

    scope: str
    count: int = 1205

    def did(self, name: str) -> str:
        return f"{self.scope}:{name}"


@pytest.fixture(scope="session")
def filled(rucio_xrootd) -> Filled:
    rest = rucio_xrootd.rest
    scope = f"esap{uuid.uuid4().hex[:8]}"
    filled = Filled(scope)
    rest("POST", f"/accounts/root/scopes/{scope}")
    files = [
        {
            "scope": scope,
            "name": f"frame{n:05d}.fits",
            "bytes": 1000 + n,
            "adler32": f"{n:08x}",
            "md5": f"{n:032x}",
        }
        for n in range(filled.count)
    ]
    for first in range(0, filled.count, AT_ONCE):
        some = files[first : first + AT_ONCE]
        rest("POST", "/replicas/", {"rse": "XRD1", "files": some, "ignore_availability": True})
    rest("POST", "/replicas/", {"rse": "XRD2", "files": files[:1], "ignore_availability": True})
    rest("POST", "/replicas/", {"rse": "POSIX1", "ignore_availability": True, "files": [
        {"scope": scope, "name": "posix.dat", "bytes": 1, "adler32": "00000001"}]})  # fmt: skip
    for name, kind, content in (
        ("many", "DATASET", [file["name"] for file in files]),
        ("few", "DATASET", ["frame00000.fits", "posix.dat"]),
        ("empty", "DATASET", []),
        ("inner", "CONTAINER", ["many"]),
        ("side", "CONTAINER", ["few"]),
        ("outer", "CONTAINER", ["inner", "side"]),
    ):
        rest("POST", f"/dids/{scope}/{name}", {"type": kind})
        for first in range(0, len(content), AT_ONCE):
            dids = [{"scope": scope, "name": each} for each in content[first : first + AT_ONCE]]
            rest("POST", f"/dids/{scope}/{name}/dids", {"dids": dids})
    rest("POST", f"/dids/{scope}/frame00007.fits/meta", {"meta": {"datatype": "RAW", "run_number": 7}})
    rest("POST", f"/dids/{scope}/frame00009.fits/meta", {"meta": {"instrument": "WFC", "nights": 5}})
    rest("POST", f"/dids/{scope}/many/meta", {"meta": {"instrument": "WFC", "nights": 3}})
    return filled


@pytest.fixture
def token_file(tmp_path) -> Callable[[str], Path]:
    """Write a token where a service's `token_file` finds it."""

    def write(token: str) -> Path:
        path = tmp_path / "token"
        path.touch(0o600)
        path.write_text(token)
        return path

    return write
