"""Token files for other tools, kept fresh for as long as the server runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from esap_jupyter.errors import EsapError
from esap_jupyter.handlers.session import Session

log = logging.getLogger(__name__)

_TRY_AGAIN_SECONDS = 60.0


class KeptTokenFiles:
    """Keeps them, if the configuration names any, whether or not anybody looks at the panels.

    Parameters
    ----------
    session : Session
        Whose gateway knows the person.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep them."""
        self._task = asyncio.create_task(self._keep(), name="esap token files")

    async def close(self) -> None:
        """Keep them no more; what is there ends by itself."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep(self) -> None:
        from esap_jupyter.config import load_config

        while True:
            try:
                config = await asyncio.to_thread(load_config)
                if config.sign_in.token_files:
                    await (await self._session.gateway()).sign_in.token_files.keep()
            except EsapError as error:
                log.warning("The token files are not kept for now: %s %s", error.message, error.hint)
            except OSError as error:
                log.warning("The token files are not kept for now: %s", error)
            else:
                return
            await asyncio.sleep(_TRY_AGAIN_SECONDS)
