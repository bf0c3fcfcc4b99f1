"""What a table's directory says of itself: `table.json`, replaced whole, so that a reader never sees half.

Beside it lie the closed Parquet parts, `writing` while somebody writes (touched on and on), and `pinned`
if the table is saved.
"""

from __future__ import annotations

import base64
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from esap_jupyter.errors import NotFound, StateError
from esap_jupyter.formats.files import replacing
from esap_jupyter.models import Query, ServiceReport

VERSION = 1
MANIFEST, WRITING, PINNED = "table.json", "writing", "pinned"
# A writer touches its mark more often than this by far; a process that died does not.
WRITER_LEASE = 120.0


class Part(BaseModel):
    """A closed Parquet file."""

    file: str
    rows: int


class ServiceRows(BaseModel):
    """The rows of one service: its parts in order.

    Attributes
    ----------
    stem : str
        What its files' names begin with.
    encoded_schema : str
        The Arrow schema, serialised, base64.
    """

    stem: str
    next_number: int = 0
    encoded_schema: str
    parts: list[Part] = Field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows in all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def arrow_schema(self) -> Any:
        """The Arrow schema."""
        return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(self.encoded_schema)))


class FileSource(BaseModel):
    """The file that a table was read from, as it was then.

    Attributes
    ----------
    hdu : int, optional
        Which of a FITS file's HDUs it is.
    modified : int
        Nanoseconds since 1970.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    hdu: int | None = None
    size: int
    modified: int


class Manifest(BaseModel):
    """A table as it stands.

    Attributes
    ----------
    source : FileSource, optional
        The file that it was read from, if it came from no service.
    complete : bool
        Whether nothing more comes.
    """

    version: int = VERSION
    id: str
    title: str
    query: Query | None = None
    source: FileSource | None = None
    created_at: datetime
    complete: bool = False
    services: dict[str, ServiceRows] = Field(default_factory=dict)
    reports: dict[str, ServiceReport] = Field(default_factory=dict)


def encode_schema(schema: Any) -> str:
    """Serialise an Arrow schema for `ServiceRows`."""
    return base64.b64encode(schema.serialize().to_pybytes()).decode()


def load_manifest(directory: Path) -> Manifest:
    """Read the manifest of a table.

    Raises
    ------
    NotFound
        If there is no such table, or no longer.
    StateError
        If it is damaged or from a newer version of ESAP.
    """
    try:
        text = (directory / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(
            f"There is no table {directory.name}.",
            hint="The cache may have dropped it; saved tables are never dropped.",
        ) from error
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise StateError(f"The table in {directory} is damaged: {error.errors()[0]['msg']}.") from error
    if manifest.version > VERSION:
        raise StateError(f"The table in {directory} is from a newer version of ESAP.")
    return manifest


def save_manifest(directory: Path, manifest: Manifest) -> None:
    """Replace the manifest.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with replacing(directory / MANIFEST) as partial:
        partial.write_text(manifest.model_dump_json())


def is_being_written(directory: Path) -> bool:
    """Whether somebody writes the table who still lives."""
    try:
        return time.time() - (directory / WRITING).stat().st_mtime < WRITER_LEASE
    except FileNotFoundError:
        return False
