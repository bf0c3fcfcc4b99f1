"""Many files side by side: from their addresses to their names, each with its own outcome."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar

import requests

from esap_jupyter.errors import EsapError, NoReplica, TransferError
from esap_jupyter.transfer.access import Access
from esap_jupyter.transfer.checksum import cheapest
from esap_jupyter.transfer.fetch import Wanted, fetch, size_if_present
from esap_jupyter.transfer.part import LocalFault, Part, PartInUse
from esap_jupyter.transfer.progress import FileMeter, Meter, Outcome, TransferProgress
from esap_jupyter.transfer.source import Interrupted, Source, Stop
from esap_jupyter.transfer.threads import Worker

P = ParamSpec("P")
T = TypeVar("T")

BACKOFF_SECONDS = (0.25, 0.5, 1.0, 2.0)
"""How long to wait before each further attempt at one address; then it is given up."""

PROGRESS_SECONDS = 0.1
SILENCE_SECONDS = 60.0
"""A server that says nothing for so long has hung."""

_WELL_GOING = 16_000_000  # an attempt that brought so many bytes does not count as a failed one
_STOPPING_SECONDS = 0.5
_LOOK_AGAIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Download:
    """One file to bring.

    Attributes
    ----------
    urls : tuple of str
        Where it can be read (http or https), the best first.
    target : Path
        Absolute; missing directories are made, an existing file with other bytes is replaced.
    size : int, optional
        Bytes.
    checksums : mapping of str to str
        Hexadecimal by algorithm: ``adler32``, ``md5``, ``sha256``; the first of these is verified.
    access : Access
        How requests to the service go out.
    authorize : callable
        Awaited for each attempt: the headers that authorise reading a URL. They are not sent along a
        redirect to another origin.
    """

    urls: tuple[str, ...]
    target: Path
    size: int | None
    checksums: Mapping[str, str]
    access: Access
    authorize: Callable[[str], Awaitable[Mapping[str, str]]] = field(repr=False)


async def download_all(
    downloads: Sequence[Download] | AsyncIterator[Download],
    *,
    at_once: int,
    on_progress: Callable[[TransferProgress], None],
) -> list[Outcome]:
    """Bring files here, several side by side.

    Each file is written to ``name.part``, verified, and then renamed; a part that is left by an earlier
    attempt is gone on with. One file that fails does not stop the others. Cancelling stops all within a
    second and keeps the parts.

    Parameters
    ----------
    downloads : sequence or async iterator of Download
        An iterator is asked for the next file only when there is a place for it.
    at_once : int
        Files side by side; also the number of threads.
    on_progress : callable
        Called in the event loop about ten times a second, and once at the end, also when cancelled.

    Returns
    -------
    list of Outcome
        In the order of `downloads`.
    """
    transfer = _Transfer(downloads)
    places = min(at_once, len(downloads)) if isinstance(downloads, Sequence) else at_once
    lanes = [asyncio.create_task(transfer.lane()) for _ in range(places)]
    try:
        pending = set(lanes)
        while pending:
            _, pending = await asyncio.wait(pending, timeout=PROGRESS_SECONDS)
            if pending:
                on_progress(transfer.meter.read())
    finally:
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        on_progress(transfer.meter.read())
    for lane in lanes:
        lane.result()
    return [outcome for _, outcome in sorted(transfer.outcomes.items())]


class _Transfer:
    """The files of one call of `download_all`, shared by its lanes."""

    def __init__(self, downloads: Sequence[Download] | AsyncIterator[Download]) -> None:
        self.meter = Meter()
        self.outcomes: dict[int, Outcome] = {}
        self._next_index = 0
        self._asking = asyncio.Lock()
        if isinstance(downloads, Sequence):
            self.meter.expect(download.size for download in downloads)
            self.meter.all_listed()
            self._downloads = _one_by_one(downloads)
            self._counted = True
        else:
            self._downloads = downloads
            self._counted = False

    async def lane(self) -> None:
        """Bring one file after another."""
        worker = Worker()
        sessions: dict[Access, requests.Session] = {}
        try:
            while (found := await self._next()) is not None:
                index, download = found
                meter = self.meter.begin(download.target, download.size)
                outcome = await _OneFile(download, meter, worker, sessions).bring()
                self.meter.end(meter, download.size, outcome)
                self.outcomes[index] = outcome
        finally:
            worker.end()

    async def _next(self) -> tuple[int, Download] | None:
        async with self._asking:
            download = await anext(self._downloads, None)
            if download is None:
                self.meter.all_listed()
                return None
            if not self._counted:
                self.meter.expect([download.size])
            index, self._next_index = self._next_index, self._next_index + 1
            return index, download


async def _one_by_one(downloads: Sequence[Download]) -> AsyncIterator[Download]:
    for download in downloads:
        yield download


class _OneFile:
    """One file's way from its addresses to its name; blocking steps run in the lane's worker."""

    def __init__(
        self,
        download: Download,
        meter: FileMeter,
        worker: Worker,
        sessions: dict[Access, requests.Session],
    ) -> None:
        self._download = download
        self._meter = meter
        self._worker = worker
        self._sessions = sessions
        self._stop = Stop()
        self._wanted = Wanted(download.target, download.size, cheapest(download.checksums))

    async def bring(self) -> Outcome:
        """Bring the file, and say how that went."""
        target = self._download.target
        try:
            size = await self._bring()
        except EsapError as error:
            return Outcome(target, ok=False, bytes=0, error=_alone(error))
        except LocalFault as fault:
            return Outcome(target, ok=False, bytes=0, error=_alone(fault.error))
        except Exception as mistake:  # noqa: BLE001 - one in a connector, say, must not stop the other files
            said = TransferError(f"{target.name} could not be brought ({type(mistake).__name__}).")
            said.__cause__ = mistake
            return Outcome(target, ok=False, bytes=0, error=said)
        checksum = self._wanted.checksum
        return Outcome(target, ok=True, bytes=size, verified=checksum.algorithm if checksum else "")

    async def _bring(self) -> int:
        size = await self._in_thread(size_if_present, self._wanted, self._stop)
        if size is not None:
            return size
        urls = self._download.urls
        errors = []
        for number, url in enumerate(urls, start=1):
            try:
                return await self._bring_from(url, is_last=number == len(urls))
            except EsapError as error:
                errors.append(error)
        raise _all_failed(self._download.target.name, errors)

    async def _bring_from(self, url: str, *, is_last: bool) -> int:
        """Try one address, again where that may help; an address that gave nothing only if it is the last."""
        failed = 0
        furthest = 0
        while True:
            received = self._meter.received
            try:
                headers = await self._download.authorize(url)
                return await self._in_thread(self._fetch, url, headers)
            except PartInUse:
                size = await self._wait_for_whoever_writes()
                if size is not None:
                    return size
            except Interrupted as interruption:
                went_well = self._meter.done >= furthest + _WELL_GOING
                furthest = max(furthest, self._meter.done)
                failed = 0 if went_well else failed + 1
                gave_nothing = self._meter.received == received
                if failed > len(BACKOFF_SECONDS) or (gave_nothing and not is_last):
                    raise interruption.error from None
                await asyncio.sleep(BACKOFF_SECONDS[max(failed - 1, 0)])

    def _fetch(self, url: str, headers: Mapping[str, str]) -> int:
        access = self._download.access
        if access not in self._sessions:
            self._sessions[access] = access.session(SILENCE_SECONDS)
        return fetch(self._wanted, Source(self._sessions[access], url, headers, self._stop), self._meter)

    async def _wait_for_whoever_writes(self) -> int | None:
        """Wait until nobody else writes the part; returns the size of the file if that completed it."""
        part = Part(self._download.target)
        seen, since = -1, time.monotonic()
        while (size := await self._in_thread(part.size_if_in_use)) is not None:
            self._meter.done = size
            if size != seen:
                seen, since = size, time.monotonic()
            elif time.monotonic() - since > SILENCE_SECONDS:
                raise TransferError(
                    f"Another process is bringing {self._download.target.name} and makes no headway.",
                    hint="Cancel that staging, then stage again.",
                )
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        return await self._in_thread(size_if_present, self._wanted, self._stop)

    async def _in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        future = self._worker.call(function, *args, **kwargs)
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            self._stop.set()
            # A thread that still waits for an answer holds no file and no lock: it is left to its time-out.
            await asyncio.wait({future}, timeout=_STOPPING_SECONDS)
            raise
        return future.result()


def _alone(error: EsapError) -> EsapError:
    """An error without the frames and errors that it came through.

    They hold the requests with their credentials, and those of 10,000 files stop the garbage collector, and
    everybody else with it, for a second.
    """
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


def _all_failed(name: str, errors: Sequence[EsapError]) -> EsapError:
    if not errors:
        return NoReplica(
            f"There is no address from which {name} can be read over HTTP.",
            hint="Its storage may be off, or it has been deleted: ask the data lake for its replicas.",
        )
    if len(errors) == 1:
        return errors[0]
    kinds = {type(error) for error in errors}
    kind = kinds.pop() if len(kinds) == 1 else TransferError
    reasons = " ".join(error.message for error in errors)
    return kind(f"None of {len(errors)} addresses gave {name}: {reasons}", hint=errors[-1].hint)
