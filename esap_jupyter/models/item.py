"""Items, where they come from, and where their bytes are."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field


class Provenance(BaseModel):
    """Where an item comes from: which service, which query, when.

    Attributes
    ----------
    identifier : str
        The row's own identifier there: an ``obs_publisher_did``, a DID, a DOI.
    """

    model_config = ConfigDict(frozen=True)

    service: str
    query: str = ""
    identifier: str = ""
    retrieved_at: datetime


class Item(BaseModel):
    """Something one can put in the basket.

    Attributes
    ----------
    service : str
        The service whose connector knows where the bytes are.
    kind : str
        ``url`` (a file), ``datalink`` (a DataLink document that lists files), ``did`` (Rucio).
    locator : str
        The URL, or ``scope:name``.
    size : int, optional
        Bytes, if known.
    """

    model_config = ConfigDict(frozen=True)

    service: str
    kind: Literal["url", "datalink", "did"]
    locator: str = Field(min_length=1)
    title: str = ""
    size: int | None = None
    media_type: str = ""
    provenance: Provenance

    @computed_field  # type: ignore[prop-decorator]
    @property
    def id(self) -> str:
        """Stable and short: the same thing found twice is one item in the basket."""
        text = f"{self.service}\n{self.kind}\n{self.locator}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class Link(BaseModel):
    """A row of a DataLink document (DataLink 1.1, section 3.2), or a description of why there is none."""

    model_config = ConfigDict(frozen=True)

    id: str
    access_url: str = ""
    service_def: str = ""
    error_message: str = ""
    semantics: str = ""
    description: str = ""
    content_type: str = ""
    content_length: int | None = None


class Replica(BaseModel):
    """An address from which a file's bytes can be read."""

    model_config = ConfigDict(frozen=True)

    url: str
    rse: str = ""


class SourceFile(BaseModel):
    """A file that an item stands for.

    Attributes
    ----------
    item_id : str
        The item it belongs to; a dataset has many files.
    path : str
        Relative, ``/``-separated path under the target directory.
    size : int, optional
        Bytes.
    checksums : dict
        Lower-case hex digest by algorithm (``adler32``, ``md5``, ``sha256``).
    replicas : tuple of Replica
        In order of preference.
    """

    model_config = ConfigDict(frozen=True)

    item_id: str
    service: str
    path: str
    size: int | None = None
    checksums: dict[str, str] = Field(default_factory=dict)
    replicas: tuple[Replica, ...] = ()
