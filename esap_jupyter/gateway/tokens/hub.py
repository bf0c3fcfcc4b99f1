"""The person's tokens in a server that a hub has spawned: the hub gives them, and keeps them fresh."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, SecretStr, ValidationError

from esap_jupyter.connectors.base import Token
from esap_jupyter.errors import BadAnswer, EsapError, SignInNeeded
from esap_jupyter.gateway.hub import HubAPI
from esap_jupyter.gateway.tokens.claims import moment

_SIGN_IN_AGAIN = "Sign in to the hub again: in the Sign in panel, or by logging out and in."


class HubIdentity(BaseModel):
    """Who the hub takes the person for.

    Attributes
    ----------
    expires_at : float, optional
        When the token of the sign-in ends, in seconds since 1970; the hub renews it before.
    audiences : tuple of str
        For which services it gives tokens.
    """

    username: str
    name: str = ""
    issuer: str = ""
    groups: tuple[str, ...] = ()
    expires_at: float | None = None
    audiences: tuple[str, ...] = ()


class HubTokenSource:
    """Asks the hub that spawned this server, by the server's own token of the hub.

    Parameters
    ----------
    hub : HubAPI
        The hub.
    """

    title = "the hub"

    def __init__(self, hub: HubAPI) -> None:
        self._hub = hub

    @classmethod
    def here(cls) -> HubTokenSource | None:
        """Return the source if a hub spawned this server."""
        hub = HubAPI.here()
        return cls(hub) if hub else None

    @property
    def sign_in_url(self) -> str:
        """Where in a browser the person signs in to the hub again; their servers go on meanwhile."""
        host, base = os.environ.get("JUPYTERHUB_HOST", ""), os.environ.get("JUPYTERHUB_BASE_URL", "/")
        return f"{host}{base}hub/oauth_login?next={quote(base, safe='')}hub%2Fhome"

    async def token(self, audience: str = "") -> Token | None:
        """Ask for a token; None if this hub has none to give.

        Raises
        ------
        SignInNeeded
            If the person must sign in to the hub again, or it gives none for this audience.
        ServiceUnreachable, ServiceTimeout
            If the hub does not answer.
        """
        answer = await self._ask("token", {"audience": audience} if audience else {})
        if answer is None:
            return None
        value = answer.get("access_token")
        if not isinstance(value, str) or not value:
            raise BadAnswer("The hub's answer holds no token.", hint="Tell the site's operator.")
        return Token(SecretStr(value), moment(answer.get("expires_at")))

    async def identity(self) -> HubIdentity | None:
        """Ask who the person is; None if this hub does not say."""
        answer = await self._ask("identity", {})
        try:
            return HubIdentity.model_validate(answer) if answer is not None else None
        except ValidationError:
            raise BadAnswer("The hub's answer is not understood.", hint="Tell the site's operator.") from None

    async def _ask(self, what: str, parameters: dict[str, str]) -> dict[str, Any] | None:
        status, said = await self._hub.ask("GET", what, parameters)
        if status == HTTPStatus.NOT_FOUND:  # a hub without ESAP's sign-in
            return None
        if status == HTTPStatus.OK and said:
            return said
        raise _refusal(status, said)


def _refusal(status: int, said: dict[str, Any]) -> EsapError:
    message = said.get("message") or f"The hub gives no token (status {status})."
    hint = _SIGN_IN_AGAIN if said.get("code") == SignInNeeded.code else said.get("hint") or _SIGN_IN_AGAIN
    return SignInNeeded(str(message), hint=str(hint))
