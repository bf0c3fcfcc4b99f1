"""Files arrive whole, verified and under their names; each fails alone, and says why."""

import asyncio
import errno
import itertools
import os
import random
import time
from collections.abc import AsyncIterator

import pytest

from esap_jupyter.errors import (
    BadAnswer,
    ChecksumMismatch,
    NoReplica,
    NoRoom,
    NotAllowed,
    NotFound,
    ServiceFailed,
    ServiceTimeout,
    ServiceUnreachable,
    SignInNeeded,
    TransferError,
)
from esap_jupyter.transfer import download as download_module
from esap_jupyter.transfer.download import Download, download_all
from esap_jupyter.transfer.progress import Outcome, TransferProgress
from tests.services.storage_stand_in import Fault


async def bring(*wanted: Download, at_once: int = 4) -> list[Outcome]:
    return await download_all(wanted, at_once=at_once, on_progress=lambda _: None)


def nothing_but(directory, *names):
    return sorted(path.name for path in directory.iterdir()) == sorted(names)


async def test_many_small_files_arrive_over_a_few_connections(storage, downloads):
    files = {f"run/{number:03}.dat": os.urandom(1000 + number) for number in range(200)}
    wanted = [
        downloads(storage.url(path), name=path, of=storage.put(path, content))
        for path, content in files.items()
    ]

    outcomes = await bring(*wanted)

    assert [outcome.target for outcome in outcomes] == [download.target for download in wanted]
    assert all(outcome.ok and outcome.verified == "adler32" for outcome in outcomes)
    assert {path: (downloads.directory / path).read_bytes() for path in files} == files
    assert len(list((downloads.directory / "run").iterdir())) == 200
    assert storage.connections <= 4
    assert len(storage.requests) == 200


async def test_an_empty_file_arrives(storage, downloads):
    [outcome] = await bring(downloads(storage.url("none"), name="none", of=storage.put("none", b"")))

    assert outcome.ok
    assert outcome.target.read_bytes() == b""


@pytest.mark.parametrize("algorithm", ["adler32", "ADLER32", "md5", "sha256", "SHA-256"])
async def test_each_checksum_is_verified(storage, downloads, image, algorithm):
    import hashlib

    right = {
        "adler32": image.adler32,
        "md5": image.md5.upper(),
        "sha256": hashlib.sha256(image.content).hexdigest(),
    }[algorithm.lower().replace("-", "")]
    wrong = right.translate(str.maketrans("0123456789abcdefABCDEF", "1234567890bcdefaBCDEFA"))

    good, bad = await bring(
        downloads(storage.url("image.fits"), name="good", checksums={algorithm: right}),
        downloads(storage.url("image.fits"), name="bad", checksums={algorithm: wrong}),
    )

    assert good.ok
    assert good.verified == algorithm.lower().replace("-", "")
    assert isinstance(bad.error, ChecksumMismatch)
    assert nothing_but(downloads.directory, "good")


async def test_an_adler32_without_its_leading_zeros_is_understood(storage, downloads):
    zeros = storage.put("zeros", b"\x00\x01")
    assert zeros.adler32.startswith("0")

    [outcome] = await bring(
        downloads(storage.url("zeros"), name="zeros", checksums={"adler32": zeros.adler32.lstrip("0")})
    )

    assert outcome.ok


async def test_a_damaged_replica_gives_way_to_the_next(storage, mirror, downloads, image):
    image.fault = Fault(wrong_byte=2_000_000)
    mirror.put("image.fits", image.content)

    [outcome] = await bring(downloads(storage.url("image.fits"), mirror.url("image.fits"), of=image))

    assert outcome.ok
    assert outcome.target.read_bytes() == image.content
    assert nothing_but(downloads.directory, "image.fits")


async def test_a_damaged_file_leaves_nothing_and_says_so(storage, downloads, image):
    image.fault = Fault(wrong_byte=5)

    [outcome] = await bring(downloads(storage.url("image.fits"), of=image))

    assert not outcome.ok
    assert isinstance(outcome.error, ChecksumMismatch)
    assert "image.fits" in outcome.error.message
    assert nothing_but(downloads.directory)


async def test_a_file_of_another_size_is_not_even_read(storage, downloads, image):
    [outcome] = await bring(downloads(storage.url("image.fits"), of=image, size=7))

    assert isinstance(outcome.error, ChecksumMismatch)
    assert nothing_but(downloads.directory)


async def test_a_server_that_never_ends_is_cut_off_at_the_promised_size(storage, downloads, image):
    image.fault = Fault(no_length=True)

    [outcome] = await bring(downloads(storage.url("image.fits"), size=1000, checksums={}))

    assert isinstance(outcome.error, ChecksumMismatch)
    assert nothing_but(downloads.directory)


async def test_a_file_that_is_there_is_not_brought_again(storage, downloads, image):
    wanted = downloads(storage.url("image.fits"), of=image)
    wanted.target.write_bytes(image.content)

    [outcome] = await bring(wanted)

    assert outcome.ok
    assert outcome.bytes == len(image.content)
    assert storage.requests == []


