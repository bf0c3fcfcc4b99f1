"""What a person's server asks the hub: fresh tokens, and who the person is.

It shows a token of the hub that allows it; a browser's cookie does not. An administrator, who may make tokens
of the hub for anybody and open anybody's server, can so get anybody's tokens: see *Security* in the manual.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.user import User

from esap_jupyter.errors import EsapError, NotAllowed, NotFound, NotOffered, ServiceUnreachable, SignInNeeded
from esap_jupyter.hub.audit import TOKEN, audit

SCOPE = "custom:esap:token"
"""What a server's own API token of the hub must allow."""

_STATUS = {
    SignInNeeded: HTTPStatus.UNAUTHORIZED,
    NotAllowed: HTTPStatus.FORBIDDEN,
    ServiceUnreachable: HTTPStatus.SERVICE_UNAVAILABLE,
    NotFound: HTTPStatus.NOT_FOUND,
    NotOffered: HTTPStatus.CONFLICT,
}


class OwnHandler(APIHandler):
    """Answers only about the person whose server asks, by that server's token of the hub.

    Attributes
    ----------
    scope : str
        What the token must allow.
    """

    scope = SCOPE

    # With a cookie a page in a browser could ask, and tokens are never in a browser.
    _accept_cookie_auth = False

    def owner(self) -> Any:
        """Return the person who asks.

        Raises
        ------
        NotAllowed
            If what asks has no token of a person's server.
        """
        scopes = {scope.partition("!")[0] for scope in self.expanded_scopes}
        if not isinstance(self.current_user, User) or self.scope not in scopes:
            raise NotAllowed(
                "Only a person's own server may ask this.", hint=f"Its token needs {self.scope}."
            )
        return self.current_user

    def fail(self, error: EsapError) -> None:
        """Say what is wrong."""
        self.set_status(next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500))
        self.finish({"code": error.code, "message": error.message, "hint": error.hint})

    def set_default_headers(self) -> None:
        """Let nobody keep the answer."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")


class TokenHandler(OwnHandler):
    """``GET /hub/api/esap/token[?audience=...]``."""

    async def get(self) -> None:
        """Answer with a token that is valid now."""
        audience = self.get_argument("audience", "")
        try:
            owner = self.owner()
        except EsapError as error:
            self.fail(error)
            return
        said = {"username": owner.name, "audience": audience}
        try:
            token = await self.authenticator.fresh_token(owner, audience)
        except EsapError as error:
            audit(self.authenticator, TOKEN, outcome=error.code, **said)
            self.fail(error)
            return
        audit(self.authenticator, TOKEN, outcome="given", **said)
        self.finish({"access_token": token.value, "token_type": "Bearer", "expires_at": token.expires_at})


class IdentityHandler(OwnHandler):
    """``GET /hub/api/esap/identity``."""

    async def get(self) -> None:
        """Answer who the person is, and until when the tokens are valid; no token is in it."""
        try:
            user = self.owner()
            state = await user.get_auth_state() or {}
        except EsapError as error:
            self.fail(error)
            return
        said = state.get(self.authenticator.user_auth_state_key) or {}
        self.finish(
            {
                "username": user.name,
                "name": said.get("name", ""),
                "issuer": self.authenticator.issuer,
                "groups": sorted(group.name for group in user.groups),
                "expires_at": (state.get("token_response") or {}).get("expires_at"),
                "audiences": sorted(self.authenticator.audiences),
            }
        )


HANDLERS = [(r"/api/esap/token", TokenHandler), (r"/api/esap/identity", IdentityHandler)]
