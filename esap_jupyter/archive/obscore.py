"""The table ``ivoa.obscore`` (ObsCore 1.1, table 5): a row for each of the archive's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from esap_jupyter.archive.model import Product, Table

NAME = "ivoa.obscore"
DATALINK = "application/x-votable+xml;content=datalink"

_TEXT, _INT, _LONG, _DOUBLE = pa.string(), pa.int32(), pa.int64(), pa.float64()

# name, type, unit, ucd, utype (without "obscore:"), description
_COLUMNS = (
    ("dataproduct_type", _TEXT, "", "meta.code.class", "ObsDataset.dataProductType", "Type of data product"),
    ("dataproduct_subtype", _TEXT, "", "meta.code.class", "ObsDataset.dataProductSubtype", "Special type"),
    ("calib_level", _INT, "", "meta.code;obs.calib", "ObsDataset.calibLevel", "0 (raw) to 4"),
    ("obs_collection", _TEXT, "", "meta.id", "DataID.Collection", "Name of the collection"),
    ("obs_id", _TEXT, "", "meta.id", "DataID.observationID", "Identifier of the observation"),
    ("obs_title", _TEXT, "", "meta.title;obs", "DataID.Title", "Title for people"),
    ("obs_publisher_did", _TEXT, "", "meta.ref.ivoid;meta.main", "Curation.PublisherDID", "Identifier here"),
    ("access_url", _TEXT, "", "meta.ref.url", "Access.Reference", "Where the links to the files are"),
    ("access_format", _TEXT, "", "meta.code.mime", "Access.Format", "Media type at access_url"),
    ("access_estsize", _LONG, "kbyte", "phys.size;meta.file", "Access.Size", "Size of the file"),
    ("target_name", _TEXT, "", "meta.id;src", "Target.Name", "Observed object"),
    ("s_ra", _DOUBLE, "deg", "pos.eq.ra", "Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C1",
     "Right ascension of the centre, ICRS"),
    ("s_dec", _DOUBLE, "deg", "pos.eq.dec", "Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C2",
     "Declination of the centre, ICRS"),
    ("s_fov", _DOUBLE, "deg", "phys.angSize;instr.fov", "Char.SpatialAxis.Coverage.Bounds.Extent.diameter",
     "Diameter of the field"),
    ("s_region", _TEXT, "", "pos.outline;obs.field", "Char.SpatialAxis.Coverage.Support.Area",
     "Outline of the field, STC-S"),
    ("s_resolution", _DOUBLE, "arcsec", "pos.angResolution",
     "Char.SpatialAxis.Resolution.Refval.value", "Angular resolution"),
    ("s_xel1", _LONG, "", "meta.number", "Char.SpatialAxis.numBins1", "Pixels along the first axis"),
    ("s_xel2", _LONG, "", "meta.number", "Char.SpatialAxis.numBins2", "Pixels along the second axis"),
    ("t_min", _DOUBLE, "d", "time.start;obs.exposure",
     "Char.TimeAxis.Coverage.Bounds.Limits.StartTime", "Start, MJD"),
    ("t_max", _DOUBLE, "d", "time.end;obs.exposure",
     "Char.TimeAxis.Coverage.Bounds.Limits.StopTime", "End, MJD"),
    ("t_exptime", _DOUBLE, "s", "time.duration;obs.exposure",
     "Char.TimeAxis.Coverage.Support.Extent", "Total exposure time"),
    ("t_resolution", _DOUBLE, "s", "time.resolution", "Char.TimeAxis.Resolution.Refval.value",
     "Temporal resolution"),
    ("t_xel", _LONG, "", "meta.number", "Char.TimeAxis.numBins", "Samples in time"),
    ("em_min", _DOUBLE, "m", "em.wl;stat.min", "Char.SpectralAxis.Coverage.Bounds.Limits.LoLimit",
     "Shortest wavelength"),
    ("em_max", _DOUBLE, "m", "em.wl;stat.max", "Char.SpectralAxis.Coverage.Bounds.Limits.HiLimit",
     "Longest wavelength"),
    ("em_res_power", _DOUBLE, "", "spect.resolution", "Char.SpectralAxis.Resolution.ResolPower.refVal",
     "Resolving power"),
    ("em_xel", _LONG, "", "meta.number", "Char.SpectralAxis.numBins", "Samples in wavelength"),
    ("o_ucd", _TEXT, "", "meta.ucd", "Char.ObservableAxis.ucd", "What was measured"),
    ("pol_states", _TEXT, "", "meta.code;phys.polarization", "Char.PolarizationAxis.stateList",
     "Polarization states"),
    ("pol_xel", _LONG, "", "meta.number", "Char.PolarizationAxis.numBins", "Number of polarization states"),
    ("facility_name", _TEXT, "", "meta.id;instr.tel", "Provenance.ObsConfig.Facility.name", "Observatory"),
    ("instrument_name", _TEXT, "", "meta.id;instr", "Provenance.ObsConfig.Instrument.name", "Instrument"),
)  # fmt: skip


def obscore_table(products: Iterable[Product], base: str) -> Table:
    """Describe the products; `base` is the archive's URL, where DataLink answers."""
    schema = pa.schema(
        [pa.field(name, kind, metadata=_metadata(name, *described)) for name, kind, *described in _COLUMNS]
    )
    rows = [_row(product, base) for product in products]
    return Table(
        NAME,
        pa.Table.from_pylist(rows, schema=schema),
        description="Every observation that the archive holds, as ObsCore 1.1 describes it.",
        title="ObsCore",
        utype="ivo://ivoa.net/std/ObsCore#core-1.1",
    )


def datalink_url(base: str, publisher_did: str) -> str:
    """Where the links of a product are."""
    return f"{base}datalink?ID={quote(publisher_did, safe='')}"


def _metadata(name: str, unit: str, ucd: str, utype: str, description: str) -> Mapping[str, str]:
    xtype = "adql:REGION" if name == "s_region" else ""
    described = {
        "unit": unit,
        "ucd": ucd,
        "utype": f"obscore:{utype}",
        "xtype": xtype,
        "description": description,
    }
    return {key: value for key, value in described.items() if value}


def _row(product: Product, base: str) -> dict[str, Any]:
    return {
        **product.observation,
        "obs_title": product.title,
        "obs_publisher_did": product.publisher_did,
        "access_url": datalink_url(base, product.publisher_did),
        "access_format": DATALINK,
        "access_estsize": max(1, round(product.path.stat().st_size / 1000)),
    }