async def test_a_file_with_other_bytes_is_replaced(storage, downloads, image):
    wanted = downloads(storage.url("image.fits"), of=image)
    wanted.target.write_bytes(bytes(len(image.content)))

    [outcome] = await bring(wanted)

    assert outcome.ok
    assert wanted.target.read_bytes() == image.content


async def test_a_file_of_which_nothing_is_known_arrives_unverified(storage, downloads, image):
    image.fault = Fault(no_length=True)

    [outcome] = await bring(downloads(storage.url("image.fits")))

    assert outcome.ok
    assert outcome.verified == ""
    assert outcome.target.read_bytes() == image.content


async def test_a_file_in_chunks_arrives_and_half_of_one_does_not(storage, downloads, image):
    image.fault = Fault(chunked=True)
    storage.put("half.fits", image.content, fault=Fault(chunked=True, break_after=1_000_000))

    whole, cut = await bring(
        downloads(storage.url("image.fits")), downloads(storage.url("half.fits"), name="half.fits")
    )

    assert whole.ok
    assert whole.target.read_bytes() == image.content
    assert isinstance(cut.error, ServiceUnreachable)
    assert not cut.target.exists()


async def test_a_silent_server_is_given_up_after_its_time(storage, downloads, monkeypatch):
    monkeypatch.setattr(download_module, "SILENCE_SECONDS", 0.5)
    storage.put("silent", b"x", fault=Fault(hang_after=-1))

    [outcome] = await bring(downloads(storage.url("silent"), name="silent"))

    assert isinstance(outcome.error, ServiceTimeout)
    assert len(storage.requests) == 1


async def test_a_web_page_is_not_taken_for_a_file(storage, downloads):
    storage.put("image.fits", b"<html>Please sign in</html>", content_type="text/html; charset=utf-8")

    [outcome] = await bring(downloads(storage.url("image.fits")))

    assert isinstance(outcome.error, BadAnswer)
    assert nothing_but(downloads.directory)


async def test_one_failing_file_stops_no_other(storage, downloads, image):
    statuses = {401: SignInNeeded, 403: NotAllowed, 404: NotFound, 500: ServiceFailed, 503: ServiceFailed}
    for status in statuses:
        storage.put(str(status), b"x", fault=Fault(status=status))
    wanted = [downloads(storage.url(str(status)), name=f"{status}.fits") for status in statuses]

    *failed, good = await bring(*wanted, downloads(storage.url("image.fits"), of=image))

    assert [type(outcome.error) for outcome in failed] == list(statuses.values())
    assert good.ok
    assert nothing_but(downloads.directory, "image.fits")


async def test_a_server_that_is_out_of_order_is_asked_again(storage, downloads, image):
    image.fault = Fault(status=503, times=2)

    [outcome] = await bring(downloads(storage.url("image.fits"), of=image))

    assert outcome.ok
    assert len(storage.requests) == 3


async def test_a_replica_that_does_not_answer_gives_way_at_once(storage, mirror, downloads, image):
    mirror.put("image.fits", b"", fault=Fault(status=503))

    [outcome] = await bring(downloads(mirror.url("image.fits"), storage.url("image.fits"), of=image))

    assert outcome.ok
    assert len(mirror.requests) == 1


async def test_when_all_replicas_fail_each_reason_is_told(storage, downloads):
    storage.put("a", b"", fault=Fault(status=403))

    [outcome] = await bring(downloads(storage.url("a"), storage.url("missing")))

    assert isinstance(outcome.error, TransferError)
    assert "does not let you read" in outcome.error.message
    assert "does not have this file" in outcome.error.message


async def test_without_an_address_there_is_no_replica(downloads):
    [outcome] = await bring(downloads())

    assert isinstance(outcome.error, NoReplica)


async def test_a_storage_that_is_down_is_named(storage, downloads, image, unused_tcp_port):
    from dataclasses import replace

    from esap_jupyter.transfer.access import Access

    origin = f"http://127.0.0.1:{unused_tcp_port}"
    wanted = replace(downloads(f"{origin}/x", of=image), access=Access(named_origins=frozenset({origin})))

    [outcome] = await bring(wanted)

    assert isinstance(outcome.error, ServiceUnreachable)
    assert f"127.0.0.1:{unused_tcp_port}" in outcome.error.message


async def test_a_full_disk_is_said_and_what_arrived_is_kept(storage, downloads, image, monkeypatch):
    write = os.write

    def write_until_full(descriptor, data):
        if os.fstat(descriptor).st_size >= 1_000_000 and len(data) > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    mirror_url = storage.url("image.fits?again")
    with monkeypatch.context() as full_disk:
        full_disk.setattr(os, "write", write_until_full)
        [full] = await bring(downloads(storage.url("image.fits"), mirror_url, of=image))

    assert isinstance(full.error, NoRoom)
    assert len(storage.requests) == 1, "another replica would not fit either"
    assert nothing_but(downloads.directory, "image.fits.part", "image.fits.part.json")

    [resumed] = await bring(downloads(storage.url("image.fits"), of=image))
    assert resumed.ok
    assert storage.requests[-1].range.startswith("bytes=10")


