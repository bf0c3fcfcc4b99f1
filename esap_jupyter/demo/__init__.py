"""The demo: real services on loopback, with no account and no network, in a directory of their own."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from esap_jupyter.config import origin_of
from esap_jupyter.errors import StateError

PARTS = ("archive", "rucio")


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo.

    Attributes
    ----------
    directory : Path
        Everything the demo keeps, the person's state and workspace during the demo included.
    config_file : Path
        The `esap.toml` that offers the demo's services; name it in ``$ESAP_CONFIG``.
    addresses : dict
        URL of each part.
    """

    directory: Path
    config_file: Path
    addresses: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        """Where stagings go during the demo."""
        return self.directory / "workspace"


@contextlib.asynccontextmanager
async def running_demo(
    directory: Path, *, parts: Collection[str] = PARTS, tell: Callable[[str], None]
) -> AsyncIterator[Demo]:
    """Run the demo's services as long as the context lasts.

    Parameters
    ----------
    directory : Path
        Made if it is missing; what it holds is used again.
    parts : collection of str
        ``archive``, ``rucio`` or both.
    tell : callable
        Told each step, for people.

    Raises
    ------
    StateError
        If a demo already runs in this directory.
    """
    from esap_jupyter.demo.archive import start_archive
    from esap_jupyter.demo.data import make_demo_data
    from esap_jupyter.demo.rucio import start_rucio

    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_only_one_in(directory))
        tell("Generating the demo's catalogue, images and spectra")
        data = await asyncio.to_thread(make_demo_data, directory / "data")
        addresses: dict[str, str] = {}
        services: dict[str, dict[str, Any]] = {}
        origins: list[str] = []
        if "archive" in parts:
            tell("Starting the archive")
            archive = await start_archive(directory / "data")
            stack.push_async_callback(archive.stop)
            addresses["archive"] = archive.url
            services |= archive.services
            origins.append(origin_of(archive.url))
        if "rucio" in parts:
            tell("Starting Rucio")
            rucio = await start_rucio(directory / "rucio", data, tell)
            stack.push_async_callback(rucio.stop)
            addresses["rucio"] = rucio.url
            services |= rucio.services
        demo = Demo(directory, _write_config(directory, services, origins), addresses)
        await asyncio.to_thread(demo.workspace.mkdir, exist_ok=True)
        yield demo


@contextlib.contextmanager
def _only_one_in(directory: Path) -> Iterator[None]:
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError(
                f"A demo already runs in {directory}.",
                hint="Stop it, or name another directory with --directory.",
            ) from None
        yield


def _write_config(directory: Path, services: dict[str, dict[str, Any]], origins: Collection[str]) -> Path:
    import tomli_w

    # The demo's own resolver and registry take the place of the public ones, which a closed network lacks.
    replaced = {
        public: {"connector": connector, "enabled": False}
        for public, connector in (("sesame", "sesame"), ("registry", "registry"))
        if any(service["connector"] == connector for service in services.values())
    }
    searched = [name for name, service in services.items() if service["connector"] in {"vo", "rucio"}]
    content = {
        # The services that the demo's registry knows are at loopback too.
        "network": {"allow": sorted(origins)},
        "storage": {
            "state_directory": str(directory / "state"),
            "cache_directory": str(directory / "cache"),
            "workspace": str(directory / "workspace"),
        },
        "search": {"services": searched},
        "services": replaced | services,
    }
    file = directory / "esap.toml"
    part = file.with_suffix(f".{os.getpid()}")
    part.write_text(tomli_w.dumps(content), encoding="utf-8")
    part.replace(file)
    return file
