"""The demo's archive: the generated catalogue and files as a VO archive, and a name resolver beside it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from esap_jupyter.archive.archive import Archive
from esap_jupyter.archive.model import Identity, Limits, Product, Table
from esap_jupyter.archive.server import Listener, application
from esap_jupyter.demo.data import SCOPE, DemoData, DemoFile, make_demo_data
from esap_jupyter.demo.messier import messier_objects
from esap_jupyter.demo.names import SesameHandler
from esap_jupyter.demo.previews import make_previews

EXAMPLES = Path(__file__).with_name("examples.adql")


def _examples() -> tuple[tuple[str, str], ...]:
    """Title and query of each block of the file."""
    blocks = EXAMPLES.read_text(encoding="utf-8").strip().split("\n\n")
    parted = (block.partition("\n") for block in blocks)
    return tuple((title.removeprefix("-- "), adql) for title, _, adql in parted)


IDENTITY = Identity(
    authority="esap.demo",
    title="ESAP demo archive",
    description=(
        "A made-up survey of the Milky Way with images, spectra and light curves of some Messier objects. "
        "Everything in it is generated; nothing was observed."
    ),
    publisher="ESAP demo",
    waveband=("Optical",),
    subjects=("surveys", "astrometry", "photometry", "milky-way-galaxy", "galaxies"),
    examples=_examples(),
)


@dataclass(slots=True)
class RunningArchive:
    """The demo's archive while it runs.

    Attributes
    ----------
    url : str
        Base URL.
    services : dict
        The services it offers, as tables of ``esap.toml``.
    """

    url: str
    services: dict[str, dict[str, Any]]
    archive: Archive
    listener: Listener

    async def stop(self) -> None:
        """Stop it; the generated data stay."""
        await self.listener.close()
        await self.archive.close()


async def start_archive(directory: Path, port: int = 0, *, limits: Limits | None = None) -> RunningArchive:
    """Start the demo's archive on loopback.

    Parameters
    ----------
    directory : Path
        Where the demo's data are, or will be.
    port : int
        0 takes a free one.

    Raises
    ------
    ConfigError
        If the port cannot be used.
    """
    data = await asyncio.to_thread(make_demo_data, directory)
    listener = Listener(port)
    try:
        archive = await asyncio.to_thread(demo_archive, data, listener.url, directory / "jobs", limits)
    except BaseException:
        await listener.close()
        raise
    more: list[tuple[str, type, dict[str, Any]]] = [(r"/sesame/(.*)", SesameHandler, {})]
    listener.serve(application(archive, more), largest_body=archive.limits.upload_bytes)
    return RunningArchive(listener.url, _services(listener.url), archive, listener)


def demo_archive(data: DemoData, url: str, jobs: Path, limits: Limits | None = None) -> Archive:
    """Fill an archive with the demo's data."""
    previews = make_previews([file.path for file in data.files], data.directory / "previews")
    return Archive(
        [
            Table(
                "demo.sources",
                data.catalogue,
                description="Generated sources all over the sky, and deep fields around the demo's targets.",
                title="ESAP demo catalogue of sources",
                order=("dec",),
            ),
            _messier_table(),
        ],
        [_product(file, previews.get(file.path)) for file in data.files],
        IDENTITY,
        directory=jobs,
        url=url,
        limits=limits,
    )


def _product(file: DemoFile, preview: Path | None) -> Product:
    seen = file.observation
    axes = dict(zip(("s_xel1", "s_xel2"), seen.pixels or (1, 1), strict=True))
    observed: dict[str, Any] = {
        "dataproduct_type": seen.product,
        "calib_level": 2,
        "obs_collection": "ESAP demo",
        "obs_id": file.name.rsplit(".", 1)[0],
        "target_name": seen.target,
        "s_ra": seen.ra,
        "s_dec": seen.dec,
        "s_fov": seen.fov,
        "s_region": seen.footprint,
        "s_resolution": seen.resolution,
        **axes,
        "t_min": seen.start,
        "t_max": seen.end,
        "t_exptime": seen.exposure,
        "t_xel": seen.time_length,
        "em_min": seen.wavelengths[0],
        "em_max": seen.wavelengths[1],
        "em_res_power": seen.resolving_power,
        "em_xel": seen.spectral_length,
        "o_ucd": seen.unit_ucd,
        "facility_name": seen.facility,
        "instrument_name": seen.instrument,
    }
    # An identifier that names the file's DID, so that what is found here can be staged from the data lake.
    publisher_did = f"ivo://{IDENTITY.authority}/~?{SCOPE}:{file.name}"
    return Product(publisher_did, file.path, file.media_type, file.title, observed, preview)


def _messier_table() -> Table:
    objects = list(messier_objects().values())
    columns = (
        ("name", pa.string(), "", "meta.id;meta.main", "Messier's number", [one.name for one in objects]),
        ("ngc", pa.string(), "", "meta.id", "NGC or IC designation", [one.ngc or None for one in objects]),
        (
            "common_name",
            pa.string(),
            "",
            "meta.id",
            "Common name",
            [(one.names or (None,))[0] for one in objects],
        ),
        ("otype", pa.string(), "", "src.class", "Type of object", [one.otype for one in objects]),
        (
            "ra",
            pa.float64(),
            "deg",
            "pos.eq.ra;meta.main",
            "Right ascension, ICRS",
            [one.ra for one in objects],
        ),
        (
            "dec",
            pa.float64(),
            "deg",
            "pos.eq.dec;meta.main",
            "Declination, ICRS",
            [one.dec for one in objects],
        ),
        ("v_mag", pa.float64(), "mag", "phot.mag;em.opt.V", "V magnitude", [one.v_mag for one in objects]),
        ("size", pa.float64(), "arcmin", "phys.angSize", "Largest extent", [one.size for one in objects]),
        (
            "distance",
            pa.float64(),
            "kpc",
            "pos.distance",
            "Distance, rounded",
            [one.distance for one in objects],
        ),
    )
    schema = pa.schema(
        [
            pa.field(
                name,
                kind,
                metadata={"ucd": ucd, "description": description} | ({"unit": unit} if unit else {}),
            )
            for name, kind, unit, ucd, description, _ in columns
        ]
    )
    rows = pa.table([values for *_, values in columns], schema=schema)
    return Table("demo.messier", rows, description="Messier's 110 objects.", title="Messier objects")


def _services(url: str) -> dict[str, dict[str, Any]]:
    return {
        "demo-archive": {
            "connector": "vo",
            "title": IDENTITY.title,
            "description": IDENTITY.description,
            "tap": f"{url}tap",
            "scs": f"{url}scs/demo.sources",
            "sia2": f"{url}sia2",
            "ssa": f"{url}ssa",
            "cone_table": "demo.sources",
            "lake": "demo-lake",
        },
        "demo-registry": {"connector": "registry", "title": "ESAP demo registry", "tap": f"{url}tap"},
        "demo-names": {"connector": "sesame", "title": "ESAP demo name resolver", "urls": [f"{url}sesame/"]},
    }