async def test_a_target_that_cannot_be_written_is_said(storage, downloads, image):
    (downloads.directory / "taken").write_text("a file, not a directory")
    (downloads.directory / "folder").mkdir()

    below_a_file, a_directory = await bring(
        downloads(storage.url("image.fits"), name="taken/image.fits", of=image),
        downloads(storage.url("image.fits"), name="folder", of=image),
    )

    for outcome in (below_a_file, a_directory):
        assert isinstance(outcome.error, TransferError)
        assert str(outcome.target) in outcome.error.message


async def test_a_mistake_in_a_connector_stops_no_other_file(storage, downloads, image):
    from dataclasses import replace

    async def mistaken(_: str):
        raise KeyError("secret")

    broken, good = await bring(
        replace(downloads(storage.url("image.fits"), name="broken", of=image), authorize=mistaken),
        downloads(storage.url("image.fits"), of=image),
    )

    assert isinstance(broken.error, TransferError)
    assert "secret" not in str(broken.error)
    assert good.ok


async def test_authorisation_reaches_its_origin_and_no_other(storage, mirror, downloads, image):
    from dataclasses import replace

    mirror.put("door.fits", b"", fault=Fault(redirect=storage.url("image.fits")))

    async def authorize(_: str):
        return {"Authorization": "Bearer s3cret", "X-Rucio-Auth-Token": "s3cret"}

    [outcome] = await bring(replace(downloads(mirror.url("door.fits"), of=image), authorize=authorize))

    assert outcome.ok
    assert mirror.requests[0].headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in str(storage.requests[0].headers)


@pytest.mark.parametrize("token", ["s3cret\n", "s3cret€", "s3cret"])
async def test_a_credential_shows_in_no_error(storage, downloads, token):
    from dataclasses import replace

    storage.put("x", b"", fault=Fault(status=401))

    async def authorize(_: str):
        return {"Authorization": f"Bearer {token}"}

    wanted = replace(downloads(storage.url("x?signature=s3cret")), authorize=authorize)
    [outcome] = await bring(wanted)

    assert outcome.error is not None
    assert "s3cret" not in f"{outcome.error!s} {outcome.error!r} {outcome.error.__cause__!r} {outcome!r}"


async def test_files_are_brought_while_they_are_listed(storage, downloads):
    listed = 0
    contents = [os.urandom(100) for _ in range(50)]

    async def listing() -> AsyncIterator[Download]:
        nonlocal listed
        for number, content in enumerate(contents):
            listed += 1
            await asyncio.sleep(0)
            path = f"{number}.dat"
            yield downloads(storage.url(path), name=path, of=storage.put(path, content))

    reports: list[TransferProgress] = []
    outcomes = await download_all(listing(), at_once=3, on_progress=reports.append)

    assert [outcome.target.name for outcome in outcomes] == [f"{number}.dat" for number in range(50)]
    assert all(outcome.ok for outcome in outcomes)
    assert (reports[-1].files_done, reports[-1].files_total, reports[-1].total) == (50, 50, 5000)


async def test_a_listing_that_breaks_loses_no_file_that_was_listed(storage, downloads, image):
    async def listing() -> AsyncIterator[Download]:
        yield downloads(storage.url("image.fits"), of=image)
        raise ServiceUnreachable("The data lake is gone.")

    reports: list[TransferProgress] = []
    with pytest.raises(ServiceUnreachable, match="data lake"):
        await download_all(listing(), at_once=2, on_progress=reports.append)

    assert (downloads.directory / "image.fits").read_bytes() == image.content
    assert [outcome.ok for report in reports for outcome in report.finished] == [True]


async def test_progress_tells_of_each_file_and_of_all(storage, downloads, image):
    slow = storage.put("slow.fits", random.Random(2).randbytes(500_000), fault=Fault(hang_after=200_000))
    reports: list[TransferProgress] = []
    times: list[float] = []

    def on_progress(report: TransferProgress) -> None:
        reports.append(report)
        times.append(time.monotonic())
        [*active] = report.active
        if report.files_done == 1 and active and active[0].done > 100_000 and len(reports) > 3:
            storage.release()

    outcomes = await download_all(
        [
            downloads(storage.url("image.fits"), of=image),
            downloads(storage.url("slow.fits"), name="slow.fits", of=slow),
        ],
        at_once=2,
        on_progress=on_progress,
    )

    assert all(outcome.ok for outcome in outcomes)
    half = reports[-2]
    assert (half.files_done, half.files_total, half.total) == (1, 2, 3_500_000)
    assert 3_100_000 < half.done < 3_500_000
    assert [file.target.name for file in half.active] == ["slow.fits"]
    assert half.active[0].total == 500_000
    assert half.rate > 0
    last = reports[-1]
    assert (last.files_done, last.files_failed, last.done, last.active) == (2, 0, 3_500_000, ())
    assert sorted(o.target.name for report in reports for o in report.finished) == ["image.fits", "slow.fits"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[:-1])]
    assert min(gaps) > 0.05, "at most about ten times a second"
