"""Token files for other tools (Rucio's clients, htgettoken's users): written anew before each token ends."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from esap_jupyter.config import Config
from esap_jupyter.connectors.base import TokenSource
from esap_jupyter.connectors.secret_files import write_secret
from esap_jupyter.errors import EsapError
from esap_jupyter.models import TokenFile

log = logging.getLogger(__name__)

_SELDOM = timedelta(minutes=5)
_OFTEN = timedelta(seconds=1)
# When a token has no longer to live, its source may have another.
_MARGIN = timedelta(seconds=30)


class TokenFiles:
    """Keeps the person's tokens in the files that the configuration names, and nowhere else.

    Each is replaced as a whole and is its owner's alone, so that whoever reads it finds a whole token.

    Parameters
    ----------
    files : mapping of Path to str
        The audience of the token in each.
    tokens : TokenSource
        Who gives them.
    """

    def __init__(self, files: Mapping[Path, str], tokens: TokenSource) -> None:
        self._files = files
        self._tokens = tokens
        self._told: dict[Path, str] = {}
        self._again = asyncio.Event()

    async def write(self) -> list[TokenFile]:
        """Write all of them now; says of each until when it holds, or why it was not written."""
        return list(await asyncio.gather(*(self._write(*each) for each in self._files.items())))

    async def keep(self) -> None:
        """Write them again and again, each time before a token ends, until cancelled."""
        while self._files:
            written = await self.write()
            for file in written:
                self._tell(file)
            self._again.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._again.wait(), _until_next(written).total_seconds())

    def renew(self) -> None:
        """Have whoever keeps them write them now: the person has signed in."""
        self._again.set()

    async def remove(self) -> None:
        """Take them away: the person has signed out."""
        for path in self._files:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _write(self, path: Path, audience: str) -> TokenFile:
        told = functools.partial(TokenFile, path=path, audience=audience)
        try:
            token = await self._tokens.token(audience)
            if token is None:
                return told(problem="You are not signed in.")
            await asyncio.to_thread(write_secret, path, token.value.get_secret_value())
        except EsapError as error:
            return told(problem=error.message)
        except Exception as error:  # noqa: BLE001 - a keyring that is locked, a disk that is full
            return told(problem=f"It failed ({type(error).__name__}).")
        return told(expires_at=token.expires_at)

    def _tell(self, file: TokenFile) -> None:
        """Log what is wrong, once for as long as it is."""
        if file.problem and self._told.get(file.path) != file.problem:
            log.warning("The token file %s was not written: %s", file.path, file.problem)
        self._told[file.path] = file.problem


def token_files_of(config: Config) -> dict[Path, str]:
    """Find the files that the configuration names, and see that they are the person's own.

    Returns
    -------
    dict
        By path, the audience.

    Raises
    ------
    ConfigError
        If one is elsewhere than in the person's home or ``$XDG_RUNTIME_DIR``.
    """
    own = [Path.home().resolve()]
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        own.append(Path(runtime).resolve())
    found = {}
    for name, audience in config.sign_in.token_files.items():
        if name.startswith("$XDG_RUNTIME_DIR") and not runtime:
            continue  # a container has none
        named = Path(os.path.expandvars(name)).expanduser()
        path = without_links(named)
        if not named.is_absolute() or not any(path.is_relative_to(directory) for directory in own):
            raise config.error(
                ("sign_in", "token_files", name), f"{name} is not in your home or $XDG_RUNTIME_DIR"
            )
        found[path] = audience
    return found


def without_links(path: Path) -> Path:
    """Say where a file is; the file may be a link itself, since writing replaces it."""
    return path.parent.resolve() / path.name


def _until_next(written: Sequence[TokenFile]) -> timedelta:
    """How long nothing need be done; what could not be got is tried again before long."""
    if any(file.problem for file in written):
        return _MARGIN
    now = datetime.now(UTC)
    lives = [file.expires_at - now for file in written if file.expires_at is not None]
    return max(min([_SELDOM, *(life - _MARGIN for life in lives)]), _OFTEN)
