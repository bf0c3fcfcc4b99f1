"""Sign-in on a machine without a hub: the device authorization grant (RFC 8628)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from esap_jupyter.config import origin_of
from esap_jupyter.connectors.base import Token
from esap_jupyter.connectors.calls import ServiceCalls
from esap_jupyter.errors import (
    BadAnswer,
    InputError,
    ServiceFailed,
    ServiceTimeout,
    ServiceUnreachable,
    SignInNeeded,
)
from esap_jupyter.gateway.tokens.claims import moment
from esap_jupyter.gateway.tokens.grant_store import GrantStore
from esap_jupyter.transfer.access import Access, translate_request_error

_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SECONDS = 30.0
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person does to sign in: open the address, in any browser, and confirm the code.

    Attributes
    ----------
    user_code : str
        What the page asks for, or shows.
    verification_uri, verification_uri_complete : str
        The page; the second has the code in it already (empty if the provider does not offer that).
    expires_at : float
        Until when, in seconds since 1970.
    interval : float
        Seconds between two questions whether it is done.
    device_code : SecretStr
        What this program asks by.
    """

    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_at: float
    interval: float
    device_code: SecretStr = field(repr=False)


class DeviceSignIn:
    """Signs a person in at an OpenID Connect provider, and gets tokens by what that granted.

    Parameters
    ----------
    issuer : str
        The provider.
    client_id : str
        A public client of it that may use device codes and refresh tokens.
    scopes, audiences : sequence of str
        What is asked for, and for which services (RFC 8707).
    directory : Path
        Where the grant is kept if there is no keyring.
    access : Access
        How requests go out; the issuer's origin must be named.
    """

    title = "the sign-in on this machine"

    def __init__(
        self,
        issuer: str,
        client_id: str,
        scopes: Sequence[str],
        audiences: Sequence[str],
        directory: Path,
        access: Access,
    ) -> None:
        self.issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._scopes = scopes
        self._audiences = audiences
        self._access = access
        self._store = GrantStore(directory, f"{self.issuer} {client_id}")
        self._endpoints: dict[str, str] = {}
        # Places of its own: a provider that hangs, and whoever waits for the lock of who asks it, must not
        # keep the threads that read and write the state.
        self._calls = ServiceCalls(
            "sign-in",
            at_once=_AT_ONCE,
            deadline=1.5 * _SECONDS,
            hint="The provider does not answer: try again later.",
        )

    async def begin(self) -> DeviceCode:
        """Ask the provider for a code that the person confirms.

        Raises
        ------
        ServiceError
            If the provider does not answer, or offers no device codes.
        """
        return await self._calls.call(self._begin)

    async def finish(self, code: DeviceCode) -> None:
        """Wait until the person has confirmed, and keep what was granted.

        Raises
        ------
        SignInNeeded
            If the person refused, or took too long.
        ServiceError
            If the provider failed; one that cannot be reached is asked again.
        """
        interval = code.interval
        while time.time() < code.expires_at:
            await asyncio.sleep(interval)
            try:
                said = await self._calls.call(self._try_to_finish, code)
            except (ServiceUnreachable, ServiceTimeout):
                # The person may be confirming just now (RFC 8628, section 3.5).
                interval *= 2
                continue
            if said == "slow_down":
                interval += 5  # RFC 8628, section 3.5
            elif said != "authorization_pending":
                return
        raise SignInNeeded("The code was not confirmed in time.", hint="Begin again.")

    async def sign_out(self) -> None:
        """Forget the grant, and tell the provider (RFC 7009)."""
        await self._calls.call(self._sign_out)

    async def signed_in(self) -> bool:
        """Whether there is a grant; it may have ended at the provider."""
        return bool(await self._calls.call(self._store.read))

    async def identity(self) -> dict[str, Any]:
        """Ask the provider who the person is (OpenID Connect Core 1.0, section 5.3).

        Raises
        ------
        SignInNeeded
            If the person is not signed in.
        """
        token = await self.token()
        if token is None:
            raise SignInNeeded("You are not signed in.", hint="Sign in.")
        return await self._calls.call(self._userinfo, token)

    async def token(self, audience: str = "") -> Token | None:
        """Get a token by the grant; None if the person has not signed in here.

        Raises
        ------
        SignInNeeded
            If the grant has ended.
        ServiceError
            If the provider does not answer.
        """
        return await self._calls.call(self._renew, audience)

    def _begin(self) -> DeviceCode:
        wanted = {"client_id": self._client_id, "scope": " ".join(self._scopes)}
        resources = [audience for audience in self._audiences if urlsplit(audience).scheme]
        said = self._post("device_authorization_endpoint", wanted | {"resource": resources})
        try:
            return DeviceCode(
                user_code=str(said["user_code"]),
                verification_uri=_for_a_browser(said["verification_uri"]),
                verification_uri_complete=_for_a_browser(said.get("verification_uri_complete") or ""),
                expires_at=time.time() + float(said.get("expires_in", 600)),
                interval=float(said.get("interval", 5)),
                device_code=SecretStr(str(said["device_code"])),
            )
        except (KeyError, ValueError) as error:
            raise BadAnswer(f"{self.issuer} gave no usable device code ({error}).") from None

    def _try_to_finish(self, code: DeviceCode) -> str:
        """Ask once; returns why it is not done, or nothing when it is."""
        parameters: dict[str, str | list[str]] = {
            "grant_type": _DEVICE_GRANT,
            "device_code": code.device_code.get_secret_value(),
            "client_id": self._client_id,
        }
        said = self._post("token_endpoint", parameters, expected={"authorization_pending", "slow_down"})
        if "error" in said:
            return str(said["error"])
        granted = said.get("refresh_token")
        if not granted:
            raise SignInNeeded(
                f"{self.issuer} grants this client no refresh token.",
                hint="Ask for the scope offline_access.",
            )
        with self._store.locked():
            self._store.write(str(granted))
        return ""

    def _renew(self, audience: str) -> Token | None:
        with self._store.locked():
            granted = self._store.read()
            if not granted:
                return None
            parameters: dict[str, str | list[str]] = {
                "grant_type": "refresh_token",
                "refresh_token": granted,
                "client_id": self._client_id,
                # IAM reads the first (WLCG Common JWT Profiles 1.0), others the second (RFC 8707).
                **({"audience": audience} if audience else {}),
                **({"resource": audience} if urlsplit(audience).scheme else {}),
            }
            said = self._post("token_endpoint", parameters)
            self._store.write(str(said.get("refresh_token") or granted))
        if not isinstance(said.get("access_token"), str):
            raise BadAnswer(f"{self.issuer} gave no token.")
        return Token(SecretStr(said["access_token"]), moment(_ends_at(said)))

    def _sign_out(self) -> None:
        with self._store.locked():
            granted = self._store.read()
            self._store.write("")
        if granted and "revocation_endpoint" in self._discovered():
            self._post("revocation_endpoint", {"token": granted, "client_id": self._client_id})

    def _userinfo(self, token: Token) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token.value.get_secret_value()}"}
        said = self._ask("GET", self._endpoint("userinfo_endpoint"), headers=headers)
        if not said.get("sub"):
            raise BadAnswer(f"{self.issuer} does not say who you are.")
        return said

    def _post(
        self,
        endpoint: str,
        parameters: Mapping[str, str | list[str]],
        *,
        expected: frozenset[str] | set[str] = frozenset(),
    ) -> dict[str, Any]:
        said = self._ask("POST", self._endpoint(endpoint), data=parameters)
        error = said.get("error")
        if not error or error in expected:
            return said
        word = str(said.get("error_description") or error)
        if error in {"invalid_grant", "access_denied", "expired_token"}:
            raise SignInNeeded(
                f"The sign-in at {self.issuer} has ended or was refused: {word}.", hint="Sign in again."
            )
        raise ServiceFailed(f"{self.issuer} refused: {word}.", hint="See `sign_in` in esap.toml.")

    def _endpoint(self, name: str) -> str:
        url = self._discovered().get(name)
        if not isinstance(url, str):
            raise InputError(f"{self.issuer} has no {name}.", hint="It does not offer this way to sign in.")
        if origin_of(url) not in self._access.named_origins:
            raise BadAnswer(
                f"{self.issuer} says that its {name} is elsewhere: {url}.", hint="Tell its operator."
            )
        return url

    def _discovered(self) -> dict[str, str]:
        if not self._endpoints:
            self._endpoints = self._ask("GET", f"{self.issuer}/.well-known/openid-configuration")
        return self._endpoints

    def _ask(self, method: str, url: str, **further: Any) -> dict[str, Any]:
        try:
            with self._access.session(_SECONDS) as session:
                answer = session.request(method, url, allow_redirects=False, **further)
        except requests.RequestException as error:
            raise translate_request_error(error, url) from None
        if answer.status_code >= 500:
            raise ServiceFailed(
                f"{self.issuer} failed (status {answer.status_code}).", hint="Try again later."
            )
        try:
            said = answer.json() if answer.content else {}
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise BadAnswer(f"{url} did not answer as OpenID Connect says.")
        return said


def _ends_at(said: Mapping[str, Any]) -> float | None:
    return time.time() + float(said["expires_in"]) if said.get("expires_in") else None


def _for_a_browser(url: str) -> str:
    """Return a provider's address for a person to open: of the web, or nothing."""
    return url if urlsplit(url).scheme in {"http", "https"} else ""
