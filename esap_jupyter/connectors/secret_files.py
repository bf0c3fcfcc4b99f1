"""Files that hold a secret: read only if nobody else can read them, and written so."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from esap_jupyter.errors import SignInNeeded

_LARGEST = 1_000_000


def read_secret(path: Path, what: str) -> str:
    """Read a password, key or token from a file that only its owner can read.

    The file belongs to the person and to nobody else (``chmod 600``), or to root and is not open to everyone,
    as secrets mounted into containers are. To root, whose containers hold other people's files, each private
    file will do.

    Parameters
    ----------
    path : Path
        The file; ``~`` is the person's home.
    what : str
        What it holds, for the messages: "password", "token".

    Returns
    -------
    str
        The text without the white space around it.

    Raises
    ------
    SignInNeeded
        If there is no such file, it cannot be read, it is empty, or others can read it.
    """
    path = path.expanduser()
    try:
        # Looked at and read through one descriptor, so that it is the same file; a pipe must not hold us up.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
            problem = _exposure(os.fstat(file.fileno()))
            secret = b"" if problem else file.read(_LARGEST)
    except FileNotFoundError:
        raise SignInNeeded(
            f"The {what} file {path} does not exist.", hint="Create it, or correct the setting."
        ) from None
    except OSError as error:
        raise SignInNeeded(
            f"The {what} file {path} cannot be read ({error.strerror}).",
            hint="Correct the setting, or the file's permissions.",
        ) from None
    if problem:
        raise SignInNeeded(
            f"The {what} file {path} {problem}: it is not used.",
            hint=f"Make it yours alone (chmod 600 {path}), and renew the {what} if others may have seen it.",
        )
    try:
        text = secret.decode().strip()
    except UnicodeDecodeError:
        raise SignInNeeded(f"The {what} file {path} holds no text.", hint="Write it anew.") from None
    if not text:
        raise SignInNeeded(f"The {what} file {path} is empty.", hint="Write it anew.")
    return text


def write_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner can read, at once as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _exposure(status: os.stat_result) -> str:
    """Say who else can touch the file, or nothing if nobody can."""
    if not stat.S_ISREG(status.st_mode):
        return "is no ordinary file"
    if os.geteuid() in (status.st_uid, 0):
        return "can be read by others" if status.st_mode & 0o077 else ""
    if status.st_uid != 0:
        return "belongs to somebody else"
    return "can be read by everyone" if status.st_mode & 0o027 else ""
