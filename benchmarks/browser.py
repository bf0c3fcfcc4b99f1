"""What a person waits for in the panels: the first rows of a search, and rows that are scrolled to."""

from __future__ import annotations

import contextlib
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import tomli_w

from benchmarks.figure import Figure, Unavailable, tell
from benchmarks.served import TOKEN, Served, serving, storage

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
ANSWER_SECONDS = 0.4
ANSWER_ROWS = 1000
SEARCHES = 15
LARGE_ROWS = 1_000_000
_SCROLL = "how => window.esapScroll(how)"
_LOADED = """() => performance.getEntriesByType('resource')
  .map(each => each.name.split(/[?#]/)[0].split('/').pop())"""
JUMPS = 40
SCROLL_SECONDS = 3


class TimedArchive:
    """A simple cone search that answers after a known time; each answer's rows are marked by its number."""

    def __init__(self) -> None:
        archive = self
        self.numbers = 0
        self.answered: dict[int, float] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                time.sleep(ANSWER_SECONDS)
                archive.numbers += 1
                number = archive.numbers
                body = _votable(number)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-votable+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()
                archive.answered[number] = time.time()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/scs"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def first_rows() -> Figure:
    """Milliseconds from pressing Search to the first rows drawn, over the service's own answer time."""
    archive = TimedArchive()
    services = {"timed": {"connector": "vo", "title": "Timed", "scs": archive.url}}
    with contextlib.closing(archive), _lab(services) as (page, _, _):
        page.select_option("#esap-product", "sources")
        over: list[float] = []
        after_answer: list[float] = []
        for number in range(1, SEARCHES + 1):
            page.fill("#esap-target", f"10.{number:03d} 20")
            pressed = page.evaluate("window.esapSearch()")
            drawn = page.wait_for_function(
                "text => window.esapDrawn.get(text)", arg=f"drawn-{number}-0"
            ).json_value()
            over.append(drawn - pressed - 1000 * ANSWER_SECONDS)
            after_answer.append(drawn - 1000 * archive.answered[number])
            page.get_by_role("region", name="Results").get_by_text("1,000 rows from 1 service").wait_for()
        tell(f"  over: {', '.join(f'{each:.0f}' for each in over)} ms")
    more = {
        "first_search": over[0],
        "after_the_answer": statistics.median(after_answer[1:]),
        "worst": max(over[1:]),
        "answer_ms": 1000 * ANSWER_SECONDS,
    }
    return Figure("first-rows", "ms", ours=statistics.median(over[1:]), more=more)


def grid_scroll() -> Figure:
    """Milliseconds from a jump in 1,000,000 rows until every cell in sight is filled; and dropped frames."""
    with _lab({}) as (page, _, workspace):
        _write_large(workspace / "large.parquet")
        page.evaluate(
            "path => window.jupyterapp.commands.execute('esap:open-file-as-table', { path })", "large.parquet"
        )
        page.locator(".esap-TableFooter-bar").get_by_text("1,000,000 rows", exact=True).wait_for(
            timeout=120_000
        )
        page.evaluate("window.esapFilled(0)")
        filled = [
            page.evaluate("place => window.esapFilled(place)", (place * 17 % JUMPS + 0.5) / JUMPS)
            for place in range(JUMPS)
        ]
        tell(f"  filled after {', '.join(f'{each:.0f}' for each in filled)} ms")
        page.wait_for_timeout(1000)
        ours, memory = [], []
        for _ in range(3):
            ours.append(page.evaluate(_SCROLL, [False, SCROLL_SECONDS]))
            memory.append(page.evaluate(_SCROLL, [True, SCROLL_SECONDS]))
        tell(f"  scrolling: ours {ours}, in memory {memory}")
    more = {
        "worst": max(filled),
        "dropped_frames": statistics.median(each["dropped"] for each in ours),
        "dropped_frames_in_memory": statistics.median(each["dropped"] for each in memory),
        "frames": statistics.median(each["frames"] for each in ours),
        "frames_in_memory": statistics.median(each["frames"] for each in memory),
        "rows": LARGE_ROWS,
    }
    return Figure("grid-scroll", "ms", ours=statistics.median(filled), more=more)


def bundle_size() -> Figure:
    """Kilobytes of the panels' JavaScript in the wheel, and of that which is loaded at the start."""
    import esap_jupyter

    static = Path(esap_jupyter.__file__).parent / "labextension" / "static"
    sizes = {file.name: file.stat().st_size / 1000 for file in static.glob("*.js")}
    if not sizes:
        raise Unavailable("the panels are not built")
    with _lab({}) as (page, _, _):
        loaded = page.evaluate(_LOADED)
    at_start = sum(size for name, size in sizes.items() if name in loaded)
    return Figure("bundle-size", "kB", ours=sum(sizes.values()), more={"at_start": at_start})


@contextlib.contextmanager
def _lab(services: dict[str, Any]) -> Iterator[tuple[Any, Served, Path]]:
    """A page of JupyterLab with the ESAP side bar, on these services."""
    try:
        from playwright import sync_api
    except ImportError as error:
        raise Unavailable("playwright is not installed") from error
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        raise Unavailable("Chromium is not installed")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        workspace = directory / "workspace"
        workspace.mkdir()
        config = directory / "esap.toml"
        search = {"services": list(services)}
        config.write_text(
            tomli_w.dumps({"services": services, "search": search, "storage": storage(directory)})
        )
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            *("--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={workspace}"),
            "--LabApp.expose_app_in_browser=True",
        ]
        environment = {
            "ESAP_CONFIG": str(config),
            **{f"JUPYTER{kind}_DIR": str(directory / kind) for kind in ("_RUNTIME", "_CONFIG")},
            "JUPYTERLAB_WORKSPACES_DIR": str(directory / "workspaces"),
            "JUPYTERLAB_SETTINGS_DIR": str(directory / "settings"),
        }
        with serving(command, directory, environment) as served, sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.add_init_script(path=Path(__file__).with_suffix(".js"))
            page.goto(f"http://127.0.0.1:{served.port}/lab?token={TOKEN}&reset")
            page.wait_for_selector(".jp-Launcher", timeout=60_000)
            if not page.locator(".esap-Tabs").is_visible():
                page.locator('[data-id="esap-side-bar"]').click()
            page.wait_for_selector("#esap-target")
            page.wait_for_load_state("networkidle")
            yield page, served, workspace
            browser.close()


def _votable(number: int) -> bytes:
    rows = "".join(
        f"<TR><TD>drawn-{number}-{row}</TD><TD>{10 + row / 1e4}</TD><TD>20</TD></TR>"
        for row in range(ANSWER_ROWS)
    )
    return f"""<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/><TABLE>
<FIELD name="id" ucd="meta.id;meta.main" datatype="char" arraysize="*"/>
<FIELD name="ra" ucd="pos.eq.ra;meta.main" unit="deg" datatype="double"/>
<FIELD name="dec" ucd="pos.eq.dec;meta.main" unit="deg" datatype="double"/>
<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>""".encode()


def _write_large(path: Path) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(1)
    columns = {
        "source_id": np.arange(LARGE_ROWS),
        "ra": random.uniform(0, 360, LARGE_ROWS),
        "dec": random.uniform(-90, 90, LARGE_ROWS),
        "mag": random.normal(15, 2, LARGE_ROWS),
    }
    pq.write_table(pa.table(columns), path)


BENCHMARKS = {"first-rows": first_rows, "grid-scroll": grid_scroll, "bundle-size": bundle_size}
