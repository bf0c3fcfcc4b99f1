"""A Jupyter server with this extension and no other, in which no code can be run."""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.serverapp import ServerApp
from traitlets.config import Config

from esap_jupyter.handlers.app import EsapExtension


class QuietServer(ServerApp):
    """Serves files, events and sign-in, but no kernel, terminal or notebook."""

    default_services: Any = ("api", "auth", "contents", "events", "files", "security", "shutdown")


class EsapServer(EsapExtension):
    """The extension as a program."""

    load_other_extensions = False
    serverapp_class = QuietServer

    @classmethod
    def serve(cls, *, token: str, **settings: Any) -> None:
        """Serve until a signal ends it.

        Parameters
        ----------
        token : str
            What clients show; empty for a new one, which is printed.
        **settings
            Traits of `ServerApp`.
        """
        config = Config({"ServerApp": {"open_browser": False, "port_retries": 0}})
        if token:
            config.IdentityProvider.token = token
        if os.name == "posix" and os.geteuid() == 0:
            # In a container, say; Jupyter asks for this to be said.
            config.ServerApp.allow_root = True
        server = cls.initialize_server(argv=[], config=config, **settings)  # type: ignore[no-untyped-call]
        server.start()
