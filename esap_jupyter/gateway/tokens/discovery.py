"""The person's tokens: WLCG Bearer Token Discovery."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from esap_jupyter.connectors.base import Token
from esap_jupyter.connectors.secret_files import read_secret
from esap_jupyter.gateway.tokens.claims import checked_token
from esap_jupyter.gateway.tokens.files import without_links


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
    own_files : collection of Path
        Files that ESAP itself keeps tokens in: what is there came from another source, which renews it.
    """

    title = "WLCG bearer token discovery"

    def __init__(self, token_file: Path | None = None, *, own_files: Collection[Path] = ()) -> None:
        self.token_file = token_file
        self._own_files = own_files

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
                return checked_token(value, audience, place)
        return None

    def _found(self) -> Iterator[tuple[str, str]]:
        """Where it may be, and what is there."""
        if self.token_file is not None:
            yield str(self.token_file), read_secret(self.token_file, "token")
            return
        yield "$BEARER_TOKEN", os.environ.get("BEARER_TOKEN", "").strip()
        named = os.environ.get("BEARER_TOKEN_FILE")
        if named and not self._is_own(Path(named)):
            yield f"{named} ($BEARER_TOKEN_FILE)", read_secret(Path(named), "token")
        for directory in (os.environ.get("XDG_RUNTIME_DIR"), "/tmp"):  # noqa: S108 - where WLCG puts it
            path = Path(directory or "", f"bt_u{os.geteuid()}")
            if directory and path.exists() and not self._is_own(path):
                yield str(path), read_secret(path, "token")

    def _is_own(self, path: Path) -> bool:
        return without_links(path) in self._own_files
