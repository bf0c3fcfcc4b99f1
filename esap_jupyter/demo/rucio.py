"""A real Rucio for the demo: server on SQLite, two storages, the demo's files registered, all on loopback.

Everything is kept in one directory and used again; a second start takes seconds. The server and its storages
run in an environment of their own (see `rucio_environment`) and end with us, however we end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from esap_jupyter.demo.data import DemoData
from esap_jupyter.demo.rucio_directory import ARCHIVE, SCRIPTS, SITE, RucioDirectory
from esap_jupyter.demo.rucio_environment import ENVIRONMENT, REQUIREMENTS, make_environment
from esap_jupyter.errors import EsapError

SERVICE = "demo-lake"

_START_SECONDS = 120.0
_STOP_SECONDS = 10.0


class RucioFailed(EsapError):
    """The demo's Rucio did not start."""

    code = "demo-rucio"


@dataclass
class RunningRucio:
    """The demo's Rucio while it runs.

    Attributes
    ----------
    url : str
        Of the server.
    ca_file : Path
        The authority that signed its certificate and those of its storages.
    storages : dict
        Origin of each RSE.
    services : dict
        Its table for `esap.toml`, by the service's name.
    """

    url: str
    ca_file: Path
    storages: dict[str, str]
    services: dict[str, dict[str, Any]]
    _children: list[asyncio.subprocess.Process] = field(repr=False)

    async def stop(self) -> None:
        """End the server and the storages."""
        await _stop(self._children)


async def start_rucio(directory: Path, data: DemoData, tell: Callable[[str], None]) -> RunningRucio:
    """Start Rucio and its storages, and register the demo's files the first time.

    Parameters
    ----------
    directory : Path
        Where database, storages, keys and logs are kept.
    data : DemoData
        What the data lake holds: scope ``demo``, a dataset for each object, all in ``demo:messier``.
    tell : callable
        Told what happens, a line at a time.

    Raises
    ------
    EsapError
        If Rucio cannot be installed or does not serve; the hint names its log.
    """
    environment = platformdirs.user_cache_path("esap") / ENVIRONMENT
    python = await make_environment(environment, REQUIREMENTS, tell)
    place = RucioDirectory(await asyncio.to_thread(directory.resolve), data)
    children: list[asyncio.subprocess.Process] = []
    try:
        empty = await asyncio.to_thread(place.prepare, environment)
        if empty:
            tell("Making Rucio's database")
            await _run(place, python, "rucio_schema.py")
        children.append(await _serve(place, python, "storage_webdav.py", [ARCHIVE, SITE]))
        children.append(await _serve(place, python, "rucio_application.py", ["rucio"]))
        await _wait_until_serving(place, children)
        if empty:
            tell(f"Registering {len(data.files)} files in Rucio")
            await _run(place, python, "rucio_register.py", place.registration())
        elif place.moved:
            await _run(place, python, "rucio_register.py", {"rses": place.rse_ports()})
        place.note_registered()
        children.append(await _transfer(place, python))
    except BaseException:
        await _stop(children)
        raise
    finally:
        place.close_sockets()
    return RunningRucio(
        url=place.origin("rucio"),
        ca_file=place.ca_file,
        storages={name: place.origin(name) for name in place.storages},
        services={SERVICE: place.service()},
        _children=children,
    )


async def _run(place: RucioDirectory, python: Path, script: str, given: object = None) -> None:
    """Run a script in Rucio's environment to its end, with JSON on its standard input."""
    process = await asyncio.create_subprocess_exec(
        *(str(python), "-I", str(SCRIPTS / script)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=place.environment(),
        cwd=place.directory,
    )
    try:
        output, _ = await process.communicate(json.dumps(given).encode())
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    log = place.log / f"{Path(script).stem}.log"
    log.write_bytes(output)
    if process.returncode:
        raise RucioFailed(f"The demo's Rucio cannot be set up: {script} failed.", hint=f"Its log is {log}.")


async def _serve(
    place: RucioDirectory, python: Path, application: str, names: list[str]
) -> asyncio.subprocess.Process:
    """Serve an application on the named sockets, until our end of its standard input closes."""
    sockets = [place.sockets[name].fileno() for name in names]
    with (place.log / f"{Path(application).stem}.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *(str(python), "-I", str(SCRIPTS / "rucio_serve.py"), str(SCRIPTS / application)),
            *(str(place.certificate.certificate_file), str(place.certificate.key_file)),
            *map(str, sockets),
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=place.environment(),
            cwd=place.directory,
            pass_fds=sockets,
            # Ctrl-C is for us; we then end it in order.
            start_new_session=True,
        )


async def _transfer(place: RucioDirectory, python: Path) -> asyncio.subprocess.Process:
    """Do what rules ask for, until our end of its standard input closes."""
    with (place.log / "rucio_transfers.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *(str(python), "-I", str(SCRIPTS / "rucio_transfers.py"), SITE),
            *(str(place.storages[ARCHIVE]), str(place.storages[SITE])),
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=place.environment(),
            cwd=place.directory,
            start_new_session=True,
        )


async def _wait_until_serving(place: RucioDirectory, children: list[asyncio.subprocess.Process]) -> None:
    trusted = ssl.create_default_context(cafile=place.ca_file)
    try:
        async with asyncio.timeout(_START_SECONDS):
            for port in place.ports.values():
                while not await _answers(port, trusted):
                    if any(child.returncode is not None for child in children):
                        raise RucioFailed("The demo's Rucio ended at once.", hint=f"See {place.log}.")
                    await asyncio.sleep(0.1)
    except TimeoutError:
        raise RucioFailed(
            f"The demo's Rucio does not answer after {_START_SECONDS:.0f} s.", hint=f"See {place.log}."
        ) from None


async def _answers(port: int, trusted: ssl.SSLContext) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusted)
    except OSError:
        return False
    try:
        writer.write(b"GET /ping HTTP/1.0\r\n\r\n")
        return (await reader.readline()).startswith(b"HTTP/")
    except OSError:
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _stop(children: list[asyncio.subprocess.Process]) -> None:
    """Close the pipes that the children watch, and wait; who does not end is killed."""
    for child in children:
        assert child.stdin is not None
        child.stdin.close()
    waiting = [asyncio.ensure_future(child.wait()) for child in children]
    if not waiting:
        return
    _, late = await asyncio.wait(waiting, timeout=_STOP_SECONDS)
    if late:
        for child in children:
            if child.returncode is None:
                child.kill()
        await asyncio.wait(late)
