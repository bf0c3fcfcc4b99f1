"""Ten services that each take a second to answer: asked side by side, and one after the other by pyvo."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.figure import Figure, medians, seconds
from esap_jupyter.config import Config
from esap_jupyter.gateway import Gateway
from esap_jupyter.models import Position, Query
from tests.services.fault_server import FaultServer

SERVICES = 10
ANSWER_SECONDS = 1.0
ROWS = 20
ROUNDS = 5
POSITION = Position(ra=10.0, dec=-20.5)


def fanout() -> Figure:
    """All results of all services; `first_rows`: of a quick one, readable while the others still think."""
    with _servers() as servers, _directory() as directory:
        slow = {f"slow-{number}": server.cone("slow") for number, server in enumerate(servers)}
        quick = {"quick": servers[0].cone("ok")}
        _ours(slow | quick, directory)  # imports, on both sides
        _peer(quick)
        taken = medians(
            ROUNDS,
            ours=lambda: _ours(slow, directory)[1],
            peer=lambda: seconds(lambda: _peer(slow)),
            first_rows=lambda: _ours(quick | slow, directory)[0],
        )
    more = {"first_rows": taken["first_rows"], "services": SERVICES, "answer_seconds": ANSWER_SECONDS}
    return Figure("fanout", "s", ours=taken["ours"], peer=taken["peer"], floor=ANSWER_SECONDS, more=more)


def _ours(urls: Mapping[str, str], directory: Path) -> tuple[float, float]:
    return asyncio.run(_search(urls, directory))


async def _search(urls: Mapping[str, str], directory: Path) -> tuple[float, float]:
    """Seconds until the first rows can be read, and until all are there."""
    config = Config.model_validate(
        {
            "services": {name: {"connector": "vo", "scs": url} for name, url in urls.items()},
            "storage": {"state_directory": directory / "state", "cache_directory": directory / "cache"},
        }
    )
    async with Gateway(config, workspace=directory) as gateway:
        began = time.perf_counter()
        search = gateway.search(Query(position=POSITION, radius=1.0))
        first = 0.0
        async for report in search:
            if report.rows and not first and len(search.table.refresh().page(0, 1)):
                first = time.perf_counter() - began
        table = await search.done()
        whole = time.perf_counter() - began
        assert len(table) == ROWS * len(urls), f"{len(table)} rows of {ROWS * len(urls)}"
    return first, whole


def _peer(urls: Mapping[str, str]) -> None:
    from astropy.coordinates import SkyCoord
    from pyvo.dal import SCSService

    for url in urls.values():
        found = SCSService(url).search(pos=SkyCoord(POSITION.ra, POSITION.dec, unit="deg"), radius=1.0)
        assert len(found.to_table()) == ROWS


@contextlib.contextmanager
def _servers() -> Iterator[list[FaultServer]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(FaultServer(delay=ANSWER_SECONDS, rows=ROWS)) for _ in range(SERVICES)]


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


BENCHMARKS = {"fanout": fanout}
