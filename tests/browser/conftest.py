"""A JupyterLab with the panels, as the wheel installs them, on the demo's services, in a headless Chromium.

``python -m tests browser`` builds the wheel, installs it into an environment of its own, and names that in
``$ESAP_BROWSER_PYTHON``; by hand the servers run in the environment of the tests. Without Playwright or
Chromium these tests are skipped, or fail when ``CI=true``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.services.service import services_directory

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
PYTHON = os.environ.get("ESAP_BROWSER_PYTHON", sys.executable)
"""Of the environment in which JupyterLab and the demo run."""

# What keeps a Chromium in a container without a network quiet.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_START_SECONDS = 90.0
WAIT = 60_000
"""Milliseconds that a page may take to show something: CI has two busy processors."""


class Lab:
    """A JupyterLab that can be stopped and started again on the same port."""

    token = "browser-tests"

    def __init__(
        self, directory: Path, config: Path, workspace: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.directory = directory
        self.config = config
        self.workspace = workspace
        self.environment = environment or {}
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        settings = self.directory / "settings"
        settings.mkdir(parents=True, exist_ok=True)
        quiet = {
            "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
            "esap-jupyter:panels": {"showHelp": False},
        }
        (settings / "overrides.json").write_text(json.dumps(quiet))
        command = [
            *(PYTHON, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            *(f"--ServerApp.port={self._port}", "--ServerApp.port_retries=0"),
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.workspace}",
            f"--LabApp.app_settings_dir={settings}",
            # So that tests can ask for what is no text: the grid's cells, whether a kernel is there.
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ]
        environment = {
            **os.environ,
            "ESAP_CONFIG": str(self.config),
            "JUPYTER_RUNTIME_DIR": str(self.directory / "runtime"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.directory / "workspaces"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.directory / "user-settings"),
            **self.environment,
        }
        with (self.directory / "jupyterlab.log").open("ab") as log:
            # Elsewhere than in the clone, whose package would be found before the installed one.
            self._process = subprocess.Popen(
                command, cwd=self.directory, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        self.url = f"http://127.0.0.1:{self._port}"
        _wait_until(self._answers, "JupyterLab does not start")

    def stop(self, *, by_force: bool = False) -> None:
        """Stop as an administrator does, or as the kernel does when memory is short."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if by_force else signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """Ask the server extension directly."""
        return self._ask(method, f"/esap/api{path}", body)

    def ask_jupyter(self, method: str, path: str, /, **body: Any) -> Any:
        """Ask Jupyter Server itself."""
        return self._ask(method, f"/api{path}", body)

    def _ask(self, method: str, path: str, body: dict[str, Any]) -> Any:
        answer = requests.request(
            method,
            f"{self.url}{path}",
            headers={"Authorization": f"token {self.token}"},
            timeout=30,
            **({"json": body} if body else {}),
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.directory / "jupyterlab.log").read_text()
        try:
            return requests.get(f"{self.url}/api", timeout=2).ok
        except requests.RequestException:
            return False

    @property
    def _port(self) -> int:
        if not hasattr(self, "_chosen"):
            self._chosen = _free_port()
        return self._chosen


class SlowFiles:
    """Files that arrive slowly, so that a staging can be watched; sources that never arrive."""

    size = 1_000_000

    def __init__(self) -> None:
        self._stopping = stopping = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/scs"):
                    stopping.wait()
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(SlowFiles.size))
                self.end_headers()
                chunk = bytes(SlowFiles.size // 100)
                try:
                    for _ in range(100):
                        self.wfile.write(chunk)
                        time.sleep(0.05)
                except OSError:
                    return  # the other side went away, as it may

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def slow_files() -> Iterator[SlowFiles]:
    files = SlowFiles()
    yield files
    files.stop()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, slow_files: SlowFiles) -> Iterator[Lab]:
    """JupyterLab on the demo's services, one that cannot be reached and one that is slow."""
    with demo_lab(tmp_path_factory.mktemp("lab"), slow_files) as running:
        yield running


@contextmanager
def demo_lab(directory: Path, slow_files: SlowFiles | None = None) -> Iterator[Lab]:
    """JupyterLab on the demo's services, and on those of the tests if `slow_files` is given."""
    # What the demo generates is kept between runs, what a person leaves in it is not.
    place = services_directory() / "browser-demo"
    for left in ("state", "cache", "workspace"):
        shutil.rmtree(place / left, ignore_errors=True)
    command = [str(Path(PYTHON).with_name("esap")), "--json", "demo", "--directory", str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        config = Path(json.loads(demo.stdout.readline())["config"])
        if slow_files is not None:
            _add_services(config, slow_files)
        running = Lab(directory, config, place / "workspace")
        try:
            running.start()
            yield running
        finally:
            running.stop()
            demo.terminate()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api") if not os.environ.get("CI") else None
    if sync_api is None:
        from playwright import sync_api
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Tell with a failure what the pages show, in words and as pictures in build/screenshots."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.failed and call.when == "call" and browser is not None:
        pages = [page for context in browser.contexts for page in context.pages]
        for number, page in enumerate(pages):
            picture = SCREENSHOTS / f"failed-{re.sub(r'[^A-Za-z0-9]+', '-', item.name)}-{number}.png"
            page.screenshot(path=picture, animations="disabled")
            report.sections.append((f"{page.url.partition('?')[0]} ({picture})", page.inner_text("body")))
    return report


@pytest.fixture
def page(browser: Any, lab: Lab) -> Iterator[Any]:
    """JupyterLab in a new window with the side bar of ESAP open; errors of the page fail the test."""
    for job in lab.ask("GET", "/jobs")["jobs"]:
        lab.ask("DELETE", f"/jobs/{job['id']}")
    lab.ask("DELETE", "/basket")
    for search in lab.ask("GET", "/searches"):
        lab.ask("POST", f"/searches/{search['id']}/cancel")
    _wait_until(lambda: not lab.ask("GET", "/searches"), "A search of another test goes on")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT)
    window = context.new_page()
    faults: list[str] = []
    window.on("pageerror", lambda error: faults.append(str(error)))
    window.goto(f"{lab.url}/lab?token={lab.token}&reset")
    open_side_bar(window)
    yield window
    context.close()
    assert not faults


def open_side_bar(window: Any) -> None:
    """Show the panels, whatever the side bar shows."""
    shown = (".jp-Launcher", ".jp-NotebookPanel", ".esap-TableDocument")
    window.wait_for_selector(", ".join(f"{each}:visible" for each in shown), timeout=60_000)
    if not window.locator(".esap-Tabs").is_visible():
        window.locator('[data-id="esap-side-bar"]').click()
    window.wait_for_selector(".esap-Tabs")


def _add_services(config: Path, slow_files: SlowFiles) -> None:
    text = config.read_text().replace('"demo-lake",', '"demo-lake",\n    "broken",', 1)
    config.write_text(
        f"""{text}
[services.broken]
connector = "vo"
title = "Broken observatory"
sia2 = "http://127.0.0.1:9/sia2"
scs = "http://127.0.0.1:9/scs"

[services.slow]
connector = "vo"
title = "Slow files"
scs = "{slow_files.url}/scs"
"""
    )


def _free_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_until(true: Any, otherwise: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while not true():
        assert time.monotonic() < end, otherwise
        time.sleep(0.2)
