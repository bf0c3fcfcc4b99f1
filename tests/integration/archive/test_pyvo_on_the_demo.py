"""pyvo, which nobody here wrote, uses everything that the demo's archive offers."""

from __future__ import annotations

import gc
import io
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
import pyvo
import requests
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from pyvo import registry
from pyvo.dal.adhoc import DatalinkResults

# pyvo leaves its connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module", autouse=True)
def _no_connection_is_left() -> Iterator[None]:
    """Collect them here, where they are expected, and not in a test of something else."""
    yield
    gc.collect()


M51 = SkyCoord(202.4696, 47.1952, unit="deg")


@pytest.fixture
def tap(demo_archive: Any) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(demo_archive.url + "tap")


@pytest.fixture
def own_registry(demo_archive: Any) -> Iterator[None]:
    before = registry.regtap.REGISTRY_BASEURL
    registry.choose_RegTAP_service(demo_archive.url + "tap")
    yield
    registry.choose_RegTAP_service(before)


def test_sync(tap: pyvo.dal.TAPService) -> None:
    table = tap.run_sync("SELECT TOP 5 ra, pmra, population, variable FROM demo.sources").to_table()

    assert len(table) == 5
    assert table["pmra"].unit == u.mas / u.yr
    assert table["variable"].dtype == bool


def test_overflow_is_told(tap: pyvo.dal.TAPService) -> None:
    result = tap.run_sync("SELECT ra FROM demo.sources", maxrec=10)

    assert (len(result), result.query_status) == (10, "OVERFLOW")


def test_uploads_sync_and_async(tap: pyvo.dal.TAPService) -> None:
    mine = Table({"ra": [M51.ra.deg, 10.6847], "dec": [M51.dec.deg, 41.2688], "name": ["M51", "M31"]})
    adql = (
        "SELECT m.name, COUNT(*) AS n FROM demo.sources AS s JOIN TAP_UPLOAD.mine AS m "
        "ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(m.ra, m.dec, 0.1)) GROUP BY m.name"
    )

    for run in (tap.run_sync, tap.run_async):
        counts = {row["name"]: row["n"] for row in run(adql, uploads={"mine": mine})}
        assert counts.keys() == {"M51", "M31"}
        assert min(counts.values()) > 100


def test_a_job_step_by_step(tap: pyvo.dal.TAPService) -> None:
    job = tap.submit_job("SELECT TOP 100 * FROM demo.sources")
    assert job.phase == "PENDING"
    job.execution_duration = 60
    job.run()
    job.wait(phases=["COMPLETED", "ERROR"], timeout=60)
    job.raise_if_error()

    assert len(job.fetch_result()) == 100
    assert job.job_id in {listed.jobid for listed in tap.get_job_list()}
    job.delete()
    assert job.job_id not in {listed.jobid for listed in tap.get_job_list()}


def test_errors_reach_the_person(tap: pyvo.dal.TAPService) -> None:
    for run in (tap.run_sync, tap.run_async):
        with pytest.raises(pyvo.dal.DALQueryError, match=r"no column nothing \(line 1, column 8\)"):
            run("SELECT nothing FROM demo.sources")


def test_a_job_can_be_aborted(tap: pyvo.dal.TAPService) -> None:
    job = tap.submit_job(
        "SELECT a.ra FROM demo.sources AS a, demo.sources AS b, demo.sources AS c "
        "WHERE SIN(a.ra + b.ra + c.ra) > 2"
    )
    job.run()
    while job.phase == "QUEUED":
        time.sleep(0.01)
    assert job.phase == "EXECUTING"
    job.abort()

    assert job.phase == "ABORTED"
    job.delete()
    assert len(tap.run_sync("SELECT TOP 1 ra FROM demo.sources")) == 1


