"""The person's state: several processes, migrations, damage, permissions."""

import sqlite3
import stat
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from esap_jupyter.errors import StateError
from esap_jupyter.models import Item, Job, Phase, Progress, Provenance, Query, SourceFile
from esap_jupyter.storage import state as state_module
from esap_jupyter.storage.state import MIGRATIONS, State
from esap_jupyter.storage.state_basket import BasketRows
from esap_jupyter.storage.state_history import HistoryRows, PastQuery
from esap_jupyter.storage.state_jobs import Failure, JobRows
from esap_jupyter.storage.state_staged import StagedRows

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOW_SECONDS = NOW.timestamp()


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "data" / "state.sqlite")


def an_item(number):
    provenance = Provenance(service="archive", query="cone", retrieved_at=NOW)
    return Item(service="archive", kind="url", locator=f"https://x.test/{number}", provenance=provenance)


def a_job(job_id="j1", owner="me"):
    return Job(id=job_id, kind="staging", title="t", phase=Phase.EXECUTING, owner=owner, created_at=NOW)


class TestFile:
    def test_is_for_its_owner_only(self, state):
        BasketRows(state).list()
        assert stat.S_IMODE(state.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(state.path.parent.stat().st_mode) == 0o700

    def test_is_no_wal(self, state):
        BasketRows(state).add([an_item(1)])
        with sqlite3.connect(state.path) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
        connection.close()

    def test_newer_state_is_refused_and_left_alone(self, state):
        BasketRows(state).add([an_item(1)])
        with sqlite3.connect(state.path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
        before = state.path.read_bytes()
        with pytest.raises(StateError, match="newer version of ESAP"):
            BasketRows(state).add([an_item(2)])
        assert state.path.read_bytes() == before

    def test_damaged_file_is_a_clear_error(self, state):
        state.path.parent.mkdir()
        state.path.write_bytes(b"this is no database" * 100)
        with pytest.raises(StateError, match="is damaged") as raised:
            BasketRows(state).list()
        assert "Move it away" in raised.value.hint

    def test_directory_that_cannot_be_made_is_a_clear_error(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(StateError, match="cannot be used"):
            BasketRows(State(tmp_path / "file" / "state.sqlite")).list()

    def test_is_migrated_forwards(self, state, monkeypatch):
        BasketRows(state).add([an_item(1)])
        later = (*MIGRATIONS, ("ALTER TABLE basket ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",))
        monkeypatch.setattr(state_module, "MIGRATIONS", later)
        assert BasketRows(state).list() == [an_item(1)]
        with state.reading() as connection:
            assert connection.execute("SELECT note FROM basket").fetchone()[0] == "none"
            assert connection.execute("PRAGMA user_version").fetchone()[0] == len(later)

    def test_failed_migration_changes_nothing(self, state, monkeypatch):
        BasketRows(state).add([an_item(1)])
        later = (*MIGRATIONS, ("ALTER TABLE basket ADD COLUMN note TEXT", "CREATE TABLE basket (x)"))
        with monkeypatch.context() as patch:
            patch.setattr(state_module, "MIGRATIONS", later)
            with pytest.raises(StateError):
                BasketRows(state).list()
        assert BasketRows(state).list() == [an_item(1)]

    def test_failed_transaction_changes_nothing(self, state):
        def fail_in_the_middle():
            with state.writing() as connection:
                connection.execute("INSERT INTO basket (id, item) VALUES ('a', '{}')")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail_in_the_middle()
        assert BasketRows(state).list() == []

    def test_state_that_stays_busy_is_a_clear_error(self, state, monkeypatch):
        monkeypatch.setattr(state_module, "BUSY_SECONDS", 0.05)
        with state.writing(), pytest.raises(StateError, match="in use by other processes"):
            BasketRows(state).add([an_item(1)])


class TestSeveralProcesses:
    def test_all_writes_arrive(self, state):
        """Four processes, started at once on no state at all, write basket and jobs side by side."""
        program = textwrap.dedent("""
            import sys
            from datetime import UTC, datetime, timedelta
            from pathlib import Path
            from esap_jupyter.models import Item, Progress, Provenance
            from esap_jupyter.storage.state import State
            from esap_jupyter.storage.state_basket import BasketRows
            provenance = Provenance(service="archive", retrieved_at=datetime.now(UTC))
            rows = BasketRows(State(Path(sys.argv[1])))
            for number in range(25):
                url = f"https://x.test/{sys.argv[2]}/{number}"
                rows.add([Item(service="archive", kind="url", locator=url, provenance=provenance)])
                shared = f"https://x.test/shared/{number}"
                rows.add([Item(service="archive", kind="url", locator=shared, provenance=provenance)])
        """)
        processes = [
            subprocess.Popen([sys.executable, "-c", program, str(state.path), str(number)])
            for number in range(4)
        ]
        assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]
        locators = [item.locator for item in BasketRows(state).list()]
        assert len(locators) == len(set(locators)) == 4 * 25 + 25
        for number in range(4):
            mine = [locator for locator in locators if f"x.test/{number}/" in locator]
            assert mine == [f"https://x.test/{number}/{each}" for each in range(25)]

    def test_threads_share_it(self, state):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: BasketRows(state).add([an_item(number)]), range(40)))
        assert len(BasketRows(state).list()) == 40

    def test_only_one_claims_an_interrupted_job(self, state):
        JobRows(state).insert(a_job(), lease_until=NOW_SECONDS)

        def claim(owner):
            return JobRows(state).claim("j1", owner=owner, now=NOW_SECONDS + 1, lease_until=NOW_SECONDS + 31)

        with ThreadPoolExecutor(8) as pool:
            claims = list(pool.map(claim, [f"owner {number}" for number in range(8)]))
        assert claims.count(True) == 1
        job = JobRows(state).get("j1", now=NOW_SECONDS + 2)
        assert job is not None
        assert job.owner == f"owner {claims.index(True)}"


