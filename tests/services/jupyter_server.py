"""A Jupyter server with the extension, in the test's own event loop, and how it is asked.

pytest-jupyter's fixtures, on pytest-asyncio's loop: imported one by one, since its plugin as a whole would
run everybody's asynchronous tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from json import dumps, loads
from typing import Any
from urllib.parse import urlencode

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
from tornado.httpclient import HTTPResponse

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
        return loads(self.body)


@pytest.fixture
def ask(http_server_client, jp_auth_header, jp_base_url) -> Callable[..., Any]:  # noqa: F811
    """Ask a resource: ``await ask("GET", "services", check="true")``; a body is given as ``json=``."""

    async def fetch(
        method: str, path: str, /, json: Any = None, body: Any = None, **parameters: Any
    ) -> Answer:
        if body is None and method in ("POST", "PUT"):
            body = dumps({} if json is None else json)
        url = f"{jp_base_url}esap/api/{path}?{urlencode(parameters, doseq=True)}"
        response = await http_server_client.fetch(
            url, method=method, body=body, headers=jp_auth_header, raise_error=False, request_timeout=60
        )
        return Answer(response)

    return fetch


async def until(state: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
    """Ask for a state until there is one, and return it."""
    async with asyncio.timeout(seconds):
        while True:
            if found := await state():
                return found
            await asyncio.sleep(0.02)


@pytest.fixture
def ended(ask) -> Callable[..., Any]:
    """Wait until a search has ended; returns its state."""

    async def wait(search_id: str, since: int = 0) -> Any:
        async def look() -> Any:
            state = (await ask("GET", f"searches/{search_id}", since=since)).json
            return state if state["ended"] else None

        return await until(look)

    return wait


@pytest.fixture
def job_ended(ask) -> Callable[..., Any]:
    """Wait until a job has ended; returns it."""

    async def wait(job_id: str) -> Any:
        async def look() -> Any:
            job = (await ask("GET", f"jobs/{job_id}")).json
            return job if job["ended_at"] else None

        return await until(look)

    return wait
