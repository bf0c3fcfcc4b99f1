"""A Jupyter server with the extension, in the test's own event loop, and how it is asked.

pytest-jupyter's fixtures, on pytest-asyncio's loop: imported one by one, since its plugin as a whole would
run everybody's asynchronous tests.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_jupyter.jupyter_core import (  # noqa: F401
    echo_kernel_spec,
    jp_config_dir,
    jp_data_dir,
    jp_env_config_path,
    jp_env_jupyter_path,
    jp_environ,
    jp_home_dir,
    jp_kernel_dir,
    jp_runtime_dir,
    jp_system_config_path,
    jp_system_jupyter_path,
)
from pytest_jupyter.jupyter_server import (  # noqa: F401
    jp_argv,
    jp_auth_header,
    jp_base_url,
    jp_configurable_serverapp,
    jp_extension_environ,
    jp_fetch,
    jp_http_port,
    jp_logging_stream,
    jp_nbconvert_templates,
    jp_root_dir,
    jp_server_cleanup,
    jp_serverapp,
    jp_template_dir,
    jp_web_app,
    jp_ws_fetch,
)
from pytest_jupyter.pytest_tornasync import (  # noqa: F401
    http_server,
    http_server_client,
    http_server_port,
)
from tornado.httpclient import HTTPClientError, HTTPResponse

FIXTURES = [name for name in globals() if name.startswith(("jp_", "http_server"))]


@pytest.fixture
async def jp_asyncio_loop() -> asyncio.AbstractEventLoop:
    """The loop in which the test runs; between two steps of the test it stands still."""
    return asyncio.get_running_loop()


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"esap_jupyter": True, "jupyter_server_terminals": False}}}


class Answer:
    """An answer, good or not."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.code
        self.headers = response.headers
        self.body = response.body or b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def ask(jp_fetch) -> Callable[..., Any]:  # noqa: F811
    """Ask a resource: ``await ask("GET", "services", check="true")``; a body is given as ``json=``."""

    async def fetch(method: str, path: str, json: Any = None, body: Any = None, **parameters: Any) -> Answer:
        given = body if body is not None else dumped(json) if json is not None else None
        if given is None and method in ("POST", "PUT"):
            given = "{}"
        try:
            response = await jp_fetch(
                "esap", "api", *path.split("/"), method=method, body=given, params=parameters
            )
        except HTTPClientError as error:
            assert error.response is not None, error
            return Answer(error.response)
        return Answer(response)

    return fetch


dumped = json.dumps
