"""Staging: from items to files in the workspace, whatever goes wrong on the way."""

import asyncio
import random
import signal
import sys
import textwrap
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import pytest

from esap_jupyter.errors import InputError, NotFound, OutsideWorkspace
from esap_jupyter.gateway import error_of
from esap_jupyter.gateway.jobs import Jobs
from esap_jupyter.gateway.leases import Timing
from esap_jupyter.models import Item, Phase, Position, Provenance, Query
from esap_jupyter.storage.state import State
from tests.services import partner
from tests.services.storage_stand_in import Fault


def an_item(name, service="lake", size=None):
    return Item(
        service=service,
        kind="did",
        locator=f"scope/{name}",
        title=name,
        size=size,
        provenance=Provenance(service=service, query="all", retrieved_at=datetime.now(UTC)),
    )


def a_file(storage, path, content=b"", **details):
    """Settings of a file that the service lists, with the bytes behind it."""
    stored = storage.put(path, content, **details)
    return {
        "path": path,
        "urls": [storage.url(path)],
        "size": len(content),
        "checksums": {"adler32": stored.adler32},
    }


def a_lake(storage, **files):
    """The service `lake`; each argument is the files of an item."""
    return {"lake": {"origins": [storage.origin], "files": files}}


def contents_of(job):
    """What arrived, by file name."""
    return {Path(file["path"]).name: Path(file["path"]).read_bytes() for file in job.results["files"]}


async def stage(gateway, *items, **options):
    return await (await gateway.stage(items, **options)).wait()


class TestSuccess:
    async def test_files_arrive_verified(self, make_gateway, storage, tmp_path):
        lake = a_lake(
            storage,
            one=[a_file(storage, "a.fits", b"A" * 1000)],
            two=[a_file(storage, "set/b.fits", b"B" * 2000), a_file(storage, "set/c.fits", b"C" * 3000)],
        )
        gateway = await make_gateway(lake)
        items = [an_item("one"), an_item("two")]
        job = await stage(gateway, *items)
        assert job.phase is Phase.COMPLETED
        assert job.title == "one and 1 more"
        directory = tmp_path / "workspace" / "esap-data"
        assert job.results["directory"] == str(directory)
        arrived = {Path(file["path"]): file for file in job.results["files"]}
        assert {path.relative_to(directory).as_posix(): path.read_bytes()[:1] for path in arrived} == {
            "a.fits": b"A",
            "set/b.fits": b"B",
            "set/c.fits": b"C",
        }
        assert {file["verified"] for file in arrived.values()} == {"adler32"}
        assert arrived[directory / "set" / "b.fits"]["item"] == items[1].id
        assert arrived[directory / "set" / "b.fits"]["bytes"] == 2000
        assert job.results["failed"] == []
        assert (job.progress.done, job.progress.total) == (6000, 6000)
        assert (job.progress.files_done, job.progress.files_total) == (3, 3)

    async def test_the_basket_is_staged_when_nothing_is_said(self, make_gateway, storage):
        lake = a_lake(storage, one=[a_file(storage, "a")], two=[a_file(storage, "b")])
        gateway = await make_gateway(lake)
        await gateway.basket.add([an_item("one"), an_item("two")])
        job = await (await gateway.stage()).wait()
        assert len(job.results["files"]) == 2
        job = await (await gateway.stage([an_item("two").id], directory="elsewhere")).wait()
        [file] = job.results["files"]
        assert Path(file["path"]) == gateway.workspace.root / "elsewhere" / "b"

    async def test_the_files_of_chosen_rows_are_theirs(self, make_gateway, storage):
        files = {str(n): [a_file(storage, f"{n}.fits", b"%d" % n)] for n in range(5)}
        gateway = await make_gateway({"lake": {**a_lake(storage, **files)["lake"], "batches": [5]}})
        table = await gateway.search(Query(services=("lake",), position=Position(ra=1, dec=2))).done()
        chosen = table.where("id", ">", 1).sort("id", descending=True)
        job = await stage(gateway, *await gateway.items(chosen, [0, 2]))
        assert contents_of(job) == {"4.fits": b"4", "2.fits": b"2"}

    async def test_file_without_checksum_says_so(self, make_gateway, storage):
        file = {**a_file(storage, "a", b"data"), "checksums": {}, "size": None}
        job = await stage(await make_gateway(a_lake(storage, one=[file])), an_item("one"))
        assert [each["verified"] for each in job.results["files"]] == [""]

    async def test_a_file_where_a_directory_should_be_is_said_and_resumed_past(
        self, make_gateway, storage, tmp_path
    ):
        gateway = await make_gateway(a_lake(storage, one=[a_file(storage, "set/a.fits", b"data")]))
        in_the_way = tmp_path / "workspace" / "night" / "set"
        in_the_way.parent.mkdir(parents=True)
        in_the_way.write_text("a note")
        job = await stage(gateway, an_item("one"), directory="night")
        assert job.phase is Phase.ERROR
        assert "a.fits cannot be written" in job.error_message
        in_the_way.unlink()
        job = await (await gateway.jobs.resume(job.id)).wait()
        assert contents_of(job) == {"a.fits": b"data"}

    async def test_davs_is_read_as_https(self, make_gateway, storage):
        file = a_file(storage, "a", b"data")
        file["urls"] = [url.replace("http://", "dav://") for url in file["urls"]]
        job = await stage(await make_gateway(a_lake(storage, one=[file])), an_item("one"))
        assert job.phase is Phase.COMPLETED

    async def test_two_files_of_one_name_do_not_overwrite_each_other(self, make_gateway, storage):
        first, second = a_file(storage, "1/image.fits", b"one"), a_file(storage, "2/image.fits", b"two")
        first["path"] = second["path"] = "image.fits"
        gateway = await make_gateway(a_lake(storage, one=[first], two=[second]))
        job = await stage(gateway, an_item("one"), an_item("two"))
        assert contents_of(job) == {"image.fits": b"one", f"image-{an_item('two').id}.fits": b"two"}

    async def test_what_is_there_is_not_fetched_again(self, make_gateway, storage):
        gateway = await make_gateway(a_lake(storage, one=[a_file(storage, "a", b"data")]))
        first = await stage(gateway, an_item("one"))
        asked = len(storage.requests)
        again = await stage(gateway, an_item("one"))
        assert again.results["files"] == first.results["files"]
        assert len(storage.requests) == asked
        assert again.progress.files_done == 1

    async def test_what_has_changed_at_the_service_is_brought_anew(self, make_gateway, storage):
        before = await make_gateway(a_lake(storage, one=[a_file(storage, "a", b"data")]))
        await stage(before, an_item("one"))
        after = await make_gateway(a_lake(storage, one=[a_file(storage, "a", b"DATA")]))
        job = await stage(after, an_item("one"))
        assert contents_of(job) == {"a": b"DATA"}


