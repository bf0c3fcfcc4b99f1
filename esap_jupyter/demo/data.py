"""The demo's data: generated once into a directory, then only read.

Everything is seeded, so two machines make the same catalogue and images; the files are described well enough
(`DemoFile`) that the demo's Rucio can register the very bytes that the demo's archive serves.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from esap_jupyter.demo import catalogue, images, lightcurves, spectra
from esap_jupyter.demo.messier import messier_objects
from esap_jupyter.demo.observations import Observation

SCOPE = "demo"
CONTAINER = "messier"
VERSION = 2
"""Raised when the generated data change, so that an older directory is made anew."""

TARGETS = ("M1", "M13", "M31", "M42", "M45", "M51", "M57", "M87")
"""One object of each kind that looks different: the demo's deep fields."""


@dataclass(frozen=True, slots=True)
class DemoFile:
    """A generated file: ``demo:<name>`` in the data lake, in the dataset ``demo:<dataset>``.

    Attributes
    ----------
    size : int
        Bytes.
    adler32, md5 : str
        Lower-case hex digests, 8 and 32 digits.
    dataset : str
        The observed object, ``M51``.
    observation : Observation
        What it shows.
    """

    path: Path
    name: str
    size: int
    adler32: str
    md5: str
    dataset: str
    media_type: str
    title: str
    observation: Observation


@dataclass(frozen=True, slots=True)
class DemoData:
    """All that the demo generated.

    Attributes
    ----------
    directory : Path
        Where it is.
    catalogue : Path
        The generated sources, Parquet.
    files : tuple of DemoFile
        Images, spectra and light curves.
    """

    directory: Path
    catalogue: Path
    files: tuple[DemoFile, ...]

    def dataset_contents(self) -> list[tuple[str, str, str]]:
        """(scope, dataset, file) for the data lake; all datasets belong to the container ``demo:messier``."""
        return [(SCOPE, file.dataset, file.name) for file in self.files]


def make_demo_data(directory: Path) -> DemoData:
    """Generate the demo's data into `directory`, or describe what is there already.

    The directory appears as a whole or not at all: an interrupted run leaves nothing that looks finished.
    """
    made = directory / f"data-{VERSION}"
    if not made.is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(dir=directory, prefix=".making-"))
        try:
            _generate(working)
            working.rename(made)
        finally:
            shutil.rmtree(working, ignore_errors=True)
    return _describe(made)


def _generate(directory: Path) -> None:
    targets = [messier_objects()[name] for name in TARGETS]
    sources = catalogue.make_sources(targets)
    catalogue.write_sources(sources, directory / "sources.parquet")
    files = directory / "files"
    files.mkdir()
    observations = [
        *images.make_images(targets, sources, files),
        *spectra.make_spectra(targets, sources, files),
        *lightcurves.make_light_curves(targets, sources, files),
    ]
    listing = [_measured(files / made.name, made) for made in observations]
    (directory / "files.json").write_text(json.dumps(listing, indent=1), encoding="utf-8")


def _measured(path: Path, observation: Observation) -> dict[str, object]:
    content = path.read_bytes()
    return {
        "size": len(content),
        "adler32": f"{zlib.adler32(content):08x}",
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "observation": asdict(observation),
    }


def _describe(directory: Path) -> DemoData:
    listing = json.loads((directory / "files.json").read_text(encoding="utf-8"))
    files = []
    for entry in listing:
        observation = Observation.from_json(entry["observation"])
        files.append(
            DemoFile(
                path=directory / "files" / observation.name,
                name=observation.name,
                size=entry["size"],
                adler32=entry["adler32"],
                md5=entry["md5"],
                dataset=observation.target,
                media_type=observation.media_type,
                title=observation.title,
                observation=observation,
            )
        )
    return DemoData(directory, directory / "sources.parquet", tuple(files))
