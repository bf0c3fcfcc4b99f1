"""The archive's HTTP server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from esap_jupyter.archive import datalink, files, searches, tap, vosi
from esap_jupyter.archive.archive import Archive
from esap_jupyter.archive.web import Missing
from esap_jupyter.errors import ConfigError

_JOB = r"/tap/async/([0-9a-f]{32})"
_SERVICE = r"(tap|sia2|ssa|datalink|scs(?:/[\w.]+)?)"


def application(archive: Archive, more: Sequence[tuple[str, type, dict[str, Any]]] = ()) -> Application:
    """All of the archive's resources, and `more` beside them."""
    own = {"archive": archive}
    parts = "phase|quote|executionduration|destruction|owner|parameters|results|error"
    return Application(
        [
            (r"/", vosi.FrontHandler, own),
            (rf"/{_SERVICE}/capabilities", vosi.CapabilitiesHandler, own),
            (rf"/{_SERVICE}/availability", vosi.AvailabilityHandler, own),
            (r"/tap/tables", vosi.TablesHandler, own),
            (r"/tap/tables/([^/]+)", vosi.TablesHandler, own),
            (r"/tap/examples", vosi.ExamplesHandler, own),
            (r"/tap/sync", tap.SyncHandler, own),
            (r"/tap/async/?", tap.JobListHandler, own),
            (_JOB, tap.JobHandler, own),
            (rf"{_JOB}/({parts})", tap.JobPartHandler, own),
            (rf"{_JOB}/results/result", tap.JobResultHandler, own),
            (r"/scs(?:/([\w.]+))?", searches.ConeHandler, own),
            (r"/sia2(?:/query)?", searches.ImageHandler, own),
            (r"/ssa", searches.SpectrumHandler, own),
            (r"/datalink", datalink.DataLinkHandler, own),
            (r"/files/([^/]+)", files.FileHandler, own),
            (r"/previews/([^/]+)", files.PreviewHandler, own),
            *more,
        ],
        default_handler_class=Missing,
        default_handler_args=own,
        log_function=lambda _handler: None,
    )


class Listener:
    """A bound port, before and while something answers at it.

    Binding first lets an archive be made with the URL that it will have.
    """

    def __init__(self, port: int = 0, address: str = "127.0.0.1") -> None:
        try:
            self._sockets = bind_sockets(port, address)
        except OSError as error:
            raise ConfigError(f"Port {port} of {address} cannot be used: {error.strerror}.") from None
        host = f"[{address}]" if ":" in address else address
        self.url = f"http://{host}:{self._sockets[0].getsockname()[1]}/"
        self._server: HTTPServer | None = None

    def serve(self, app: Application, *, largest_body: int) -> None:
        """Answer from now on."""
        self._server = HTTPServer(app, max_body_size=largest_body, max_buffer_size=largest_body + (1 << 20))
        self._server.add_sockets(self._sockets)

    async def close(self) -> None:
        """Stop answering, and let the port go."""
        if self._server is None:
            for bound in self._sockets:
                bound.close()
            return
        self._server.stop()
        await self._server.close_all_connections()
