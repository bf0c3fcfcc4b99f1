"""One attempt to bring one file from one address: resumed, verified while it streams, named at the end."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from pathlib import Path

import requests

from esap_jupyter.errors import BadAnswer, ChecksumMismatch
from esap_jupyter.transfer.checksum import Checksum, Hasher
from esap_jupyter.transfer.part import Part, Version, fingerprint, local_faults
from esap_jupyter.transfer.progress import FileMeter
from esap_jupyter.transfer.source import Interrupted, Source, Stop, version_offered


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bytes are wanted, as promised by whoever listed the file, and where."""

    target: Path
    size: int | None
    checksum: Checksum | None


def size_if_present(wanted: Wanted, stop: Stop) -> int | None:
    """Size of the file, if it is already there with the promised size and checksum.

    A file of which neither is known is never taken for the one wanted.

    Raises
    ------
    LocalFault
        If it cannot be read, or is a directory.
    """
    with local_faults(wanted.target):
        try:
            size = wanted.target.stat().st_size
        except FileNotFoundError:
            return None
        if wanted.target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if size != (size if wanted.size is None else wanted.size):
            return None
        if wanted.checksum is None:
            return None if wanted.size is None else size
        hasher = wanted.checksum.hasher()
        with wanted.target.open("rb", buffering=0) as file:
            _hash_beginning(file.fileno(), size, hasher, stop)
        return size if wanted.checksum.matches(hasher) else None


def fetch(wanted: Wanted, source: Source, meter: FileMeter) -> int:
    """Bring a file, going on where an earlier attempt ended, verify it, and give it its name.

    Returns
    -------
    int
        Its size in bytes.

    Raises
    ------
    Interrupted
        If it broke off, or the server is out of order for now; what arrived is kept.
    ChecksumMismatch
        If the bytes are not those promised; nothing is kept.
    PartInUse
        If somebody else is bringing the same file.
    Stopped
        If it was stopped; what arrived is kept.
    LocalFault
        If it cannot be written.
    EsapError
        If this address does not give the file.
    """
    part = Part(wanted.target)
    begun = _resumable(part, wanted, source.url)
    response, offset = source.resume(*begun) if begun else (source.get(), 0)
    with contextlib.closing(response):
        version = version_offered(response, source.url)
        size = version.size if version else wanted.size
        _refuse_what_cannot_be_it(response, size, wanted, source.host)
        with local_faults(wanted.target), part.opened(offset) as descriptor:
            if not offset:
                part.note(version)
            meter.size, meter.done = size, offset
            whole = _save(response, descriptor, wanted, source, meter)
            if size is not None and meter.done < size:
                raise Interrupted(source.broke_off())
            if not whole:
                part.discard()
                raise _mismatch(wanted, source.host, resumed=offset > 0)
            part.finish(descriptor)
    return meter.done


def _save(
    response: requests.Response, descriptor: int, wanted: Wanted, source: Source, meter: FileMeter
) -> bool:
    """Write the answer behind what the part has; returns whether size and checksum are those promised."""
    hasher = wanted.checksum.hasher() if wanted.checksum else None
    if hasher:
        _hash_beginning(descriptor, meter.done, hasher, source.stop)
    os.lseek(descriptor, meter.done, os.SEEK_SET)
    for chunk in source.chunks(response):
        if hasher:
            hasher.update(chunk)
        _write(descriptor, chunk)
        meter.received += len(chunk)
        meter.done += len(chunk)
        if meter.size is not None and meter.done > meter.size:
            return False
    return wanted.checksum is None or hasher is None or wanted.checksum.matches(hasher)


def _resumable(part: Part, wanted: Wanted, url: str) -> tuple[int, Version] | None:
    """Say what an earlier attempt left, if its bytes can be told to be the beginning of the wanted ones.

    With a checksum the end will tell, whichever replica they came from; without, the server must.
    """
    begun = part.begun()
    if begun is None:
        return None
    _, version = begun
    if wanted.size not in (None, version.size):
        return None
    if wanted.checksum is None and not (version.validator and version.url == fingerprint(url)):
        return None
    return begun


def _refuse_what_cannot_be_it(
    response: requests.Response, size: int | None, wanted: Wanted, host: str
) -> None:
    if wanted.size not in (None, size):
        raise ChecksumMismatch(
            f"{host} offers {size} bytes for {wanted.target.name}, which should have {wanted.size}.",
            hint="The replica is damaged, or not the file that was listed.",
        )
    nothing_promised = wanted.size is None and wanted.checksum is None
    is_page = response.headers.get("Content-Type", "").lower().startswith("text/html")
    if nothing_promised and is_page and "htm" not in wanted.target.suffix.lower():
        raise BadAnswer(
            f"{host} sent a web page where {wanted.target.name} was asked for.",
            hint="It may want a sign-in: open the address in a browser.",
        )


def _hash_beginning(descriptor: int, length: int, hasher: Hasher, stop: Stop) -> None:
    offset = 0
    while offset < length:
        stop.check()
        chunk = os.pread(descriptor, min(1 << 20, length - offset), offset)
        if not chunk:
            return
        hasher.update(chunk)
        offset += len(chunk)


def _write(descriptor: int, data: bytes) -> None:
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def _mismatch(wanted: Wanted, host: str, *, resumed: bool) -> ChecksumMismatch | Interrupted:
    error = ChecksumMismatch(
        f"The bytes of {wanted.target.name} from {host} are not the ones promised.",
        hint="The replica is damaged; nothing of it was kept.",
    )
    # What was resumed may have been at fault, not this server: it gets a chance to send the whole.
    return Interrupted(error) if resumed else error
