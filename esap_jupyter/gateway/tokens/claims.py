"""What a token says of itself (RFC 7519, WLCG Common JWT Profiles 1.0)."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from esap_jupyter.connectors.base import Token
from esap_jupyter.errors import SignInNeeded

ANY_AUDIENCE = "https://wlcg.cern.ch/jwt/v1/any"
"""A token for this audience is one for every service (WLCG Common JWT Profiles 1.0)."""

# A token that ends while the request is under way is as good as ended.
_MARGIN = timedelta(seconds=5)

_HOW_TO_RENEW = "Get a new one (htgettoken, oidc-token, or sign in to the hub again)."


def checked_token(value: str, audience: str, place: str) -> Token:
    """Make a token of what was found, unless one can see that it will not do.

    Its signature is the service's business; what it says of its end and its audience is believed, so that a
    person is told what is wrong before a service says no.

    Raises
    ------
    SignInNeeded
        If it is no token, has expired, or is for another audience.
    """
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise SignInNeeded(f"What is in {place} is no token.", hint=_HOW_TO_RENEW)
    said = claims(value)
    expires_at = moment(said.get("exp"))
    if expires_at is not None and expires_at <= datetime.now(UTC) + _MARGIN:
        raise SignInNeeded(
            f"The token in {place} expired at {expires_at:%Y-%m-%d %H:%M} UTC.", hint=_HOW_TO_RENEW
        )
    named = said.get("aud") or []
    audiences = [str(each) for each in named] if isinstance(named, list) else [str(named)]
    if audience and audiences and audience not in audiences and ANY_AUDIENCE not in audiences:
        raise SignInNeeded(
            f"The token in {place} is for {', '.join(audiences)}, not for {audience}.",
            hint=f"Get one for the audience {audience}.",
        )
    return Token(value=SecretStr(value), expires_at=expires_at)


def claims(value: str) -> dict[str, Any]:
    """Read the payload of a JWT (RFC 7519) without verifying it; an opaque token has none."""
    parts = value.split(".")
    if len(parts) != 3:  # header, payload, signature
        return {}
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return payload if isinstance(payload, dict) else {}


def moment(seconds: Any) -> datetime | None:
    """Turn a NumericDate (RFC 7519, section 2) into a time."""
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
