"""Where the person's tokens come from: the one place that all connectors take theirs from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from esap_jupyter.connectors.base import Token

_MARGIN = timedelta(seconds=30)
_MARGIN_SHARE = 0.2  # of a short life


class Source(Protocol):
    """One place that tokens come from.

    Attributes
    ----------
    title : str
        What it is called for people.
    """

    @property
    def title(self) -> str:
        """What it is called for people."""

    async def token(self, audience: str = "") -> Token | None:
        """Return a token that is valid now, or None if there is none here."""


class NoTokens:
    """For services that nobody here has configured, and which therefore get none."""

    async def token(self, audience: str = "") -> Token | None:  # noqa: ARG002
        """None."""
        return None


class TokenBroker:
    """Asks each source in turn.

    An error of a source that has a say (an expired sign-in, a hub that does not answer) is told, not passed
    over: a token from elsewhere might be another identity.

    Parameters
    ----------
    sources : sequence of Source
        In order.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources

    async def token(self, audience: str = "") -> Token | None:
        """Return a token that is valid now, or None if the person has none.

        Raises
        ------
        SignInNeeded
            If there is one that cannot be used.
        ServiceUnreachable, ServiceTimeout
            If who gives them does not answer.
        """
        for source in self.sources:
            token = await source.token(audience)
            if token is not None:
                return token
        return None


class KeptTokens:
    """Keeps what a source gives until shortly before it ends; many who ask at once make one request of it.

    Parameters
    ----------
    source : Source
        Whom to ask.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kept: dict[str, tuple[Token, datetime]] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    @property
    def title(self) -> str:
        """What the source is called."""
        return self._source.title

    async def token(self, audience: str = "") -> Token | None:
        """Return the token that is kept, or ask for another."""
        async with self._asking.setdefault(audience, asyncio.Lock()):
            token, until = self._kept.get(audience, (None, datetime.min.replace(tzinfo=UTC)))
            if token is None or datetime.now(UTC) >= until:
                token = await self._source.token(audience)
                if token is not None and token.expires_at is not None:
                    self._kept[audience] = (token, _keep_until(token.expires_at))
            return token

    def forget(self) -> None:
        """Ask anew the next time, after a sign-in or sign-out."""
        self._kept.clear()


def _keep_until(expires_at: datetime) -> datetime:
    life = expires_at - datetime.now(UTC)
    return expires_at - min(_MARGIN, life * _MARGIN_SHARE)
