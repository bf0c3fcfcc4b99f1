"""Files of the person's own into a data lake, as jobs of kind ``upload``."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from esap_jupyter.connectors.base import Taken, TakesFiles
from esap_jupyter.errors import (
    EsapError,
    InputError,
    ServiceTimeout,
    ServiceUnreachable,
    SignInNeeded,
    TransferError,
)
from esap_jupyter.gateway.jobs import error_from
from esap_jupyter.gateway.leases import RunningJob
from esap_jupyter.gateway.services import Services, explained
from esap_jupyter.models import Capability, FileProgress, Progress, UploadTarget

KIND = "upload"

_AT_ONCE = 4
_KEPT_EVERY = 1.0
_RATE_SECONDS = 3.0

# After one of these, the same would come of every other file.
_OF_THE_SERVICE = (ServiceUnreachable, ServiceTimeout, SignInNeeded)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to upload, and the name that its DID is to have."""

    path: Path
    name: str


class Uploads:
    """Runs the jobs of kind ``upload``.

    Their parameters are ``service``, ``files`` (``path``, absolute, and ``name``) and ``target`` (an
    `UploadTarget`). Their results are ``files`` (``path``, ``did``, ``rse``, ``bytes``, ``adler32``,
    ``was_there``) and ``failed`` (``path``, ``code``, ``message``, ``hint``).
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self, running: RunningJob) -> None:
        """Upload; what the data lake has already stays, so running again uploads what is missing.

        Raises
        ------
        QuotaExceeded
            If the files are more than the person may use there, before any byte is sent.
        TransferError
            If a file was not taken; those that were are kept, and the results list both.
        """
        parameters: dict[str, Any] = running.job.parameters
        service: str = parameters["service"]
        target = UploadTarget.model_validate(parameters["target"])
        files = [Wanted(Path(file["path"]), file["name"]) for file in parameters["files"]]
        connector: TakesFiles = await self._services.able(service, Capability.UPLOADS)
        sizes = await asyncio.to_thread(_sizes, files)
        sending = _Sending(connector, service, target, running, sizes, len(files))
        missing = [file for file in files if not sending.took_before(file)]
        try:
            await connector.prepare(target, sum(sizes.get(file.path, 0) for file in missing))
        except Exception as error:
            raise explained(error, service) from error
        try:
            await sending.run(missing)
        finally:
            running.results.update(sending.results())
        if sending.failed:
            raise _summary(list(sending.failed.values()), len(files))


@dataclass(slots=True)
class _Sending:
    """One job's files on their way."""

    connector: TakesFiles
    service: str
    target: UploadTarget
    running: RunningJob
    sizes: Mapping[Path, int]
    count: int
    taken: dict[str, JsonValue] = field(default_factory=dict)
    failed: dict[str, EsapError] = field(default_factory=dict)
    _done: int = 0
    _active: dict[Path, int] = field(default_factory=dict)
    _over: EsapError | None = None
    _kept_at: float = 0.0
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    def took_before(self, file: Wanted) -> bool:
        """Whether an earlier attempt of this job uploaded this file, which has not changed since."""
        before: Any = self.running.job.results.get("files", [])
        for each in before:
            if each["path"] == str(file.path) and each["changed_at"] == _changed_at(file.path):
                self._take(file, each)
                return True
        return False

    async def run(self, files: Sequence[Wanted]) -> None:
        """Upload files side by side; one that fails stops no other."""
        places = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for file in files:
                await places.acquire()
                group.create_task(self._one(file)).add_done_callback(lambda _: places.release())

    async def _one(self, file: Wanted) -> None:
        if self._over is not None:
            self.failed[str(file.path)] = self._over
            return
        self._active[file.path] = 0
        try:
            changed_at = _changed_at(file.path)
            taken = await self.connector.take(
                file.path, file.name, self.target, lambda sent: self._sent(file.path, sent)
            )
        except Exception as error:  # noqa: BLE001 - explained, logged and reported
            failure = explained(error, self.service)
            self.failed[str(file.path)] = failure
            if isinstance(failure, _OF_THE_SERVICE):
                self._over = failure
        else:
            self._take(file, {**_described(taken), "path": str(file.path), "changed_at": changed_at})
        finally:
            self._active.pop(file.path, None)
        self._report()
        await self._keep()

    def results(self) -> dict[str, JsonValue]:
        """What was taken and what was not, for the job's results."""
        failed: list[JsonValue] = [
            {"item": "", "path": path, "code": error.code, "message": error.message, "hint": error.hint}
            for path, error in self.failed.items()
        ]
        return {"files": list(self.taken.values()), "failed": failed}

    def _take(self, file: Wanted, described: dict[str, JsonValue]) -> None:
        self.taken[str(file.path)] = described
        self._done += self.sizes.get(file.path, 0)

    def _sent(self, path: Path, sent: int) -> None:
        """Called from the threads that send."""
        if path in self._active:
            self._active[path] = sent
        self._report()

    def _report(self) -> None:
        active = dict(self._active)
        done = self._done + sum(active.values())
        self.running.report(
            Progress(
                done=done,
                total=sum(self.sizes.values()),
                files_done=len(self.taken),
                files_total=self.count,
                rate=self._rate(done),
                active=tuple(
                    FileProgress(path=path.name, done=sent, total=self.sizes.get(path))
                    for path, sent in active.items()
                ),
                message=f"{len(self.failed)} failed" if self.failed else "",
            )
        )

    def _rate(self, done: int) -> float:
        now = time.monotonic()
        if not self._samples or now - self._samples[-1][0] > _RATE_SECONDS / 10:
            self._samples.append((now, done))
        while len(self._samples) > 1 and now - self._samples[0][0] > _RATE_SECONDS:
            self._samples.popleft()
        since, before = self._samples[0]
        return max(done - before, 0) / (now - since) if now > since else 0.0

    async def _keep(self) -> None:
        """Write down what is done, now and then: whoever resumes need not read these files again."""
        if time.monotonic() - self._kept_at > _KEPT_EVERY:
            self._kept_at = time.monotonic()
            await self.running.keep(files=list(self.taken.values()))


