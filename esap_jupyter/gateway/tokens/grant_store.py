"""Where the refresh token of a sign-in on this machine is kept: the keyring, or a file of the owner alone."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from esap_jupyter.connectors.secret_files import read_secret, write_secret

_KEYRING_SERVICE = "esap-jupyter"


class GrantStore:
    """Keeps one secret for one client of one identity provider.

    Parameters
    ----------
    directory : Path
        Of the person's state; the file is in it if there is no keyring.
    name : str
        Whose secret it is: the provider and the client.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._name = name
        self._file = directory / "sign-in"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all other processes of the person out: each refresh makes the token before it void."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / "sign-in.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read(self) -> str:
        """Return the secret, or nothing.

        Raises
        ------
        SignInNeeded
            If it is in a file that others can read.
        """
        if (keyring := _keyring()) is not None:
            return keyring.get_password(_KEYRING_SERVICE, self._name) or ""
        return read_secret(self._file, "sign-in") if self._file.exists() else ""

    def write(self, secret: str) -> None:
        """Keep another secret, or none."""
        if (keyring := _keyring()) is not None:
            if secret:
                keyring.set_password(_KEYRING_SERVICE, self._name, secret)
            elif keyring.get_password(_KEYRING_SERVICE, self._name):
                keyring.delete_password(_KEYRING_SERVICE, self._name)
        elif secret:
            write_secret(self._file, secret)
        else:
            self._file.unlink(missing_ok=True)


def _keyring() -> Any:
    """Return the keyring if one is installed that keeps secrets by itself (package `keyring`)."""
    try:
        import keyring
    except ImportError:
        return None
    return keyring if keyring.get_keyring().priority >= 1 else None
