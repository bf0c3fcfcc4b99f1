"""Tables as files: VOTable (.vot, .xml), FITS, Parquet and CSV, by suffix.

A file is written under another name and gets its own when it is whole.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from esap_jupyter.errors import BadAnswer, InputError, NotFound

SUFFIXES = (".vot", ".xml", ".fits", ".parquet", ".csv")


def write_file(table: pa.Table, path: Path) -> None:
    """Write a table in the format that the suffix names; an older file is replaced.

    Units, UCDs, utypes, xtypes and descriptions are kept in all but CSV.

    Raises
    ------
    InputError
        If there is no such format, or it cannot hold the values.
    OSError
        If the file cannot be written.
    """
    write_batches(path, table.schema, table.to_batches())


def write_batches(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write a table that need not fit into memory (but for FITS), see `write_file`.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        Iterated over twice for a VOTable.
    """
    path = Path(path)
    writers = {
        ".vot": _write_votable,
        ".xml": _write_votable,
        ".fits": _write_fits,
        ".parquet": _write_parquet,
    }
    write = {**writers, ".csv": _write_csv}.get(path.suffix.lower())
    if write is None:
        raise _no_format(path)
    with replacing(path) as partial:
        write(partial, schema, batches)


def read_file(path: Path) -> pa.Table:
    """Read a table in the format that the suffix names.

    Raises
    ------
    InputError
        If there is no such format.
    NotFound
        If there is no such file.
    BadAnswer
        If the file is not what its suffix says.
    """
    path = Path(path)
    readers = {".vot": _read_votable, ".xml": _read_votable, ".fits": _read_fits, ".parquet": _read_parquet}
    read = {**readers, ".csv": _read_csv}.get(path.suffix.lower())
    if read is None:
        raise _no_format(path)
    try:
        return read(path)
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.") from error
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise BadAnswer(f"{path.name} cannot be read: {error}.") from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to; it gets the name `path` at the end, if all went well."""
    # The suffix stays, since some libraries go by it.
    partial = path.with_name(f".{path.stem}-{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _no_format(path: Path) -> InputError:
    known = ", ".join(SUFFIXES)
    return InputError(f"There is no table format {path.suffix or path.name!r}.", hint=f"Use one of {known}.")


def _write_votable(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    from esap_jupyter.formats.votable_writer import beyond_ascii, write_votable

    # VOTable 1.4 has ASCII strings and others, and says which before the rows.
    beyond = beyond_ascii(batches)
    with path.open("wb") as sink:
        write_votable(sink, schema, batches, unicode_columns=beyond)


def _read_votable(path: Path) -> pa.Table:
    from esap_jupyter.formats.votable import open_votable

    with path.open("rb") as source:
        reader = open_votable(source)
        batches = list(reader)
    # Metadata known only after the rows belong to all of them.
    return pa.Table.from_batches([batch.replace_schema_metadata(reader.schema.metadata) for batch in batches])


def _write_fits(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    from esap_jupyter.formats.fits_table import write_fits

    write_fits(pa.Table.from_batches(batches, schema), path)


def _read_fits(path: Path) -> pa.Table:
    from esap_jupyter.formats.fits_table import read_fits

    return read_fits(path)


def _write_parquet(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


def _read_parquet(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.read_table(path)


def _write_csv(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    from pyarrow import csv

    flat = pa.schema([field.with_type(_csv_type(field.type)) for field in schema])
    with csv.CSVWriter(path, flat) as writer:
        for batch in batches:
            columns = [_csv_column(column) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=flat))


def _csv_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_nested(kind) or pa.types.is_dictionary(kind) else kind


def _csv_column(column: pa.Array) -> pa.Array:
    """Lists and structures as JSON, for which CSV has nothing."""
    if pa.types.is_dictionary(column.type):
        return column.cast(pa.string())
    if not pa.types.is_nested(column.type):
        return column
    return pa.array(
        [None if cell is None else json.dumps(cell, default=str) for cell in column.to_pylist()], pa.string()
    )


def _read_csv(path: Path) -> pa.Table:
    from pyarrow import csv

    return csv.read_csv(
        path, convert_options=csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
    )
