"""Replicas that are not HTTP, brought by the tool that their storages' makers ship.

rucio-clients' own `DownloadClient` would do, but it finds out about storages through a second client that
reads ``rucio.cfg``, and remembers them by name for all Rucios of a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from esap_jupyter.config import origin_of
from esap_jupyter.errors import AddressRefused, ChecksumMismatch, EsapError, NoReplica, TransferError
from esap_jupyter.models import Replica, SourceFile
from esap_jupyter.transfer.checksum import cheapest

_TOOLS: Mapping[str, tuple[str, ...]] = {
    "root": ("xrdcp", "--force", "--nopbar"),
    "xroot": ("xrdcp", "--force", "--nopbar"),
    "gsiftp": ("gfal-copy", "--force"),
    "srm": ("gfal-copy", "--force"),
}
_PACKAGES = {"xrdcp": "xrootd-client", "gfal-copy": "gfal2-util"}

# XRootD's own patience is half an hour.
_XROOTD_PATIENCE = {
    "XRD_CONNECTIONWINDOW": "10",
    "XRD_CONNECTIONRETRY": "2",
    "XRD_REQUESTTIMEOUT": "60",
    "XRD_STREAMTIMEOUT": "60",
    "XRD_STREAMERRORWINDOW": "60",
}
# Of root://a:1094#@b, the tools read host b; whatever can be read in two ways is no address of a storage.
_PLAIN_URL = re.compile(r"[a-z]+://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?/[^\s\\\x00-\x1f\x7f]*$")
_SECONDS_TO_END = 1.0
_READ_AT_ONCE = 1 << 20
_LONGEST_MESSAGE = 300


async def bring(
    file: SourceFile, target: Path, named_origins: frozenset[str], credentials: Mapping[str, str]
) -> None:
    """Bring a file by its first replica that can be read; it is verified before it gets its name.

    Parameters
    ----------
    target : Path
        Absolute; what is there is replaced.
    named_origins : frozenset of str
        Origins (``root://host:1094``) that the configuration names; no other is talked to, since the tools
        connect to whatever a name resolves to, and show it the person's credential.
    credentials : mapping of str to str
        Environment variables that hold them.

    Raises
    ------
    EsapError
        Why the last of the replicas could not be read.
    """
    failure: EsapError = NoReplica(f"{file.path} has no replica.", hint="Ask the data lake for one.")
    part = target.with_name(f"{target.name}.part")
    await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
    for replica in file.replicas:
        try:
            command = _command(replica, named_origins)
            await _run([*command, replica.url, str(part)], credentials, replica)
            await asyncio.to_thread(_verify, part, file)
            await asyncio.to_thread(part.replace, target)
        except EsapError as error:
            failure = error
        else:
            return
        finally:
            part.unlink(missing_ok=True)
    raise failure.at(file.service)


def _command(replica: Replica, named_origins: frozenset[str]) -> tuple[str, ...]:
    scheme = replica.url.partition(":")[0]
    if scheme not in _TOOLS:
        raise NoReplica(f"Nothing here reads {scheme}.", hint="Ask for a replica on another RSE.")
    tool, *options = _TOOLS[scheme]
    found = shutil.which(tool)
    if found is None:
        raise NoReplica(
            f"The replica on {replica.rse} is read by {tool}, which is not installed.",
            hint=f"Install it ({_PACKAGES[tool]}), or ask for a replica on an RSE with HTTPS.",
        )
    origin = origin_of(replica.url) if _PLAIN_URL.match(replica.url) else ""
    if origin not in named_origins:
        raise AddressRefused(
            f"{origin or 'Where the replica is said to be'} is no storage that the configuration names.",
            hint="If it belongs to the data lake, list it in the service's `origins` in esap.toml.",
        )
    return (found, *options)


async def _run(command: list[str], credentials: Mapping[str, str], replica: Replica) -> None:
    async with _started(command, {**os.environ, **_XROOTD_PATIENCE, **credentials}) as process:
        _, said = await process.communicate()
    if process.returncode:
        text = said.decode(errors="replace").replace(credentials.get("BEARER_TOKEN") or "\0", "***")
        lines = text.strip().splitlines() or [f"exit code {process.returncode}"]
        raise TransferError(
            f"{replica.rse}: {Path(command[0]).name} failed: {lines[-1][:_LONGEST_MESSAGE]}",
            hint="Try again, or ask for a replica on another RSE.",
        )


@contextlib.asynccontextmanager
async def _started(
    command: list[str], environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a program that has ended when this is over, and asks nobody for anything."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # no terminal to ask at, no Ctrl-C but ours, and it ends with its children
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), _SECONDS_TO_END)
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


def _verify(part: Path, file: SourceFile) -> None:
    size = part.stat().st_size
    if file.size is not None and size != file.size:
        raise TransferError(f"{file.path} has {size} bytes and should have {file.size}.")
    checksum = cheapest(file.checksums)
    if checksum is None:
        return
    hasher = checksum.hasher()
    with part.open("rb") as content:
        while data := content.read(_READ_AT_ONCE):
            hasher.update(data)
    if not checksum.matches(hasher):
        raise ChecksumMismatch(
            f"{file.path} does not have the {checksum.algorithm} that Rucio promises.",
            hint="Tell the data lake's operators that the replica is damaged.",
        )
