"""What has arrived is not brought again, unless it can no longer be trusted."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import pytest

from esap_jupyter.errors import ServiceUnreachable
from esap_jupyter.transfer import download as download_module
from esap_jupyter.transfer.download import Download, download_all
from esap_jupyter.transfer.progress import Outcome
from tests.services.storage_stand_in import Fault, StoredFile

CUT = 2_000_000


async def bring(*wanted: Download, at_once: int = 4) -> list[Outcome]:
    return await download_all(wanted, at_once=at_once, on_progress=lambda _: None)


def first_bytes(ranges):
    return [int(asked.removeprefix("bytes=").partition("-")[0]) if asked else None for asked in ranges]


async def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        await asyncio.sleep(0.01)


async def cut_off(storage, wanted, image):
    """Let a first attempt end early, whatever the server then answers."""
    image.fault = Fault(hang_after=CUT)
    part = wanted.target.with_name(wanted.target.name + ".part")
    attempt = asyncio.create_task(bring(wanted))
    await until(lambda: part.exists() and part.stat().st_size >= CUT - 65536)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    image.fault = Fault()
    return part


async def test_a_transfer_that_breaks_off_goes_on_where_it_broke(storage, downloads, image):
    image.fault = Fault(break_after=CUT, times=1)

    [outcome] = await bring(downloads(storage.url("image.fits"), of=image))

    assert outcome.ok
    assert outcome.target.read_bytes() == image.content
    whole, rest = first_bytes(storage.ranges("image.fits"))
    assert whole is None
    assert CUT - 65536 <= rest <= CUT
    assert [path.name for path in downloads.directory.iterdir()] == ["image.fits"]


async def test_a_transfer_that_falls_silent_goes_on_where_it_stopped(storage, downloads, image, monkeypatch):
    monkeypatch.setattr(download_module, "SILENCE_SECONDS", 0.5)
    image.fault = Fault(hang_after=CUT, times=1)

    [outcome] = await bring(downloads(storage.url("image.fits"), of=image))

    assert outcome.ok
    assert outcome.target.read_bytes() == image.content
    assert first_bytes(storage.ranges("image.fits"))[1] >= CUT - 65536


async def test_a_storage_that_always_breaks_off_is_given_up_and_the_next_goes_on(
    storage, mirror, downloads, image
):
    image.fault = Fault(break_after=100_000)
    mirror.put("image.fits", image.content)

    [outcome] = await bring(downloads(storage.url("image.fits"), mirror.url("image.fits"), of=image))

    assert outcome.ok
    assert outcome.target.read_bytes() == image.content
    assert len(storage.requests) == 4, "the first attempt and one after each wait"
    assert first_bytes(mirror.ranges("image.fits"))[0] >= 200_000


async def test_when_nothing_goes_on_the_part_is_kept(storage, downloads, image):
    image.fault = Fault(break_after=100_000)

    [outcome] = await bring(downloads(storage.url("image.fits"), of=image))

    assert isinstance(outcome.error, ServiceUnreachable)
    assert not outcome.target.exists()
    assert (downloads.directory / "image.fits.part").stat().st_size >= 200_000


async def test_cancelling_is_quick_while_the_server_hangs_and_keeps_the_part(storage, downloads, image):
    wanted = downloads(storage.url("image.fits"), of=image)
    image.fault = Fault(hang_after=CUT)
    silent = downloads(storage.url("silent"), name="silent")
    storage.put("silent", b"x", fault=Fault(hang_after=-1))
    part = downloads.directory / "image.fits.part"
    attempt = asyncio.create_task(bring(wanted, silent))
    await until(lambda: part.exists() and part.stat().st_size >= CUT - 65536 and len(storage.requests) == 2)

    began = time.monotonic()
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt

    assert time.monotonic() - began < 1
    assert part.stat().st_size >= CUT - 65536
    assert not wanted.target.exists()

    image.fault = Fault()
    [outcome] = await bring(wanted)
    assert outcome.ok
    assert wanted.target.read_bytes() == image.content
    assert first_bytes(storage.ranges("image.fits"))[1] >= CUT - 65536


async def test_what_arrived_before_cancelling_is_told(storage, downloads, image, monkeypatch):
    monkeypatch.setattr(download_module, "PROGRESS_SECONDS", 60.0)
    storage.put("silent", b"x", fault=Fault(hang_after=-1))
    wanted = downloads(storage.url("image.fits"), of=image)
    told: list[str] = []
    attempt = asyncio.create_task(
        download_all(
            [wanted, downloads(storage.url("silent"), name="silent")],
            at_once=1,
            on_progress=lambda progress: told.extend(outcome.target.name for outcome in progress.finished),
        )
    )
    await until(lambda: len(storage.requests) == 2)

    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt

    assert told == ["image.fits"]


async def test_changed_bytes_are_brought_anew(storage, downloads, image):
    wanted = downloads(storage.url("image.fits"))
    await cut_off(storage, wanted, image)
    changed = StoredFile(image.content[::-1], etag='"two"')
    storage.files["image.fits"] = changed

    [outcome] = await bring(wanted)

    assert outcome.ok
    assert wanted.target.read_bytes() == changed.content


async def test_changed_bytes_are_noticed_when_the_server_ignores_if_range(storage, downloads, image):
    wanted = downloads(storage.url("image.fits"))
    await cut_off(storage, wanted, image)
    changed = StoredFile(image.content[::-1], etag='"two"', fault=Fault(ignore_if_range=True))
    storage.files["image.fits"] = changed

    [outcome] = await bring(wanted)

    assert outcome.ok
    assert wanted.target.read_bytes() == changed.content


async def test_without_validators_the_checksum_finds_changed_bytes(storage, downloads, image):
    image.etag = ""
    await cut_off(storage, downloads(storage.url("image.fits"), of=image), image)
    changed = storage.put("image.fits", image.content[::-1])

    [outcome] = await bring(downloads(storage.url("image.fits"), of=changed))

    assert outcome.ok
    assert outcome.target.read_bytes() == changed.content
    assert first_bytes(storage.ranges("image.fits"))[1:] == [pytest.approx(CUT, abs=65536), None]


async def test_without_validators_and_checksum_nothing_is_gone_on_with(storage, downloads, image):
    image.etag = ""
    wanted = downloads(storage.url("image.fits"))
    await cut_off(storage, wanted, image)

    [outcome] = await bring(wanted)

    assert outcome.ok
    assert storage.ranges("image.fits") == ["", ""]


@pytest.mark.parametrize("fault", [Fault(ignore_range=True), Fault(status=416)], ids=["200", "416"])
async def test_a_server_that_gives_no_range_is_asked_for_the_whole(storage, downloads, image, fault):
    wanted = downloads(storage.url("image.fits"), of=image)
    await cut_off(storage, wanted, image)
    image.fault = fault

    [outcome] = await bring(wanted)

    assert outcome.ok
    assert wanted.target.read_bytes() == image.content


async def test_a_part_that_is_complete_already_is_verified_and_named(storage, downloads, image):
    wanted = downloads(storage.url("image.fits"), of=image)
    part = await cut_off(storage, wanted, image)
    part.write_bytes(image.content)

    [outcome] = await bring(wanted)

    assert outcome.ok
    assert wanted.target.read_bytes() == image.content
    assert storage.ranges("image.fits")[-1] == "bytes=2999999-2999999"


@pytest.mark.parametrize(
    "sidecar", ["", "{", "[]", '{"size": "many"}', '{"url": "x", "size": "9", "etag": 1}']
)
async def test_a_damaged_sidecar_costs_only_the_bytes(storage, downloads, image, sidecar):
    wanted = downloads(storage.url("image.fits"), of=image)
    await cut_off(storage, wanted, image)
    (downloads.directory / "image.fits.part.json").write_text(sidecar)

    [outcome] = await bring(wanted)

    assert outcome.ok
    assert wanted.target.read_bytes() == image.content


async def test_the_sidecar_says_nothing_of_the_address(storage, downloads, image):
    wanted = downloads(storage.url("image.fits?signature=s3cret"), of=image)
    await cut_off(storage, wanted, image)

    sidecar = (downloads.directory / "image.fits.part.json").read_text()

    assert json.loads(sidecar)["size"] == len(image.content)
    assert "s3cret" not in sidecar
    assert "127.0.0.1" not in sidecar


BRING = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from esap_jupyter.transfer.access import Access
    from esap_jupyter.transfer.download import Download, download_all

    async def authorize(url):
        return {}

    origin, name, target, size, adler32 = sys.argv[1:]
    wanted = Download((f"{origin}/{name}",), Path(target), int(size), {"adler32": adler32},
                      Access(named_origins=frozenset({origin})), authorize)
    [outcome] = asyncio.run(download_all([wanted], at_once=1, on_progress=lambda _: None))
    sys.exit(0 if outcome.ok else str(outcome.error))
    """
)


