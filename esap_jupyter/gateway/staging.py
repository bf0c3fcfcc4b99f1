"""Brings items' bytes to where the person computes: list files, check the room, transfer, say where."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, cast

from pydantic import JsonValue

from esap_jupyter.connectors.base import HasFiles
from esap_jupyter.errors import (
    EsapError,
    NoReplica,
    NotAllowed,
    OutsideWorkspace,
    ServiceTimeout,
    ServiceUnreachable,
    SignInNeeded,
    StateError,
    TransferError,
)
from esap_jupyter.gateway.bringing import Bringing, Failed
from esap_jupyter.gateway.jobs import error_from
from esap_jupyter.gateway.leases import RunningJob
from esap_jupyter.gateway.services import Services, explained
from esap_jupyter.models import Capability, Item, Progress, SourceFile
from esap_jupyter.storage.state import State
from esap_jupyter.storage.state_staged import Place, StagedRows
from esap_jupyter.storage.workspace import Workspace

log = logging.getLogger(__name__)

KIND = "staging"

_FILES_AT_A_TIME = 100

# After one of these, asking the same service for the next item would only fail again.
_OF_THE_SERVICE = (ServiceUnreachable, ServiceTimeout, SignInNeeded, NotAllowed)


class Staging:
    """Runs the jobs of kind ``staging``.

    Their parameters are ``items``, ``directory`` (relative to the workspace) and ``files_at_once``. Their
    results are ``directory`` (absolute), ``files`` (``item``, ``path``, ``bytes``, ``verified``: the checksum
    algorithm, or empty) and ``failed`` (``item``, ``path``, ``code``, ``message``, ``hint``).
    """

    def __init__(self, services: Services, workspace: Workspace, state: State, *, keep_free: int) -> None:
        self._services = services
        self._workspace = workspace
        self._staged = StagedRows(state)
        self._keep_free = keep_free

    async def run(self, running: RunningJob) -> None:
        """Stage; what is there already stays, so running again fetches what is missing.

        Raises
        ------
        NoRoom
            If the disk is too small, before any byte is written.
        TransferError
            If a file did not arrive; those that did stay, and the results list both.
        """
        parameters: dict[str, Any] = running.job.parameters
        # Of 100,000 items each step takes its time: in threads, so that the event loop stays free.
        items = await asyncio.to_thread(_items_of, parameters)
        directory = PurePosixPath(parameters["directory"])
        place = await asyncio.to_thread(self._workspace.resolve, directory)
        running.results.update(directory=str(place), files=[], failed=[])
        running.report(Progress(message="Listing the files"))
        files, failed = await self._list(items)
        placed, outside = await asyncio.to_thread(self._place, files, directory)
        failed += outside
        await asyncio.to_thread(self._check_room, placed, items)
        bringing = Bringing(self._services, running, self._workspace.root, failed=failed)
        try:
            await bringing.run(placed, parameters["files_at_once"])
        finally:
            running.results.update(await asyncio.to_thread(bringing.results))
            await asyncio.to_thread(self._note, bringing)
        if failed:
            raise _summary(failed, len(bringing.arrived) + len(failed))

    # Which files

    async def _list(self, items: Sequence[Item]) -> tuple[list[SourceFile], list[Failed]]:
        """The files of all items, services side by side."""
        by_service: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            by_service[item.service].append(item)
        listed = await asyncio.gather(*(self._list_at(name, each) for name, each in by_service.items()))
        files = [file for found, _ in listed for file in found]
        return files, [each for _, failed in listed for each in failed]

    async def _list_at(self, service: str, items: list[Item]) -> tuple[list[SourceFile], list[Failed]]:
        """The files of one service's items: all in one question, one by one if that fails for one of them."""
        try:
            files = await self._files(service, items)
        except Exception as error:  # noqa: BLE001 - explained, logged and reported
            failure = explained(error, service)
        else:
            return files, []
        if len(items) == 1 or isinstance(failure, _OF_THE_SERVICE):
            return [], await asyncio.to_thread(_all_failed, items, failure)
        one_by_one = [await self._list_at(service, [item]) for item in items]
        found = [file for files, _ in one_by_one for file in files]
        return found, [each for _, failed in one_by_one for each in failed]

    async def _files(self, service: str, items: list[Item]) -> list[SourceFile]:
        connector: HasFiles = await self._services.able(service, Capability.FILES)
        deadline = self._services.deadline(service)
        listing = cast("AsyncGenerator[SourceFile]", connector.files(items))
        files = []
        async with asyncio.timeout(deadline) as patience, contextlib.aclosing(listing) as stream:
            async for file in stream:
                files.append(file)
                # A long list may take its time as long as it goes on.
                patience.reschedule(asyncio.get_running_loop().time() + deadline)
                if len(files) % _FILES_AT_A_TIME == 0:
                    await asyncio.sleep(0)  # what comes in pages does not wait by itself
        if not files:
            raise NoReplica("There are no files to stage.", hint="Look at what the item holds.")
        return files

    # Where to

    def _place(
        self, files: Iterable[SourceFile], directory: PurePosixPath
    ) -> tuple[list[tuple[SourceFile, Place]], list[Failed]]:
        wanted, failed = [], []
        for file in files:
            try:
                path = self._workspace.resolve(directory / _visible(file.path))
            except OutsideWorkspace as error:
                failed.append(Failed(file.item_id, file.path, error.at(file.service)))
            else:
                wanted.append((file, path))
        places = self._staged.places(wanted)
        return [(file, place) for (file, _), place in zip(wanted, places, strict=True)], failed

    def _check_room(self, placed: Iterable[tuple[SourceFile, Place]], items: Sequence[Item]) -> None:
        """See to it that all fits, as far as sizes are known; an item's own size is an estimate."""
        estimates = {item.id: item.size or 0 for item in items}
        missing = [file for file, place in placed if not place.present]
        wanted = sum(file.size or 0 for file in missing)
        wanted += sum(estimates.get(item_id, 0) for item_id in {f.item_id for f in missing if f.size is None})
        self._workspace.check_room(wanted, self._keep_free)

    def _note(self, bringing: Bringing) -> None:
        try:
            self._staged.arrived(bringing.checksums())
        except StateError:
            # The next staging of these files will look at their bytes instead.
            log.exception("Which files arrived could not be noted")