class TestBasket:
    def test_keeps_order_and_provenance(self, state):
        items = [an_item(number) for number in (3, 1, 2)]
        assert BasketRows(state).add(items) == 3
        assert BasketRows(state).list() == items

    def test_same_thing_found_twice_is_one_item(self, state):
        later = an_item(1).model_copy(
            update={"provenance": Provenance(service="archive", retrieved_at=datetime.now(UTC))}
        )
        assert BasketRows(state).add([an_item(1)]) == 1
        assert BasketRows(state).add([later, an_item(2)]) == 1
        assert BasketRows(state).list() == [an_item(1), an_item(2)]

    def test_remove_and_clear(self, state):
        rows = BasketRows(state)
        rows.add([an_item(1), an_item(2), an_item(3)])
        assert rows.remove([an_item(2).id, "unknown"]) == 1
        assert rows.list() == [an_item(1), an_item(3)]
        assert rows.clear() == 2
        assert rows.list() == []


class TestJobs:
    def test_interrupted_when_the_lease_ran_out(self, state):
        rows = JobRows(state)
        rows.insert(a_job(), lease_until=NOW_SECONDS + 30)
        assert not rows.get("j1", now=NOW_SECONDS + 29).interrupted
        assert rows.get("j1", now=NOW_SECONDS + 30).interrupted

    def test_lease_is_the_owners(self, state):
        rows = JobRows(state)
        rows.insert(a_job(), lease_until=NOW_SECONDS + 30)
        assert rows.renew("j1", owner="me", lease_until=NOW_SECONDS + 60).held
        assert not rows.renew("j1", owner="other", lease_until=NOW_SECONDS + 60).held
        assert not rows.claim("j1", owner="other", now=NOW_SECONDS + 59, lease_until=NOW_SECONDS + 90)
        assert rows.claim("j1", owner="other", now=NOW_SECONDS + 60, lease_until=NOW_SECONDS + 90)
        assert not rows.renew("j1", owner="me", lease_until=NOW_SECONDS + 100).held

    def test_who_lost_the_lease_cannot_end_the_job(self, state):
        rows = JobRows(state)
        rows.insert(a_job(), lease_until=NOW_SECONDS)
        rows.claim("j1", owner="other", now=NOW_SECONDS, lease_until=NOW_SECONDS + 30)
        ended = rows.end(
            "j1",
            owner="me",
            phase=Phase.ERROR,
            now=NOW_SECONDS,
            results={},
            progress=Progress(),
            failure=Failure(),
        )
        assert not ended
        assert rows.get("j1", now=NOW_SECONDS).phase is Phase.EXECUTING

    def test_cancel_reaches_the_owner(self, state):
        rows = JobRows(state)
        rows.insert(a_job(), lease_until=NOW_SECONDS + 30)
        assert not rows.look("j1", owner="me").cancel_wanted
        rows.cancel("j1", now=NOW_SECONDS)
        assert rows.get("j1", now=NOW_SECONDS).phase is Phase.EXECUTING
        assert rows.look("j1", owner="me").cancel_wanted
        assert rows.renew("j1", owner="me", lease_until=NOW_SECONDS + 60).cancel_wanted

    def test_cancelling_what_nobody_runs_aborts_it(self, state):
        rows = JobRows(state)
        rows.insert(a_job(), lease_until=NOW_SECONDS)
        rows.cancel("j1", now=NOW_SECONDS + 1)
        job = rows.get("j1", now=NOW_SECONDS + 1)
        assert job.phase is Phase.ABORTED
        assert not job.interrupted

    def test_only_what_nobody_runs_can_be_deleted(self, state):
        rows = JobRows(state)
        rows.insert(a_job(), lease_until=NOW_SECONDS + 30)
        assert not rows.delete("j1", now=NOW_SECONDS)
        assert rows.delete("j1", now=NOW_SECONDS + 30)
        assert rows.get("j1", now=NOW_SECONDS) is None

    def test_newest_first(self, state):
        rows = JobRows(state)
        for number in range(5):
            rows.insert(a_job(f"j{number}"), lease_until=NOW_SECONDS)
        assert [job.id for job in rows.list(3, now=NOW_SECONDS)] == ["j4", "j3", "j2"]

    def test_long_results_are_not_listed(self, state):
        rows = JobRows(state)
        rows.insert(a_job(), lease_until=NOW_SECONDS)
        rows.keep("j1", owner="me", results={"files": ["x" * 1000] * 200})
        [listed], whole = rows.list(1, now=NOW_SECONDS), rows.get("j1", now=NOW_SECONDS)
        assert (listed.results, listed.left_out) == ({}, ("results",))
        assert (len(whole.results["files"]), whole.left_out) == (200, ())

    def test_oldest_that_have_ended_are_forgotten(self, state, monkeypatch):
        monkeypatch.setattr("esap_jupyter.storage.state_jobs.KEPT", 3)
        rows = JobRows(state)
        for number in range(6):
            created = NOW + timedelta(seconds=number)
            job = a_job(f"j{number}").model_copy(update={"created_at": created})
            rows.insert(job, lease_until=NOW_SECONDS)
            if number != 1:
                rows.cancel(job.id, now=NOW_SECONDS)
        assert [job.id for job in rows.list(10, now=NOW_SECONDS)] == ["j5", "j4", "j3", "j1"]