class TestPaths:
    @pytest.mark.parametrize("path", ["/etc/cron.d/x", "../x", "a/../../x", "link/x", "a\nb"])
    async def test_that_leave_the_workspace_are_refused_file_by_file(
        self, make_gateway, storage, path, tmp_path
    ):
        good, bad = a_file(storage, "good", b"good"), {**a_file(storage, "bad", b"bad"), "path": path}
        gateway = await make_gateway(a_lake(storage, one=[good, bad]))
        directory = tmp_path / "workspace" / "esap-data"
        directory.mkdir(parents=True)
        (tmp_path / "elsewhere").mkdir()
        (directory / "link").symlink_to(tmp_path / "elsewhere")
        job = await stage(gateway, an_item("one"))
        assert job.phase is Phase.ERROR
        assert job.error_code == "outside-workspace"
        assert [Path(file["path"]).name for file in job.results["files"]] == ["good"]
        assert [file["code"] for file in job.results["failed"]] == ["outside-workspace"]
        assert not list((tmp_path / "elsewhere").iterdir())
        assert not storage.ranges("bad")

    @pytest.mark.parametrize("directory", ["/tmp", "..", "a/../.."])
    async def test_directory_outside_is_refused_at_once(self, make_gateway, directory):
        gateway = await make_gateway({"lake": {}})
        with pytest.raises(OutsideWorkspace):
            await gateway.stage([an_item("one")], directory=directory)
        assert await gateway.jobs.list() == []

    async def test_nothing_that_programs_read_by_themselves_is_written(self, make_gateway, storage):
        file = {**a_file(storage, "x", b"evil"), "path": ".ipython/startup/x.py"}
        gateway = await make_gateway(
            a_lake(storage, one=[file]), staging={"keep_free": 0, "directory": "home"}
        )
        job = await stage(gateway, an_item("one"))
        [staged] = job.results["files"]
        assert Path(staged["path"]) == gateway.workspace.root / "home" / "_ipython" / "startup" / "x.py"


