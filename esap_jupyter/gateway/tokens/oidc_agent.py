"""Tokens of an oidc-agent, asked over its Unix socket."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from esap_jupyter.connectors.base import Token
from esap_jupyter.errors import SignInNeeded
from esap_jupyter.gateway.tokens.claims import moment

_SECONDS = 30.0
_VALID_FOR = 60
_LARGEST = 1_000_000


class OidcAgentSource:
    """Asks the oidc-agent at ``$OIDC_SOCK``, as ``oidc-token`` does (oidc-agent's IPC API).

    Parameters
    ----------
    socket : Path
        Of the agent.
    account : str
        The account's short name; empty to ask by `issuer`.
    issuer : str
        The provider, if no account is named.
    """

    title = "oidc-agent"

    def __init__(self, socket: Path, account: str = "", issuer: str = "") -> None:
        self._socket = socket
        self._whose = {"account": account} if account else {"issuer": issuer}

    @classmethod
    def here(cls, account: str, issuer: str) -> OidcAgentSource | None:
        """Return the source if an agent runs, and it is known what to ask it for."""
        socket = os.environ.get("OIDC_SOCK")
        return cls(Path(socket), account, issuer) if socket and (account or issuer) else None

    async def token(self, audience: str = "") -> Token | None:
        """Ask for a token; None if no agent listens any more.

        Raises
        ------
        SignInNeeded
            If the agent does not give one; the message is the agent's.
        """
        asked = {
            "request": "access_token",
            **self._whose,
            "min_valid_period": _VALID_FOR,
            "application_hint": "ESAP",
            **({"audience": audience} if audience else {}),
        }
        try:
            async with asyncio.timeout(_SECONDS):
                said = await self._ask(asked)
        except TimeoutError:
            raise SignInNeeded(
                "oidc-agent did not answer.", hint="It may wait for you to confirm, or to unlock it."
            ) from None
        except OSError:
            return None
        value = said.get("access_token")
        if said.get("status") != "success" or not isinstance(value, str):
            word = str(said.get("error") or "no reason given")
            raise SignInNeeded(
                f"oidc-agent gives no token: {word}.",
                hint="Load the account: oidc-add, or make it: oidc-gen.",
            )
        return Token(SecretStr(value), moment(said.get("expires_at")))

    async def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        reader, writer = await asyncio.open_unix_connection(self._socket, limit=_LARGEST)
        try:
            writer.write(json.dumps(asked).encode())
            await writer.drain()
            text = b""
            while True:
                part = await reader.read(_LARGEST)
                text += part
                try:
                    said = json.loads(text.rstrip(b"\0"))
                except ValueError:
                    # Not all of it yet, or something else altogether.
                    if not part or len(text) > _LARGEST:
                        return {}
                else:
                    return said if isinstance(said, dict) else {}
        finally:
            writer.close()
