"""Files into the data lake.

rucio-clients' own `UploadClient` would do, but it finds out about storages through a second client that reads
``rucio.cfg`` and is remembered for the whole process, wants a proxy in the environment, tells no progress,
and goes on in its thread when nobody wants the upload any more. So the bytes go through ESAP's own requests,
in the order of that client's ``register_after_upload``: bytes under a passing name, verified, renamed, and
only then registered. Killed at any moment, it leaves nothing in the catalogue that is not whole; done again,
it does what is missing. (The other order, a replica in state COPYING first, needs a right to change replicas'
states that Rucio's own policy gives to nobody but its operators.)
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from esap_jupyter.connectors.base import Taken
from esap_jupyter.connectors.rucio.answers import did_of, rule_of, usage_of
from esap_jupyter.connectors.rucio.client import RucioClient
from esap_jupyter.connectors.rucio.datalake import path_part
from esap_jupyter.connectors.rucio.files import HTTP_SCHEMES, as_http
from esap_jupyter.connectors.rucio.listing import parse_did
from esap_jupyter.connectors.rucio.rules import RucioRules
from esap_jupyter.errors import (
    Conflict,
    InputError,
    NotAllowed,
    NotFound,
    NotOffered,
    QuotaExceeded,
    ServiceFailed,
)
from esap_jupyter.models import DIDName, UploadTarget, WritableRSE
from esap_jupyter.transfer.source import Stop
from esap_jupyter.transfer.threads import Worker
from esap_jupyter.transfer.upload import LocalFile, Storage

T = TypeVar("T")

_SECONDS_TO_STOP = 5.0
_WAITS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


@dataclass(frozen=True, slots=True)
class _Known:
    """What Rucio knows of a file before it is uploaded: its DID, and a replica on the RSE."""

    did: bool
    replica: bool


class RucioUploads(RucioRules):
    """Takes files: their bytes to an RSE over HTTP, then their DIDs, replicas and rules to Rucio."""

    async def writable_rses(self) -> list[WritableRSE]:
        """List the RSEs that can be written, and where the person has quota left."""
        name = self.settings.account or (await self.whoami()).name
        part = path_part(name, "account")

        def find(client: RucioClient) -> list[WritableRSE]:
            usage = {row["rse"]: usage_of(row, name) for row in client.get_local_account_usage(part)}
            rows = [row for row in client.list_rses() if row.get("availability_write", True)]
            known = [row for row in rows if row["rse"] in usage] or rows
            found = []
            for row in known:
                used = usage.get(row["rse"])
                free = None if used is None or used.limit is None else max(used.limit - used.bytes, 0)
                if free != 0:
                    kind = str(row.get("rse_type") or "")
                    found.append(WritableRSE(name=row["rse"], type=kind, free=free))
            return found

        found = await self.ask(find)
        # The site's own first.
        return sorted(found, key=lambda rse: (rse.name != self.settings.site_rse, rse.name))

    async def upload_target(
        self, to: str = "", *, rse: str = "", lifetime: int | None = None
    ) -> UploadTarget:
        """Read where files are to go: ``scope:dataset`` or a scope; empty for the person's own scope.

        Raises
        ------
        InputError
            If it says nothing, or there are several RSEs to choose from.
        """
        scope, _, dataset = to.strip().partition(":")
        scope = scope or await self._own_scope()
        return UploadTarget(
            scope=scope,
            rse=rse or await self._usual_rse(),
            dataset=parse_did(DIDName(scope=scope, name=dataset)) if dataset else None,
            lifetime=lifetime,
        )

    async def prepare(self, target: UploadTarget, size: int) -> None:
        """See that so many bytes may go there, and make the dataset if there is none.

        Raises
        ------
        QuotaExceeded
            If they are more than the person may still use there.
        NotAllowed
            If the RSE cannot be written.
        Conflict
            If the dataset's name is that of something else, or it has a lifetime of its own.
        """
        name = self.settings.account or (await self.whoami()).name
        part = path_part(name, "account")

        def check(client: RucioClient) -> None:
            _check_writable(client.get_rse(path_part(target.rse, "rse")), target.rse)
            rows = [usage_of(row, name) for row in client.get_local_account_usage(part)]
            for row in rows:
                if row.rse == target.rse and row.limit is not None and row.bytes + size > row.limit:
                    free = max(row.limit - row.bytes, 0)
                    raise QuotaExceeded(
                        f"{size:,} bytes are more than the {free:,} that are left to {name} on {target.rse}.",
                        hint="Choose another RSE, delete rules that you no longer need, or ask for more.",
                    )
            if target.dataset is not None:
                _make_dataset(client, target.dataset, target, name)

        await self.ask(check)

    async def take(
        self, path: Path, name: str, target: UploadTarget, on_progress: Callable[[int], None]
    ) -> Taken:
        """Take one file; done again, it does what is missing.

        Raises
        ------
        Conflict
            If a DID of this name has other content; what is in the data lake is never replaced.
        EsapError
            If it was not taken; then nothing of it is registered.
        """
        did = parse_did(DIDName(scope=target.scope, name=name))
        stop = Stop()
        file = await _in_thread(lambda: LocalFile.read(path, stop), stop)
        known = await self.ask(lambda client: _look(client, did, file, target.rse))
        if not known.replica:
            place = await self.ask(lambda client: _address(client, did, target.rse))
            await self._send(file, *place, on_progress, stop, did=did, target=target)
        on_progress(file.size)
        await self._tell_rucio(did, file, target)
        return Taken(did, target.rse, file.size, file.adler32, was_there=known.replica)

    async def _tell_rucio(self, did: DIDName, file: LocalFile, target: UploadTarget) -> None:
        """Register, and try again when Rucio's database is too busy; twice does no more than once."""
        for wait in (*_WAITS, None):
            try:
                await self.ask(lambda client: _register(client, did, file, target))
            except ServiceFailed:
                if wait is None:
                    raise
            else:
                return
            await asyncio.sleep(wait * (1 + random.random()))  # noqa: S311 - so that few meet again

    async def _send(
        self,
        file: LocalFile,
        url: str,
        renames: bool,
        on_progress: Callable[[int], None],
        stop: Stop,
        *,
        did: DIDName,
        target: UploadTarget,
    ) -> None:
        session = self.context.access.session(self.context.calls.deadline)
        storage = Storage(session, url, await self.authorization(url), renames)
        sent = await _in_thread(lambda: storage.put(file, on_progress, stop), stop)
        # Who else has meanwhile registered this name must not lose their bytes to ours.
        try:
            known = await self.ask(lambda client: _look(client, did, file, target.rse))
        except Conflict:
            await _in_thread(lambda: storage.discard(sent), stop)
            raise
        if known.replica:
            await _in_thread(lambda: storage.discard(sent), stop)
        else:
            await _in_thread(lambda: storage.rename(sent), stop)

    async def _own_scope(self) -> str:
        name = self.settings.account or (await self.whoami()).name
        scopes = await self.ask(
            lambda client: list(client.list_scopes_for_account(path_part(name, "account")))
        )
        own = f"user.{name}"
        if own in scopes:
            return own
        if len(scopes) == 1:
            return str(scopes[0])
        raise InputError(
            "Say in which scope the files are to be.",
            hint=f"Yours are {', '.join(sorted(scopes))}."
            if scopes
            else "Ask Rucio's operators for a scope.",
            field="to",
        )

    async def _usual_rse(self) -> str:
        writable = await self.writable_rses()
        names = [rse.name for rse in writable]
        if self.settings.site_rse in names:
            return self.settings.site_rse
        if len(names) == 1:
            return names[0]
        if not names:
            raise NotAllowed(
                "There is no RSE that you may write.", hint="Ask Rucio's operators for quota on one."
            )
        raise InputError("Say to which RSE.", hint=f"You may write {', '.join(names)}.", field="rse")


