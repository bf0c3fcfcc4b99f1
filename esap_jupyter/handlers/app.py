"""The Jupyter server extension: it brings the resources and events, and one gateway for the server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from tornado import web

from esap_jupyter.handlers.activity import Activity
from esap_jupyter.handlers.handler import AUTH_RESOURCE, ResourceHandler
from esap_jupyter.handlers.resources import by_path
from esap_jupyter.handlers.routes import API
from esap_jupyter.handlers.session import Session
from esap_jupyter.handlers.token_files import KeptTokenFiles

if TYPE_CHECKING:
    from esap_jupyter.gateway import Gateway

SCHEMAS = Path(__file__).with_name("events")


class OpenAPIHandler(APIHandler):
    """Describes the resources."""

    auth_resource = AUTH_RESOURCE

    @web.authenticated
    @authorized
    def get(self) -> None:
        """Return the OpenAPI document."""
        from esap_jupyter.handlers.openapi import openapi

        self.finish(json.dumps(openapi()))


class EsapExtension(ExtensionApp):
    """ESAP in a Jupyter server."""

    name = "esap_jupyter"
    description = "Find, stage and analyse data of astronomy and particle physics."
    load_other_extensions = True
    session: Session
    activity: Activity
    token_files: KeptTokenFiles

    def initialize_settings(self) -> None:
        """Register the events, and make what the handlers share."""
        for schema in sorted(SCHEMAS.glob("*.yaml")):
            self._server.event_logger.register_event_schema(schema)
        self.session = Session(self._make_gateway, self._announce, self._root)
        self.activity = Activity(self._server.web_app.settings["last_activity_times"], self._working)
        self.token_files = KeptTokenFiles(self.session)

    def initialize_handlers(self) -> None:
        """Add the resources; what else is under their path is told in the envelope, too."""
        self.handlers.append(("/esap/openapi.json", OpenAPIHandler))
        for pattern, routes in by_path():
            self.handlers.append((pattern, ResourceHandler, {"session": self.session, "routes": routes}))
        elsewhere = {"session": self.session, "routes": {}}
        self.handlers.append((rf"{API}(?:/.*)?", ResourceHandler, elsewhere))

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:  # noqa: ARG002
        # Jupyter calls it once its event loop runs.
        self.activity.start()
        self.token_files.start()

    async def stop_extension(self) -> None:
        """Stop what runs."""
        await self.activity.close()
        await self.token_files.close()
        await self.session.close()

    @property
    def _server(self) -> ServerApp:
        assert self.serverapp is not None, "an extension is linked to its server first"
        return self.serverapp

    @property
    def _root(self) -> Path:
        return Path(self._server.root_dir).expanduser().resolve()

    def _make_gateway(self) -> Gateway:
        from esap_jupyter.config import load_config
        from esap_jupyter.gateway import Gateway

        config = load_config()
        # Kernels of this server find the same workspace by what Jupyter tells them.
        named = config.storage.workspace or os.environ.get("ESAP_WORKSPACE")
        return Gateway(config, workspace=None if named else self._root)

    async def _working(self) -> bool:
        if self.session.working:
            return True
        # A kernel manager of elsewhere may have to ask.
        kernels = await ensure_async(self._server.kernel_manager.list_kernels())
        return any(kernel.get("execution_state") == "busy" for kernel in kernels)

    def _announce(self, schema_id: str, data: dict[str, Any]) -> None:
        self._server.event_logger.emit(schema_id=schema_id, data=data)