class TestFaults:
    async def test_nothing_to_stage(self, make_gateway):
        gateway = await make_gateway({"lake": {}})
        with pytest.raises(InputError, match="nothing to stage"):
            await gateway.stage()
        with pytest.raises(NotFound):
            await gateway.stage(["no-such-id"])

    async def test_disk_too_small_is_found_before_any_byte(self, make_gateway, storage, monkeypatch):
        usage = namedtuple("usage", "total used free")(10_000, 9_000, 1_000)  # noqa: PYI024
        monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
        gateway = await make_gateway(a_lake(storage, one=[a_file(storage, "a", b"x" * 2000)]))
        job = await stage(gateway, an_item("one"))
        assert job.phase is Phase.ERROR
        assert job.error_code == "no-room"
        assert storage.requests == []

    async def test_estimate_counts_where_the_size_is_not_known(self, make_gateway, storage, monkeypatch):
        usage = namedtuple("usage", "total used free")(10_000, 9_000, 1_000)  # noqa: PYI024
        monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
        file = {**a_file(storage, "a", b"x"), "size": None}
        gateway = await make_gateway(a_lake(storage, one=[file]))
        job = await stage(gateway, an_item("one", size=2000))
        assert job.error_code == "no-room"

    async def test_wrong_bytes_get_no_name(self, make_gateway, storage):
        file = a_file(storage, "a.fits", b"x" * 1000, fault=Fault(wrong_byte=500))
        gateway = await make_gateway(a_lake(storage, one=[file]))
        job = await stage(gateway, an_item("one"))
        assert job.error_code == "checksum-mismatch"
        assert job.results["files"] == []
        [failed] = job.results["failed"]
        assert (failed["item"], failed["path"]) == (an_item("one").id, "a.fits")
        assert not list((gateway.workspace.root / "esap-data").glob("**/*.fits"))

    async def test_one_that_fails_stops_no_other_and_resuming_fetches_it_alone(self, make_gateway, storage):
        bad = a_file(storage, "bad", b"B" * 1000, fault=Fault(status=404))
        gateway = await make_gateway(a_lake(storage, one=[a_file(storage, "good", b"G" * 1000)], two=[bad]))
        job = await stage(gateway, an_item("one"), an_item("two"))
        assert job.phase is Phase.ERROR
        assert job.error_message.startswith("1 of 2 files did not arrive; the first: ")
        assert [Path(file["path"]).name for file in job.results["files"]] == ["good"]
        assert [(file["item"], file["path"]) for file in job.results["failed"]] == [
            (an_item("two").id, "bad")
        ]

        storage.files["bad"].fault = Fault()
        job = await (await gateway.jobs.resume(job.id)).wait()
        assert job.phase is Phase.COMPLETED
        assert sorted(Path(file["path"]).name for file in job.results["files"]) == ["bad", "good"]
        assert job.results["failed"] == []
        assert len(storage.ranges("good")) == 1

    async def test_item_whose_files_cannot_be_listed_stops_no_other(self, make_gateway, storage):
        gateway = await make_gateway(a_lake(storage, one=[a_file(storage, "a", b"data")], empty=[]))
        job = await stage(gateway, an_item("gone"), an_item("one"), an_item("gone too"))
        assert [Path(file["path"]).name for file in job.results["files"]] == ["a"]
        assert [(file["item"], file["code"]) for file in job.results["failed"]] == [
            (an_item("gone").id, "no-replica"),
            (an_item("gone too").id, "no-replica"),
        ]

    async def test_item_without_files(self, make_gateway, storage):
        job = await stage(await make_gateway(a_lake(storage, empty=[])), an_item("empty"))
        assert (job.phase, job.error_code) == (Phase.ERROR, "no-replica")

    @pytest.mark.parametrize(
        ("service", "code"),
        [
            ("unknown", "unknown-name"),
            ("down", "service-unreachable"),
            ("hangs", "service-timeout"),
            ("buggy", "error"),
            ("broken", "config"),
            ("finds-only", "not-offered"),
        ],
    )
    async def test_service_that_fails_stops_no_other(self, make_gateway, storage, service, code):
        services = {
            **a_lake(storage, one=[a_file(storage, "a", b"data")]),
            "down": {"fault": "unreachable"},
            "hangs": {"fault": "hang", "deadline": 0.05},
            "buggy": {"fault": "bug"},
            "broken": {"connector": "missing"},
            "finds-only": {"offers": ["sources"]},
        }
        gateway = await make_gateway(services)
        job = await stage(gateway, an_item("one"), an_item("x", service), an_item("y", service))
        assert job.phase is Phase.ERROR
        assert job.error_code == code
        assert len(job.results["files"]) == 1
        assert [failed["code"] for failed in job.results["failed"]] == [code, code]

    async def test_replica_that_nothing_here_reads(self, make_gateway, storage):
        file = {**a_file(storage, "a"), "urls": ["root://store.test//a", "srm://store.test/a"]}
        job = await stage(await make_gateway(a_lake(storage, one=[file])), an_item("one"))
        assert job.error_code == "no-replica"
        assert "only root, srm" in job.error_message

    async def test_private_address_that_is_not_named(self, make_gateway, storage):
        lake = a_lake(storage, one=[a_file(storage, "a", b"data")])
        lake["lake"] |= {"origins": []}
        lake["lake"]["url"] = "https://lake.test"
        config_urls = lake["lake"].pop("files")
        gateway = await make_gateway(lake)
        connector = gateway.connector("lake")
        connector.settings = connector.settings.model_copy(
            update={"files": partner.PartnerSettings(url="", files=config_urls).files}
        )
        job = await stage(gateway, an_item("one"))
        assert job.error_code == "address-refused"
        assert storage.requests == []