class TestHistory:
    def test_newest_first_and_the_oldest_are_forgotten(self, state, monkeypatch):
        monkeypatch.setattr("esap_jupyter.storage.state_history.KEPT", 3)
        rows = HistoryRows(state)
        asked = [
            PastQuery(
                query=Query(target=f"M{number}"),
                services=("gaia", "simbad"),
                at=NOW,
                seconds=1.5,
                rows=number,
                table_id=f"t{number}",
            )
            for number in range(5)
        ]
        for past in asked:
            rows.add(past)
        assert rows.list(100) == [asked[4], asked[3], asked[2]]
        assert rows.list(1) == [asked[4]]
        rows.clear()
        assert rows.list(100) == []


class TestPlacesOfStagedFiles:
    def file(self, item_id, path="image.fits", size=None):
        return SourceFile(item_id=item_id, service="archive", path=path, size=size)

    def place(self, state, file, path):
        [place] = StagedRows(state).places([(file, path)])
        return place

    def arrive(self, state, place, text="data", verified="adler32:03da0195"):
        place.path.write_text(text)
        StagedRows(state).arrived([(place.path, verified)])

    def test_two_items_of_one_file_name(self, state, tmp_path):
        wanted = tmp_path / "image.fits"
        files = [(self.file("aaa"), wanted), (self.file("bbb"), wanted)]
        first, second = StagedRows(state).places(files)
        assert first.path == wanted
        assert second.path == tmp_path / "image-bbb.fits"
        assert StagedRows(state).places(files) == [first, second], "the same places next time"

    def test_file_that_arrived_is_present(self, state, tmp_path):
        place = self.place(state, self.file("aaa"), tmp_path / "image.fits")
        assert not place.present
        self.arrive(state, place)
        again = self.place(state, self.file("aaa"), tmp_path / "image.fits")
        assert again.present
        assert again.verified == "adler32"

    @pytest.mark.parametrize(
        "now", [{"checksums": {"adler32": "00000001"}}, {"checksums": {"md5": "0" * 32}}, {"size": 5}]
    )
    def test_file_that_is_no_longer_what_is_promised_is_not_present(self, state, tmp_path, now):
        promised = self.file("aaa").model_copy(update={"size": 4, "checksums": {"adler32": "03da0195"}})
        self.arrive(state, self.place(state, promised, tmp_path / "image.fits"))
        assert self.place(state, promised, tmp_path / "image.fits").present
        changed = self.place(state, promised.model_copy(update=now), tmp_path / "image.fits")
        assert not changed.present
        assert changed.path == tmp_path / "image.fits"

    def test_file_whose_arrival_was_not_noted_is_looked_at_again(self, state, tmp_path):
        place = self.place(state, self.file("aaa"), tmp_path / "image.fits")
        place.path.write_text("data")
        assert self.place(state, self.file("aaa"), tmp_path / "image.fits") == place

    def test_file_of_the_persons_own_is_left_alone(self, state, tmp_path):
        (tmp_path / "cube.fits.gz").write_text("my own")
        place = self.place(state, self.file("aaa", "cube.fits.gz"), tmp_path / "cube.fits.gz")
        assert place.path == tmp_path / "cube-aaa.fits.gz"

    def test_file_that_the_person_changed_is_left_alone(self, state, tmp_path):
        place = self.place(state, self.file("aaa"), tmp_path / "image.fits")
        self.arrive(state, place)
        place.path.write_text("data and notes of my own")
        fresh = self.place(state, self.file("aaa"), tmp_path / "image.fits")
        assert not fresh.present
        assert fresh.path == tmp_path / "image-aaa.fits"
        self.arrive(state, fresh)
        assert self.place(state, self.file("aaa"), tmp_path / "image.fits").path == fresh.path

    def test_file_that_the_person_removed_comes_again(self, state, tmp_path):
        place = self.place(state, self.file("aaa"), tmp_path / "image.fits")
        self.arrive(state, place)
        place.path.unlink()
        again = self.place(state, self.file("aaa"), tmp_path / "image.fits")
        assert again.path == place.path
        assert not again.present

    def test_dangling_link_is_not_written_through(self, state, tmp_path):
        (tmp_path / "image.fits").symlink_to(tmp_path / "elsewhere")
        place = self.place(state, self.file("aaa"), tmp_path / "image.fits")
        assert place.path == tmp_path / "image-aaa.fits"

    def test_number_in_a_name_is_no_suffix(self, state, tmp_path):
        (tmp_path / "ngc224_0.5").write_text("my own")
        place = self.place(state, self.file("aaa", "ngc224_0.5"), tmp_path / "ngc224_0.5")
        assert Path(place.path).parent == tmp_path
        assert place.path.name.startswith("ngc224_0")
