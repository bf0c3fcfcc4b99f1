"""Tokens of an oidc-agent, asked over its Unix socket."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from esap_jupyter.connectors.base import Token
from esap_jupyter.errors import SignInNeeded
from esap_jupyter.gateway.tokens.claims import checked_token, moment

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
        self._account = account
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
            # An agent whose grant has ended waits until the person has signed in again in its own window.
            raise SignInNeeded(
                "oidc-agent did not answer.",
                hint=f"It may wait for you: confirm, unlock it, or sign in again: {self._again}.",
            ) from None
        except OSError:
            return None
        value = said.get("access_token")
        if said.get("status") != "success" or not isinstance(value, str):
            word = str(said.get("error") or "no reason given")
            raise SignInNeeded(f"oidc-agent gives no token: {word}.", hint=self._cure(word))
        # An agent does not say whether the provider heeded the audience.
        token = checked_token(value, audience, "oidc-agent")
        return Token(token.value, moment(said.get("expires_at")) or token.expires_at)

    @property
    def _again(self) -> str:
        return f"oidc-gen --reauthenticate {self._account or 'ACCOUNT'}"

    def _cure(self, word: str) -> str:
        """What helps, by what oidc-agent 4 and 5 say."""
        if "invalid_grant" in word:
            return f"Sign in again: {self._again}."
        if word.startswith("No account configured"):
            return f"Make the account: oidc-gen {self._account}, or correct `agent_account` in esap.toml."
        return f"Load the account: oidc-add {self._account or 'ACCOUNT'}, or make it: oidc-gen."

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
