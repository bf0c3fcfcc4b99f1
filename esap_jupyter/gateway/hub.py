"""The hub that spawned this server, asked by the server's own token of it."""

from __future__ import annotations

import os
from typing import Any, Literal, Self

import requests
from pydantic import SecretStr

from esap_jupyter.config import origin_of
from esap_jupyter.connectors.calls import ServiceCalls
from esap_jupyter.transfer.access import Access, translate_request_error

_SECONDS = 30.0
_AT_ONCE = 4


class HubAPI:
    """Asks what ESAP adds to the API of a JupyterHub.

    Parameters
    ----------
    api_url, api_token : str
        What JupyterHub puts into ``$JUPYTERHUB_API_URL`` and ``$JUPYTERHUB_API_TOKEN``.
    """

    def __init__(self, api_url: str, api_token: str) -> None:
        self._api_url = api_url.rstrip("/")
        self._api_token = SecretStr(api_token)
        self._access = Access(named_origins=frozenset({origin_of(api_url)}))
        # Places of its own: a hub that hangs must not keep the threads that read and write the state.
        self._calls = ServiceCalls(
            "hub",
            at_once=_AT_ONCE,
            deadline=1.5 * _SECONDS,
            hint="Try again later, or tell the site's operator.",
        )

    @classmethod
    def here(cls) -> Self | None:
        """Return it if a hub spawned this server."""
        url, token = os.environ.get("JUPYTERHUB_API_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
        return cls(url, token) if url and token else None

    async def ask(
        self, method: Literal["GET", "POST"], what: str, parameters: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON object of the answer.

        Raises
        ------
        ServiceUnreachable, ServiceTimeout
            If the hub does not answer.
        """
        return await self._calls.call(self._ask, method, what, parameters)

    def _ask(self, method: str, what: str, parameters: dict[str, str]) -> tuple[int, dict[str, Any]]:
        url = f"{self._api_url}/esap/{what}"
        headers = {"Authorization": f"token {self._api_token.get_secret_value()}"}
        try:
            with self._access.session(_SECONDS) as session:
                answer = session.request(
                    method,
                    url,
                    params=parameters,
                    headers=headers,
                    allow_redirects=False,
                    json={} if method == "POST" else None,
                )
        except requests.RequestException as error:
            raise translate_request_error(error, url).at("hub") from None
        try:
            said = answer.json()
        except ValueError:
            said = {}
        return answer.status_code, said if isinstance(said, dict) else {}