def _check_writable(settings: Mapping[str, Any], rse: str) -> None:
    if not settings.get("availability_write", True):
        raise NotAllowed(f"{rse} cannot be written now.", hint="Choose another RSE, or try again later.")
    if not settings.get("deterministic", True):
        raise NotOffered(
            f"{rse} does not say by itself where a file belongs.", hint="Choose a deterministic RSE."
        )


def _make_dataset(client: RucioClient, dataset: DIDName, target: UploadTarget, account: str) -> None:
    """Make a dataset with a rule that keeps its files, unless there is one."""
    try:
        known = did_of(client.get_did(dataset.scope, dataset.name))
    except NotFound:
        rule = {
            "account": account, "copies": 1, "rse_expression": target.rse,
            "grouping": "DATASET", "lifetime": target.lifetime,
        }  # fmt: skip
        # Another upload may have made it just now.
        with contextlib.suppress(Conflict):
            client.add_dataset(dataset.scope, dataset.name, rules=[rule])
        return
    if known.type != "DATASET":
        raise Conflict(
            f"{dataset} is a {known.type.lower()} already.", hint="Name another dataset.", field="to"
        )
    if target.lifetime is not None:
        rules = map(rule_of, client.list_did_rules(dataset.scope, dataset.name))
        if not any(rule.account == account and rule.expires_at for rule in rules):
            raise Conflict(
                f"{dataset} exists, and is kept for as long as its rules say.",
                hint="Leave the lifetime away, or name another dataset.",
                field="lifetime",
            )


