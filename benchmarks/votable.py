"""A million rows of a VOTable from disk to columns in memory."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa

from benchmarks.figure import Figure, medians, seconds
from esap_jupyter.formats.votable import open_votable
from esap_jupyter.formats.votable_writer import Serialization, write_votable

ROWS = 1_000_000
ROUNDS = 3


def votable_parse() -> Figure:
    """12 columns, one of them text, in BINARY2; peer: astropy; floor: `numpy.fromfile` of the same numbers.

    The other serialisations and the first rows are `more`; astropy, slowest at TABLEDATA, reads that once.
    """
    table = _catalogue()
    with tempfile.TemporaryDirectory() as directory:
        files: dict[str, Path] = {}
        for serialization in get_args(Serialization):
            files[serialization] = Path(directory) / f"{serialization}.vot"
            with files[serialization].open("wb") as sink:
                write_votable(sink, table.schema, table.to_batches(), serialization=serialization)
        numbers = Path(directory) / "numbers"
        np.column_stack([table[name].to_numpy() for name in table.column_names[:-1]]).astype("f8").tofile(
            numbers
        )
        del table
        taken = medians(
            ROUNDS,
            ours=lambda: seconds(lambda: _read(files["BINARY2"])),
            peer=lambda: seconds(lambda: _read_by_astropy(files["BINARY2"])),
            floor=lambda: seconds(lambda: np.fromfile(numbers)),
            first_rows=lambda: seconds(lambda: _read_first(files["BINARY2"])),
            binary=lambda: seconds(lambda: _read(files["BINARY"])),
            tabledata=lambda: seconds(lambda: _read(files["TABLEDATA"])),
        )
        peer_tabledata = seconds(lambda: _read_by_astropy(files["TABLEDATA"]))
        megabytes = files["BINARY2"].stat().st_size / 1e6
    return Figure(
        "votable-parse",
        "s",
        ours=taken["ours"],
        peer=taken["peer"],
        floor=taken["floor"],
        more={
            "rows": ROWS,
            "megabytes": megabytes,
            "first_rows": taken["first_rows"],
            "binary": taken["binary"],
            "tabledata": taken["tabledata"],
            "peer_tabledata": peer_tabledata,
        },
    )


def _catalogue() -> pa.Table:
    random = np.random.default_rng(1)
    columns: dict[str, object] = {"source_id": np.arange(ROWS) + 4_000_000_000}
    columns |= {f"flux_{number}": random.normal(100, 10, ROWS) for number in range(10)}
    columns["designation"] = [f"Gaia DR3 {number}" for number in range(ROWS)]
    return pa.table(columns)


def _read(path: Path) -> pa.Table:
    with path.open("rb") as source:
        table = pa.Table.from_batches(open_votable(source))
    assert table.num_rows == ROWS
    return table


def _read_first(path: Path) -> None:
    with path.open("rb") as source:
        assert next(iter(open_votable(source))).num_rows


def _read_by_astropy(path: Path) -> None:
    from astropy.io.votable import parse_single_table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(parse_single_table(path).array) == ROWS


BENCHMARKS = {"votable-parse": votable_parse}