def _all_failed(items: Sequence[Item], failure: EsapError) -> list[Failed]:
    return [Failed(item.id, "", failure) for item in items]


def _items_of(parameters: Mapping[str, Any]) -> list[Item]:
    return [Item.model_validate(item) for item in parameters["items"]]


def parameters_of(items: Sequence[Item], directory: str, files_at_once: int) -> dict[str, JsonValue]:
    """The parameters of a staging's job."""
    return {
        "items": [item.model_dump(mode="json") for item in items],
        "directory": directory,
        "files_at_once": files_at_once,
    }


def title_of(items: Sequence[Item]) -> str:
    """A line for people."""
    first = items[0].title or items[0].locator
    return first if len(items) == 1 else f"{first} and {len(items) - 1} more"


def _visible(path: str) -> PurePosixPath:
    """A service names files, but none that programs read by themselves (``.bashrc``), no part of another."""
    parts = PurePosixPath(path).parts
    named = [f"_{part[1:]}" if part.startswith(".") and part != ".." else part for part in parts]
    if named and named[-1].endswith((".part", ".part.json")):
        named[-1] += "_"
    return PurePosixPath(*named)


def _summary(failed: Sequence[Failed], total: int) -> EsapError:
    """One error for all: the only one, or that of its kind if all are of one kind."""
    first = failed[0].error
    if len(failed) == 1 and total == 1:
        return first
    message = f"{len(failed)} of {total} files did not arrive; the first: {first.message}"
    code = first.code if len({each.error.code for each in failed}) == 1 else TransferError.code
    return error_from(code, message, first.hint)
