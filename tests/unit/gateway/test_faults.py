"""Bad input and faults as a person meets them: through the gateway, with our own connectors."""

import asyncio
import time
from pathlib import Path

import pytest

from esap_jupyter.errors import EsapError, InputError, UnknownName
from esap_jupyter.gateway import error_of
from esap_jupyter.models import Phase, Position, Query
from tests.services.fault_server import FaultServer, refused_url
from tests.services.rucio_stand_in import as_stream, rucio_stand_in
from tests.services.storage_stand_in import Fault

PLACE = Position(ra=10, dec=-20.5)
ADQL = "SELECT parallex FROM cat.main"

FAULTS = [
    ("html", "bad-answer", "Welcome to the archive"),
    ("text", "bad-answer", "moving to a new data centre"),
    ("truncated", "bad-answer", "breaks off"),
    ("malformed", "bad-answer", "not well-formed"),
    ("bomb", "bad-answer", "entities"),
    ("broken-off", "service-unreachable", "broke off"),
    ("error", "query-rejected", "Column parallex does not exist"),
    ("error-400", "query-rejected", "Column parallex does not exist"),
    ("traceback", "service-failed", "500"),
    ("503", "service-failed", "503"),
    ("401", "sign-in-needed", "401"),
    ("redirect-private", "address-refused", "private address"),
]


def services(**named):
    return {name: {"connector": "vo", **settings} for name, settings in named.items()}


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


class TestServices:
    @pytest.mark.parametrize(("fault", "code", "says"), FAULTS)
    async def test_one_that_fails_is_told_beside_the_others_rows(
        self, make_gateway, server, fault, code, says
    ):
        gateway = await make_gateway(services(good={"scs": server.cone()}, bad={"scs": server.cone(fault)}))
        search = gateway.search(Query(product="sources", position=PLACE, radius=0.5))
        table = await search.done()
        assert table.of("good").num_rows == server.rows
        report = table.reports["bad"]
        assert (report.state, report.code) == ("failed", code)
        assert says in report.message
        assert "bad failed: " in repr(table)
        assert "Traceback" not in report.message

    @pytest.mark.parametrize(("fault", "code", "says"), FAULTS)
    async def test_the_only_one_fails_with_one_clear_error(self, make_gateway, server, fault, code, says):
        server.rows = 1  # none comes before what is broken
        gateway = await make_gateway(services(bad={"tap": server.tap(fault)}))
        with pytest.raises(EsapError) as raised:
            await gateway.adql("bad", ADQL, mode="sync").done()
        assert (raised.value.code, raised.value.service) == (code, "bad")
        assert says in raised.value.message

    async def test_malformed_adql_is_told_in_the_services_words_with_the_place(self, make_gateway, server):
        gateway = await make_gateway(services(archive={"tap": server.tap("error-400")}))
        with pytest.raises(EsapError, match="Column parallex does not exist") as raised:
            await gateway.adql("archive", ADQL).done()
        assert (raised.value.line, raised.value.column, raised.value.field) == (1, 8, "adql")

    async def test_one_that_is_down(self, make_gateway):
        gateway = await make_gateway(services(archive={"tap": f"{refused_url()}/tap"}))
        with pytest.raises(EsapError, match="cannot be reached") as raised:
            await gateway.adql("archive", ADQL).done()
        assert raised.value.retryable
        assert raised.value.hint

    @pytest.mark.parametrize("mode", ["sync", "async", "auto"])
    async def test_one_that_hangs_is_given_up_at_its_deadline(self, make_gateway, server, mode):
        settings = {"tap": server.tap("hang"), "deadline": 0.5, "sync_seconds": 0.2}
        gateway = await make_gateway(services(archive=settings))
        begun = time.monotonic()
        with pytest.raises(EsapError) as raised:
            await gateway.adql("archive", ADQL, mode=mode).done()
        assert raised.value.code == "service-timeout"
        assert time.monotonic() - begun < 4

    @pytest.mark.parametrize(("fault", "limit"), [("ok", 3), ("overflow", 100)])
    async def test_a_table_that_is_cut_says_so(self, make_gateway, server, fault, limit):
        gateway = await make_gateway(services(archive={"tap": server.tap(fault)}))
        table = await gateway.adql("archive", ADQL, row_limit=limit).done()
        assert table.truncated
        assert table.reports["archive"].state == "truncated"
        assert "cut" in repr(table).splitlines()[0]
        assert "cut" in table._repr_html_()

    async def test_a_table_that_is_whole_says_nothing_of_the_kind(self, make_gateway, server):
        gateway = await make_gateway(services(archive={"tap": server.tap()}))
        table = await gateway.adql("archive", ADQL, row_limit=server.rows).done()
        assert not table.truncated
        assert "cut" not in repr(table)

    async def test_rows_that_came_before_a_break_are_there(self, make_gateway, server):
        gateway = await make_gateway(
            services(good={"scs": server.cone()}, bad={"scs": server.cone("truncated")})
        )
        table = await gateway.search(Query(product="sources", position=PLACE, radius=0.5)).done()
        assert table.of("bad").num_rows == server.rows - 1
        assert table.reports["bad"].state == "failed"

    async def test_checking_tells_who_answers(self, make_gateway, server):
        gateway = await make_gateway(
            services(
                good={"tap": server.tap()},
                page={"tap": server.tap("html")},
                down={"tap": refused_url()},
                hangs={"scs": server.cone("hang"), "deadline": 0.5},
            )
        )
        found = {status.name: status for status in await gateway.services(check=True)}
        assert {name: status.answers for name, status in found.items()} == {
            "good": True,
            "page": False,
            "down": False,
            "hangs": False,
        }
        assert all(status.detail and status.hint for status in found.values() if not status.answers)


