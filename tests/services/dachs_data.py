"""What the tests' DaCHS serves: stars, frames, spectra, and a registry that lists them. Always the same."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table

STARS = 100_000
FRAMES = 24
SPECTRA = 30
CENTRE = (40.0, 10.0)
"""Where the frames and spectra are, deg."""
AUTHORITY = "ivo://esap.test"


def write_stars(path: Path) -> None:
    """All-sky catalogue as CSV in the order of ``survey.stars``; an empty field is NULL."""
    random = np.random.default_rng(7)
    ra = random.uniform(0, 360, STARS)
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, STARS)))
    distance = random.gamma(3, 300, STARS)  # pc
    magnitude = random.normal(4.5, 1.5, STARS) + 5 * np.log10(distance / 10)
    parallax = np.char.mod("%.4f", 1000 / distance)
    parallax[::10] = ""
    motion = random.normal(0, 20, (2, STARS)) * 400 / distance
    columns = {
        "source_id": np.arange(STARS) + 5_000_000_000,
        "ra": np.char.mod("%.9f", ra),
        "dec": np.char.mod("%.9f", dec),
        "parallax": parallax,
        "pm_ra": np.char.mod("%.4f", motion[0]),
        "pm_dec": np.char.mod("%.4f", motion[1]),
        "g_mag": np.char.mod("%.4f", magnitude),
        "bp_rp": np.char.mod("%.4f", random.normal(0.9, 0.4, STARS)),
        "visits": random.integers(8, 300, STARS),
        "variable": np.where(random.random(STARS) < 0.03, "t", "f"),
        "designation": [f"TEST J{a:011.7f}{d:+011.7f}" for a, d in zip(ra, dec, strict=True)],
    }
    Table(columns).write(path, format="ascii.csv", overwrite=True)


def write_frames(directory: Path) -> None:
    """Frames of 8 neighbouring fields, 200 x 200 pixels of 1 arcsec, in three filters."""
    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(8)
    y, x = np.mgrid[:200, :200]
    for number in range(FRAMES):
        field, band = divmod(number, 3)
        sky = random.normal(120, 6, (200, 200))
        for _ in range(20):
            peak, x0, y0 = random.uniform(80, 4000), *random.uniform(0, 200, 2)
            sky += peak * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / 7)
        header = fits.Header(
            {
                "OBJECT": f"Field {field + 1}",
                "FILTER": "BVR"[band],
                "EXPTIME": 60.0 * (band + 1),
                "DATE-OBS": f"2025-10-{number + 1:02d}T22:15:00",
                "TELESCOP": "Test 0.6 m",
                "INSTRUME": "TestCam",
                "EQUINOX": 2000.0,
                "CTYPE1": "RA---TAN",
                "CTYPE2": "DEC--TAN",
                "CUNIT1": "deg",
                "CUNIT2": "deg",
                "CRPIX1": 100.5,
                "CRPIX2": 100.5,
                "CRVAL1": CENTRE[0] + 0.04 * (field % 4),
                "CRVAL2": CENTRE[1] + 0.04 * (field // 4),
                "CDELT1": -1 / 3600,
                "CDELT2": 1 / 3600,
            }
        )
        name = f"frame-{field + 1}-{'BVR'[band]}.fits"
        fits.writeto(directory / name, sky.astype("f4"), header, overwrite=True)


def write_spectra(directory: Path) -> None:
    """Normalised spectra with two Balmer lines, as binary tables of wavelength and flux."""
    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(9)
    wavelength = np.arange(400, 700, 0.2)  # nm
    for number in range(SPECTRA):
        flux = 1 + random.normal(0, 0.03, wavelength.size)
        for line, depth in ((486.13, 0.4), (656.28, 0.55)):
            flux -= depth * np.exp(-(((wavelength - line) / 0.7) ** 2))
        table = fits.BinTableHDU.from_columns(
            [
                fits.Column("wavelength", "D", unit="nm", array=wavelength),
                fits.Column("flux", "E", array=flux.astype("f4")),
            ]
        )
        table.header.update(
            {
                "OBJECT": f"Star {number + 1}",
                "RA": CENTRE[0] + 0.01 * (number % 10),
                "DEC": CENTRE[1] + 0.01 * (number // 10),
                "DATE-OBS": f"2025-11-{number + 1:02d}T01:00:00",
                "EXPTIME": 900.0,
                "WAVEMIN": wavelength[0],
                "WAVEMAX": wavelength[-1],
            }
        )
        table.writeto(directory / f"star-{number + 1:02d}.fits", overwrite=True)


def write_registry(directory: Path, base: str) -> list[str]:
    """RegTAP tables as CSV, one file a table, for the services at `base`; returns the tables' names."""
    directory.mkdir(parents=True, exist_ok=True)
    tables = _registry(base)
    for name, rows in tables.items():
        _write_rows(directory / f"{name}.csv", rows)
    return list(tables)


