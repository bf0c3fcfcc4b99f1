"""The environment that Rucio's server lives in.

The distributions ``rucio`` (the server) and ``rucio-clients`` (which ESAP needs) both ship a package named
``rucio``, so the server has a virtual environment of its own: made once, reused while versions match.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from esap_jupyter.errors import EsapError

RUCIO_VERSION = "41.5.1"
ENVIRONMENT = f"rucio-{RUCIO_VERSION}-py{sys.version_info.major}.{sys.version_info.minor}"
REQUIREMENTS = (f"rucio=={RUCIO_VERSION}", "gunicorn==27.0.1", "wsgidav==4.4.0")


class EnvironmentFailed(EsapError):
    """The environment for Rucio's server could not be made."""

    code = "demo-environment"
    retryable = True


async def make_environment(directory: Path, requirements: Sequence[str], tell: Callable[[str], None]) -> Path:
    """Make the environment, or find that it is there already.

    Parameters
    ----------
    directory : Path
        Where it goes. One that was left half made, or made for other requirements, is replaced.
    requirements : sequence of str
        What pip is to install.
    tell : callable
        Told what happens, a line at a time.

    Returns
    -------
    Path
        The environment's Python.

    Raises
    ------
    EnvironmentFailed
        If Python cannot make environments or pip cannot install.
    """
    python = directory / "bin" / "python"
    stamp = directory / "esap-requirements.txt"
    wanted = "\n".join((sys.version, sys.base_prefix, *requirements))
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    directory.parent.mkdir(parents=True, exist_ok=True)
    async with _alone(directory.parent / f"{directory.name}.lock", tell):
        if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
            await _install(directory, python, requirements, tell)
            stamp.write_text(wanted, encoding="utf-8")
    return python


async def _install(
    directory: Path, python: Path, requirements: Sequence[str], tell: Callable[[str], None]
) -> None:
    started = time.monotonic()
    tell(f"Installing Rucio {RUCIO_VERSION} into {directory} (once; about a minute)")
    await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
    await _run(sys.executable, "-m", "venv", str(directory))
    await _run(
        str(python), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements
    )
    tell(f"Installed Rucio {RUCIO_VERSION} in {time.monotonic() - started:.0f} s")


@contextlib.asynccontextmanager
async def _alone(lock_file: Path, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """Hold a lock that keeps two processes from installing at once; waiting for it can be cancelled."""
    with lock_file.open("w", encoding="utf-8") as lock:
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    tell("Waiting for another process that installs Rucio")
                told = True
                await asyncio.sleep(0.5)
        yield


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise EnvironmentFailed(
            f"`{' '.join(command[1:5])}` failed while installing Rucio: {_last_lines(output)}",
            hint="Check that the package index can be reached, then try again.",
        )


def _last_lines(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return " / ".join(lines[-3:]) or "it said nothing"
