"""What a service says of its tables (VODataService 1.2 tableset, TAP_SCHEMA), and what a file does."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ColumnDescription(BaseModel):
    """A column of a remote table.

    Attributes
    ----------
    unit : str
        VOUnits string.
    ucd : str
        UCD1+ string.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    datatype: str = ""
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    xtype: str = ""
    description: str = ""
    indexed: bool = False


class TableDescription(BaseModel):
    """A remote table; `columns` is None until it has been asked for (``detail=min``, VOSI 1.1)."""

    model_config = ConfigDict(frozen=True)

    name: str
    schema_name: str = ""
    title: str = ""
    description: str = ""
    rows: int | None = None
    columns: tuple[ColumnDescription, ...] | None = None


class FileTable(BaseModel):
    """A table in a file.

    Attributes
    ----------
    hdu : int, optional
        In a FITS file, the number of its HDU, counted from 0.
    name : str
        Its EXTNAME, if it has one.
    rows, columns : int, optional
        How many, if the file says so before it is read.
    """

    model_config = ConfigDict(frozen=True)

    hdu: int | None = None
    name: str = ""
    rows: int | None = None
    columns: int | None = None
