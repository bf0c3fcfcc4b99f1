"""Rows are usable before the rest has arrived, however the bytes are cut."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest

from esap_jupyter.formats.votable import open_votable
from esap_jupyter.formats.votable_writer import Serialization, write_votable

SERIALIZATIONS: tuple[Serialization, ...] = ("TABLEDATA", "BINARY", "BINARY2")
TABLE = pa.table(
    {
        "n": pa.array(range(3000), pa.int64()),
        "name": [None if n % 7 == 0 else f"star <{n}> é" * (n % 4) or None for n in range(3000)],
        "x": [n / 3 for n in range(3000)],
        "spectrum": pa.array([[n / 2] * (n % 5 + 1) for n in range(3000)], pa.list_(pa.float32())),
    }
)


def written(serialization: Serialization) -> bytes:
    sink = io.BytesIO()
    write_votable(sink, TABLE.schema, TABLE.to_batches(700), serialization=serialization)
    return sink.getvalue()


class Pieces(io.RawIOBase):
    """A connection on which bytes arrive in pieces of so many."""

    def __init__(self, body: bytes, sizes: Iterator[int]) -> None:
        self._body = io.BytesIO(body)
        self._sizes = sizes

    @property
    def taken(self) -> int:
        return self._body.tell()

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1) -> bytes:
        return self._body.read(min(size, next(self._sizes)))


def endless(*sizes: int) -> Iterator[int]:
    while True:
        yield from sizes


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
@pytest.mark.parametrize("sizes", [(1, 2, 3), (17,), (1000, 1), (1 << 20,)])
def test_the_cuts_do_not_matter(serialization: Serialization, sizes: tuple[int, ...]) -> None:
    body = written(serialization)
    reader = open_votable(Pieces(body, endless(*sizes)))  # type: ignore[arg-type]
    assert pa.Table.from_batches(reader).equals(TABLE)


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_the_first_rows_come_early(serialization: Serialization) -> None:
    source = Pieces(written(serialization), endless(4096))
    first = next(iter(open_votable(source)))  # type: ignore[arg-type]
    assert first.num_rows > 0
    assert source.taken <= 2 * 4096


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_batches_are_no_larger_than_asked(serialization: Serialization) -> None:
    batches = list(open_votable(io.BytesIO(written(serialization)), batch_rows=250))
    assert max(batch.num_rows for batch in batches) <= 250
    assert sum(batch.num_rows for batch in batches) == 3000


def test_batches_grow_so_that_many_rows_are_few_batches() -> None:
    batches = list(open_votable(Pieces(written("BINARY2"), endless(512))))  # type: ignore[arg-type]
    assert len(batches) < 20


def test_a_source_without_read1() -> None:
    class Plain:
        def __init__(self, body: bytes) -> None:
            self._body = io.BytesIO(body)

        def read(self, size: int) -> bytes:
            return self._body.read(size)

    reader = open_votable(Plain(written("BINARY")))  # type: ignore[arg-type]
    assert sum(batch.num_rows for batch in reader) == 3000


def test_the_columns_are_known_before_a_row_is_read(votable: Callable[..., str]) -> None:
    body = votable().encode()
    source = Pieces(body, endless(1))
    reader = open_votable(source)  # type: ignore[arg-type]
    assert reader.schema.names == ["n", "name"]
    assert source.taken <= body.index(b"<TR>")
