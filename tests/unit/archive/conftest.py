"""A small archive, as a person would make one of their own tables and files."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from esap_jupyter.archive.archive import Archive
from esap_jupyter.archive.database import Database
from esap_jupyter.archive.model import Identity, Limits, Product, Table
from esap_jupyter.archive.server import Listener, application

STARS = 2000
LIMITS = Limits(
    rows=500,
    most_rows=5000,
    seconds=1.5,
    job_seconds=5,
    waiting_uploads=1_200_000,
    queries=4,
    waiting=4,
    jobs=5,
    memory="200MB",
)

STAR_FIELDS = pa.schema(
    [
        pa.field("id", pa.int64(), metadata={"ucd": "meta.id;meta.main", "description": "Number"}),
        pa.field("ra", pa.float64(), metadata={"unit": "deg", "ucd": "pos.eq.ra;meta.main"}),
        pa.field("dec", pa.float64(), metadata={"unit": "deg", "ucd": "pos.eq.dec;meta.main"}),
        pa.field("pm", pa.float32(), metadata={"unit": "mas/yr", "ucd": "pos.pm"}),
        pa.field("name", pa.string(), metadata={"description": 'A name, <with> & "marks"'}),
        pa.field("variable", pa.bool_()),
        pa.field("count", pa.int16()),
    ]
)


@pytest.fixture(scope="session")
def stars() -> pa.Table:
    """Stars all over the sky; every tenth has no name, motion, variability or count."""
    rng = np.random.default_rng(1)
    tenth = np.arange(STARS) % 10 == 0
    return pa.table(
        [
            pa.array(np.arange(STARS)),
            pa.array(rng.uniform(0, 360, STARS)),
            pa.array(np.degrees(np.arcsin(rng.uniform(-1, 1, STARS)))),
            pa.array(rng.normal(0, 10, STARS).astype(np.float32), mask=tenth),
            pa.array([f"Star {number}" for number in range(STARS)], mask=tenth),
            pa.array(rng.uniform(0, 1, STARS) < 0.5, mask=tenth),
            pa.array(rng.integers(0, 100, STARS, dtype=np.int16), mask=tenth),
        ],
        schema=STAR_FIELDS,
    )


@pytest.fixture(scope="session")
def tables(stars: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> list[Table]:
    file = tmp_path_factory.mktemp("tables") / "stars.parquet"
    pq.write_table(stars, file)
    regions = pa.table(
        {
            "name": ["circle", "polygon", "none"],
            "region": ["CIRCLE ICRS 10 20 1", "POLYGON ICRS 99 -1 101 -1 101 1 99 1", None],
        }
    )
    return [
        Table("sky.stars", file, "Some stars", order=("dec",)),
        Table("sky.regions", regions, "Some regions"),
    ]


@pytest.fixture(scope="session")
def database(tables: list[Table]) -> Iterator[Database]:
    made = Database(tables, LIMITS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def products(tmp_path_factory: pytest.TempPathFactory) -> list[Product]:
    directory = tmp_path_factory.mktemp("products")
    made = []
    for number, kind in enumerate(("image", "spectrum")):
        path = directory / f"{kind} 1.fits"
        path.write_bytes(bytes(range(256)) * 4000)
        preview = directory / f"{kind}.png"
        preview.write_bytes(b"\x89PNG")
        seen = {
            "dataproduct_type": kind,
            "calib_level": 2,
            "obs_collection": "tests",
            "target_name": "M51",
            "s_ra": 10.0,
            "s_dec": 20.0,
            "s_fov": 0.5,
            "s_region": "CIRCLE ICRS 10 20 0.25",
            "t_min": 60000.0 + number,
            "t_max": 60000.5 + number,
            "em_min": 5e-7,
            "em_max": 6e-7,
        }
        did = f"ivo://test.authority/~?tests:{path.name}"
        made.append(
            Product(did, path, "application/fits", f"A {kind}", seen, preview if number == 0 else None)
        )
    return made


@pytest.fixture(scope="session")
def served(
    tables: list[Table], products: list[Product], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archive]:
    """The archive, answering at its url."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    identity = Identity(
        authority="test.authority",
        title="Archive of the tests",
        description="Stars & regions",
        publisher="The tests",
        subjects=("stars",),
        examples=(("All < 5", "SELECT * FROM sky.stars WHERE id < 5"),),
    )

    async def start() -> tuple[Archive, Listener]:
        listener = Listener()
        jobs = tmp_path_factory.mktemp("archive") / "jobs"
        archive = Archive(tables, products, identity, directory=jobs, url=listener.url, limits=LIMITS)
        listener.serve(application(archive), largest_body=1_000_000)
        return archive, listener

    async def stop(archive: Archive, listener: Listener) -> None:
        await listener.close()
        await archive.close()

    archive, listener = asyncio.run_coroutine_threadsafe(start(), loop).result()
    yield archive
    asyncio.run_coroutine_threadsafe(stop(archive, listener), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def file_outside(tmp_path: Path) -> Path:
    """A file that nothing of the archive may ever show."""
    file = tmp_path / "secret.csv"
    file.write_text("word\nswordfish\n")
    return file