def start_other_process(storage, wanted, image):
    arguments = [storage.origin, "image.fits", str(wanted.target), str(len(image.content)), image.adler32]
    return subprocess.Popen([sys.executable, "-c", BRING, *arguments])


async def test_two_processes_that_bring_the_same_file_bring_it_once(storage, downloads, image):
    wanted = downloads(storage.url("image.fits"), of=image)
    image.fault = Fault(hang_after=CUT, times=1)
    part = downloads.directory / "image.fits.part"
    other = start_other_process(storage, wanted, image)
    try:
        await until(lambda: part.exists() and part.stat().st_size >= CUT - 65536, seconds=30)
        here = asyncio.create_task(bring(wanted))
        await until(lambda: len(storage.requests) == 2)
        storage.release()
        [outcome] = await here
        assert other.wait(timeout=10) == 0
    finally:
        other.kill()
        other.wait()

    assert outcome.ok
    assert wanted.target.read_bytes() == image.content
    assert [path.name for path in downloads.directory.iterdir()] == ["image.fits"]


async def test_the_same_file_asked_for_twice_is_brought_once(storage, downloads, image):
    image.fault = Fault(hang_after=CUT, times=1)
    wanted = downloads(storage.url("image.fits"), of=image)
    both = asyncio.create_task(bring(wanted, wanted))
    await until(lambda: len(storage.requests) == 2)
    storage.release()

    outcomes = await both

    assert [outcome.ok for outcome in outcomes] == [True, True]
    assert wanted.target.read_bytes() == image.content


async def test_a_killed_process_leaves_what_it_had(storage, downloads, image):
    wanted = downloads(storage.url("image.fits"), of=image)
    image.fault = Fault(hang_after=CUT, times=1)
    part = downloads.directory / "image.fits.part"
    other = start_other_process(storage, wanted, image)
    try:
        await until(lambda: part.exists() and part.stat().st_size >= CUT - 65536, seconds=30)
    finally:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()

    [outcome] = await bring(wanted)

    assert outcome.ok
    assert wanted.target.read_bytes() == image.content
    assert first_bytes(storage.ranges("image.fits"))[1] >= CUT - 65536


async def test_an_expired_token_is_asked_for_again_on_each_attempt(storage, downloads, image):
    image.fault = Fault(break_after=CUT, times=1)
    tokens = iter(["first", "second"])

    async def authorize(_: str):
        return {"Authorization": f"Bearer {next(tokens)}"}

    [outcome] = await bring(replace(downloads(storage.url("image.fits"), of=image), authorize=authorize))

    assert outcome.ok
    assert [r.headers["Authorization"] for r in storage.requests] == ["Bearer first", "Bearer second"]
