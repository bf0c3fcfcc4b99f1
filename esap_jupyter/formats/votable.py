"""A fast, streaming VOTable reader: bytes in, Arrow record batches out, the first before the rest arrives.

Reads VOTable 1.1 to 1.5 in the serialisations TABLEDATA, BINARY and BINARY2. The XML around the rows goes
through expat; the rows themselves are decoded by the column.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from esap_jupyter.errors import BadAnswer
from esap_jupyter.formats.service_text import service_text
from esap_jupyter.formats.votable_binary import BinaryRows
from esap_jupyter.formats.votable_document import NotAVOTable, VOTableDocument
from esap_jupyter.formats.votable_tabledata import TableDataRows

READ_SIZE = 1 << 20
_FULL_BATCH = 1 << 21
_LONGEST_ROW = 1 << 28
_LONGEST_TAG = 1 << 24
_LONGEST_DECLARATION = 1024
_LONGEST_PREFIX = 100
_QUOTED = 1 << 16
# Attribute values may hold ">", so they are stepped over.
_PAYLOAD_START = re.compile(
    rb"""<(?:[A-Za-z_][\w.-]*:)?(?:TABLEDATA|STREAM)(?:[^<>"']|"[^<"]*"|'[^<']*')*>"""
)
_PREFIX = re.compile(rb"(?:[A-Za-z_][\w.-]*:)?")
_ENCODING = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)""")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


class _Rows(Protocol):
    """Decodes the rows of one serialisation.

    Attributes
    ----------
    pending : int
        Bytes fed and not yet taken.
    """

    pending: int

    def feed(self, text: bytes) -> None:
        """Take some more of the XML text that holds the rows, cut nowhere within a tag."""

    def take(self) -> Any:
        """Return the columns of the rows that are whole by now, as a list of arrays; None if no row is."""

    def finish(self) -> None:
        """Raise BadAnswer if part of a row is left over."""


def open_votable(source: BinaryIO, *, batch_rows: int = 50_000) -> VOTableReader:
    """Begin to read a VOTable; returns as soon as its columns are known.

    Parameters
    ----------
    source : file-like
        Read with ``read1`` where there is one, so that rows are usable as soon as they arrive. Whatever it
        raises passes through. The caller closes it.
    batch_rows : int
        Rows in a batch at most.

    Raises
    ------
    QueryRejected
        If the service answered QUERY_STATUS=ERROR (DALI 1.1, section 4.4.1); the message is its own.
    BadAnswer
        If the answer is no VOTable (HTML, JSON, text: quoted), is malformed or breaks off.
    """
    return VOTableReader(source, batch_rows=batch_rows)


class VOTableReader:
    """Iterates over the record batches of the table in a VOTable, once; made by `open_votable`.

    At least one batch comes, if only an empty one. Service descriptors after the rows come as the schema
    metadata of a last, empty batch.

    Attributes
    ----------
    rows : int
        Rows given out so far.
    """

    def __init__(self, source: BinaryIO, *, batch_rows: int) -> None:
        self.rows = 0
        self._batch_rows = batch_rows
        self._chunks = _utf8_chunks(source)
        self._document = VOTableDocument()
        self._buffer = b""
        self._head = b""
        self._ended = False
        try:
            self._read_up_to_rows()
        except NotAVOTable:
            raise self._no_votable() from None
        except BadAnswer as error:
            if self._head.lstrip()[:14].lower() == b"<!doctype html":
                raise self._no_votable() from error
            raise
        self._schema = self._document.schema()

    @property
    def schema(self) -> Any:
        """The table's schema; complete with service descriptors after iteration."""
        return self._schema

    @property
    def infos(self) -> dict[str, str]:
        """INFO elements by name, those after the table after iteration."""
        return self._document.infos

    @property
    def truncated(self) -> bool:
        """Whether the service has more than it sent; known after iteration."""
        return self._document.truncated

    @property
    def message(self) -> str:
        """What the service said with OVERFLOW; known after iteration."""
        return self._document.message

    def __iter__(self) -> Iterator[Any]:
        """Yield the record batches.

        Raises
        ------
        BadAnswer
            After the batches that did arrive, if the rest is malformed or missing; says how many rows came.
        QueryRejected
            If the service says at the end that it failed.
        """
        try:
            if self._document.payload_open:
                yield from self._payload()
            self._read_to_end()
        except BadAnswer as error:
            arrived = "no row" if not self.rows else "1 row" if self.rows == 1 else f"{self.rows:,} rows"
            raise BadAnswer(f"{error.message} Before that, {arrived} arrived.", hint=error.hint) from error
        final = self._document.schema()
        if not self.rows or final.metadata != self._schema.metadata:
            self._schema = final
            yield pa.RecordBatch.from_arrays([pa.nulls(0, kind) for kind in final.types], schema=final)

    def _read_up_to_rows(self) -> None:
        """Feed the document until rows begin, the table is over, or all has been read."""
        while not (self._document.payload_open or self._document.table_done or self._ended):
            start = _PAYLOAD_START.search(self._buffer)
            # Expat is fed to just before the rows, and in between no part of a tag.
            cut = start.end() if start else self._buffer.rfind(b"<")
            if cut < 0:
                cut = len(self._buffer)
            self._document.feed(self._buffer[:cut])
            self._buffer = self._buffer[cut:]
            if not start:
                self._read_more_or_finish()

    def _read_to_end(self) -> None:
        while not self._ended:
            self._document.feed(self._buffer)
            self._buffer = b""
            self._read_more_or_finish()

    def _read_more(self) -> bool:
        chunk = next(self._chunks, b"")
        if len(self._head) < _QUOTED:
            self._head += chunk
            if not self._head.lstrip().startswith(b"<") and self._head.strip():
                raise NotAVOTable("The answer is no XML.")
        if len(self._buffer) > _LONGEST_TAG:
            raise BadAnswer("The answer holds an XML tag of more than 16 MB.")
        self._buffer += chunk
        return bool(chunk)

    def _read_more_or_finish(self) -> None:
        if self._read_more():
            return
        self._ended = True
        if not self._head.strip():
            raise BadAnswer("The answer is empty.")
        self._document.feed(self._buffer, final=True)

    def _no_votable(self) -> BadAnswer:
        while len(self._head) < _QUOTED and (chunk := next(self._chunks, b"")):
            self._head += chunk
        said = service_text(self._head[:_QUOTED])
        return BadAnswer(f"The service did not answer with a VOTable but said: {said}")

    def _payload(self) -> Iterator[Any]:
        """Decode rows until the payload's end tag, which stays in the buffer."""
        rows = self._decoder()
        end_name = b"TABLEDATA" if self._document.serialization == "TABLEDATA" else b"STREAM"
        # The first rows go out as soon as they are here; then batches grow, since each has its cost.
        wanted = 1
        while True:
            end = _end_tag(self._buffer, end_name)
            cut = end if end >= 0 else self._buffer.rfind(b"<")
            if cut < 0:
                cut = len(self._buffer)
            rows.feed(self._buffer[:cut])
            self._buffer = self._buffer[cut:]
            if end >= 0:
                yield from self._batches(rows.take())
                rows.finish()
                return
            if rows.pending >= wanted:
                size = rows.pending
                columns = rows.take()
                if columns is None and size > _LONGEST_ROW:
                    raise BadAnswer("A row of the table is larger than 256 MB.")
                wanted = 2 * size if columns is None else min(2 * size, _FULL_BATCH)
                yield from self._batches(columns)
            if not self._read_more():
                yield from self._batches(rows.take())
                raise BadAnswer("The answer breaks off within the rows.")

    def _decoder(self) -> _Rows:
        if self._document.serialization == "TABLEDATA":
            return TableDataRows(self._document.fields)
        return BinaryRows(self._document.fields, null_mask=self._document.serialization == "BINARY2")

    def _batches(self, columns: list[Any] | None) -> Iterator[Any]:
        if not columns:
            return
        batch = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        for start in range(0, batch.num_rows, self._batch_rows):
            part = batch.slice(start, self._batch_rows)
            self.rows += part.num_rows
            yield part


