"""The person's own directory, and the border around it."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from esap_jupyter.errors import UNPRINTABLE, NoRoom, OutsideWorkspace


class Workspace:
    """A directory that nothing written on the word of a service may leave.

    Parameters
    ----------
    root : Path
        The directory; made when first needed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()

    def resolve(self, relative: str | PurePosixPath) -> Path:
        """Return the absolute path of a relative one that may be written, symbolic links followed.

        Raises
        ------
        OutsideWorkspace
            If it is absolute, contains ``..`` or control characters, is the workspace itself, or leaves the
            workspace through a symbolic link.
        """
        resolved = self._named(relative).resolve()
        if not resolved.is_relative_to(self.root):
            raise self._outside(str(relative))
        return resolved

    def readable(self, relative: str | PurePosixPath) -> Path:
        """Return the absolute path of something that is only read, or listed.

        The person's own symbolic links may lead elsewhere, as in Jupyter's file browser: data are often on
        another disk. Hidden ones, which that does not list, may not.

        Raises
        ------
        OutsideWorkspace
            If it is absolute, contains ``..`` or control characters, is the workspace itself, or leaves the
            workspace through something hidden.
        """
        path = self._named(relative)
        is_hidden = any(part.startswith(".") for part in PurePosixPath(relative).parts)
        return self.resolve(relative) if is_hidden else path

    def _named(self, relative: str | PurePosixPath) -> Path:
        """The absolute path by its name alone, links not looked at."""
        path = PurePosixPath(relative)
        text = str(relative)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise self._outside(text)
        if UNPRINTABLE.search(text) or "\n" in text or "\t" in text:
            raise self._outside(text)
        return self.root / path

    def check_room(self, wanted: int, keep_free: int) -> None:
        """See to it that the disk has room.

        Parameters
        ----------
        wanted, keep_free : int
            Bytes that will be written, and that must then still be free.

        Raises
        ------
        NoRoom
            If it has not.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.root).free
        if wanted + keep_free > free:
            raise NoRoom(
                f"{_size(wanted)} are to be written, but only {_size(max(free - keep_free, 0))} of the disk "
                f"of {self.root} may be used ({_size(keep_free)} stay free).",
                hint="Make room, stage fewer items, or use another workspace.",
            )

    def _outside(self, path: str) -> OutsideWorkspace:
        shown = "".join(c if c.isprintable() else "?" for c in path)
        return OutsideWorkspace(
            f"{shown!r} is not a path inside the workspace {self.root}.",
            hint="Use a relative path without '..' that leads through no link to elsewhere.",
            field="directory",
        )


def _size(count: int) -> str:
    """Bytes for people, in powers of 1000."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"