class TestOwnWay:
    """Files without HTTP replicas, which a connector brings itself."""

    @pytest.fixture
    def own_way(self, monkeypatch):
        asked = []

        async def download(_, file, target):
            asked.append(file.path)
            if "bad" in file.path:
                raise ZeroDivisionError
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"data")

        monkeypatch.setattr(partner.PartnerConnector, "download", download, raising=False)
        return asked

    async def test_files_arrive_beside_those_of_http(self, make_gateway, storage, own_way):
        tape = {"path": "tape", "urls": ["root://x.test//t"], "checksums": {"md5": "x"}, "size": 4}
        gateway = await make_gateway(a_lake(storage, one=[tape, a_file(storage, "disk", b"disk")]))
        job = await stage(gateway, an_item("one"))
        assert job.phase is Phase.COMPLETED
        assert {Path(file["path"]).name: file["verified"] for file in job.results["files"]} == {
            "tape": "md5",
            "disk": "adler32",
        }
        assert own_way == ["tape"]

    async def test_fault_is_that_files_alone(self, make_gateway, storage, own_way):
        bad = {"path": "bad", "urls": ["root://x.test//t"]}
        gateway = await make_gateway(a_lake(storage, one=[bad, a_file(storage, "disk", b"disk")]))
        job = await stage(gateway, an_item("one"))
        assert [Path(file["path"]).name for file in job.results["files"]] == ["disk"]
        assert [failed["path"] for failed in job.results["failed"]] == ["bad"]


