"""Spectra and light curves as archives write them."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Column, Table

from esap_jupyter.errors import InputError, UnreadableFile
from esap_jupyter.formats import curves
from esap_jupyter.formats.curve_columns import TableColumn, roles_of
from esap_jupyter.formats.curves import MOST_POINTS, read_curve
from esap_jupyter.formats.viewing import content_of

RNG = np.random.default_rng(8)
WAVES = np.linspace(4000, 7000, 50)
FLUX = RNG.normal(10, 1, 50)
TIMES = np.sort(RNG.uniform(59000, 59100, 50))


def table_of(**columns) -> fits.BinTableHDU:
    """Columns by name: the values, or the values and the unit."""
    made = []
    for name, given in columns.items():
        values, unit = given if isinstance(given, tuple) else (given, None)
        values = np.asarray(values)
        code = {"f": "D", "i": "K"}.get(values.dtype.kind) or f"{values.dtype.itemsize // 4}A"
        count = values.shape[1] if values.ndim > 1 else ""
        made.append(fits.Column(name, f"{count}{code}", unit=unit, array=values))
    return fits.BinTableHDU.from_columns(made)


def write(path, *hdus):
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.fits"


def test_sdss(path) -> None:
    ivar = np.full(50, 4.0)
    ivar[3] = 0
    table = table_of(
        flux=FLUX, loglam=np.log10(WAVES), ivar=ivar, and_mask=np.zeros(50, int), sky=FLUX, model=FLUX
    )
    write(path, table)
    curve = read_curve(path, 1)
    [series] = curve.series
    assert (curve.kind, curve.x.unit, curve.y.column) == ("spectrum", "Angstrom", "flux")
    np.testing.assert_allclose(series.x, WAVES)
    np.testing.assert_allclose(np.delete(series.error, 3), 0.5)
    assert np.isnan(series.error[3])
    assert "model" in curve.columns


def test_eso_has_all_of_a_spectrum_in_one_row(path) -> None:
    table = table_of(
        WAVE=(WAVES[None], "nm"),
        FLUX=(FLUX[None], "erg"),
        ERR=(0.1 * FLUX[None], "erg"),
        QUAL=np.zeros((1, 50), int),
    )
    table.header["TUTYP1"] = "spec:Data.SpectralAxis.Value"
    table.header["TUTYP2"] = "spec:Data.FluxAxis.Value"
    write(path, table)
    curve = read_curve(path, 1)
    [series] = curve.series
    assert (curve.x.unit, curve.y.column) == ("nm", "FLUX")
    np.testing.assert_array_equal(series.y, FLUX)
    np.testing.assert_allclose(series.error, 0.1 * FLUX)


def test_several_rows_are_several_spectra(path) -> None:
    write(path, table_of(WAVELENGTH=np.stack([WAVES, WAVES]), FLUX=np.stack([FLUX, 2 * FLUX])))
    curve = read_curve(path, 1)
    assert [series.name for series in curve.series] == ["Row 1", "Row 2"]
    np.testing.assert_array_equal(curve.series[1].y, 2 * FLUX)


def test_tess(path) -> None:
    flux = FLUX.copy()
    flux[7] = np.nan
    table = table_of(
        TIME=(TIMES - 57000, "BJD - 2457000, days"),
        TIMECORR=FLUX,
        SAP_FLUX=(FLUX, "e-/s"),
        SAP_FLUX_ERR=(FLUX, "e-/s"),
        PDCSAP_FLUX=(flux, "e-/s"),
        PDCSAP_FLUX_ERR=(0.1 * FLUX, "e-/s"),
    )
    table.header.update({"TIMESYS": "TDB", "BJDREFI": 2457000, "BJDREFF": 0.0, "OBJECT": "TIC 1"})
    write(path, table)
    usual, other = read_curve(path, 1), read_curve(path, 1, "SAP_FLUX")
    assert (usual.kind, usual.title, usual.x.label) == ("timeseries", "TIC 1", "TIME (TDB) since BJD 2457000")
    assert usual.y.column == "PDCSAP_FLUX"
    assert other.y.column == "SAP_FLUX"
    np.testing.assert_array_equal(other.series[0].error, FLUX)
    pdc = read_curve(path, 1, "PDCSAP_FLUX").series[0]
    assert pdc.x.size == 49
    np.testing.assert_allclose(pdc.error, 0.1 * np.delete(FLUX, 7))
    with pytest.raises(InputError, match="no such column"):
        read_curve(path, 1, "nothing")


def test_magnitudes_by_band(tmp_path) -> None:
    bands = np.array(["zg", "zr"] * 25)
    table = Table(
        {
            "mjd": Column(TIMES, unit="d", meta={"ucd": "time.epoch"}),
            "mag": Column(FLUX, unit="mag", meta={"ucd": "phot.mag"}),
            "magerr": Column(0.01 * FLUX, unit="mag", meta={"ucd": "stat.error;phot.mag"}),
            "filtercode": bands,
            "ra": Column(np.full(50, 150.1), unit="deg"),
        }
    )
    path = tmp_path / "a.vot"
    table.write(path, format="votable")
    assert content_of(path).view == "timeseries"
    curve = read_curve(path)
    assert curve.y.reversed
    assert [series.name for series in curve.series] == ["zg", "zr"]
    np.testing.assert_allclose(curve.series[1].y, FLUX[1::2])
    np.testing.assert_allclose(curve.series[1].error, 0.01 * FLUX[1::2])


def test_time_system_of_a_votable(tmp_path) -> None:
    (tmp_path / "a.vot").write_text(
        """<?xml version="1.0"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">
