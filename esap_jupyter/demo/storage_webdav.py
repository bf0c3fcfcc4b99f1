"""The demo's storages, WebDAV for `rucio_serve`. Runs in the environment of Rucio's server.

Each storage is a port. ``$ESAP_STORAGES`` is a JSON object {port: [directory, whether it can be written]}.
"""

import json
import os
from collections.abc import Iterable
from typing import Any

from wsgidav.fs_dav_provider import FilesystemProvider  # type: ignore[import-not-found]
from wsgidav.wsgidav_app import WsgiDAVApp  # type: ignore[import-not-found]


def _storage(directory: str, *, writable: bool) -> Any:
    return WsgiDAVApp(
        {
            "provider_mapping": {"/": FilesystemProvider(directory, readonly=not writable)},
            "simple_dc": {"user_mapping": {"*": True}},
            "http_authenticator": {"trusted_auth_header": None},
            "block_size": 1 << 18,
            "lock_storage": False,
            "logging": {"enable": False},
        }
    )


_STORAGES = {
    port: _storage(directory, writable=writable)
    for port, (directory, writable) in json.loads(os.environ["ESAP_STORAGES"]).items()
}


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Hand a request to the storage at whose port it came in (PEP 3333)."""
    answer: Iterable[bytes] = _STORAGES[environ["SERVER_PORT"]](environ, start_response)
    return answer