class TestInTheMiddle:
    SIZE = 2_000_000
    HALF = 1_000_000

    @pytest.fixture
    def lake(self, storage):
        """One file that arrives, one that stops in the middle until the storage is released."""
        content = random.Random(1).randbytes(self.SIZE)
        stuck = a_file(storage, "stuck.fits", content, etag='"1"', fault=Fault(hang_after=1_500_000))
        return a_lake(storage, one=[a_file(storage, "small.fits", b"small")], two=[stuck])

    async def in_the_middle(self, gateway, job_id):
        async for job in gateway.jobs.watch(job_id):
            if job.progress.done >= self.HALF and job.progress.files_done:
                return job
        raise AssertionError(job)

    def resumed_at(self, storage):
        """The byte from which the stuck file was last asked for."""
        return int(storage.ranges("stuck.fits")[-1].removeprefix("bytes=").partition("-")[0] or 0)

    async def test_progress_of_each_file_and_in_total(self, make_gateway, lake):
        gateway = await make_gateway(lake)
        handle = await gateway.stage([an_item("one"), an_item("two")])
        job = await self.in_the_middle(gateway, handle.id)
        assert job.phase is Phase.EXECUTING
        assert (job.progress.total, job.progress.unit) == (self.SIZE + 5, "bytes")
        assert (job.progress.files_done, job.progress.files_total) == (1, 2)
        [active] = job.progress.active
        assert (active.path, active.total) == ("esap-data/stuck.fits", self.SIZE)

    async def test_cancelled_from_another_process(self, make_gateway, lake):
        gateway, other = await make_gateway(lake), await make_gateway(lake)
        handle = await gateway.stage([an_item("one"), an_item("two")])
        await self.in_the_middle(gateway, handle.id)
        await other.jobs.cancel(handle.id)
        job = await other.jobs.wait(handle.id)
        assert job.phase is Phase.ABORTED
        assert error_of(job).code == "cancelled"
        directory = gateway.workspace.root / "esap-data"
        assert [path.name for path in directory.glob("*.fits")] == ["small.fits"]
        assert [Path(file["path"]).name for file in job.results["files"]] == ["small.fits"]

    async def test_resumed_where_it_was(self, make_gateway, lake, storage):
        gateway = await make_gateway(lake)
        handle = await gateway.stage([an_item("one"), an_item("two")])
        await self.in_the_middle(gateway, handle.id)
        await handle.cancel()
        await handle.wait()
        storage.files["stuck.fits"].fault = Fault()
        job = await (await gateway.jobs.resume(handle.id)).wait()
        assert job.phase is Phase.COMPLETED
        assert self.resumed_at(storage) >= self.HALF
        assert len(storage.ranges("small.fits")) == 1
        paths = {Path(file["path"]).name: Path(file["path"]) for file in job.results["files"]}
        assert paths["stuck.fits"].read_bytes() == storage.files["stuck.fits"].content

    async def test_process_is_killed_and_another_one_resumes(
        self, make_gateway, lake, storage, tmp_path, make_config
    ):
        """kill -9 in the middle: nothing under a final name; of two that resume, one runs it to the end."""
        process = await self.start_process(tmp_path, make_config(lake))
        try:
            job_id = (await process.stdout.readline()).decode().strip()
            watcher = await make_gateway(lake)
            watcher.jobs = Jobs(State(tmp_path / "state" / "state.sqlite"), timing=Timing(tick=0.05))
            await self.in_the_middle(watcher, job_id)
        finally:
            process.kill()
            await process.communicate()
        job = await watcher.jobs.wait(job_id)
        assert job.interrupted
        assert not (tmp_path / "workspace" / "esap-data" / "stuck.fits").exists()

        storage.files["stuck.fits"].fault = Fault()
        gateways = [await make_gateway(lake), await make_gateway(lake)]
        outcomes = await asyncio.gather(
            *(gateway.jobs.resume(job_id) for gateway in gateways), return_exceptions=True
        )
        assert sum(isinstance(outcome, InputError) for outcome in outcomes) == 1
        [handle] = [outcome for outcome in outcomes if not isinstance(outcome, InputError)]
        job = await handle.wait()
        assert job.phase is Phase.COMPLETED
        assert self.resumed_at(storage) >= self.HALF
        [stuck] = [Path(file["path"]) for file in job.results["files"] if "stuck" in file["path"]]
        assert stuck.read_bytes() == storage.files["stuck.fits"].content

    async def test_ctrl_c_in_the_process_that_stages(self, make_gateway, lake, tmp_path, make_config):
        process = await self.start_process(tmp_path, make_config(lake))
        job_id = (await process.stdout.readline()).decode().strip()
        watcher = await make_gateway(lake)
        await self.in_the_middle(watcher, job_id)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            await process.communicate()
        assert (await watcher.jobs.wait(job_id)).interrupted
        directory = tmp_path / "workspace" / "esap-data"
        assert [path.name for path in directory.glob("*.fits")] == ["small.fits"]

    async def start_process(self, tmp_path, config):
        """Stage in another process, whose leases are short; it prints the job's id."""
        (tmp_path / "config.json").write_text(config.model_dump_json())
        program = textwrap.dedent("""
            import asyncio, sys
            from datetime import UTC, datetime
            from pathlib import Path
            from esap_jupyter.config import Config
            from esap_jupyter.gateway import Gateway
            from esap_jupyter.gateway import leases
            from esap_jupyter.models import Item, Provenance

            async def main(config):
                async with Gateway(config) as gateway:
                    gateway.jobs._timing = leases.Timing(lease=2.0, renew=0.2, tick=0.05)
                    provenance = Provenance(service="lake", retrieved_at=datetime.now(UTC))
                    items = [
                        Item(service="lake", kind="did", locator=f"scope/{name}", provenance=provenance)
                        for name in ("one", "two")
                    ]
                    job = await gateway.stage(items)
                    print(job.id, flush=True)
                    await job.wait()

            asyncio.run(main(Config.model_validate_json(Path(sys.argv[1]).read_bytes())))
        """)
        root = Path(__file__).parents[3]
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            str(tmp_path / "config.json"),
            env={"PYTHONPATH": f"{root}:{tmp_path / 'site-packages'}"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
