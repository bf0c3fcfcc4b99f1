"""Uploaded files as people see them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from esap_jupyter.face.listing import Listing, format_bytes, show_as
from esap_jupyter.face.staged import follow

if TYPE_CHECKING:
    from esap_jupyter.models import Progress


class UploadedFile(BaseModel):
    """A file that a data lake has now.

    Attributes
    ----------
    did : str
        ``scope:name``.
    was_there : bool
        The data lake had it already.
    """

    model_config = ConfigDict(frozen=True)

    did: str
    rse: str
    size: int = Field(validation_alias="bytes")
    adler32: str
    path: Path
    was_there: bool = False


show_as(
    UploadedFile,
    ("DID", lambda f: f.did),
    ("RSE", lambda f: f.rse),
    ("size", lambda f: format_bytes(f.size)),
    ("adler32", lambda f: f.adler32),
    ("", lambda f: "was there" if f.was_there else ""),
)


async def follow_upload(job_id: str, on_progress: Callable[[Progress], None] | None) -> Listing[UploadedFile]:
    """Wait for an upload, showing its progress; being cancelled cancels the job.

    Raises
    ------
    EsapError
        If a file was not taken.
    """
    job = await follow(job_id, "Upload", on_progress)
    taken: Any = job.results.get("files", [])
    return Listing((UploadedFile.model_validate(file) for file in taken), nothing="No files.")
