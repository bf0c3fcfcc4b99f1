"""Tables as files: what is kept, what is refused, and that no half file ever has a final name."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import Table

from esap_jupyter.errors import BadAnswer, InputError, NotFound
from esap_jupyter.formats import files
from esap_jupyter.formats.files import read_file, write_file
from esap_jupyter.formats.votable_fields import COMPLEX

UNITS = {"unit": "mas/yr", "ucd": "pos.pm", "utype": "a:b", "xtype": "x", "description": "Proper motion"}


def column(name: str, kind: Any, cells: list[Any]) -> tuple[pa.Field, pa.Array]:
    return pa.field(name, kind, metadata=UNITS), pa.array(cells, kind)


COLUMNS = [
    column("flag", pa.bool_(), [True, None, False]),
    column("byte", pa.uint8(), [0, None, 200]),
    column("int", pa.int32(), [-5, None, 7]),
    column("id", pa.int64(), [2**60, None, -(2**60)]),
    column("float", pa.float32(), [1.5, None, -2.5]),
    column("double", pa.float64(), [1e-300, None, float("inf")]),
    column("name", pa.string(), ["Vega", None, "Véga"]),
    column("pair", pa.list_(pa.float64(), 2), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    column("matrix", pa.list_(pa.list_(pa.int16(), 2), 3), [[[1, 2], [3, 4], [5, 6]]] * 3),
    column("spectrum", pa.list_(pa.float32()), [[1.0], None, [1.0, 2.0, 3.0]]),
    column("visibility", COMPLEX, [{"real": 1.0, "imag": 2.0}, None, {"real": -1.0, "imag": 0.0}]),
]
TABLE = pa.Table.from_arrays(
    [cells for _, cells in COLUMNS],
    schema=pa.schema([field for field, _ in COLUMNS], metadata={"name": "stars"}),
)


@pytest.mark.parametrize("suffix", [".vot", ".xml", ".VOT", ".parquet"])
def test_everything_is_kept(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{suffix}"
    write_file(TABLE, path)
    read = read_file(path)
    assert read.schema.metadata == TABLE.schema.metadata
    assert [field.metadata for field in read.schema] == [field.metadata for field in TABLE.schema]
    # Parquet has its own name for the elements of lists.
    assert read.cast(TABLE.schema).equals(TABLE)
    assert list(tmp_path.iterdir()) == [path]


def test_fits_keeps_everything_but_text_beyond_ascii(tmp_path: Path) -> None:
    path = tmp_path / "t.fits"
    write_file(TABLE, path)
    read = read_file(path)
    ascii_only = TABLE.set_column(6, TABLE.schema.field("name"), [["Vega", None, "V\\xe9ga"]])
    assert read.equals(ascii_only)
    for field in read.schema:
        assert field.metadata == TABLE.schema.field(field.name).metadata


def test_astropy_reads_the_fits_file(tmp_path: Path) -> None:
    write_file(TABLE, tmp_path / "t.fits")
    with warnings.catch_warnings():
        # Some versions say that they make False of null in columns of truth values.
        warnings.filterwarnings("ignore", message=".*NULL")
        table = Table.read(tmp_path / "t.fits")
    assert str(table["double"].unit) == "mas / yr"
    assert table["int"].mask.tolist() == [False, True, False]
    assert table["matrix"].shape == (3, 3, 2)
    assert table["spectrum"][2].tolist() == [1.0, 2.0, 3.0]
    header = fits.getheader(tmp_path / "t.fits", 1)
    assert (header["TUCD6"], header["TCOMM6"], header["EXTNAME"]) == ("pos.pm", "Proper motion", "STARS")


def test_fits_files_of_others(tmp_path: Path) -> None:
    columns = [
        fits.Column("u", "J", bzero=2**31, array=np.array([0, 2**32 - 1], np.uint32)),
        fits.Column("scaled", "I", null=-99, array=np.array([5, -99], np.int16)),
        fits.Column("bits", "3X", array=np.array([[True, False, True], [False] * 3])),
        fits.Column("text", "5A", array=np.array(["ab   ", ""])),
        fits.Column("words", "4A", dim="(2,2)", array=np.array([["ab", "cd"], ["ef", "g"]])),
    ]
    hdu = fits.BinTableHDU.from_columns(columns)
    hdu.writeto(tmp_path / "unscaled.fits")
    with fits.open(tmp_path / "unscaled.fits") as hdus:
        hdus[1].header["TSCAL2"], hdus[1].header["TZERO2"] = 0.1, 1.0
        hdus.writeto(tmp_path / "o.fits")
    read = read_file(tmp_path / "o.fits").to_pydict()
    assert read["u"] == [0, 2**32 - 1]
    assert read["scaled"] == [1.5, None]
    assert read["bits"] == [[True, False, True], [False] * 3]
    assert read["text"] == ["ab", None]
    assert read["words"] == [["ab", "cd"], ["ef", "g"]]


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_file(TABLE, path)
    read = read_file(path)
    assert read.column_names == TABLE.column_names
    assert read["id"].to_pylist() == TABLE["id"].to_pylist()
    assert read["name"].to_pylist() == ["Vega", None, "Véga"]
    assert read["pair"].to_pylist()[0] == "[1.0, 2.0]"


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_a_table_without_rows(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{suffix}"
    write_file(TABLE.slice(0, 0), path)
    read = read_file(path)
    assert (read.num_rows, read.column_names) == (0, TABLE.column_names)


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_a_failure_leaves_the_older_file_alone(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{suffix}"
    write_file(TABLE, path)
    before = path.read_bytes()

    class Broken:
        def __iter__(self) -> Any:
            yield TABLE.to_batches()[0]
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        files.write_batches(path, TABLE.schema, Broken())  # type: ignore[arg-type]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'\.doc'.*Use one of \.vot"):
        write_file(TABLE, tmp_path / "t.doc")
    with pytest.raises(InputError, match="noname"):
        read_file(tmp_path / "noname")


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_a_file_that_is_not_there(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_file(tmp_path / f"none{suffix}")


@pytest.mark.parametrize("suffix", [".vot", ".fits", ".parquet"])
def test_a_file_that_is_something_else(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{suffix}"
    path.write_bytes(b"just some text")
    with pytest.raises(BadAnswer):
        read_file(path)


def test_a_fits_file_without_a_table(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(tmp_path / "image.fits")
    with pytest.raises(InputError, match="no table"):
        read_file(tmp_path / "image.fits")