def parameters_of(service: str, files: Iterable[Wanted], target: UploadTarget) -> dict[str, JsonValue]:
    """The parameters of an upload's job."""
    return {
        "service": service,
        "files": [{"path": str(file.path), "name": file.name} for file in files],
        "target": target.model_dump(mode="json"),
    }


def title_of(files: Sequence[Wanted], target: UploadTarget) -> str:
    """A line for people."""
    what = files[0].path.name if len(files) == 1 else f"{files[0].path.name} and {len(files) - 1} more"
    return f"{what} to {target.dataset or target.scope}"


def files_at(paths: Iterable[Path]) -> list[Wanted]:
    """List files, and those in directories, each with the name of its DID.

    That is the file's own name. Of several files of one name, those in directories are named after these
    too: ``run1.frame.fits``. Hidden files in directories are left out, and links that lead out.

    Raises
    ------
    InputError
        If there is no such file, nothing at all, or two files of one name.
    """
    found: dict[Path, tuple[str, ...]] = {}
    for path in paths:
        if path.is_dir():
            found.update(_below(path))
        elif path.is_file():
            found.setdefault(path, (path.name,))
        else:
            raise InputError(f"{path.name} is no file.", hint="Look whether it is there.", field="files")
    if not found:
        raise InputError("There is no file to upload.", hint="Choose files, or a folder.", field="files")
    names = [parts[-1] for parts in found.values()]
    several = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    wanted = [
        Wanted(path, ".".join(parts) if parts[-1] in several else parts[-1]) for path, parts in found.items()
    ]
    taken: dict[str, Path] = {}
    for file in wanted:
        if file.name in taken:
            raise InputError(
                f"{file.path} and {taken[file.name]} would have the same name, {file.name}.",
                hint="Upload them one after the other into different scopes, or rename one.",
                field="files",
            )
        taken[file.name] = file.path
    return wanted


def _below(directory: Path) -> Iterable[tuple[Path, tuple[str, ...]]]:
    top = directory.resolve()
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and path.is_file() and path.resolve().is_relative_to(top):
                yield path, (directory.name, *path.relative_to(top).parts)


def _described(taken: Taken) -> dict[str, JsonValue]:
    return {
        "did": str(taken.did),
        "rse": taken.rse,
        "bytes": taken.size,
        "adler32": taken.adler32,
        "was_there": taken.was_there,
    }


def _sizes(files: Iterable[Wanted]) -> dict[Path, int]:
    """Sizes of the files that are there; one that is not fails when its turn comes."""
    return {file.path: file.path.stat().st_size for file in files if file.path.is_file()}


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _summary(failed: Sequence[EsapError], total: int) -> EsapError:
    """One error for all: the only one, or that of its kind if all are of one kind."""
    first = failed[0]
    if len(failed) == 1 and total == 1:
        return first
    message = f"{len(failed)} of {total} files were not uploaded; the first: {first.message}"
    code = first.code if len({error.code for error in failed}) == 1 else TransferError.code
    return error_from(code, message, first.hint)
