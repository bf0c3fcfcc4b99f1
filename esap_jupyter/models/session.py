"""The server that a person works in: until when it lives, and how much room is left."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class ServerLife(BaseModel):
    """Until when the hub lets this server live.

    Attributes
    ----------
    ends_at : datetime, optional
        When the hub stops it; None if it has no end.
    at_most : datetime, optional
        Until when it can be kept alive.
    idle_minutes : float
        After so long without doing anything the hub stops it, too; 0: it does not.
    warn_minutes : float
        How long before the end the person is to be asked.
    contact : str
        Whom to write to at the site.
    """

    model_config = ConfigDict(frozen=True)

    started_at: datetime
    ends_at: datetime | None
    at_most: datetime | None
    idle_minutes: float = 0.0
    warn_minutes: float = 15.0
    contact: str = ""


class StorageRoom(BaseModel):
    """How much the person's home holds, and may hold. Bytes.

    Attributes
    ----------
    path : str
        The directory that was measured.
    limit : int
        What it may hold: the file system's size, or the site's limit for each home.
    used : int, optional
        None while it is being measured.
    free : int
        What can still be written, whichever of the two ends first.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    limit: int
    used: int | None
    free: int


class ServerSession(BaseModel):
    """The server that a person works in.

    Attributes
    ----------
    life : ServerLife, optional
        None if no hub spawned it, or one that does not say.
    storage : StorageRoom
        The room that is left.
    """

    model_config = ConfigDict(frozen=True)

    life: ServerLife | None
    storage: StorageRoom