<TIMESYS ID="ts" timescale="TCB" refposition="BARYCENTER" timeorigin="2455197.5"/>
<TABLE><FIELD name="obs_time" datatype="double" unit="d" ucd="time.epoch" ref="ts"/>
<FIELD name="flux" datatype="double" ucd="phot.flux"/>
<FIELD name="flux_error" datatype="double" ucd="stat.error;phot.flux"/>
<DATA><TABLEDATA><TR><TD>1</TD><TD>2</TD><TD>0.5</TD></TR><TR><TD>2</TD><TD/><TD/></TR></TABLEDATA></DATA>
</TABLE></RESOURCE></VOTABLE>"""
    )
    curve = read_curve(tmp_path / "a.vot")
    assert curve.x.label == "obs_time (TCB) since JD 2455197.5"
    [series] = curve.series
    assert (series.x.tolist(), series.y.tolist(), series.error.tolist()) == ([1], [2], [0.5])
    assert not curve.y.reversed


@pytest.mark.parametrize(
    ("cards", "expected", "unit"),
    [
        ({"CRVAL1": 4000.0, "CDELT1": 2.0, "CUNIT1": "Angstrom"}, 4000 + 2 * np.arange(50), "Angstrom"),
        ({"CRVAL1": 4000.0, "CD1_1": 2.0, "CRPIX1": 11.0}, 3980 + 2 * np.arange(50), ""),
        ({"CRVAL1": 3.6, "CDELT1": 1e-4, "DC-FLAG": 1}, 10 ** (3.6 + 1e-4 * np.arange(50)), "Angstrom"),
        (
            {"CTYPE1": "WAVE-LOG", "CRVAL1": 5e-7, "CDELT1": 1e-10, "CRPIX1": 1.0, "CUNIT1": "m"},
            5e-7 * np.exp(1e-10 * np.arange(50) / 5e-7),
            "m",
        ),
        ({}, 1 + np.arange(50), ""),
    ],
)
def test_images_of_one_axis(path, cards, expected, unit) -> None:
    hdu = fits.ImageHDU(FLUX, fits.Header({**cards, "BUNIT": "Jy"}))
    write(path, hdu)
    assert content_of(path).view == "spectrum"
    curve = read_curve(path, 1)
    assert (curve.x.unit, curve.y.unit) == (unit, "Jy")
    np.testing.assert_allclose(curve.series[0].x, expected)
    np.testing.assert_array_equal(curve.series[0].y, FLUX)


def test_integers_are_scaled_and_blank_ones_left_out(path) -> None:
    hdu = fits.ImageHDU(np.arange(50, dtype=np.int16))
    write(path, hdu)
    with fits.open(path, mode="update", do_not_scale_image_data=True) as hdus:
        hdus[1].header.update({"BSCALE": 0.1, "BZERO": 5.0, "BLANK": 9})
    [series] = read_curve(path, 1).series
    np.testing.assert_allclose(series.y, np.delete(np.arange(50) * 0.1 + 5, 9))


def test_more_points_than_can_be_drawn_keep_their_extremes(path) -> None:
    count = 3 * MOST_POINTS
    flux = RNG.normal(size=count)
    flux[123_456] = 1e6
    write(path, table_of(TIME=np.arange(count, dtype=float), FLUX=flux))
    curve = read_curve(path, 1)
    [series] = curve.series
    assert curve.points == count
    assert series.x.size <= MOST_POINTS
    assert 1e6 in series.y
    assert (np.diff(series.x) > 0).all()


def test_catalogues_are_tables(path) -> None:
    write(path, table_of(RA=np.linspace(0, 10, 50), DEC=FLUX, MJD=TIMES, MAG=FLUX))
    assert content_of(path).view == "table"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([TableColumn("a"), TableColumn("b")], None),
        ([TableColumn("wavelength"), TableColumn("name", is_number=False)], None),
        ([TableColumn("x", ucd="em.freq"), TableColumn("y", ucd="phot.flux.density;em.radio")], ("x", "y")),
        ([TableColumn("E", ucd="em.energy"), TableColumn("N", ucd="phot.count")], ("E", "N")),
        ([TableColumn("HJD"), TableColumn("Vmag", unit="mag", ucd="phot.mag;em.opt.V")], ("HJD", "Vmag")),
        ([TableColumn("TIME"), TableColumn("RATE"), TableColumn("ERROR")], ("TIME", "RATE")),
    ],
)
def test_roles(columns, expected) -> None:
    roles = roles_of(columns)
    assert (roles and (roles.x, roles.y)) == expected


def test_content_of_files(path, tmp_path) -> None:
    spectrum = table_of(WAVELENGTH=WAVES, FLUX=FLUX)
    spectrum.name = "SPEC"
    write(
        path,
        table_of(a=FLUX, b=FLUX),
        spectrum,
        fits.CompImageHDU(np.zeros((20, 30), np.int16), name="IMAGE"),
    )
    content = content_of(path)
    assert (content.format, content.view, content.hdu) == ("fits", "spectrum", 2)
    assert [(part.view, part.name, part.shape) for part in content.parts] == [
        ("empty", "", ()),
        ("table", "", (2, 50)),
        ("spectrum", "SPEC", (2, 50)),
        ("image", "IMAGE", (30, 20)),
    ]
    write(tmp_path / "none.fits")
    assert content_of(tmp_path / "none.fits").view == "empty"
    (tmp_path / "text.vot").write_text("hello")
    (tmp_path / "broken.vot").write_text("<VOTABLE><RESOURCE><TABLE>")
    for name in ("text.vot", "broken.vot"):
        with pytest.raises(UnreadableFile, match=name):
            content_of(tmp_path / name)
    with pytest.raises(InputError, match="No columns"):
        read_curve(path, 1)


@pytest.mark.parametrize(("scale", "zero"), [(1, 0), (0.5, 100.0), (1, 32768)])
def test_null_is_what_is_stored_and_no_point(path, scale, zero) -> None:
    stored = np.array([(1.0, 10), (2.0, -99), (3.0, 30)], dtype=[("TIME", ">f8"), ("FLUX", ">i2")])
    hdu = fits.BinTableHDU(stored)
    header = hdu.header.copy()
    header.update({"TNULL2": -99, "TSCAL2": scale, "TZERO2": zero})
    content = fits.PrimaryHDU().header.tostring() + header.tostring()
    path.write_bytes(content.encode() + stored.tobytes().ljust(2880, b"\0"))

    [series] = read_curve(path, 1).series

    assert series.x.tolist() == [1, 3]
    assert series.y.tolist() == [10 * scale + zero, 30 * scale + zero]


def test_columns_of_unlike_cells_make_no_curve(tmp_path) -> None:
    cells = "<TR><TD>1</TD><TD>1 2</TD></TR><TR><TD>2</TD><TD>1 2 3</TD></TR>"
    (tmp_path / "a.vot").write_text(
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
        '<FIELD name="mjd" datatype="double" unit="d"/><FIELD name="flux" datatype="double" arraysize="*"/>'
        f"<DATA><TABLEDATA>{cells}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )

    assert content_of(tmp_path / "a.vot").view == "table"
    with pytest.raises(InputError, match="table"):
        read_curve(tmp_path / "a.vot")


def test_a_long_image_of_one_axis_is_not_uncompressed(path, monkeypatch) -> None:
    monkeypatch.setattr(curves, "_MOST_PIXELS", 10)
    write(path, fits.CompImageHDU(np.zeros((1, 20), np.int16), compression_type="GZIP_1"))

    with pytest.raises(InputError, match="too long"):
        read_curve(path, 1)
