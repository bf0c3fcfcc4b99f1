"""The hub that spawned this server, asked by the server's own token of it."""

from __future__ import annotations

import os
from typing import Any, Literal, Self

import requests
from pydantic import SecretStr

from esap_jupyter.config import origin_of
from esap_jupyter.transfer.access import Access, translate_request_error

_SECONDS = 30.0


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

    @classmethod
    def here(cls) -> Self | None:
        """Return it if a hub spawned this server."""
        url, token = os.environ.get("JUPYTERHUB_API_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
        return cls(url, token) if url and token else None

    def ask(
        self, method: Literal["GET", "POST"], what: str, parameters: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON object of the answer; to be called in a thread.

        Raises
        ------
        ServiceUnreachable, ServiceTimeout
            If the hub does not answer.
        """
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
