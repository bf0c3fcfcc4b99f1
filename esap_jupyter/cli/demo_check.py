"""`esap demo --check`: the main job as a person would do it in a notebook, a line for each step."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from esap_jupyter.errors import EsapError
from esap_jupyter.face import blocking as esap

_TARGET = "M 51"
_STAR_COUNT = "SELECT COUNT(*) AS n FROM demo.sources WHERE parallax > 5"


def check() -> None:
    """Search, ask, gather, stage and open; the first thing that is not as it should be ends it.

    Raises
    ------
    EsapError
        What a step raised, or that its outcome is not what the demo holds.
    """
    position = _step(
        f"resolve {_TARGET}", lambda: esap.resolve(_TARGET), lambda p: f"{p.ra:.4f} {p.dec:+.4f}"
    )
    _expect(abs(position.ra - 202.47) < 0.05 and abs(position.dec - 47.2) < 0.05, "the position of M 51")

    by_name = _step("search by name", lambda: esap.search(_TARGET, radius="10 arcmin"), _rows)
    by_position = _step(
        "search by position", lambda: esap.search("13:29:52.7 +47:11:43", radius="10 arcmin"), _rows
    )
    _expect(len(by_name) > 0 and len(by_position) > 0, "sources around M 51")

    counted = _step("ADQL", lambda: esap.adql(_STAR_COUNT), _rows)
    _expect(counted.to_arrow()["n"][0].as_py() > 0, "nearby stars")

    images = _step("find images", lambda: esap.search(_TARGET, product="images"), _rows)
    _expect(len(images) > 0, "images of M 51")

    access = images.to_arrow()["access_url"][0].as_py()
    links = _step("DataLink", lambda: esap.links(access, "demo-archive"), lambda found: f"{len(found)} links")
    _expect(any(link.semantics == "#this" for link in links), "a link to the image itself")

    esap.basket.clear()
    _step("put in the basket", lambda: esap.basket.add(esap.items(images)), lambda n: f"{n} items")
    items = esap.basket.items()
    _expect(all(item.kind == "did" for item in items), "DIDs of the data lake in the basket")

    files = _step(
        "stage by Rucio",
        esap.stage,
        lambda found: f"{len(found)} files, verified by {', '.join(sorted({f.verified for f in found}))}",
    )
    _expect(len(files) == len(items) and all(file.verified for file in files), "every file verified")
    expected = {did.name: did.adler32 for did in map(_did, items)}
    _expect(all(_adler32(file.path) == expected[file.path.name] for file in files), "Rucio's checksums")

    _step("open with astropy", lambda: _open(files[0].path), str)
    click.echo("The main job works.")


def _step(title: str, deed: Callable[[], Any], tell: Callable[[Any], str]) -> Any:
    start = time.monotonic()
    try:
        outcome = deed()
    except EsapError:
        click.echo(f"{title:22} FAILED  {time.monotonic() - start:6.2f} s")
        raise
    click.echo(f"{title:22} ok      {time.monotonic() - start:6.2f} s  {tell(outcome)}")
    return outcome


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise EsapError(f"The demo did not give {what}.", hint="Remove its directory and start it again.")


def _rows(table: Any) -> str:
    return f"{len(table):,} rows"


def _did(item: Any) -> Any:
    return esap.datalake.did(item.locator, service=item.service)


def _adler32(path: Path) -> str:
    return f"{zlib.adler32(path.read_bytes()):08x}"


def _open(path: Path) -> str:
    from astropy.io import fits

    with fits.open(path) as opened:
        header = opened[0].header
        data = opened[0].data
        return f"{header['OBJECT']} in {header['FILTER']}, {data.shape[1]} x {data.shape[0]} pixels"
