"""The bytes of one staging on their way, with what arrived and what did not."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pydantic import JsonValue

from esap_jupyter.connectors.base import Connector, DownloadsItself
from esap_jupyter.errors import EsapError, NoReplica
from esap_jupyter.gateway.leases import RunningJob
from esap_jupyter.gateway.services import Services, explained
from esap_jupyter.models import FileProgress, Progress, SourceFile
from esap_jupyter.storage.state_staged import Place
from esap_jupyter.transfer.checksum import cheapest
from esap_jupyter.transfer.download import Download, download_all
from esap_jupyter.transfer.progress import Outcome, TransferProgress

# davs is HTTPS with WebDAV (as Rucio and XRootD write it); reading a file is a plain GET.
_AS_HTTP = {"http": "http", "https": "https", "dav": "http", "davs": "https"}


@dataclass(frozen=True, slots=True)
class Failed:
    """A file, or an item whose files could not be listed (then without a path), that did not arrive."""

    item_id: str
    path: str
    error: EsapError

    def as_result(self) -> JsonValue:
        """For the job's results."""
        return {
            "item": self.item_id,
            "path": self.path,
            "code": self.error.code,
            "message": self.error.message,
            "hint": self.error.hint,
        }


@dataclass(slots=True)
class Bringing:
    """Brings files to their places, side by side.

    Attributes
    ----------
    arrived : dict
        By place, what is there now; grows while `run` runs.
    failed : list of Failed
        What did not come.
    """

    services: Services
    running: RunningJob
    root: Path
    arrived: dict[Path, Outcome] = field(default_factory=dict)
    failed: list[Failed] = field(default_factory=list)
    _files: dict[Path, SourceFile] = field(default_factory=dict)
    _kept: int = 0
    _own_ways: int = 0

    async def run(self, placed: Sequence[tuple[SourceFile, Place]], at_once: int) -> None:
        """Bring what is not there yet; a file that fails is in `failed` and stops no other."""
        connectors = {name: await self._connector(name) for name in {file.service for file, _ in placed}}
        downloads, own_ways = await asyncio.to_thread(self._sort, placed, connectors)
        self._kept, self._own_ways = len(self.arrived), len(own_ways)
        places = asyncio.Semaphore(at_once)
        async with asyncio.TaskGroup() as group:
            for way in own_ways:
                group.create_task(self._bring_by_its_own_way(*way, places))
            outcomes = await download_all(downloads, at_once=at_once, on_progress=self._report)
        for outcome in outcomes:
            if outcome.error is not None:
                self._fail(self._files[outcome.target], outcome.error)

    async def _connector(self, service: str) -> Connector | EsapError:
        try:
            return await self.services.get(service)
        except EsapError as error:
            return error

    def _sort(
        self,
        placed: Sequence[tuple[SourceFile, Place]],
        connectors: Mapping[str, Connector | EsapError],
    ) -> tuple[list[Download], list[tuple[DownloadsItself, SourceFile, Path]]]:
        """Say what is to be brought, over HTTP and otherwise; in a thread, since there may be very many."""
        downloads: list[Download] = []
        own_ways: list[tuple[DownloadsItself, SourceFile, Path]] = []
        for file, place in placed:
            self._files[place.path] = file
            if place.present:
                self._arrive(place.path, place.size, place.verified)
                continue
            try:
                connector = connectors[file.service]
                if isinstance(connector, EsapError):
                    raise connector
                urls = tuple(filter(None, (_as_http(replica.url) for replica in file.replicas)))
                if urls:
                    downloads.append(_download(connector, urls, file, place.path))
                elif isinstance(connector, DownloadsItself) and file.replicas:
                    own_ways.append((connector, file, place.path))
                else:
                    raise _unreadable(file)
            except EsapError as error:
                self._fail(file, error)
        return downloads, own_ways

    def results(self) -> dict[str, JsonValue]:
        """What arrived, in the order in which it was asked for, and what did not, for the job's results."""
        files: list[JsonValue] = [
            {
                "item": file.item_id,
                "path": str(path),
                "bytes": self.arrived[path].bytes,
                "verified": self.arrived[path].verified,
            }
            for path, file in self._files.items()
            if path in self.arrived
        ]
        return {"files": files, "failed": [each.as_result() for each in self.failed]}

    def checksums(self) -> list[tuple[Path, str]]:
        """What arrived, each with the checksum that confirmed it, ``adler32:00620062``, or nothing."""
        return [
            (
                path,
                f"{outcome.verified}:{self._files[path].checksums[outcome.verified]}"
                if outcome.verified
                else "",
            )
            for path, outcome in self.arrived.items()
        ]

    async def _bring_by_its_own_way(
        self, connector: DownloadsItself, file: SourceFile, target: Path, places: asyncio.Semaphore
    ) -> None:
        try:
            async with places:
                await connector.download(file, target)
                status = await asyncio.to_thread(target.stat)
        except Exception as error:  # noqa: BLE001 - explained, logged and reported
            self._fail(file, explained(error, file.service))
            return
        checksum = cheapest(file.checksums)
        self._arrive(target, status.st_size, checksum.algorithm if checksum else "")

    def _arrive(self, path: Path, size: int, verified: str) -> None:
        self.arrived[path] = Outcome(path, ok=True, bytes=size, verified=verified)

    def _fail(self, file: SourceFile, error: EsapError) -> None:
        self.failed.append(Failed(file.item_id, file.path, error.at(file.service)))

    def _report(self, transfer: TransferProgress) -> None:
        for outcome in transfer.finished:
            if outcome.ok:
                self.arrived[outcome.target] = outcome
        others = self._kept + self._own_ways
        self.running.report(
            Progress(
                done=transfer.done,
                total=transfer.total,
                files_done=len(self.arrived),
                files_total=None if transfer.files_total is None else transfer.files_total + others,
                rate=transfer.rate,
                active=tuple(
                    FileProgress(
                        path=file.target.relative_to(self.root).as_posix(), done=file.done, total=file.total
                    )
                    for file in transfer.active
                ),
                message=f"{transfer.files_failed} failed" if transfer.files_failed else "",
            )
        )


def _download(connector: Connector, urls: tuple[str, ...], file: SourceFile, target: Path) -> Download:
    # Each file's headers are asked for in the event loop.
    access = dataclasses.replace(connector.context.access, bearer=None)
    return Download(urls, target, file.size, file.checksums, access, connector.authorization)


def _as_http(url: str) -> str:
    parts = urlsplit(url)
    scheme = _AS_HTTP.get(parts.scheme.lower())
    return urlunsplit(parts._replace(scheme=scheme)) if scheme else ""


def _unreadable(file: SourceFile) -> NoReplica:
    schemes = ", ".join(sorted({urlsplit(replica.url).scheme for replica in file.replicas}))
    return NoReplica(
        f"{file.path} has no replica that can be read from here{f' (only {schemes})' if schemes else ''}.",
        hint="Ask the data lake for a replica on an RSE with HTTPS or WebDAV.",
    )
