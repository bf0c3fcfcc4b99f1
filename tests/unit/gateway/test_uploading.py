"""Uploads as jobs: which files, under which names, and one that fails spoils no other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from esap_jupyter.connectors.base import Taken
from esap_jupyter.errors import Conflict, InputError, NotOffered, ServiceUnreachable
from esap_jupyter.gateway import uploading
from esap_jupyter.models import Capability, DIDName, Phase, UploadTarget, WritableRSE
from tests.services.partner import PartnerConnector


class TakingConnector(PartnerConnector):
    """Takes files into a dictionary; names in `FAULTS` fail."""

    taken: dict[str, bytes] = {}  # noqa: RUF012 - the tests' own
    faults: dict[str, Exception] = {}  # noqa: RUF012
    names: list[str] = []  # noqa: RUF012

    @property
    def capabilities(self):
        return frozenset({Capability.UPLOADS})

    async def writable_rses(self):
        return [WritableRSE(name="RSE")]

    async def upload_target(self, to="", *, rse="", lifetime=None):
        scope, _, dataset = to.partition(":")
        return UploadTarget(
            scope=scope, rse=rse or "RSE", lifetime=lifetime,
            dataset=DIDName(scope=scope, name=dataset) if dataset else None,
        )  # fmt: skip

    async def prepare(self, target, size):
        pass

    async def take(self, path, name, target, on_progress):
        self.names.append(name)
        if name in self.faults:
            raise self.faults[name]
        content = await asyncio.to_thread(Path(path).read_bytes)
        on_progress(len(content))
        self.taken[f"{target.scope}:{name}"] = content
        return Taken(DIDName(scope=target.scope, name=name), target.rse, len(content), "00000001")


@pytest.fixture
async def gateway(make_gateway, monkeypatch):
    made = await make_gateway({"lake": {}})
    monkeypatch.setattr(TakingConnector, "taken", {})
    monkeypatch.setattr(TakingConnector, "faults", {})
    monkeypatch.setattr(TakingConnector, "names", [])
    known = made.connector("lake")
    made._services._connectors["lake"] = TakingConnector(known.settings, known.context)
    return made


def files(directory: Path, *names: str) -> list[Path]:
    paths = [directory / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    return paths


def named(*paths: Path) -> dict[str, str]:
    return {file.name: file.path.name for file in uploading.files_at(paths)}


class TestNames:
    def test_a_file_has_its_own_name(self, tmp_path):
        assert named(*files(tmp_path, "a.fits", "b.fits")) == {"a.fits": "a.fits", "b.fits": "b.fits"}

    def test_a_folder_has_its_files(self, tmp_path):
        files(tmp_path, "night/a.fits", "night/deep/b.fits", "night/.hidden", "night/.git/config")
        assert named(tmp_path / "night") == {"a.fits": "a.fits", "b.fits": "b.fits"}

    def test_files_of_one_name_are_named_after_their_folders(self, tmp_path):
        files(tmp_path, "night/1/a.fits", "night/2/a.fits", "night/c.fits")
        assert set(named(tmp_path / "night")) == {"night.1.a.fits", "night.2.a.fits", "c.fits"}

    def test_two_files_of_one_name(self, tmp_path):
        paths = files(tmp_path, "1/a.fits", "2/a.fits")
        with pytest.raises(InputError, match="would have the same name"):
            uploading.files_at(paths)

    def test_links_lead_nowhere_else(self, tmp_path):
        (secret,) = files(tmp_path, "secret")
        files(tmp_path, "night/a.fits")
        (tmp_path / "night" / "link").symlink_to(secret)
        assert named(tmp_path / "night") == {"a.fits": "a.fits"}

    @pytest.mark.parametrize("path", ["nothing", "."])
    def test_nothing_to_upload(self, tmp_path, path):
        with pytest.raises(InputError):
            uploading.files_at([tmp_path / path])


class TestJob:
    async def test_files_are_taken_and_listed(self, gateway, tmp_path):
        paths = files(tmp_path, "a.fits", "b.fits")
        job = await (await gateway.upload("lake", paths, to="user.me:night")).wait()
        assert job.phase is Phase.COMPLETED
        assert job.title == "a.fits and 1 more to user.me:night"
        assert {file["did"] for file in job.results["files"]} == {"user.me:a.fits", "user.me:b.fits"}
        assert (job.progress.files_done, job.progress.done) == (2, 12)
        assert TakingConnector.taken["user.me:a.fits"] == b"a.fits"

    async def test_one_that_fails_spoils_no_other_and_resuming_takes_it_alone(self, gateway, tmp_path):
        paths = files(tmp_path, "a.fits", "b.fits", "c.fits")
        TakingConnector.faults = {"b.fits": Conflict("b.fits exists.", hint="Rename it.")}
        job = await (await gateway.upload("lake", paths, to="user.me")).wait()
        assert (job.phase, job.error_code) == (Phase.ERROR, "conflict")
        assert "1 of 3 files were not uploaded" in job.error_message
        assert [(each["path"], each["hint"]) for each in job.results["failed"]] == [
            (str(paths[1]), "Rename it.")
        ]
        TakingConnector.faults = {}
        TakingConnector.names.clear()
        job = await (await gateway.jobs.resume(job.id)).wait()
        assert job.phase is Phase.COMPLETED
        assert TakingConnector.names == ["b.fits"]
        assert len(job.results["files"]) == 3
        assert job.results["failed"] == []

    async def test_a_file_that_has_changed_is_taken_again(self, gateway, tmp_path):
        paths = files(tmp_path, "a.fits", "b.fits")
        TakingConnector.faults = {"b.fits": Conflict("b.fits exists.")}
        job = await (await gateway.upload("lake", paths, to="user.me")).wait()
        paths[0].write_text("changed")
        TakingConnector.faults = {}
        await (await gateway.jobs.resume(job.id)).wait()
        assert TakingConnector.taken["user.me:a.fits"] == b"changed"

    async def test_a_data_lake_that_is_down_is_not_asked_for_every_file(self, gateway, tmp_path):
        paths = files(tmp_path, *(f"{number:03}.fits" for number in range(100)))
        down = ServiceUnreachable("It is down.")
        TakingConnector.faults = dict.fromkeys((path.name for path in paths), down)
        job = await (await gateway.upload("lake", paths, to="user.me")).wait()
        assert job.phase is Phase.ERROR
        assert len(job.results["failed"]) == 100
        assert len(TakingConnector.names) < 10

    async def test_a_service_that_takes_none(self, make_gateway, tmp_path):
        gateway = await make_gateway({"plates": {}})
        with pytest.raises(NotOffered, match="does not offer uploads"):
            await gateway.upload("plates", files(tmp_path, "a.fits"))
