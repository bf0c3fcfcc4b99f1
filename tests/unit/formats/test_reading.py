"""Files with tables, read a batch at a time."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits

from esap_jupyter.errors import BadAnswer, InputError, NotFound
from esap_jupyter.formats.files import write_file
from esap_jupyter.formats.reading import BATCH_ROWS, open_table, tables_in

ROWS = 2 * BATCH_ROWS + 7


@pytest.fixture(scope="module")
def table() -> pa.Table:
    fields = [
        pa.field("id", pa.int64()),
        pa.field("ra", pa.float64(), metadata={"unit": "deg", "ucd": "pos.eq.ra"}),
        pa.field("name", pa.string()),
    ]
    numbers = np.arange(ROWS)
    names = [f"star {number}" for number in numbers]
    return pa.table([numbers, numbers / 7, names], schema=pa.schema(fields))


def read(path: Path, hdu: int | None = None) -> tuple[pa.Table, list[int]]:
    with open_table(path, hdu) as opened:
        batches = list(opened.batches)
    plain = [batch.replace_schema_metadata(None) for batch in batches]
    return pa.Table.from_batches(plain), [batch.num_rows for batch in batches]


@pytest.mark.parametrize("suffix", [".vot", ".xml", ".fits", ".parquet", ".csv"])
def test_every_format_comes_in_batches(tmp_path, table, suffix) -> None:
    path = tmp_path / f"stars{suffix}"
    write_file(table, path)

    found, sizes = read(path)

    assert max(sizes) < ROWS, "the file is not held whole"
    assert found.to_pydict() == table.to_pydict()
    if suffix != ".csv":
        assert found.schema.field("ra").metadata[b"unit"] == b"deg"


@pytest.mark.parametrize("suffix", [".vot", ".fits", ".csv"])
def test_packed_files(tmp_path, table, suffix) -> None:
    plain, packed = tmp_path / f"stars{suffix}", tmp_path / f"stars{suffix}.gz"
    write_file(table.slice(0, 5), plain)
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    assert read(packed)[0].column("name").to_pylist() == [f"star {number}" for number in range(5)]


@pytest.mark.parametrize("name", ["stars.ecsv", "stars.csv"])
def test_ecsv_with_units_whatever_its_suffix(tmp_path, name) -> None:
    from astropy import units
    from astropy.table import QTable

    path = tmp_path / name
    QTable({"d": [1.5, 2.5] * units.pc}).write(path, format="ascii.ecsv")

    found, _ = read(path)

    assert found.column("d").to_pylist() == [1.5, 2.5]
    assert found.schema.field("d").metadata[b"unit"] == b"pc"


def test_csv_whose_end_is_of_another_type_than_its_beginning(tmp_path) -> None:
    path = tmp_path / "mixed.csv"
    with path.open("w") as file:
        file.write("n,text\n")
        file.writelines(f"{number},{'x' * 60}\n" for number in range(300_000))
        file.write("0.5,last\n")

    found, _ = read(path)

    assert found.column("n")[-1].as_py() == 0.5
    assert found.num_rows == 300_001


def test_columns_of_one_name_are_told_apart(tmp_path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("a,a\n1,2\n")

    assert len(set(read(path)[0].column_names)) == 2


@pytest.fixture
def several(tmp_path) -> Path:
    """An image, a table, a compressed image and another table."""
    path = tmp_path / "several.fits"
    first = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=np.arange(3))], name="FIRST")
    other = fits.BinTableHDU.from_columns([fits.Column("b", "D", array=np.arange(4))], name="OTHER")
    image = fits.CompImageHDU(np.zeros((20, 20), np.int16))
    fits.HDUList([fits.PrimaryHDU(np.zeros((4, 4))), first, image, other]).writeto(path)
    return path


def test_the_tables_of_a_fits_file(several) -> None:
    assert [(each.hdu, each.name, each.rows, each.columns) for each in tables_in(several)] == [
        (1, "FIRST", 3, 1),
        (3, "OTHER", 4, 1),
    ]
    assert read(several)[0].column_names == ["a"]
    assert read(several, 3)[0].column("b").to_pylist() == [0, 1, 2, 3]
    with pytest.raises(InputError, match="HDU 2"):
        read(several, 2)


def test_arrays_of_variable_length(tmp_path) -> None:
    path = tmp_path / "arrays.fits"
    cells = np.array([np.arange(2.0), np.arange(3.0)], object)
    fits.BinTableHDU.from_columns([fits.Column("x", "PD()", array=cells)]).writeto(path)

    assert read(path)[0].column("x").to_pylist() == [[0, 1], [0, 1, 2]]


def test_an_image_is_said_to_be_one(tmp_path) -> None:
    path = tmp_path / "image.fits"
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(path)

    with pytest.raises(InputError, match="holds an image") as raised:
        tables_in(path)
    assert "image viewer" in raised.value.hint


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.vot", b"<html>no table</html>"),
        ("text.fits", b"SIMPLE but not so"),
        ("text.parquet", b"PAR1 and nothing"),
        ("empty.csv", b""),
        ("bad.ecsv", b"# %ECSV 1.0\n# ---\n# nonsense: [\n"),
        ("bad.vot.gz", b"not packed"),
    ],
)
def test_what_is_not_what_its_suffix_says(tmp_path, name, content) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(BadAnswer, match=name):
        read(path)


def test_a_file_that_breaks_off(tmp_path, table) -> None:
    path = tmp_path / "half.vot"
    write_file(table, path)
    path.write_bytes(path.read_bytes()[:2_000_000])

    with open_table(path) as opened, pytest.raises(BadAnswer, match=r"half\.vot"):
        list(opened.batches)


def test_no_such_file_and_no_such_format(tmp_path) -> None:
    with pytest.raises(NotFound):
        tables_in(tmp_path / "none.vot")
    with pytest.raises(NotFound):
        read(tmp_path / "none.parquet")
    with pytest.raises(InputError, match=r"notes\.txt"):
        read(tmp_path / "notes.txt")


def test_what_is_uncompressed_of_a_fits_file_need_not_fit_into_memory(tmp_path: Path) -> None:
    """A file of 500 kB with 120 MB of zeros in it: some kB of them are looked at, and no copy is left."""
    rows, path = 15_000_000, tmp_path / "a.fits.gz"
    header = fits.BinTableHDU(np.zeros(1, dtype=[("x", ">f8")])).header
    header["NAXIS2"] = rows
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write((fits.PrimaryHDU().header.tostring() + header.tostring()).encode())
        for _ in range(rows * 8 // 1_000_000 + 1):
            file.write(bytes(1_000_000))
    program = (
        "import sys; from pathlib import Path\n"
        "from esap_jupyter.formats.reading import open_table\n"
        "with open_table(Path(sys.argv[1])) as opened:\n"
        "    first = next(opened.batches)\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(status.partition('VmHWM:')[2].split()[0]) // 1024, first.num_rows)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], check=True, capture_output=True, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip

    megabytes, first_rows = map(int, done.stdout.split())
    assert first_rows < rows
    assert megabytes < 240
    assert list(tmp_path.iterdir()) == [path]
