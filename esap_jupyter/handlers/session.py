"""What the server keeps while it runs: one gateway, made when first needed, and what is watched."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from esap_jupyter.config import load_config
from esap_jupyter.handlers.listings import Listings
from esap_jupyter.handlers.watching import Announce, WatchedJobs, WatchedSearches
from esap_jupyter.storage.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from esap_jupyter.formats.fits_files import Uncompressed
    from esap_jupyter.gateway import Gateway
    from esap_jupyter.storage.tables_pages import TablePages


class Session:
    """One per server, used inside its event loop.

    Parameters
    ----------
    make_gateway : callable
        Makes the gateway; called in a thread, since it reads files and imports much.
    announce : callable
        Sends an event.
    root : Path
        The directory that Jupyter's file browser shows.
    """

    def __init__(self, make_gateway: Callable[[], Gateway], announce: Announce, root: Path) -> None:
        self.root = root
        self.searches = WatchedSearches(announce)
        self.jobs = WatchedJobs(announce)
        self.listings = Listings()
        self._make_gateway = make_gateway
        self._gateway: Gateway | None = None
        self._making = asyncio.Lock()
        self._uncompressed: Uncompressed | None = None
        self._one_at_a_time = threading.Lock()

    @property
    def made(self) -> Gateway | None:
        """The gateway, if anything needed it yet."""
        return self._gateway

    @property
    def working(self) -> bool:
        """Whether a search or a job of this server goes on."""
        return bool(self.searches.running()) or (self._gateway is not None and self._gateway.jobs.working)

    async def gateway(self) -> Gateway:
        """Return the gateway.

        Raises
        ------
        ConfigError
            If the configuration cannot be used; it is read again the next time.
        """
        if self._gateway is None:
            async with self._making:
                if self._gateway is None:
                    self._gateway = await asyncio.to_thread(self._make_gateway)
                    self.jobs.start(self._gateway)
        return self._gateway

    async def gateway_as_configured(self) -> Gateway:
        """Return the gateway with the services that the configuration names now.

        Raises
        ------
        ConfigError
            If the configuration cannot be used; the services stay as they were.
        """
        gateway = await self.gateway()
        gateway.reconfigure(await asyncio.to_thread(load_config))
        return gateway

    @functools.cached_property
    def pages(self) -> TablePages:
        """Pages of tables; to be asked for in a thread, since it imports much."""
        from esap_jupyter.storage.tables_pages import TablePages

        return TablePages()

    @property
    def uncompressed(self) -> Uncompressed:
        """Copies of gzipped files that are looked at; to be asked for in a thread, since it imports much."""
        from esap_jupyter.formats.fits_files import Uncompressed

        # One, whoever comes first: the copies go with it.
        with self._one_at_a_time:
            if self._uncompressed is None:
                self._uncompressed = Uncompressed()
            return self._uncompressed

    def file(self, path: str) -> Path:
        """Return the absolute path of a file to be read, as Jupyter's file browser names it; in a thread.

        Raises
        ------
        OutsideWorkspace
            If the path leaves what the file browser shows.
        """
        return Workspace(self.root).readable(path)

    async def close(self) -> None:
        """Stop what runs: searches are interrupted, stagings too, and these can be resumed."""
        await self.jobs.close()
        await self.searches.close()
        if self._gateway is not None:
            await self._gateway.close()
        if self._uncompressed is not None:
            await asyncio.to_thread(self._uncompressed.close)
