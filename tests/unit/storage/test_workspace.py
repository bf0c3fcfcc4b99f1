"""The workspace and the border around it."""

from collections import namedtuple

import pytest

from esap_jupyter.errors import NoRoom, OutsideWorkspace
from esap_jupyter.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "home").mkdir()
    return Workspace(tmp_path / "home")


def test_relative_path_leads_inside(workspace):
    assert workspace.resolve("data/m31.fits") == workspace.root / "data" / "m31.fits"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../x",
        "data/../../x",
        "data/../x",
        "",
        ".",
        "a\nb",
        "a\tb",
        "a\x00b",
        "\x1b[2J",
        "a\x9bb",
        "a\u202eb",
        "a\ud800b",
    ],
)
def test_path_that_leaves_or_cannot_be_shown_is_refused(workspace, path):
    with pytest.raises(OutsideWorkspace) as raised:
        workspace.resolve(path)
    assert raised.value.field == "directory"
    assert "\x1b" not in str(raised.value)


def test_link_to_elsewhere_is_refused(workspace, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (workspace.root / "link").symlink_to(tmp_path / "elsewhere")
    for path in ("link", "link/file", "link/new/file"):
        with pytest.raises(OutsideWorkspace):
            workspace.resolve(path)


def test_link_to_elsewhere_is_followed_to_read(workspace, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("data")
    (workspace.root / "link").symlink_to(tmp_path / "elsewhere")
    (workspace.root / ".hidden").symlink_to(tmp_path / "elsewhere")
    assert workspace.readable("link/file").read_text() == "data"
    for path in (".hidden/file", "link/../../elsewhere", "../elsewhere", "/etc/hostname", ".", "a\nb"):
        with pytest.raises(OutsideWorkspace):
            workspace.readable(path)


def test_link_to_inside_is_followed(workspace):
    (workspace.root / "data").mkdir()
    (workspace.root / "link").symlink_to(workspace.root / "data")
    assert workspace.resolve("link/file") == workspace.root / "data" / "file"


def test_workspace_reached_by_a_link_is_itself(workspace, tmp_path):
    (tmp_path / "also-home").symlink_to(workspace.root)
    assert Workspace(tmp_path / "also-home").resolve("x") == workspace.root / "x"


def test_room(workspace, monkeypatch):
    usage = namedtuple("usage", "total used free")(10_000, 0, 5_000)  # noqa: PYI024
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    workspace.check_room(4_000, keep_free=1_000)
    with pytest.raises(NoRoom, match=r"4\.5 kB are to be written, but only 4 kB"):
        workspace.check_room(4_500, keep_free=1_000)