def test_tables_examples_and_what_the_service_says_of_itself(tap: pyvo.dal.TAPService) -> None:
    columns = {column.name: column for column in tap.tables["demo.sources"].columns}
    assert columns["parallax"].unit == "mas"
    assert {"ivoa.obscore", "tap_schema.tables", "rr.capability", "demo.messier"} <= set(tap.tables.keys())
    assert tap.maxrec < tap.hardlimit
    assert [method.ivo_id for method in tap.upload_methods] == ["ivo://ivoa.net/std/TAPRegext#upload-inline"]
    language = tap.get_tap_capability().get_adql()
    assert language.get_udf("ivo_hasword")
    assert language.get_feature("ivo://ivoa.net/std/TAPRegext#features-adqlgeo", "CONTAINS")
    for example in tap.examples:
        assert len(example.execute()) > 0


def test_every_format_of_a_table(tap: pyvo.dal.TAPService) -> None:
    query = {
        "LANG": "ADQL",
        "QUERY": "SELECT TOP 50 source_id, ra, phot_g_mean_mag, population FROM demo.sources",
    }
    expected = tap.run_sync(query["QUERY"]).to_table()["source_id"].tolist()

    for output in tap.get_tap_capability().outputformats:
        content = requests.get(
            f"{tap.baseurl}/sync", params={**query, "RESPONSEFORMAT": output.mime}, timeout=30
        ).content
        kind = output.aliases[0]
        if kind == "parquet":
            found = pq.read_table(io.BytesIO(content))["source_id"].to_pylist()
        else:
            form = {"csv": "ascii.csv", "fits": "fits"}.get(kind, "votable")
            found = Table.read(io.BytesIO(content), format=form)["source_id"].tolist()
        assert found == expected, output.mime


def test_cone_search(demo_archive: Any) -> None:
    service = pyvo.dal.SCSService(demo_archive.url + "scs/demo.sources")

    result = service.search(pos=M51, radius=0.1 * u.deg)

    assert len(result) > 150
    assert all(record.pos.separation(M51) < 0.1001 * u.deg for record in result)
    with pytest.raises(pyvo.dal.DALQueryError, match="SR is missing"):
        query = service.create_query(pos=M51, radius=0.1)
        del query["SR"]
        query.execute()


def test_images_by_place_band_and_time(demo_archive: Any) -> None:
    service = pyvo.dal.SIA2Service(demo_archive.url + "sia2")

    around = service.search(pos=(M51.ra.deg, M51.dec.deg, 0.05))
    in_v = service.search(pos=(M51.ra.deg, M51.dec.deg, 0.05), band=(500e-9, 520e-9))
    (one,) = in_v

    assert {record.target_name for record in around} == {"M51"}
    assert len(around) == 3
    assert one.em_min.to_value("nm") == pytest.approx(507)
    assert len(service.search(time=("2024-01-01", "2024-01-05"))) == 3
    assert len(service.search(pos=(0, 0, 0.1))) == 0
    assert len(service.search(target_name="M87", data_type="image", maxrec=2)) == 2


def test_datalink_leads_to_the_file(demo_archive: Any) -> None:
    result = pyvo.dal.SIA2Service(demo_archive.url + "sia2").search(pos=(M51.ra.deg, M51.dec.deg, 0.05))

    for record in result:
        links = DatalinkResults.from_result_url(record.access_url)
        kinds = {link["semantics"]: link for link in links}
        assert kinds.keys() == {"#this", "#preview", "#auxiliary"}
        content = requests.get(kinds["#this"]["access_url"], timeout=30).content
        assert len(content) == kinds["#this"]["content_length"]
        with fits.open(io.BytesIO(content)) as hdus:
            assert hdus[0].header["OBJECT"] == "M51"
        assert len(pyvo.dal.SCSResults.from_result_url(kinds["#auxiliary"]["access_url"])) > 100


def test_the_identifier_names_the_did_in_the_data_lake(tap: pyvo.dal.TAPService, demo_data: Any) -> None:
    dids = tap.run_sync("SELECT obs_publisher_did FROM ivoa.obscore").to_table()["obs_publisher_did"]

    assert set(dids) == {f"ivo://esap.demo/~?demo:{file.name}" for file in demo_data.files}


