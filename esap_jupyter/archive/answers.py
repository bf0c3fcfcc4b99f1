"""The forms in which an answer can be had (DALI 1.1, section 3.4.3), each written as the rows arrive."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa

from esap_jupyter.archive.fits_table import write_fits_table
from esap_jupyter.errors import InputError
from esap_jupyter.formats.votable_writer import Serialization, write_votable

VOTABLE = "application/x-votable+xml"


Write = Callable[[BinaryIO, pa.Schema, Iterable[pa.RecordBatch], Callable[[], bool], Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Format:
    """A form of answer.

    Attributes
    ----------
    media_type : str
        As it is announced.
    names : tuple of str
        What RESPONSEFORMAT may say, lower case.
    write : callable
        Takes the sink, the schema, the batches, whether rows were left out (to be asked after the last
        batch), and what to say of the query.
    """

    media_type: str
    suffix: str
    names: tuple[str, ...]
    write: Write


def _votable(serialization: Serialization) -> Write:
    def write(
        sink: BinaryIO,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        truncated: Callable[[], bool],
        infos: Mapping[str, str],
    ) -> None:
        write_votable(sink, schema, batches, serialization=serialization, truncated=truncated, infos=infos)

    return write


def _csv(
    sink: BinaryIO,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    truncated: Callable[[], bool],  # noqa: ARG001  (CSV has no place for it)
    infos: Mapping[str, str],  # noqa: ARG001
) -> None:
    from pyarrow import csv

    with csv.CSVWriter(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _parquet(
    sink: BinaryIO,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    truncated: Callable[[], bool],
    infos: Mapping[str, str],
) -> None:
    from pyarrow import parquet

    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
        writer.add_key_value_metadata({**infos, "QUERY_STATUS": "OVERFLOW" if truncated() else "OK"})


def _fits(
    sink: BinaryIO,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    truncated: Callable[[], bool],
    infos: Mapping[str, str],
) -> None:
    # The header says how many rows there are, so the table is put on disk before it is sent.
    with tempfile.TemporaryFile() as spool:
        write_fits_table(spool, schema, batches, truncated, infos)
        spool.seek(0)
        shutil.copyfileobj(spool, sink, 1 << 20)


FORMATS = (
    Format(
        VOTABLE,
        "vot",
        ("votable", VOTABLE, "text/xml", "votable/b2", f"{VOTABLE};serialization=binary2"),
        _votable("BINARY2"),
    ),
    Format(
        f"{VOTABLE};serialization=tabledata",
        "vot",
        ("votable/td", f"{VOTABLE};serialization=tabledata"),
        _votable("TABLEDATA"),
    ),
    Format(
        f"{VOTABLE};serialization=binary",
        "vot",
        ("votable/b", f"{VOTABLE};serialization=binary"),
        _votable("BINARY"),
    ),
    Format("text/csv;header=present", "csv", ("csv", "text/csv", "text/csv;header=present"), _csv),
    Format("application/fits", "fits", ("fits", "application/fits"), _fits),
    Format(
        "application/vnd.apache.parquet",
        "parquet",
        ("parquet", "application/vnd.apache.parquet", "application/parquet"),
        _parquet,
    ),
)


def format_named(name: str) -> Format:
    """The format that RESPONSEFORMAT names; VOTable if it is empty.

    Raises
    ------
    InputError
        If it is not offered.
    """
    wanted = "".join(name.lower().split()) or "votable"
    for offered in FORMATS:
        if wanted in offered.names:
            return offered
    known = ", ".join(offered.names[0] for offered in FORMATS)
    raise InputError(
        f"The format {name!r} is not offered.", hint=f"Offered are: {known}.", field="RESPONSEFORMAT"
    )