def _look(client: RucioClient, did: DIDName, file: LocalFile, rse: str) -> _Known:
    """See what Rucio knows under this name.

    Raises
    ------
    Conflict
        If it is something else.
    """
    try:
        known = did_of(client.get_metadata(did.scope, did.name))
    except NotFound:
        return _Known(did=False, replica=False)
    same = known.adler32.lower().zfill(8) == file.adler32 and known.bytes == file.size
    if known.type != "FILE" or not same:
        what = "has other content" if known.type == "FILE" else f"is a {known.type.lower()}"
        raise Conflict(
            f"{did} exists in the data lake and {what}.",
            hint="Rename the file, or choose another scope: what is in the data lake is never replaced.",
            field="files",
        )
    states: dict[str, str] = {}
    for row in client.list_replicas([did.model_dump()], all_states=True):
        states |= row.get("states") or dict.fromkeys(row.get("rses") or (), "AVAILABLE")
    return _Known(did=True, replica=states.get(rse) == "AVAILABLE")


def _address(client: RucioClient, did: DIDName, rse: str) -> tuple[str, bool]:
    """Say at which URL a file belongs on an RSE, and whether the storage renames."""
    protocols = [
        (protocol["domains"]["wan"]["write"], protocol)
        for protocol in client.get_rse(path_part(rse, "rse"))["protocols"]
        if protocol["scheme"] in HTTP_SCHEMES and protocol["domains"]["wan"].get("write")
    ]
    if not protocols:
        raise NotOffered(
            f"{rse} is not written over HTTPS or WebDAV.",
            hint="Choose another RSE, or upload with Rucio's own command.",
        )
    _, chosen = min(protocols, key=lambda pair: pair[0])
    pfns = client.lfns2pfns(path_part(rse, "rse"), [str(did)], "wan", "write", chosen["scheme"])
    _, url = as_http(pfns[str(did)])
    return url, not str(chosen.get("impl") or "").endswith("NoRename")


def _register(client: RucioClient, did: DIDName, file: LocalFile, target: UploadTarget) -> None:
    """Tell Rucio of a file that is on its RSE, and see that a rule or a dataset keeps it there."""
    if not _look(client, did, file, target.rse).replica:
        described = {**did.model_dump(), "bytes": file.size, "adler32": file.adler32}
        try:
            client.add_replicas(target.rse, [{**described, "state": "A"}], ignore_availability=False)
        except Conflict:
            # Begun by another client, which registers before it uploads.
            client.update_replicas_states(target.rse, [{**described, "state": "A"}])
    with contextlib.suppress(Conflict):  # it is there already
        if target.dataset is None:
            client.add_replication_rule([did.model_dump()], 1, target.rse, lifetime=target.lifetime)
        else:
            client.attach_dids(target.dataset.scope, target.dataset.name, [did.model_dump()])


async def _in_thread(function: Callable[[], T], stop: Stop) -> T:
    """Call in a thread of its own, since a file may take hours; being cancelled stops it."""
    worker = Worker()
    future = worker.call(function)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([future], timeout=_SECONDS_TO_STOP)
        raise
    finally:
        worker.end()
