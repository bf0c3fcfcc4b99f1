"""The data lake's words, as Rucio means them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

DIDType = Literal["FILE", "DATASET", "CONTAINER", "COLLECTION", "UNKNOWN"]


class DIDName(BaseModel):
    """The two parts of a data identifier."""

    model_config = ConfigDict(frozen=True)

    scope: str = Field(min_length=1)
    name: str = Field(min_length=1)

    def __str__(self) -> str:
        return f"{self.scope}:{self.name}"


class DID(DIDName):
    """A data identifier and what Rucio says of it.

    Attributes
    ----------
    bytes, length : int, optional
        Size, and number of files in a dataset or container.
    metadata : dict
        As asked for; empty in listings.
    """

    type: DIDType = "UNKNOWN"
    bytes: int | None = None
    length: int | None = None
    adler32: str = ""
    md5: str = ""
    account: str = ""
    created_at: datetime | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class ReplicaOnRSE(BaseModel):
    """One replica of one file, as `list_replicas` gives it."""

    model_config = ConfigDict(frozen=True)

    scope: str
    name: str
    rse: str
    state: str
    bytes: int | None = None
    adler32: str = ""
    md5: str = ""
    urls: tuple[str, ...] = ()


class RSE(BaseModel):
    """A Rucio storage element."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str = ""
    availability: dict[str, bool] = Field(default_factory=dict)
    attributes: dict[str, JsonValue] = Field(default_factory=dict)


class Rule(BaseModel):
    """A replication rule: so many copies of a DID on the RSEs of an expression, for so long.

    Attributes
    ----------
    locks_ok, locks_replicating, locks_stuck : int
        Files in each state.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    scope: str
    name: str
    account: str
    rse_expression: str
    copies: int
    state: str
    comment: str = ""
    locks_ok: int = 0
    locks_replicating: int = 0
    locks_stuck: int = 0
    error: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None


class AccountUsage(BaseModel):
    """What an account uses and may use on one RSE; `limit` None means no limit."""

    model_config = ConfigDict(frozen=True)

    account: str
    rse: str
    bytes: int = 0
    files: int = 0
    limit: int | None = None


class WritableRSE(BaseModel):
    """An RSE to which the person may upload; `free` is what is left of the quota, None without a limit."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str = ""
    free: int | None = None


class UploadTarget(BaseModel):
    """Where files go in a data lake.

    Attributes
    ----------
    scope : str
        Of the files' DIDs.
    rse : str
        One RSE.
    dataset : DIDName, optional
        The dataset that the files become part of; made if there is none.
    lifetime : int, optional
        Seconds for which a rule keeps them; None means for ever.
    """

    model_config = ConfigDict(frozen=True)

    scope: str = Field(min_length=1)
    rse: str = Field(min_length=1)
    dataset: DIDName | None = None
    lifetime: int | None = Field(default=None, gt=0)


class MountedFile(BaseModel):
    """A file of a DID that can be read on an RSE as that is mounted here."""

    model_config = ConfigDict(frozen=True)

    scope: str
    name: str
    rse: str
    path: Path
    bytes: int | None = None
