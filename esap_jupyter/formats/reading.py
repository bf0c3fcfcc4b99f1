"""Files with tables, read a batch at a time: VOTable, FITS, Parquet, CSV and ECSV, by suffix.

Nothing is held whole but ECSV, FITS tables with arrays of variable length, and a CSV file whose columns turn
out to be of another type than its beginning says.
"""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from esap_jupyter.errors import BadAnswer, InputError, NotFound
from esap_jupyter.formats.votable_fields import unique_names
from esap_jupyter.models import FileTable

BATCH_ROWS = 50_000
_CSV_BLOCK = 1 << 21

FORMATS = {
    ".vot": "votable",
    ".votable": "votable",
    ".xml": "votable",
    ".fits": "fits",
    ".fit": "fits",
    ".fts": "fits",
    ".parquet": "parquet",
    ".csv": "csv",
    ".ecsv": "ecsv",
}
"""By suffix; ``.gz`` may follow all but Parquet's."""


@dataclass(frozen=True)
class Batches:
    """A table that is being read.

    Attributes
    ----------
    schema : pyarrow.Schema
        Known before the rows are.
    batches : iterator of pyarrow.RecordBatch
        Once through; the metadata of the last one's schema counts.
    """

    schema: Any
    batches: Iterator[Any]


def format_of(path: Path) -> str:
    """Return the format that the suffix names.

    Raises
    ------
    InputError
        If no table is kept in such files.
    """
    name = path.name.lower()
    inner = Path(name.removesuffix(".gz")) if name.endswith(".gz") else Path(name)
    found = FORMATS.get(inner.suffix)
    if found is None or (found == "parquet" and inner.name != name):
        raise InputError(
            f"{path.name} is no file with a table.", hint=f"Tables are in {', '.join(FORMATS)}.", field="path"
        )
    return found


def tables_in(path: Path) -> list[FileTable]:
    """List the tables of a file; the first is what is read unless another is asked for.

    Raises
    ------
    InputError
        If no table is kept in such files, or a FITS file has images only.
    NotFound
        If there is no such file.
    BadAnswer
        If the file is not what its suffix says.
    """
    with _faults_of(path):
        kind = format_of(path)
        if kind == "fits":
            from esap_jupyter.formats.fits_table import fits_tables

            return fits_tables(path)
        if kind == "parquet":
            import pyarrow.parquet as pq

            metadata = pq.read_metadata(path)
            return [FileTable(rows=metadata.num_rows, columns=metadata.num_columns)]
        if not path.is_file():
            raise FileNotFoundError
        return [FileTable()]


@contextlib.contextmanager
def open_table(path: Path, hdu: int | None = None) -> Iterator[Batches]:
    """Begin to read the table in a file.

    Parameters
    ----------
    hdu : int, optional
        In a FITS file, the number of the HDU; by default its first table.

    Raises
    ------
    InputError, NotFound, BadAnswer
        As `tables_in`, and InputError if the HDU is no table. What is wrong further down in the file is
        raised while one iterates.
    """
    openers = {
        "votable": _open_votable,
        "fits": _open_fits,
        "parquet": _open_parquet,
        "csv": _open_csv,
        "ecsv": _open_ecsv,
    }
    with contextlib.ExitStack() as stack:
        with _faults_of(path):
            opened = stack.enter_context(openers[format_of(path)](path, hdu))
        yield _guarded(path, opened)


def _guarded(path: Path, opened: Batches) -> Batches:
    """Let what goes wrong while one iterates be told as everything else is, and columns differ in name."""
    names = unique_names(opened.schema.names)
    unchanged = names == opened.schema.names

    def batches() -> Iterator[Any]:
        with _faults_of(path):
            for batch in opened.batches:
                yield batch if unchanged else batch.rename_columns(names)

    fields = [field.with_name(name) for field, name in zip(opened.schema, names, strict=True)]
    return Batches(pa.schema(fields, metadata=opened.schema.metadata), batches())


@contextlib.contextmanager
def _faults_of(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path.name}.") from error
    except BadAnswer as error:
        # The reader speaks of what a service answered.
        raise BadAnswer(f"{path.name} cannot be read: {error.message}", hint=error.hint) from error
    except (pa.ArrowException, OSError, EOFError, ValueError, TypeError, KeyError) as error:
        said = str(error).strip().rstrip(".")
        raise BadAnswer(f"{path.name} cannot be read: {said}.") from error


@contextlib.contextmanager
def _bytes_of(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if path.suffix.lower() != ".gz":
            yield file
            return
        with gzip.open(file) as unpacked:
            yield cast("BinaryIO", unpacked)


@contextlib.contextmanager
def _open_votable(path: Path, _: int | None) -> Iterator[Batches]:
    from esap_jupyter.formats.votable import open_votable

    with _bytes_of(path) as source:
        reader = open_votable(source, batch_rows=BATCH_ROWS)
        yield Batches(reader.schema, iter(reader))


@contextlib.contextmanager
def _open_fits(path: Path, hdu: int | None) -> Iterator[Batches]:
    from esap_jupyter.formats.fits_table import open_fits

    with open_fits(path, hdu, BATCH_ROWS) as (schema, batches):
        yield Batches(schema, batches)


@contextlib.contextmanager
def _open_parquet(path: Path, _: int | None) -> Iterator[Batches]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        yield Batches(file.schema_arrow, file.iter_batches(BATCH_ROWS))


@contextlib.contextmanager
def _open_csv(path: Path, hdu: int | None) -> Iterator[Batches]:
    with _bytes_of(path) as source:
        is_ecsv = source.read(7) == b"# %ECSV"
    if is_ecsv:
        with _open_ecsv(path, hdu) as batches:
            yield batches
        return
    if _as_it_begins(path):
        with _csv_stream(path) as stream:
            yield Batches(stream.schema, iter(stream))
        return
    from pyarrow import csv

    table = csv.read_csv(path, convert_options=_csv_convert())
    yield Batches(table.schema, iter(table.to_batches(BATCH_ROWS)))


def _as_it_begins(path: Path) -> bool:
    """Whether all rows of a CSV file are of the types that its beginning suggests."""
    try:
        with _csv_stream(path) as stream:
            for _ in stream:
                pass
    except pa.ArrowInvalid:
        return False
    return True


def _csv_stream(path: Path) -> Any:
    from pyarrow import csv

    return csv.open_csv(
        path, read_options=csv.ReadOptions(block_size=_CSV_BLOCK), convert_options=_csv_convert()
    )


def _csv_convert() -> Any:
    from pyarrow import csv

    return csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)


@contextlib.contextmanager
def _open_ecsv(path: Path, _: int | None) -> Iterator[Batches]:
    from astropy.table import Table

    from esap_jupyter.formats.astropy_table import from_astropy

    table = from_astropy(Table.read(path, format="ascii.ecsv"))
    yield Batches(table.schema, iter(table.to_batches(BATCH_ROWS)))
