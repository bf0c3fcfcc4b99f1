"""Sign-in with the community's identity provider, and tokens that do not expire under a person.

OAuthenticator does the signing in (OpenID Connect with PKCE). What is here cures how it refreshes: with
rotating refresh tokens (RFC 6819, section 5.2.2.3), requests side by side would each show the same one, and
the provider would take that for theft and end the grant. So one refresh per person at a time, before the
token ends, and saved before anybody else may refresh.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from oauthenticator.generic import GenericOAuthenticator
from tornado import web
from tornado.httpclient import HTTPClientError
from traitlets import Dict, List, Set, Unicode

from esap_jupyter.errors import EsapError, NotAllowed, ServiceUnreachable, SignInNeeded
from esap_jupyter.hub.audit import SIGN_IN, audit
from esap_jupyter.hub.identity import ENTITLEMENTS, GROUP_CLAIMS, foreign_namespaces, groups_of, safe_username
from esap_jupyter.hub.metrics import EXCHANGES, REFRESHES, SIGN_INS

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name of RFC 8693
_FOR_A_WHILE = {408, 429}  # time-out, too many requests
_MARGIN = 60.0
_MARGIN_SHARE = 0.25  # of a short life


@dataclass(frozen=True, slots=True, repr=False)
class AccessToken:
    """A token that is valid now.

    Attributes
    ----------
    expires_at : float, optional
        Seconds since 1970; None if the provider does not say.
    refresh_at : float, optional
        When it is time for a new one.
    """

    value: str
    expires_at: float | None
    refresh_at: float | None

    @property
    def lasts(self) -> bool:
        """Whether it need not be refreshed yet; one whose end is not known lasts until it is refused."""
        return self.refresh_at is None or time.time() < self.refresh_at

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> AccessToken:
        """Make it of what the token endpoint said (RFC 6749, section 5.1), with the times added here."""
        return cls(answer["access_token"], answer.get("expires_at"), answer.get("refresh_at"))


_Grant = tuple[str, float, str]
"""Whose, of which sign-in, for which audience: who comes later under the same name has other tokens."""


class EsapAuthenticator(GenericOAuthenticator):
    """Signs people in and keeps their tokens fresh; `site.toml` configures it."""

    issuer = Unicode(help="The provider's address.").tag(config=True)
    name_claim = Unicode("preferred_username", help="The claim that names a person.").tag(config=True)
    group_claims = List(Unicode(), list(GROUP_CLAIMS), help="The claims with the groups.").tag(config=True)
    entitlement_namespaces = List(Unicode(), help="Whose entitlements are groups.").tag(config=True)
    audiences = Dict(help="By audience, the scope of the tokens that servers may get.").tag(config=True)
    synthetic_users = Set(Unicode(), help="Whom `esap probe` makes; nobody signs in as one.").tag(config=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._locks: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = WeakValueDictionary()
        self._exchanged: dict[_Grant, AccessToken] = {}

    def user_info_to_username(self, user_info: Mapping[str, Any]) -> str:
        """Name the person; what is no plain name is made one."""
        return safe_username(str(user_info.get(self.name_claim) or ""))

    async def httpfetch(self, url: str, *args: Any, **further: Any) -> Any:
        """Ask the provider, at the very address: a redirect would take refresh tokens and codes along."""
        return await super().httpfetch(url, *args, **further | {"follow_redirects": False})

    async def get_user_groups(self, auth_state: Mapping[str, Any]) -> set[str]:
        """Return the groups that the provider told, by whichever claim."""
        claims, named = auth_state[self.user_auth_state_key], self.entitlement_namespaces
        foreign = foreign_namespaces(claims, named) if ENTITLEMENTS in self.group_claims else ()
        if foreign:
            self.log.info("entitlement_namespaces in site.toml does not name %r", sorted(foreign))
        return groups_of(claims, self.group_claims, named)

    def build_auth_state_dict(self, token_info: dict[str, Any], user_info: Any) -> dict[str, Any]:
        """Keep, with the tokens, when they end."""
        _note_times(token_info)
        state: dict[str, Any] = super().build_auth_state_dict(token_info, user_info)
        return state | {"signed_in_at": time.time()}

    def get_handlers(self, app: Any) -> list[tuple[Any, ...]]:
        """Add the resources that a person's server asks."""
        from esap_jupyter.hub import (
            open_handler,
            port_handler,
            session_handlers,
            token_handlers,
            user_handler,
        )
        from esap_jupyter.hub.audit import register_events

        register_events(app.eventlog)
        modules = (token_handlers, session_handlers, port_handler, open_handler, user_handler)
        return [*super().get_handlers(app), *(each for module in modules for each in module.HANDLERS)]

    async def get_authenticated_user(self, handler: Any, data: Any) -> Any:
        """Sign a person in, if they may use the site."""
        model = await super().get_authenticated_user(handler, data)
        if model:
            SIGN_INS.labels("signed-in").inc()
            address = handler.request.remote_ip
            audit(self, SIGN_IN, username=model["name"], outcome="signed-in", address=address)
        return model

    async def check_allowed(self, username: str, auth_model: Any) -> bool:
        """See whether a person may use the site; also asked again while they do."""
        # A person of the same name would share a synthetic user's home.
        taken = username in self.synthetic_users
        allowed = not taken and bool(await super().check_allowed(username, auth_model))
        if not allowed:
            SIGN_INS.labels("refused").inc()
            audit(self, SIGN_IN, username=username, outcome="refused", address="")
        return allowed

    async def refresh_user(self, user: Any, handler: Any = None, **_: Any) -> Any:  # noqa: ARG002
        """See whether a person is still who they were (JupyterHub calls this every few minutes).

        Returns
        -------
        bool or dict
            False if the person must sign in again; what JupyterHub is to know otherwise.
        """
        if user.name in self.synthetic_users:
            return True
        async with self._lock(user.name):
            state = await user.get_auth_state()
            if not state:
                return False
            try:
                state = await self._lasting(user, state)
                model = await self._model(user, state)
            except SignInNeeded as error:
                self.log.warning("%s must sign in again: %s", user.name, error)
                return False
            except EsapError as error:
                # A provider that is away or out of order for a while signs nobody out.
                self.log.warning("%s was not checked: %s", user.name, error)
                return True
            return model if await self.check_allowed(user.name, model) else False

    async def fresh_token(self, user: Any, audience: str = "") -> AccessToken:
        """Return a token of a person that is valid for a while, renewed or exchanged if need be.

        Parameters
        ----------
        user : jupyterhub.user.User
            Whose.
        audience : str
            For which service (RFC 8693, section 2.1); empty for the token of the sign-in.

        Raises
        ------
        SignInNeeded
            If the person's grant has ended.
        NotAllowed
            If the site does not offer this audience, or the provider refuses it.
        ServiceUnreachable
            If the provider does not answer.
        """
        async with self._lock(user.name):
            state = await user.get_auth_state()
            if not state:
                raise _sign_in_needed()
            state = await self._lasting(user, state)
        own = AccessToken.of(state["token_response"])
        if not audience:
            return own
        return await self._exchange((user.name, state.get("signed_in_at") or 0.0, audience), own)

    async def _exchange(self, grant: _Grant, own: AccessToken) -> AccessToken:
        name, _, audience = grant
        if audience not in self.audiences:
            offered = ", ".join(self.audiences) or "none"
            raise NotAllowed(
                f"This site gives no tokens for the audience {audience}.",
                hint=f"It gives them for: {offered}.",
            )
        async with self._lock(name, audience):
            known = self._exchanged.get(grant)
            if known is None or not known.lasts:
                wanted = {
                    "grant_type": _EXCHANGE,
                    "subject_token": own.value,
                    "subject_token_type": _ACCESS_TOKEN,
                    "requested_token_type": _ACCESS_TOKEN,
                    "audience": audience,
                    "scope": self.audiences[audience],
                }
                with _counted(lambda outcome: EXCHANGES.labels(audience, outcome), "exchanged"):
                    answer = await self._ask(wanted)
                known = AccessToken.of(answer)
                self._exchanged = {key: each for key, each in self._exchanged.items() if each.lasts}
                if known.expires_at is not None:
                    self._exchanged[grant] = known
            return known

    def _lock(self, *what: str) -> asyncio.Lock:
        return self._locks.setdefault(what, asyncio.Lock())

    async def _lasting(self, user: Any, state: dict[str, Any]) -> dict[str, Any]:
        """Refresh the tokens if it is time; saved at once, since the old refresh token is now void."""
        if AccessToken.of(state["token_response"]).lasts:
            return state
        refresh_token = state.get("refresh_token")
        if not refresh_token:
            raise _sign_in_needed()
        with _counted(REFRESHES.labels, "renewed"):
            answer = await self._ask(self.build_refresh_token_request_params(refresh_token))
        # A provider that does not rotate need not repeat it (RFC 6749, section 6).
        answer.setdefault("refresh_token", refresh_token)
        renewed = self.build_auth_state_dict(answer, state[self.user_auth_state_key])
        renewed["signed_in_at"] = state.get("signed_in_at")
        await user.save_auth_state(renewed)
        self.log.info("Refreshed the tokens of %s", user.name)
        return renewed

    async def _model(self, user: Any, state: dict[str, Any]) -> dict[str, Any]:
        """Ask the provider anew who the person is, and which groups they are in."""
        try:
            model: dict[str, Any] = await self._token_to_auth_model(state["token_response"])
        except HTTPClientError as error:
            raise _sign_in_needed() if error.code in {401, 403} else _unreachable(error) from None
        except (OSError, ValueError) as error:
            raise _unreachable(error) from None
        if model["name"] != user.name:
            raise _sign_in_needed()
        await user.save_auth_state(model.pop("auth_state") | {"signed_in_at": state.get("signed_in_at")})
        return model

    async def _ask(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        try:
            answer = await self.get_token_info(None, parameters)
        except HTTPClientError as error:
            said = _said(error)
            if said.get("error") == "invalid_grant":
                raise _sign_in_needed() from None
            if 400 <= error.code < 500 and error.code not in _FOR_A_WHILE:
                word = said.get("error_description") or said.get("error") or f"status {error.code}"
                raise NotAllowed(
                    f"The identity provider gives no token: {word}.", hint="Ask the site's operator."
                ) from None
            raise _unreachable(error) from None
        except web.HTTPError:
            raise ServiceUnreachable("The identity provider's answer holds no token.") from None
        except (OSError, ValueError) as error:
            raise _unreachable(error) from None
        _note_times(answer)
        return dict(answer)


@contextlib.contextmanager
def _counted(counter: Callable[[str], Any], good: str) -> Iterator[None]:
    """Count what came of asking the provider."""
    try:
        yield
    except EsapError as error:
        counter(error.code).inc()
        raise
    counter(good).inc()


def _note_times(answer: dict[str, Any]) -> None:
    """Note when the tokens end; ``expires_in`` counts from now, and is read again from the disk later."""
    if "refresh_at" in answer:
        return  # noted already
    answer.pop("expires_at", None)  # not of RFC 6749, and nobody says by which clock
    life = float(answer.get("expires_in") or 0)
    if not life:
        return
    answer["expires_at"] = time.time() + life
    answer["refresh_at"] = answer["expires_at"] - min(_MARGIN, life * _MARGIN_SHARE)


def _said(error: HTTPClientError) -> dict[str, Any]:
    try:
        said = json.loads(error.response.body) if error.response else {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _sign_in_needed() -> SignInNeeded:
    return SignInNeeded("Your sign-in has ended.", hint="Sign in to the hub again.")


def _unreachable(error: Exception) -> ServiceUnreachable:
    return ServiceUnreachable(
        f"The identity provider does not answer ({type(error).__name__}: {error}).",
        hint="Try again in a while.",
    )
