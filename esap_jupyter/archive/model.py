"""What an archive is made of: described tables, described files, and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

MAIN_ID = "meta.id;meta.main"
MAIN_RA, MAIN_DEC = "pos.eq.ra;meta.main", "pos.eq.dec;meta.main"


@dataclass(frozen=True, slots=True)
class Table:
    """A table that the archive offers.

    Attributes
    ----------
    name : str
        ``schema.table``, lower case.
    source : Path or pyarrow.Table
        A Parquet file, or the rows themselves. The fields' metadata (``unit``, ``ucd``, ``utype``, ``xtype``,
        ``description``) describe the columns. Columns with the UCDs ``pos.eq.ra;meta.main`` and
        ``pos.eq.dec;meta.main`` make the table one that a cone search can be asked of.
    order : tuple of str
        Columns by which the rows are sorted as they are loaded, so that a search on them reads few.
    """

    name: str
    source: Path | pa.Table
    description: str = ""
    title: str = ""
    order: tuple[str, ...] = ()
    utype: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A file that the archive serves, with what ObsCore says of it.

    Attributes
    ----------
    publisher_did : str
        ``obs_publisher_did``: how DataLink is asked for it.
    path : Path
        The file; its name must be unique in the archive.
    observation : mapping
        Values for columns of ``ivoa.obscore``; `access_url`, `access_format`, `access_estsize` and
        `obs_publisher_did` are filled in.
    preview : Path, optional
        A PNG image.
    """

    publisher_did: str
    path: Path
    media_type: str
    title: str
    observation: Mapping[str, Any] = field(default_factory=dict)
    preview: Path | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who publishes.

    Attributes
    ----------
    authority : str
        IVOA authority: identifiers are ``ivo://<authority>/...``.
    examples : tuple of (str, str)
        Title and ADQL of queries worth trying.
    """

    authority: str
    title: str
    description: str
    publisher: str
    contact: str = ""
    waveband: tuple[str, ...] = ("Optical",)
    subjects: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may cost.

    Attributes
    ----------
    rows, most_rows : int
        Rows of an answer if the client does not say (MAXREC), and at most.
    seconds, job_seconds : float
        Time of a synchronous and of an asynchronous query.
    upload_bytes, waiting_uploads : int
        Of a request's body, and of the tables of all jobs that do not run yet.
    queries, jobs_at_once : int
        Synchronous and asynchronous queries run side by side.
    waiting : int
        Synchronous queries that wait for a place; more are refused with 503.
    jobs : int
        Asynchronous jobs kept; the oldest ended one makes room.
    job_lifetime : float
        Seconds until a job is destroyed.
    memory : str
        Of the database, as DuckDB writes it.
    threads : int
        Of one query.
    """

    rows: int = 100_000
    most_rows: int = 20_000_000
    seconds: float = 60.0
    job_seconds: float = 600.0
    upload_bytes: int = 100_000_000
    waiting_uploads: int = 300_000_000
    queries: int = 4
    waiting: int = 32
    jobs_at_once: int = 2
    jobs: int = 200
    job_lifetime: float = 86_400.0
    memory: str = "1GB"
    threads: int = 2


def column_with_ucd(schema: pa.Schema, ucd: str) -> str | None:
    """Name of the first column with this UCD."""
    return next((one.name for one in schema if text(one, "ucd") == ucd), None)


def text(described: pa.Field, key: str) -> str:
    """A field's metadata, empty if it has none."""
    value: bytes = (described.metadata or {}).get(key.encode(), b"")
    return value.decode()
