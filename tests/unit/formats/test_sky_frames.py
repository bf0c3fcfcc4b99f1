"""Positions in frames other than ICRS: what a VOTable says of them is kept, and believed."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import FK4, FK5, SkyCoord
from astropy.io.votable import parse
from astropy.time import Time

from esap_jupyter.errors import InputError
from esap_jupyter.formats.astropy_table import from_astropy, to_astropy
from esap_jupyter.formats.files import read_file, write_file
from esap_jupyter.formats.positions import position_columns, sky_coordinates
from esap_jupyter.formats.sky_frames import SkyFrame
from esap_jupyter.formats.votable import open_votable
from esap_jupyter.formats.votable_writer import write_votable

# VizieR writes its tables like this.
DOCUMENT = """<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results">{systems}<TABLE>
<FIELD name="RA" datatype="double" unit="deg" ucd="{ucd_lon}" ref="sys"/>
<FIELD name="DE" datatype="double" unit="deg" ucd="{ucd_lat}" ref="{second}"/>
<DATA><TABLEDATA><TR><TD>{lon}</TD><TD>{lat}</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""
EQUATORIAL = {"ucd_lon": "pos.eq.ra;meta.main", "ucd_lat": "pos.eq.dec;meta.main"}


def table(
    systems: str, *, second: str = "sys", lon: float = 83.0, lat: float = 22.0, **ucds: str
) -> pa.Table:
    said = EQUATORIAL | ucds
    text = DOCUMENT.format(systems=systems, second=second, lon=lon, lat=lat, **said)
    reader = open_votable(io.BytesIO(text.encode()))
    return pa.Table.from_batches(list(reader), reader.schema)


def places(rows: pa.Table) -> SkyCoord:
    return sky_coordinates(rows, position_columns(rows.schema))


FK4_B1950 = '<COOSYS ID="sys" system="eq_FK4" equinox="B1950" epoch="B1975"/>'


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (FK4_B1950, FK4(equinox="B1950", obstime=Time(1975.0, format="byear"))),
        ('<COOSYS ID="sys" system="eq_FK4"/>', FK4(equinox="B1950")),
        ('<COOSYS ID="sys" system="FK5" equinox="2000.0"/>', FK5(equinox="J2000")),
        ('<COOSYS ID="sys" system="eq_FK5" equinox="J1975" refposition="BARYCENTER"/>', FK5(equinox="J1975")),
        ('<COOSYS ID="sys" system="ICRS" epoch="J2015.5"/>', "icrs"),
        ('<COOSYS ID="sys" system="galactic"/>', "galactic"),
        ('<COOSYS ID="sys" system="ecl_FK5" equinox="J2000"/>', "barycentricmeanecliptic"),
        ('<COOSYS ID="other" system="eq_FK4"/>', "icrs"),
        ('<COOSYS ID="sys" system="UNKNOWN"/>', "icrs"),
    ],
)
def test_positions_are_in_the_frame_that_the_table_tells(system: str, expected) -> None:
    found = places(table(system))

    wanted = SkyCoord(83.0, 22.0, unit="deg", frame=expected)
    assert found[0].icrs.separation(wanted.icrs).arcsec < 1e-3


def test_fk4_is_far_from_icrs() -> None:
    """As it was read before: the tests above would otherwise hold for nothing."""
    found = places(table(FK4_B1950))

    assert found[0].icrs.separation(SkyCoord(83.0, 22.0, unit="deg")).deg > 0.5


def test_the_epoch_goes_with_the_positions() -> None:
    found = places(table('<COOSYS ID="sys" system="ICRS" epoch="J2015.5"/>'))

    assert found.obstime.jyear == pytest.approx(2015.5)


def test_before_votable_1_2_frames_were_defined_at_the_top() -> None:
    definitions = '<COOSYS ID="sys" system="eq_FK4" equinox="B1950"/>'
    text = DOCUMENT.format(systems="", second="sys", lon=83.0, lat=22.0, **EQUATORIAL)
    text = text.replace("<RESOURCE", f"<DEFINITIONS>{definitions}</DEFINITIONS><RESOURCE", 1)
    reader = open_votable(io.BytesIO(text.encode()))

    found = places(pa.Table.from_batches(list(reader), reader.schema))

    assert found.frame.name == "fk4"


def test_what_cannot_be_brought_to_icrs_is_refused() -> None:
    with pytest.raises(InputError, match="geo_app"):
        places(table('<COOSYS ID="sys" system="geo_app"/>'))
    with pytest.raises(InputError, match="equinox"):
        places(table('<COOSYS ID="sys" system="eq_FK5" equinox="long ago"/>'))


def test_columns_of_different_frames_are_refused() -> None:
    both = '<COOSYS ID="sys" system="eq_FK4"/><COOSYS ID="new" system="eq_FK5"/>'

    with pytest.raises(InputError, match="different frames"):
        places(table(both, second="new"))


def test_a_ucd_tells_the_frame_too() -> None:
    rows = table("", ucd_lon="pos.galactic.lon", ucd_lat="pos.galactic.lat")

    assert sky_coordinates(rows, position_columns(rows.schema, "RA", "DE")).frame.name == "galactic"


@pytest.mark.parametrize("suffix", [".vot", ".fits", ".parquet"])
def test_frames_are_kept_in_files(tmp_path: Path, suffix: str) -> None:
    rows = table(FK4_B1950)
    write_file(rows, tmp_path / f"rows{suffix}")

    back = read_file(tmp_path / f"rows{suffix}")

    assert SkyFrame.of(back.schema.field("RA").metadata) == SkyFrame("eq_FK4", "B1950", "B1975")


def test_frames_are_kept_in_astropy() -> None:
    back = from_astropy(to_astropy(table(FK4_B1950)))

    assert SkyFrame.of(back.schema.field("DE").metadata) == SkyFrame("eq_FK4", "B1950", "B1975")


def test_astropy_reads_the_frames_that_are_written() -> None:
    rows = table(FK4_B1950)
    sink = io.BytesIO()
    write_votable(sink, rows.schema, rows.to_batches())

    document = parse(io.BytesIO(sink.getvalue()), verify="exception")

    (system,) = document.resources[0].coordinate_systems
    assert (system.system, system.equinox, system.epoch) == ("eq_FK4", "B1950", "B1975")
    assert {each.ref for each in document.get_first_table().fields} == {system.ID}


def test_rows_without_a_position_stay_without_one() -> None:
    from esap_jupyter.formats.sky_frames import icrs_degrees

    ra, dec = icrs_degrees(
        np.array([10.0, np.nan, 10.0, np.inf]), np.array([20.0, 20.0, 95.0, 0.0]), SkyFrame("eq_FK4")
    )

    assert np.isfinite(ra).tolist() == np.isfinite(dec).tolist() == [True, False, False, False]