class TestNamesAndPlaces:
    async def test_unknown_name(self, make_gateway, server):
        server.documents["/sesame/SNV"] = ("text/plain", "# Xyzzy\t#Q1\n#!S=Simbad: Nothing found\n")
        names = {"connector": "sesame", "urls": [f"{server.url}/sesame"]}
        gateway = await make_gateway({"names": names} | services(a={"scs": server.cone()}))
        with pytest.raises(UnknownName, match="Xyzzy") as raised:
            await gateway.search(Query(product="sources", target="Xyzzy")).done()
        assert raised.value.field == "target"
        assert "coordinates" in raised.value.hint
        assert not [request for request in server.requests if "cone" in request.path]

    @pytest.mark.parametrize("target", ["400 10", "10 -95", "25h00m00s +10d00m00s", "10 +89:60:00"])
    async def test_coordinates_out_of_range(self, make_gateway, server, target):
        gateway = await make_gateway(services(a={"scs": server.cone()}))
        with pytest.raises(InputError) as raised:
            await gateway.search(Query(product="sources", target=target)).done()
        assert raised.value.field == "target"
        assert not server.requests


class TestDataLake:
    @pytest.fixture
    def rucio(self):
        with rucio_stand_in() as running:
            yield running

    @pytest.fixture
    def lake(self, rucio, storage, tmp_path):
        password = tmp_path / "password"
        password.write_text("s3cret\n")
        password.chmod(0o600)
        return {
            "connector": "rucio",
            "url": rucio.url,
            "origins": [storage.origin],
            "auth_type": "userpass",
            "username": "me",
            "password_file": str(password),
        }

    @pytest.fixture
    def stage(self, make_gateway, rucio, lake, storage):
        """Stage a DID of which Rucio knows what the storage has, or says of it."""

        async def run(name="a.fits", *, known=True, **about):
            rows = []
            if known:
                stored = storage.files[name]
                row = {"scope": "mc", "name": name, "bytes": len(stored.content), "adler32": stored.adler32}
                rows = [{**row, **about}]
            rucio.answers["POST /dids/bulkmeta"] = as_stream([{**row, "did_type": "FILE"} for row in rows])
            pfns = {storage.url(name): {"rse": "DISK", "type": "DISK"}}
            rucio.answers["POST /replicas/list"] = as_stream([{**row, "pfns": pfns} for row in rows])
            gateway = await make_gateway({"lake": lake})
            connector = await asyncio.to_thread(gateway.connector, "lake")
            item = connector.item({"scope": "mc", "name": name}, None, "")
            return await (await gateway.stage([item])).wait()

        return run

    async def test_unknown_did(self, stage):
        job = await stage("gone.fits", known=False)
        error = error_of(job)
        assert (error.code, job.phase) == ("not-found", Phase.ERROR)
        assert "mc:gone.fits" in error.message
        assert error.hint

    @pytest.mark.parametrize("about", [{"adler32": "00000001"}, {"bytes": 7}])
    async def test_bytes_that_are_not_those_promised(self, stage, storage, tmp_path, about):
        storage.put("a.fits", b"A" * 5000)
        job = await stage(**about)
        assert error_of(job).code == "checksum-mismatch"
        assert not [path for path in (tmp_path / "workspace").rglob("*") if path.is_file()]

    async def test_a_storage_that_breaks_off_is_gone_on_with(self, stage, storage):
        content = bytes(range(256)) * 20_000
        stored = storage.put("a.fits", content, etag='"1"', fault=Fault(times=1, break_after=2_000_000))
        job = await stage()
        assert job.phase is Phase.COMPLETED
        assert storage.ranges("a.fits")[1].startswith("bytes=2000000")
        (path,) = (Path(file["path"]) for file in job.results["files"])
        assert await asyncio.to_thread(path.read_bytes) == stored.content

    @pytest.mark.parametrize(
        "name",
        ["../../escape", "/etc/escape", "a\x1b[2Jb", "x" * 250, "/".join("d" * 40), ".bashrc", "a.part"],
    )
    async def test_no_name_of_a_did_leads_out_of_the_workspace(self, stage, storage, tmp_path, name):
        content = storage.put("a.fits", b"A" * 100)
        storage.files[name] = content
        job = await stage(name)
        workspace = tmp_path / "workspace"
        inside = [path for path in workspace.rglob("*") if path.is_file()]
        written = list(tmp_path.rglob("*escape*"))
        assert job.phase is Phase.COMPLETED or job.error_code
        assert all(path.is_relative_to(workspace) for path in written)
        assert all(str(path).isprintable() and path.name[0] != "." for path in inside)
