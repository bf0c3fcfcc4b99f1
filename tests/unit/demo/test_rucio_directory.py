import configparser
import socket
import stat
from types import SimpleNamespace

import pytest

from esap_jupyter.demo.rucio_directory import ARCHIVE, SITE, RucioDirectory
from esap_jupyter.errors import StateError


@pytest.fixture
def data(tmp_path):
    files = []
    for dataset in ("M31", "M51"):
        path = tmp_path / "data" / f"{dataset}_V.fits"
        path.parent.mkdir(exist_ok=True)
        path.write_text(dataset)
        shown = SimpleNamespace(target=dataset, product="image", instrument="Cam", filter="V")
        described = {"name": path.name, "size": 3, "adler32": "0", "md5": dataset, "dataset": dataset}
        files.append(SimpleNamespace(path=path, observation=shown, **described))
    return SimpleNamespace(files=files)


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "environment" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    return tmp_path / "environment"


@pytest.fixture
def prepared(tmp_path, environment):
    made = []

    def prepare(data):
        place = RucioDirectory(tmp_path / "rucio", data)
        made.append(place)
        return place, place.prepare(environment)

    yield prepare
    for place in made:
        place.close_sockets()


def test_state_ports_and_passwords_are_kept_between_runs(prepared, data):
    first, empty = prepared(data)
    assert empty
    password = first.password_file.read_text()
    first.note_registered()
    first.close_sockets()
    again, empty = prepared(data)
    assert not empty
    assert not again.moved
    assert again.ports == first.ports
    assert again.password_file.read_text() == password


def test_an_interrupted_first_run_is_begun_anew(prepared, data):
    first, _ = prepared(data)
    first.close_sockets()
    _, empty = prepared(data)
    assert empty


def test_a_port_that_was_taken_meanwhile_is_replaced(prepared, data):
    first, _ = prepared(data)
    first.note_registered()
    first.close_sockets()
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", first.ports[SITE]))
        stranger.listen()
        again, empty = prepared(data)
    assert not empty
    assert again.moved
    assert again.ports[SITE] != first.ports[SITE]
    assert again.ports[ARCHIVE] == first.ports[ARCHIVE]


def test_other_data_make_an_empty_rucio(prepared, data):
    first, _ = prepared(data)
    first.note_registered()
    first.close_sockets()
    data.files[0].md5 = "changed"
    _, empty = prepared(data)
    assert empty


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path, prepared, data):
    (tmp_path / "rucio").mkdir()
    thesis = tmp_path / "rucio" / "thesis.tex"
    thesis.write_text("years of work")
    with pytest.raises(StateError):
        prepared(data)
    assert thesis.read_text() == "years of work"


def test_the_site_writes_to_copies_and_the_archive_has_everything(prepared, data):
    place, _ = prepared(data)
    assert {path.name for path in (place.storages[ARCHIVE] / "demo").iterdir()} == {
        "M31_V.fits",
        "M51_V.fits",
    }
    (at_site,) = (place.storages[SITE] / "demo").iterdir()
    at_site.write_text("overwritten")
    assert data.files[1].path.read_text() == "M51"


def test_nobody_else_reads_passwords_and_configuration(prepared, data):
    place, _ = prepared(data)
    configuration = place.home / "etc" / "rucio.cfg"
    parser = configparser.RawConfigParser()
    parser.read(configuration)
    assert parser["client"]["password"] not in place.password_file.read_text()
    for secret in (place.password_file, configuration, place.home / "root-password"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.directory.stat().st_mode) == 0o700


def test_a_rucio_configured_elsewhere_does_not_reach_the_demos(prepared, data, monkeypatch):
    monkeypatch.setenv("RUCIO_ACCOUNT", "jdoe")
    monkeypatch.setenv("RUCIO_HOME", "/somewhere")
    place, _ = prepared(data)
    environment = place.environment()
    assert "RUCIO_ACCOUNT" not in environment
    assert environment["RUCIO_HOME"] == str(place.home)


def test_the_service_table_names_the_storages_and_the_authority(prepared, data):
    place, _ = prepared(data)
    table = place.service()
    assert table["connector"] == "rucio"
    assert set(table["origins"]) == {place.origin(ARCHIVE), place.origin(SITE)}
    assert table["ca_file"] == str(place.ca_file)
    assert place.password_file.read_text() not in str(table)
