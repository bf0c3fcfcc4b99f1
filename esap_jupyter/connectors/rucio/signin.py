"""Signing in to Rucio without ever asking: what is missing is an error that says what to do."""

from __future__ import annotations

import threading
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import requests

from esap_jupyter.connectors.rucio.answers import error_of
from esap_jupyter.connectors.rucio.settings import RucioSettings
from esap_jupyter.connectors.secret_files import read_secret
from esap_jupyter.errors import BadAnswer, SignInNeeded

TOKEN_HEADER = "X-Rucio-Auth-Token"  # noqa: S105 - its name
_PASSWORD_HEADER = "X-Rucio-Password"  # noqa: S105 - its name


class SignIn(Protocol):
    """What a client shows Rucio."""

    def token(self, session: requests.Session) -> str:
        """Return the value of ``X-Rucio-Auth-Token``, signing in if that has to be done first."""

    def refused(self, token: str) -> None:
        """Take note that Rucio refused this token.

        Raises
        ------
        SignInNeeded
            If there is no other to be had.
        """


class Anonymous:
    """Shows nothing; enough to ask whether Rucio is there."""

    def token(self, session: requests.Session) -> str:  # noqa: ARG002
        """No token."""
        return ""

    def refused(self, token: str) -> None:  # noqa: ARG002
        """There is no other."""
        raise SignInNeeded("Rucio wants to know who asks.")


class Bearer:
    """Shows a token that the person already has."""

    def __init__(self, value: str) -> None:
        self._value = value

    def token(self, session: requests.Session) -> str:  # noqa: ARG002
        """The token itself."""
        return self._value

    def refused(self, token: str) -> None:  # noqa: ARG002
        """There is no other: a person has one token."""
        raise SignInNeeded(
            "Rucio refused the token.",
            hint="Get a new one; if it is new, ask Rucio's operators whether they know your identity.",
        )


class Login:
    """Gets a token for a password or a certificate, and keeps it in memory for all threads.

    Rucio says by a 401 that it has expired; then a new one is got.

    Parameters
    ----------
    settings : RucioSettings
        With `auth_type` ``userpass`` or ``x509``.
    """

    def __init__(self, settings: RucioSettings) -> None:
        self._settings = settings
        self._token = ""
        self._lock = threading.Lock()

    def token(self, session: requests.Session) -> str:
        """Return the token; the first thread signs in, the others wait for it.

        Raises
        ------
        SignInNeeded
            If the credential is missing, cannot be used, or is refused.
        """
        with self._lock:
            if not self._token:
                self._token = self._sign_in(session)
            return self._token

    def refused(self, token: str) -> None:
        """Forget it, unless another thread has got a new one meanwhile."""
        with self._lock:
            if self._token == token:
                self._token = ""

    def _sign_in(self, session: requests.Session) -> str:
        settings = self._settings
        headers = {"X-Rucio-VO": settings.vo}
        if settings.account:
            headers["X-Rucio-Account"] = settings.account
        if settings.auth_type == "userpass":
            method = "userpass"
            headers |= _password(settings)
        else:
            check_certificate(settings)
            method = "x509" if settings.client_key else "x509_proxy"
        base = settings.auth_url or settings.url
        with session.get(f"{base}/auth/{method}", headers=headers) as response:
            return _token_in(response, settings, headers.get(_PASSWORD_HEADER, ""))


def check_certificate(settings: RucioSettings) -> None:
    """See that the certificate's files can be used without asking anybody for a passphrase.

    Raises
    ------
    SignInNeeded
        If a file is missing, open to others, or its key needs a passphrase.
    """
    certificate, key = settings.client_cert, settings.client_key
    if certificate is None:
        raise SignInNeeded(
            "There is no certificate to sign in with.",
            hint="Name it as `client_cert` (and `client_key`, if apart) of the service in esap.toml.",
        )
    if key is not None and not _readable(certificate):
        raise SignInNeeded(f"The certificate {certificate} cannot be read.", hint="Correct `client_cert`.")
    if "ENCRYPTED" in read_secret(key or certificate, "private key"):
        raise SignInNeeded(
            f"The private key in {key or certificate} has a passphrase, and ESAP never asks for one.",
            hint="Make a proxy (voms-proxy-init, arcproxy) and name that as `client_cert`.",
        )


def _readable(path: Path) -> bool:
    try:
        with path.expanduser().open("rb"):
            return True
    except OSError:
        return False


def _password(settings: RucioSettings) -> dict[str, str]:
    if not settings.username or settings.password_file is None:
        raise SignInNeeded(
            "There is no password to sign in with.",
            hint="Set `username` and `password_file` of the service in esap.toml.",
        )
    password = read_secret(settings.password_file, "password")
    if not password.isprintable() or max(password) > "\xff":
        raise SignInNeeded(
            f"What is in the password file {settings.password_file} cannot be sent to Rucio.",
            hint="Write the password alone, in one line; characters beyond Latin-1 do not work.",
        )
    return {"X-Rucio-Username": settings.username, _PASSWORD_HEADER: password}


def _token_in(response: requests.Response, settings: RucioSettings, password: str) -> str:
    who = f"account {settings.account}" if settings.account else "any account"
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        what = "user name and password" if settings.auth_type == "userpass" else "certificate"
        raise SignInNeeded(
            f"Rucio did not accept the {what} for {who}.",
            hint="Correct them in esap.toml, or ask Rucio's operators to add the identity to the account.",
        )
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        accounts = response.headers.get("X-Rucio-Auth-Accounts", "")
        raise SignInNeeded(
            f"The identity belongs to several accounts: {accounts}.",
            hint="Name one as `account` of the service in esap.toml.",
        )
    if not response.ok:
        raise error_of(response, password)
    token = response.headers.get(TOKEN_HEADER, "")
    if not token:
        raise BadAnswer("Rucio answered the sign-in without a token.", hint="Check `url` and `auth_url`.")
    return token
