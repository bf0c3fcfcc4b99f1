"""What the probe does at the hub: takes synthetic users, and starts and stops their servers."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tornado.httpclient import HTTPResponse

from esap_jupyter.errors import BadAnswer, NotAllowed, ServiceFailed
from esap_jupyter.probe.http import Http, content_of
from esap_jupyter.probe.server import Server

LONGEST_RUN = timedelta(hours=1)
"""A synthetic user who is older was left by a probe that was killed."""

_OWNING = "admin:users!user="
_BETWEEN_LOOKS = 0.2


class Hub:
    """A hub, asked with the probe's own API token.

    Parameters
    ----------
    url : str
        As people's browsers reach it.
    token : str
        Of a service of the hub. It says whom the probe may make and remove: those, and nobody else, are its
        synthetic users.
    """

    def __init__(self, url: str, token: str, http: Http) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._http = http

    async def names(self) -> list[str]:
        """Return the names that are reserved for synthetic users.

        Raises
        ------
        NotAllowed
            If the hub does not know the token, or the token is not limited to such names.
        """
        scopes = content_of(await self._ask("GET", "/user"))["scopes"]
        if "admin:users" in scopes:
            raise NotAllowed(
                "The probe's token may administer everybody.",
                hint="Limit it to synthetic users; see Watch a site in the manual.",
            )
        names = sorted(scope.removeprefix(_OWNING) for scope in scopes if scope.startswith(_OWNING))
        if not names:
            raise NotAllowed(
                "The probe's token is for no synthetic users.",
                hint="Add [probe] to site.toml, and restart the hub.",
            )
        return names

    async def take(self, name: str) -> bool:
        """Make a synthetic user; false if another probe has just made them.

        The hub lets one probe only make a user, so that two never share one.
        """
        if await self._make(name):
            return True
        known = await self._ask("GET", f"/users/{name}", taken=(404,))
        if known.code != 404 and not _is_left_over(content_of(known)):
            return False
        await self.remove(name)
        return await self._make(name)

    async def sign_in_address(self) -> str:
        """Ask to sign in, and return the address at the identity provider to which that leads.

        Raises
        ------
        BadAnswer
            If it does not lead there as OpenID Connect wants it, with state and PKCE.
        """
        address = f"{self.url}/hub/oauth_login?next=%2Fhub%2Fhome"
        answer = await self._http.ask("GET", address)
        leads_to = answer.headers.get("Location", "")
        asked = {key: values[0] for key, values in parse_qs(urlsplit(leads_to).query).items()}
        if answer.code != 302 or asked.get("response_type") != "code" or not asked.get("client_id"):
            raise BadAnswer("Signing in does not lead to an identity provider.", hint=f"Open {address}.")
        if not asked.get("state") or asked.get("code_challenge_method") != "S256":
            raise BadAnswer("The hub sends people to the identity provider without state or PKCE.")
        return leads_to

    async def start(self, name: str, profile: str) -> None:
        """Start a server, and wait until it is ready.

        Raises
        ------
        InputError
            If there is no such profile for synthetic users.
        ServiceFailed
            If it does not start; in the hub's words.
        """
        chosen = {"profile": profile} if profile else {}
        answer = await self._ask("POST", f"/users/{name}/server", body=chosen)
        if answer.code == 201:
            return
        # It answers when the server is ready, or will not be.
        events = _events(await self._ask("GET", f"/users/{name}/server/progress"))
        last = events[-1] if events else {}
        if not last.get("ready"):
            raise ServiceFailed(str(last.get("message") or "The server did not start."))

    async def stop(self, name: str) -> None:
        """Stop a user's server, and wait until it is gone."""
        await self._ask("DELETE", f"/users/{name}/server", taken=(404,))
        while True:
            answer = await self._ask("GET", f"/users/{name}", taken=(404,))
            if answer.code == 404 or not content_of(answer)["servers"]:
                return
            await asyncio.sleep(_BETWEEN_LOOKS)

    async def remove(self, name: str) -> None:
        """Remove a synthetic user, with the server that they may have."""
        await self.stop(name)
        await self._ask("DELETE", f"/users/{name}", taken=(404,))

    def server_of(self, name: str) -> Server:
        """Return a user's server."""
        return Server(f"{self.url}/user/{name}", self._token, self._http)

    async def _make(self, name: str) -> bool:
        return (await self._ask("POST", f"/users/{name}", taken=(409,))).code == 201

    async def _ask(self, method: str, path: str, **further: Any) -> HTTPResponse:
        return await self._http.ask(method, f"{self.url}/hub/api{path}", token=self._token, **further)


async def check_provider(http: Http, address: str, issuer: str) -> None:
    """See whether the identity provider takes what the hub sends people with.

    Parameters
    ----------
    address : str
        Where signing in leads to.
    issuer : str
        The provider whose page it must be; empty if any will do.

    Raises
    ------
    EsapError
        What is wrong there, or that it is another provider's page.
    """
    if issuer:
        # OpenID Connect Discovery 1.0, section 4.
        found = content_of(await http.ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
        if address.partition("?")[0] != found.get("authorization_endpoint"):
            raise BadAnswer(f"Signing in does not lead to {issuer}.")
    answer = await http.ask("GET", address)
    back = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    if "error" in back:  # RFC 6749, section 4.1.2.1
        words = back.get("error_description", back["error"])[0]
        raise NotAllowed(f"The identity provider refuses the hub: {words}.")


def _events(answer: HTTPResponse) -> list[dict[str, Any]]:
    """Read what was sent as server-sent events."""
    lines = answer.body.decode(errors="replace").splitlines()
    return [json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:")]


def _is_left_over(user: dict[str, Any]) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(user["created"]) > LONGEST_RUN
