"""What holds for connectors that take files; to be mixed with `ConnectorConformance`."""

from __future__ import annotations

import asyncio
import os
import secrets
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from esap_jupyter.connectors.base import TakesFiles
from esap_jupyter.errors import Conflict, EsapError
from esap_jupyter.gateway import Gateway
from esap_jupyter.models import Capability, Phase
from esap_jupyter.testing.conformance import SERVICE, Run


class UploadConformance:
    """For what takes files (`TakesFiles`)."""

    tests: ClassVar[frozenset[Capability]] = frozenset({Capability.UPLOADS})

    @pytest.fixture
    def to(self) -> str:
        """A scope in which new files may be made; empty for the person's own."""
        return ""

    @pytest.fixture
    def new_file(self, tmp_path: Path) -> Callable[[int], Path]:
        """Makes a file of so many random bytes, under a name that nobody has used."""

        def make(size: int) -> Path:
            path = tmp_path / f"conformance-{secrets.token_hex(8)}.dat"
            path.write_bytes(os.urandom(size))
            return path

        return make

    def test_rses_that_can_be_written_have_room(self, run: Run) -> None:
        """There is one at least, and none whose quota is used up."""

        async def work(connector: TakesFiles) -> None:
            writable = await connector.writable_rses()
            assert writable
            assert all(rse.name and rse.free != 0 for rse in writable)

        run(work)

    def test_file_arrives_and_is_described(self, run: Run, to: str, new_file: Callable[[int], Path]) -> None:
        """Size and adler32 are told, and how many bytes were sent."""
        path = new_file(100_000)

        async def work(connector: TakesFiles) -> None:
            target = await connector.upload_target(to)
            told: list[int] = []
            await connector.prepare(target, 100_000)
            taken = await connector.take(path, path.name, target, told.append)
            adler32 = zlib.adler32(await asyncio.to_thread(path.read_bytes))
            assert (taken.size, taken.adler32) == (100_000, f"{adler32:08x}")
            assert (taken.did.scope, taken.did.name) == (target.scope, path.name)
            assert told[-1] == 100_000
            assert not taken.was_there

        run(work)

    def test_done_again_nothing_changes(self, run: Run, to: str, new_file: Callable[[int], Path]) -> None:
        """The same content under the same name is there already; an upload can always be resumed."""
        path = new_file(1000)

        async def work(connector: TakesFiles) -> None:
            target = await connector.upload_target(to)
            await connector.take(path, path.name, target, lambda _: None)
            assert (await connector.take(path, path.name, target, lambda _: None)).was_there

        run(work)

    def test_other_content_under_a_name_is_refused(
        self, run: Run, to: str, new_file: Callable[[int], Path]
    ) -> None:
        """What is in a data lake is never replaced."""
        path = new_file(1000)

        async def work(connector: TakesFiles) -> None:
            target = await connector.upload_target(to)
            await connector.take(path, path.name, target, lambda _: None)
            await asyncio.to_thread(path.write_bytes, b"other content")
            with pytest.raises(Conflict):
                await connector.take(path, path.name, target, lambda _: None)

        run(work)

    def test_file_that_is_not_there_is_an_error_for_people(self, run: Run, to: str, tmp_path: Path) -> None:
        """An `EsapError`, and nothing is registered."""

        async def work(connector: TakesFiles) -> None:
            target = await connector.upload_target(to)
            with pytest.raises(EsapError):
                await connector.take(tmp_path / "nothing", "nothing-8c1f0a5e", target, lambda _: None)

        run(work)

    def test_one_that_fails_spoils_no_other(self, run: Run, to: str, new_file: Callable[[int], Path]) -> None:
        """A job says which file was taken, and which not and why."""
        good, gone = new_file(10), new_file(10)

        async def work(gateway: Gateway) -> None:
            job = await (await gateway.upload(SERVICE, [good, gone], to=to)).wait()
            assert job.phase is Phase.COMPLETED, f"{job.error_message} {job.error_hint}"
            await asyncio.to_thread(gone.write_bytes, b"changed")
            job = await (await gateway.jobs.rerun(job.id)).wait()
            assert job.phase is Phase.ERROR
            files: Any = job.results["files"]
            failed: Any = job.results["failed"]
            assert [file["path"] for file in files] == [str(good)]
            assert [each["path"] for each in failed] == [str(gone)]
            assert all(each["message"] for each in failed)

        run.with_gateway(work)