def _end_tag(buffer: bytes, name: bytes) -> int:
    """Where the end tag of that name begins, with a namespace prefix or without; -1 if it is not there."""
    at = buffer.find(name)
    while at >= 0:
        opened = buffer.rfind(b"</", max(at - _LONGEST_PREFIX, 0), at)
        if opened >= 0 and _PREFIX.fullmatch(buffer, opened + 2, at):
            return opened
        at = buffer.find(name, at + 1)
    return -1


def _utf8_chunks(source: BinaryIO) -> Iterator[bytes]:
    """Read a document piece by piece, in UTF-8 whatever its encoding; bytes that are wrong become U+FFFD."""
    read = getattr(source, "read1", source.read)
    head = b""
    while len(head) < _LONGEST_DECLARATION and b">" not in head and (chunk := read(READ_SIZE)):
        head += chunk
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), "")
    declared = _ENCODING.match(head)
    encoding = encoding or (declared[1].decode() if declared else "utf-8")
    try:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
    except LookupError as error:
        raise BadAnswer(f"The answer is in the encoding {encoding!r}, which cannot be read.") from error
    ascii_compatible = "16" not in encoding and "32" not in encoding
    chunk = head
    while chunk:
        if ascii_compatible and chunk.isascii() and not decoder.getstate()[0]:
            yield chunk
        elif text := decoder.decode(chunk):
            yield text.encode()
        chunk = read(READ_SIZE)