def test_spectra(demo_archive: Any) -> None:
    service = pyvo.dal.SSAService(demo_archive.url + "ssa")

    result = service.search(pos=SkyCoord(56.75, 24.12, unit="deg"), diameter=2 * u.deg)

    assert len(result) == 6
    spectrum = Table.read(result[0].getdataurl(), hdu=1)
    assert spectrum.colnames == ["WAVELENGTH", "FLUX", "ERROR"]
    assert result[0].title.startswith("Spectrum of ESAP J")


@pytest.mark.usefixtures("own_registry")
def test_the_registry_finds_the_services(demo_archive: Any) -> None:
    for kind, path in (("tap", "tap"), ("scs", "scs/demo.sources?"), ("sia2", "sia2"), ("ssa", "ssa?")):
        found = registry.search(servicetype=kind, keywords=["generated"])
        urls = {record.get_interface(service_type=kind).access_url for record in found}
        assert demo_archive.url + path in urls, kind

    assert not len(registry.search(keywords=["no such word"]))
    assert len(registry.search(datamodel="obscore")) == 1
    assert len(registry.search(ucd=["pos.parallax%"])) >= 1
    (catalogue,) = registry.search(ivoid="ivo://esap.demo/scs/demo.sources")
    assert "demo.sources" in catalogue.get_tables()
    assert len(catalogue.get_service("scs").search(pos=M51, radius=0.05)) > 50


def test_wavebands(tap: pyvo.dal.TAPService) -> None:
    # pyvo fetches a vocabulary before it asks for wavebands; this is the query that it then makes.
    adql = "SELECT ivoid FROM rr.resource WHERE 1 = ivo_hashlist_has(rr.resource.waveband, '{}')"

    assert len(tap.run_sync(adql.format("Optical"))) >= 4
    assert len(tap.run_sync(adql.format("radio"))) == 0


def test_a_million_rows_stream(demo_archive: Any) -> None:
    """The answer is some 100 MB; in the archive's memory there is never more than a little of it."""
    process = psutil.Process()
    requests.get(
        f"{demo_archive.url}tap/sync", params={"QUERY": "SELECT TOP 1 ra FROM demo.sources"}, timeout=30
    )
    before, most, size = process.memory_info().rss, 0, 0
    adql = "SELECT s.*, m.name FROM demo.sources AS s, demo.messier AS m"

    start = time.monotonic()
    with requests.get(
        f"{demo_archive.url}tap/sync", params={"QUERY": adql, "MAXREC": 1_000_000}, stream=True, timeout=60
    ) as response:
        first = None
        for chunk in response.iter_content(1 << 20):
            first = first or time.monotonic() - start
            size += len(chunk)
            most = max(most, process.memory_info().rss)

    assert b"OVERFLOW" in chunk
    assert size > 150_000_000
    assert first is not None
    assert first < 5
    assert most - before < size / 2


def test_sources_agree_between_protocols(demo_archive: Any, tap: pyvo.dal.TAPService) -> None:
    by_cone = pyvo.dal.SCSService(demo_archive.url + "scs/demo.sources").search(pos=M51, radius=0.2)
    by_adql = tap.run_sync(
        "SELECT source_id FROM demo.sources "
        f"WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE({M51.ra.deg}, {M51.dec.deg}, 0.2))"
    )
    catalogue = tap.run_async("SELECT source_id, ra, dec FROM demo.sources", maxrec=1_000_000).to_table()
    places = SkyCoord(catalogue["ra"], catalogue["dec"], unit="deg")
    expected = set(catalogue["source_id"][places.separation(M51) <= 0.2 * u.deg].tolist())

    assert {int(record.id) for record in by_cone} == expected
    assert set(np.asarray(by_adql["source_id"]).tolist()) == expected
