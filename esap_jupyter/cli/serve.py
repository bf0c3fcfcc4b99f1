"""`esap serve`: the resources without JupyterLab, for other front ends and as a service of a hub."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import click


@click.command()
@click.option("--ip", default=None, help="Address to listen on (default: 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port to listen on (8888).")
@click.option("--base-url", default=None, help="Path under which everything is served (default: /).")
@click.option("--token", envvar="JUPYTER_TOKEN", default=None, help="Token to ask for (default: a new one).")
def serve(ip: str | None, port: int | None, base_url: str | None, token: str | None) -> None:
    """Serve what JupyterLab's panels use, and nothing that runs code.

    Started by a JupyterHub as one of its services, it listens where the hub says.
    """
    from esap_jupyter.handlers.standalone import EsapServer

    hub = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", ""))
    settings: dict[str, Any] = {
        "ip": ip or hub.hostname or "127.0.0.1",
        "port": port if port is not None else hub.port or 8888,
        "base_url": base_url or os.environ.get("JUPYTERHUB_SERVICE_PREFIX") or "/",
    }
    EsapServer.serve(token=token or "", **settings)


COMMANDS: tuple[click.Command, ...] = (serve,)
