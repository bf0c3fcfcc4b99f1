"""The real services that the integration tests talk to.

`demo_archive` and `demo_rucio` run on every machine. `dachs` and `rucio_xrootd` need Debian packages: without
them their tests are skipped, or fail when ``CI=true``. What runs already is used, and left running.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import tomli_w

from esap_jupyter.demo.data import DemoData, make_demo_data
from esap_jupyter.errors import EsapError
from tests.services.dachs import Dachs
from tests.services.processes import ServiceFailed
from tests.services.rucio_xrootd import RucioXRootD
from tests.services.service import Service, services_directory

Result = TypeVar("Result")


@pytest.fixture(scope="session")
def dachs() -> Iterator[Dachs]:
    """A DaCHS with catalogue, images, spectra, ObsCore, DataLink and RegTAP."""
    with running(Dachs()) as service:
        yield service


@pytest.fixture(scope="session")
def rucio_xrootd() -> Iterator[RucioXRootD]:
    """A Rucio on PostgreSQL with two XRootD storages, transfers and a token issuer."""
    with running(RucioXRootD()) as service:
        yield service


@pytest.fixture(scope="session")
def demo_data() -> DemoData:
    """What the demo generates; kept between runs, because it takes seconds."""
    return make_demo_data(services_directory() / "demo-data")


@pytest.fixture(scope="session")
def demo_archive(demo_data: DemoData, loop_beside: asyncio.AbstractEventLoop) -> Iterator[Any]:
    """The demo's VO archive: an object with ``url`` and ``services``."""
    from esap_jupyter.demo.archive import start_archive

    archive = finish(start_archive(demo_data.directory.parent), loop_beside)
    yield archive
    finish(archive.stop(), loop_beside)


@pytest.fixture(scope="session")
def demo_rucio(
    demo_data: DemoData,
    loop_beside: asyncio.AbstractEventLoop,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    """The demo's Rucio: an object with ``url``, ``ca_file``, ``storages`` and ``services``."""
    from esap_jupyter.demo.rucio import start_rucio

    rucio = finish(start_rucio(tmp_path_factory.mktemp("demo-rucio"), demo_data, print), loop_beside)
    yield rucio
    finish(rucio.stop(), loop_beside)


@pytest.fixture
def esap_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write an `esap.toml` that offers the services given, and name it in ``$ESAP_CONFIG``.

    State, cache and workspace are in the test's own directory::

        config_file = esap_config(dachs.services, rucio_xrootd.services, staging={"files_at_once": 4})
    """

    def write(*services: Mapping[str, Mapping[str, Any]], **sections: Mapping[str, Any]) -> Path:
        storage = {
            f"{name}_directory": str(tmp_path / name) for name in ("state", "cache")
        } | {"workspace": str(tmp_path / "workspace")}  # fmt: skip
        (tmp_path / "workspace").mkdir(exist_ok=True)
        tables = {name: dict(table) for group in services for name, table in group.items()}
        content = {**sections, "storage": {**storage, **sections.get("storage", {})}, "services": tables}
        file = tmp_path / "esap.toml"
        file.write_text(tomli_w.dumps(content))
        monkeypatch.setenv("ESAP_CONFIG", str(file))
        return file

    return write


@pytest.fixture(scope="session")
def loop_beside() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own, for services that live as long as the session."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def finish(work: Coroutine[Any, Any, Result], loop: asyncio.AbstractEventLoop) -> Result:
    return asyncio.run_coroutine_threadsafe(work, loop).result()


@contextmanager
def running(service: Service) -> Iterator[Any]:
    """The service, set up and started if need be; one that we started is stopped again."""
    if missing := service.missing_packages:
        without(service, f"packages are missing ({', '.join(missing)})")
    was_running = service.is_running
    try:
        service.install(print)
        service.start(print)
    except (ServiceFailed, EsapError) as failed:
        without(service, str(failed))
    try:
        yield service
    finally:
        if not was_running:
            service.stop(print)


def without(service: Service, reason: str) -> None:
    """Skip the tests that need the service; CI must run them all."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"no {service.name}: {reason}", pytrace=False)
    pytest.skip(f"no {service.name}: {reason}; `make services` installs it")