# id, title, description, subjects, access (standard, path, type of capability), coverage as a MOC
_RESOURCES = (
    (
        *("survey", "Test survey", "Stars over the whole sky with proper motions"),
        ("catalogs", "proper-motions"),
        (("conesearch", "/survey/q/cone/scs.xml?", "cs:conesearch"), ("tap#aux", "/tap", "vr:capability")),
        "0/0-11",
    ),
    (
        *("frames", "Test frames", "CCD frames in B, V and R"),
        ("ccd-photometry",),
        (("sia", "/frames/q/sia/siap.xml?", "sia:simpleimageaccess"),),
        "",
    ),
    (
        *("sia2", "Test images, SIA2", "Every image of this site by SIA version 2"),
        ("ccd-photometry", "surveys"),
        (("sia#query-2.0", "/__system__/siap2/sitewide/siap2.xml?", "vr:capability"),),
        "",
    ),
    (
        *("spectra", "Test spectra", "Normalised stellar spectra"),
        ("stellar-spectra",),
        (("ssa", "/spectra/q/ssa/ssap.xml?", "ssap:simplespectralaccess"),),
        "",
    ),
    (
        *("obscore", "Test ObsCore", "Every observation of this site, in ivoa.obscore"),
        ("observational-astronomy",),
        (("tap#aux", "/tap", "vr:capability"),),
        "",
    ),
    (
        *("tap", "Test TAP", "ADQL over all tables of this site"),
        ("virtual-observatory",),
        (("tap", "/tap", "tr:tableaccess"),),
        "0/0-11",
    ),
)


def _registry(base: str) -> dict[str, list[dict[str, object]]]:
    tables: dict[str, list[dict[str, object]]] = {}

    def add(table: str, **row: object) -> None:
        tables.setdefault(table, []).append(row)

    for name, title, description, subjects, access, coverage in _RESOURCES:
        ivoid = f"{AUTHORITY}/{name}"
        add(
            "resource", ivoid=ivoid, res_type="vs:catalogservice", short_name=f"test {name}", res_title=title,
            res_description=description, reference_url=base, creator_seq="ESAP tests",
            content_level="research", content_type="catalog", waveband="optical",
            created="2026-11-01", updated="2026-11-01",
        )  # fmt: skip
        for index, (standard, path, capability) in enumerate(access, start=1):
            add(
                "capability", ivoid=ivoid, cap_index=index, cap_type=capability,
                standard_id=f"ivo://ivoa.net/std/{standard}",
            )  # fmt: skip
            add(
                "interface", ivoid=ivoid, cap_index=index, intf_index=1, intf_type="vs:paramhttp",
                intf_role="std", url_use="base", access_url=base + path, authenticated_only=0,
            )  # fmt: skip
        for subject in subjects:
            add("res_subject", ivoid=ivoid, res_subject=subject)
        add("res_role", ivoid=ivoid, role_name="ESAP tests", base_role="publisher")
        if coverage:
            add("stc_spatial", ivoid=ivoid, coverage=coverage)
        add("stc_spectral", ivoid=ivoid, spectral_start=2.8e-19, spectral_end=5.0e-19)
        add("stc_temporal", ivoid=ivoid, time_start=60900, time_end=61000)
    add(
        "res_detail", ivoid=f"{AUTHORITY}/tap", detail_xpath="/capability/dataModel/@ivo-id",
        detail_value="ivo://ivoa.net/std/obscore#core-1.1", cap_index=1,
    )  # fmt: skip
    for name, table, utype in (
        ("survey", "survey.stars", ""),
        ("obscore", "ivoa.obscore", "ivo://ivoa.net/std/obscore#table-1.1"),
    ):
        add("res_table", ivoid=f"{AUTHORITY}/{name}", table_name=table, table_utype=utype, table_index=1)
        add(
            "relationship", ivoid=f"{AUTHORITY}/{name}", relationship_type="isservedby",
            related_id=f"{AUTHORITY}/tap", related_name="Test TAP",
        )  # fmt: skip
    for name, ucd, unit in (
        ("ra", "pos.eq.ra;meta.main", "deg"),
        ("dec", "pos.eq.dec;meta.main", "deg"),
        ("parallax", "pos.parallax", "mas"),
        ("g_mag", "phot.mag;em.opt", "mag"),
    ):
        add("table_column", ivoid=f"{AUTHORITY}/survey", name=name, ucd=ucd, unit=unit, table_index=1)
    add("alt_identifier", ivoid=f"{AUTHORITY}/survey", alt_identifier="doi:10.5072/esap-test")
    return tables


def _write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    rows = list(rows)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
