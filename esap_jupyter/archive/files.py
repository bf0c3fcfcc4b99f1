"""The archive's files over HTTP, with ranges and conditions (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import asyncio
import re
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path

from tornado.iostream import StreamClosedError
from tornado.web import Finish

from esap_jupyter.archive.web import ArchiveHandler
from esap_jupyter.errors import NotFound

CHUNK = 1 << 20


class FileHandler(ArchiveHandler):
    """/files/<name>: one of the products; the name is looked up, never joined to a path."""

    async def get(self, name: str) -> None:
        """Send the file."""
        product = self.archive.files.get(name)
        if product is None:
            raise NotFound(f"There is no file {name}.")
        await send_file(self, product.path, product.media_type)

    head = get


class PreviewHandler(ArchiveHandler):
    """/previews/<name>: the picture of a product."""

    async def get(self, name: str) -> None:
        """Send the picture."""
        product = self.archive.files.get(name)
        if product is None or product.preview is None:
            raise NotFound(f"There is no preview of {name}.")
        await send_file(self, product.preview, "image/png")

    head = get


async def send_file(handler: ArchiveHandler, path: Path, media_type: str) -> None:
    """Answer with a file, or the part of it that is asked for."""
    status = await asyncio.to_thread(path.stat)
    handler.set_header("Content-Type", media_type)
    handler.set_header("Accept-Ranges", "bytes")
    handler.set_header("Last-Modified", formatdate(status.st_mtime, usegmt=True))
    etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    handler.set_header("Etag", etag)
    if handler.check_etag_header():
        handler.set_status(HTTPStatus.NOT_MODIFIED)
        handler.finish()
        return
    start, end = _range(handler, status.st_size, etag)
    handler.set_header("Content-Length", str(end - start))
    if handler.request.method == "HEAD":
        handler.finish()
        return
    with await asyncio.to_thread(path.open, "rb") as file:
        file.seek(start)
        left = end - start
        try:
            while left:
                chunk = await asyncio.to_thread(file.read, min(CHUNK, left))
                if not chunk:  # it shrank
                    handler.break_off()
                    raise Finish
                left -= len(chunk)
                handler.write(chunk)
                await handler.flush()
        except StreamClosedError:
            raise Finish from None
    handler.finish()


def _range(handler: ArchiveHandler, size: int, etag: str) -> tuple[int, int]:
    """First byte wanted, and the one after the last; sets the status if that is a part (RFC 9110, 14)."""
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", handler.request.headers.get("Range", "").strip())
    unchanged = handler.request.headers.get("If-Range") in {None, etag}
    if not asked or not any(asked.groups()) or not unchanged:
        return 0, size
    first, last = asked.groups()
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if start >= end:
        handler.clear()
        handler.set_status(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        handler.set_header("Content-Range", f"bytes */{size}")
        handler.finish()
        raise Finish
    handler.set_status(HTTPStatus.PARTIAL_CONTENT)
    handler.set_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
    return start, end
