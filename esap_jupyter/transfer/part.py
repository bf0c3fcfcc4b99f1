"""The beginning of a file: `name.part`, and beside it `name.part.json`, which says of which bytes it is.

A part is written under a lock, so that two processes bringing the same file do not mix their bytes, and
becomes the file in one step. It outlives whoever wrote it: a later attempt goes on where it ends.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from esap_jupyter.errors import EsapError, NoRoom, TransferError

RESUMABLE_FROM = 1_000_000
"""Bytes; the rest of a smaller file is not worth a sidecar, it is read anew."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}

# On NFS an flock belongs to the process, not to the descriptor: threads of one process need this beside it.
_held: set[tuple[int, int]] = set()
_held_guard = threading.Lock()


class PartInUse(Exception):
    """Somebody else is writing this part."""


class LocalFault(Exception):
    """The file cannot be written here, wherever its bytes come from.

    Attributes
    ----------
    error : EsapError
        What to say.
    """

    def __init__(self, error: EsapError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Version:
    """Which bytes these are, as far as the server says.

    Attributes
    ----------
    url : str
        A hash of it, since a URL may carry a signature.
    etag, last_modified : str
        The validators of RFC 9110, section 8.8; empty if not given.
    """

    url: str
    size: int
    etag: str
    last_modified: str

    @property
    def validator(self) -> str:
        """What ``If-Range`` may carry: a strong ETag, else the date (RFC 9110, section 13.1.5)."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    def contradicts(self, other: Version) -> bool:
        """Whether both say something of the same address, and not the same."""
        if self.size != other.size:
            return True
        if self.url != other.url:
            return False
        pairs = ((self.etag, other.etag), (self.last_modified, other.last_modified))
        return any(mine and theirs and mine != theirs for mine, theirs in pairs)


def fingerprint(url: str) -> str:
    """Hash a URL, to recognise it without keeping it."""
    return hashlib.sha256(url.encode()).hexdigest()


class Part:
    """The part of one target; making it touches no disk."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self.sidecar = target.with_name(target.name + ".part.json")

    def begun(self) -> tuple[int, Version] | None:
        """Say how many bytes an earlier attempt left, and of what; None if nothing can be made of them."""
        try:
            have = self.path.stat().st_size
            noted = json.loads(self.sidecar.read_text(encoding="utf-8"))
            version = Version(
                url=str(noted["url"]),
                size=int(noted["size"]),
                etag=str(noted["etag"]),
                last_modified=str(noted["last_modified"]),
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return (have, version) if 0 < have <= version.size else None

    @contextlib.contextmanager
    def opened(self, offset: int) -> Iterator[int]:
        """Open the part for writing from `offset` on, under its lock; yields the file descriptor.

        Raises
        ------
        PartInUse
            If somebody else writes it, or just finished it.
        """
        descriptor = self._open()
        try:
            with _locked(descriptor):
                # Whoever had the lock before may have renamed or removed what was opened here.
                if not _is_same_file(descriptor, self.path) or os.fstat(descriptor).st_size < offset:
                    raise PartInUse
                os.ftruncate(descriptor, offset)
                yield descriptor
        finally:
            os.close(descriptor)

    def note(self, version: Version | None) -> None:
        """Write down what the part is the beginning of; None if a resume is not to be tried."""
        if version is None or version.size < RESUMABLE_FROM:
            self.sidecar.unlink(missing_ok=True)
        else:
            self.sidecar.write_text(json.dumps(asdict(version)), encoding="utf-8")

    def size_if_in_use(self) -> int | None:
        """How many bytes it has, if somebody is writing it now."""
        with local_faults(self.target):
            try:
                descriptor = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW)
            except FileNotFoundError:
                return None
            try:
                with _locked(descriptor):
                    return None
            except PartInUse:
                return os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)

    def discard(self) -> None:
        """Remove it; to be called under its lock."""
        self.path.unlink(missing_ok=True)
        self.sidecar.unlink(missing_ok=True)

    def finish(self, descriptor: int) -> None:
        """Give the complete and verified part its final name; to be called under its lock.

        It is not forced to disk first: after a power cut a file may be short, but it is never trusted for
        its name, its size and checksum are looked at whenever it is wanted again.
        """
        # NFS and quotas tell of failed writes only when a descriptor is closed; the lock needs the other one.
        os.close(os.dup(descriptor))
        self.path.replace(self.target)
        if os.fstat(descriptor).st_size >= RESUMABLE_FROM:
            self.sidecar.unlink(missing_ok=True)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        try:
            return os.open(self.path, flags, 0o666)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, flags, 0o666)


@contextlib.contextmanager
def local_faults(target: Path) -> Iterator[None]:
    """Say in ESAP's words why writing `target` failed.

    Raises
    ------
    LocalFault
        With a `NoRoom` if the disk or the quota is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            said: EsapError = NoRoom(
                f"The disk is full; {target.name} could not be written to its end.",
                hint="Make room and stage again: what has arrived is kept.",
            )
        else:
            said = TransferError(
                f"{target} cannot be written: {error.strerror or error}.",
                hint="Check that the directory exists and may be written to.",
            )
        raise LocalFault(said) from error


@contextlib.contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    status = os.fstat(descriptor)
    key = (status.st_dev, status.st_ino)
    with _held_guard:
        if key in _held:
            raise PartInUse
        _held.add(key)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PartInUse from None
        except OSError as error:
            # Some file systems of large sites have no locks; there, the checksum is what protects.
            if error.errno not in _NO_LOCKS:
                raise
        yield
    finally:
        with _held_guard:
            _held.discard(key)


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
