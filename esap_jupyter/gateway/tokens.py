"""The person's tokens: WLCG Bearer Token Discovery."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from esap_jupyter.connectors.base import Token
from esap_jupyter.connectors.secret_files import read_secret
from esap_jupyter.errors import SignInNeeded

ANY_AUDIENCE = "https://wlcg.cern.ch/jwt/v1/any"
"""A token for this audience is one for every service (WLCG Common JWT Profiles 1.0)."""

# A token that ends while the request is under way is as good as ended.
_MARGIN = timedelta(seconds=5)

_HOW_TO_RENEW = "Get a new one (htgettoken, oidc-token, or sign in to the hub again)."


class NoTokens:
    """For services that nobody here has configured, and which therefore get none."""

    async def token(self, audience: str = "") -> Token | None:  # noqa: ARG002
        """None."""
        return None


class WLCGTokenSource:
    """Finds the person's token where the *WLCG Bearer Token Discovery* 1.0 says it is.

    In this order: ``$BEARER_TOKEN``, the file ``$BEARER_TOKEN_FILE``, ``$XDG_RUNTIME_DIR/bt_u<uid>``,
    ``/tmp/bt_u<uid>``. It is looked for anew each time, so a renewed token is seen at once. Its signature is
    the service's business; what it says of its end and its audience is believed here, so that a person is
    told what is wrong before a service says no.

    Parameters
    ----------
    token_file : Path, optional
        A service's own setting: then the token is there and nowhere else.
    """

    def __init__(self, token_file: Path | None = None) -> None:
        self.token_file = token_file

    async def token(self, audience: str = "") -> Token | None:
        """Find the person's token.

        Parameters
        ----------
        audience : str
            The ``aud`` that the service wants (RFC 7519, section 4.1.3); a token that names others is
            refused, one that names none is taken.

        Returns
        -------
        Token or None
            None if the person has no token at all.

        Raises
        ------
        SignInNeeded
            If there is one that cannot be used: expired, for another audience, in a file that others can
            read. Whoever can do without a token goes on without.
        """
        # A home on a slow file system must not hold up everybody.
        return await asyncio.to_thread(self._find, audience)

    def _find(self, audience: str) -> Token | None:
        for place, value in self._found():
            if value:
                return _checked(value, audience, place)
        return None

    def _found(self) -> Iterator[tuple[str, str]]:
        """Where it may be, and what is there."""
        if self.token_file is not None:
            yield str(self.token_file), read_secret(self.token_file, "token")
            return
        yield "$BEARER_TOKEN", os.environ.get("BEARER_TOKEN", "").strip()
        named = os.environ.get("BEARER_TOKEN_FILE")
        if named:
            yield f"{named} ($BEARER_TOKEN_FILE)", read_secret(Path(named), "token")
        for directory in (os.environ.get("XDG_RUNTIME_DIR"), "/tmp"):  # noqa: S108 - where WLCG puts it
            path = Path(directory or "", f"bt_u{os.geteuid()}")
            if directory and path.exists():
                yield str(path), read_secret(path, "token")


def _checked(value: str, audience: str, place: str) -> Token:
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise SignInNeeded(f"What is in {place} is no token.", hint=_HOW_TO_RENEW)
    claims = _claims(value)
    expires_at = _moment(claims.get("exp"))
    if expires_at is not None and expires_at <= datetime.now(UTC) + _MARGIN:
        raise SignInNeeded(
            f"The token in {place} expired at {expires_at:%Y-%m-%d %H:%M} UTC.", hint=_HOW_TO_RENEW
        )
    named = claims.get("aud") or []
    audiences = [str(each) for each in named] if isinstance(named, list) else [str(named)]
    if audience and audiences and audience not in audiences and ANY_AUDIENCE not in audiences:
        raise SignInNeeded(
            f"The token in {place} is for {', '.join(audiences)}, not for {audience}.",
            hint=f"Get one for the audience {audience}.",
        )
    return Token(value=SecretStr(value), expires_at=expires_at)


def _claims(value: str) -> dict[str, Any]:
    """Read the payload of a JWT (RFC 7519) without verifying it; an opaque token has none."""
    parts = value.split(".")
    if len(parts) != 3:  # header, payload, signature
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _moment(seconds: Any) -> datetime | None:
    """Turn a NumericDate (RFC 7519, section 2) into a time."""
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
