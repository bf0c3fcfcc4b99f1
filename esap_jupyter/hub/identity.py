"""Who a person is, by what the community's identity provider says of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

ENTITLEMENTS = "eduperson_entitlement"
GROUP_CLAIMS = ("groups", "wlcg.groups", ENTITLEMENTS)
"""Where providers say it: INDIGO IAM, the WLCG Common JWT Profiles 1.0, AARC-G069."""

# AARC-G069: urn:<namespace>:group:<group>[:<subgroup>]*[:role=<role>]#<authority>
_ENTITLEMENT = re.compile(
    r"^(?P<namespace>urn:[^#]+?):group:(?P<groups>[^#]+?)(?::role=(?P<role>[^#:]+))?(?:#.*)?$"
)
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_LOOKS_MADE = re.compile(r"-[0-9a-f]{10}$")


def groups_of(
    claims: Mapping[str, Any], names: Sequence[str] = GROUP_CLAIMS, namespaces: Collection[str] = ()
) -> set[str]:
    """Return the groups of a person, as paths: ``/escape/lofar``.

    Parameters
    ----------
    claims : mapping
        What the provider's userinfo endpoint said (OpenID Connect Core 1.0, section 5.3).
    names : sequence of str
        The claims to look at.
    namespaces : collection of str
        Whose entitlements count: ``urn:mace:egi.eu``. Anybody's may be among the claims, as a provider passes
        on what others say of the person.
    """
    return {group for name in names for group in _groups_in(name, claims.get(name), namespaces)}


def foreign_namespaces(claims: Mapping[str, Any], namespaces: Collection[str]) -> set[str]:
    """Return whose entitlements are among the claims and do not count."""
    found = {entitlement["namespace"] for entitlement in _entitlements(claims.get(ENTITLEMENTS))}
    return found - {*namespaces}


def _groups_in(name: str, value: Any, namespaces: Collection[str]) -> Iterator[str]:
    if name != ENTITLEMENTS:
        yield from (f"/{said.strip('/')}" for said in _texts(value))
        return
    for found in _entitlements(value):
        if found["namespace"] in namespaces:
            path = f"/{found['groups'].replace(':', '/')}"
            yield path
            if found["role"] and found["role"] != "member":
                yield f"{path}:{found['role']}"


def _entitlements(value: Any) -> Iterator[re.Match[str]]:
    yield from filter(None, map(_ENTITLEMENT.match, _texts(value)))


def _texts(value: Any) -> Iterator[str]:
    given = [value] if isinstance(value, str) else value or ()
    return (said for said in given if isinstance(said, str) and said.strip("/"))


def safe_username(claim: str) -> str:
    """Make of what the provider calls a person a name that is safe in paths, containers and URLs.

    A plain name stays as it is. Any other is made plain and gets a digest of the original, so that two
    people never share a name; one that only looks as if it had such a digest gets one, too.

    Raises
    ------
    ValueError
        If the provider calls the person nothing.
    """
    if not claim.strip():
        msg = "the identity provider gave no user name"
        raise ValueError(msg)
    if _PLAIN_NAME.fullmatch(claim) and not _LOOKS_MADE.search(claim):
        return claim
    plain = re.sub(r"[^a-z0-9._-]+", "-", claim.lower()).strip("-._")[:48] or "user"
    return f"{plain}-{hashlib.sha256(claim.encode()).hexdigest()[:10]}"
