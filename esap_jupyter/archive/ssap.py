"""The table of spectra that simple spectral access answers from (SSA 1.1, section 4.2.5)."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from esap_jupyter.archive.model import Product, Table

NAME = "ssap.spectra"

_TEXT, _LONG, _DOUBLE = pa.string(), pa.int64(), pa.float64()

# name, type, unit, ucd, utype (without "ssa:"), description
_COLUMNS = (
    ("accref", _TEXT, "", "meta.ref.url", "Access.Reference", "Where the spectrum is"),
    ("mime", _TEXT, "", "meta.code.mime", "Access.Format", "Its media type"),
    ("accsize", _LONG, "kbyte", "phys.size;meta.file", "Access.Size", "Its size"),
    ("ssa_dstitle", _TEXT, "", "meta.title;meta.main", "DataID.Title", "Title"),
    ("ssa_collection", _TEXT, "", "meta.id", "DataID.Collection", "Collection"),
    ("ssa_pubdid", _TEXT, "", "meta.ref.ivoid", "Curation.PublisherDID", "Identifier here"),
    ("ssa_publisher", _TEXT, "", "meta.curation", "Curation.Publisher", "Publisher"),
    ("ssa_targname", _TEXT, "", "meta.id;src", "Target.Name", "Observed object"),
    ("ssa_instrument", _TEXT, "", "meta.id;instr", "DataID.Instrument", "Instrument"),
    ("ssa_dateobs", _DOUBLE, "d", "time.epoch", "DataID.Date", "Middle of the observation, MJD"),
    ("ra", _DOUBLE, "deg", "pos.eq.ra;meta.main", "Char.SpatialAxis.Coverage.Location.Value.C1",
     "Right ascension, ICRS"),
    ("dec", _DOUBLE, "deg", "pos.eq.dec;meta.main", "Char.SpatialAxis.Coverage.Location.Value.C2",
     "Declination, ICRS"),
    ("ssa_aperture", _DOUBLE, "deg", "phys.angSize;instr.fov", "Char.SpatialAxis.Coverage.Bounds.Extent",
     "Aperture"),
    ("ssa_timeext", _DOUBLE, "s", "time.duration", "Char.TimeAxis.Coverage.Bounds.Extent", "Exposure time"),
    ("ssa_specstart", _DOUBLE, "m", "em.wl;stat.min", "Char.SpectralAxis.Coverage.Bounds.Start",
     "Shortest wavelength"),
    ("ssa_specend", _DOUBLE, "m", "em.wl;stat.max", "Char.SpectralAxis.Coverage.Bounds.Stop",
     "Longest wavelength"),
    ("ssa_length", _LONG, "", "meta.number", "Dataset.Length", "Number of samples"),
    ("ssa_datamodel", _TEXT, "", "", "Dataset.DataModel", "Data model of the file"),
)  # fmt: skip


def spectra_table(products: Iterable[Product], base: str, publisher: str) -> Table:
    """Describe the spectra among the products."""
    fields = [
        pa.field(
            name,
            kind,
            metadata={
                key: value
                for key, value in (
                    ("unit", unit),
                    ("ucd", ucd),
                    ("utype", f"ssa:{utype}"),
                    ("description", description),
                )
                if value
            },
        )
        for name, kind, unit, ucd, utype, description in _COLUMNS
    ]
    spectra = [one for one in products if one.observation.get("dataproduct_type") == "spectrum"]
    rows = [_row(product, base, publisher) for product in spectra]
    return Table(
        NAME,
        pa.Table.from_pylist(rows, schema=pa.schema(fields)),
        description="The spectra, as SSA 1.1 describes them.",
        title="Spectra",
    )


def _row(product: Product, base: str, publisher: str) -> dict[str, object]:
    seen = product.observation
    return {
        "accref": f"{base}files/{product.path.name}",
        "mime": product.media_type,
        "accsize": max(1, round(product.path.stat().st_size / 1000)),
        "ssa_dstitle": product.title,
        "ssa_collection": seen.get("obs_collection"),
        "ssa_pubdid": product.publisher_did,
        "ssa_publisher": publisher,
        "ssa_targname": seen.get("target_name"),
        "ssa_instrument": seen.get("instrument_name"),
        "ssa_dateobs": _middle(seen.get("t_min"), seen.get("t_max")),
        "ra": seen.get("s_ra"),
        "dec": seen.get("s_dec"),
        "ssa_aperture": seen.get("s_fov"),
        "ssa_timeext": seen.get("t_exptime"),
        "ssa_specstart": seen.get("em_min"),
        "ssa_specend": seen.get("em_max"),
        "ssa_length": seen.get("em_xel"),
        "ssa_datamodel": "Spectrum-1.1",
    }


def _middle(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else (start + end) / 2
