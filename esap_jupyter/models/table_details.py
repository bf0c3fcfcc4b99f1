"""What the person's own tables are."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from esap_jupyter.models.query import Query
from esap_jupyter.models.selection import ColumnKind
from esap_jupyter.models.service import ServiceReport


class Column(BaseModel):
    """A column of a table.

    Attributes
    ----------
    type : str
        As Arrow calls it.
    kind : str
        What can be done with it.
    unit : str
        VOUnits string.
    ucd : str
        UCD1+ string.
    """

    name: str
    type: str
    kind: ColumnKind
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    xtype: str = ""
    description: str = ""


class TableSummary(BaseModel):
    """A table without its columns.

    Attributes
    ----------
    file : str
        Absolute path of the file that it was read from; empty if it came from services.
    hdu : int, optional
        Which HDU of that file it is, if it is a FITS file.
    complete : bool
        Nothing more comes.
    interrupted : bool
        Who wrote it ended first: what is there is all there will be.
    truncated : bool
        A service has more rows than it was asked for or would send.
    pinned : bool
        Saved from being dropped when the cache is full.
    """

    id: str
    title: str
    query: Query | None
    file: str
    hdu: int | None
    created_at: datetime
    rows: int
    complete: bool
    interrupted: bool
    truncated: bool
    pinned: bool
    reports: tuple[ServiceReport, ...]


class TableDetails(TableSummary):
    """A table as it is now."""

    columns: tuple[Column, ...]
