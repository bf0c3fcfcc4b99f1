"""Items to the site's own RSE by rules, as jobs of kind ``replication``: the data lake brings the bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from esap_jupyter.connectors.base import DataLake
from esap_jupyter.errors import Conflict, EsapError, InputError, NotFound, ServiceError, TransferError
from esap_jupyter.gateway.bringing import Failed
from esap_jupyter.gateway.jobs import error_from
from esap_jupyter.gateway.leases import RunningJob
from esap_jupyter.gateway.services import Services, explained
from esap_jupyter.models import Capability, Item, Progress, Rule

KIND = "replication"

LOOK_SECONDS = (1.0, 10.0)
"""How long to wait between two looks at the rules, at first and in the end."""

STUCK_SECONDS = 120.0
"""A rule that has been STUCK for so long, with no file arriving, is given up; Rucio goes on trying."""

_PATIENCE = 1.2
_UNDO_SECONDS = 20.0
_UNREACHABLE_LOOKS = 30


@dataclass(slots=True)
class _Followed:
    """A rule that keeps an item's replicas."""

    item: Item
    rule: Rule
    made: bool
    stuck_since: float | None = None
    error: EsapError | None = None

    @property
    def ended(self) -> bool:
        return self.rule.state == "OK" or self.error is not None


@dataclass(slots=True)
class Replications:
    """Runs the jobs of kind ``replication``.

    Their parameters are ``items``, ``replica`` (an RSE expression; empty for the RSE that the service is
    configured with) and ``lifetime`` (seconds, or None). Their results are ``rules`` (``item``, ``did``,
    ``id``, ``state``, ``rse_expression``, ``made``), ``failed``, and ``files`` (``item``, ``path``,
    ``bytes``, ``rse``): those on an RSE that is mounted here.
    """

    services: Services
    look: tuple[float, float] = LOOK_SECONDS
    stuck: float = STUCK_SECONDS

    async def run(self, running: RunningJob) -> None:
        """Make the rules and follow them; run again, it follows those that it has made.

        Cancelled by a person, it deletes the rules that it has made, and no others.

        Raises
        ------
        TransferError
            If a rule did not become OK.
        """
        parameters: dict[str, Any] = running.job.parameters
        items = await asyncio.to_thread(lambda: [Item.model_validate(item) for item in parameters["items"]])
        job = _Job(self, running, f"ESAP job {running.job.id}")
        try:
            await job.make(items, parameters["replica"], parameters["lifetime"])
            await job.follow()
            await job.find_files()
        except asyncio.CancelledError:
            if running.stopped_by_person:
                await asyncio.shield(job.undo())
            raise
        finally:
            running.results.update(job.results())
        if job.failed:
            raise _summary(job.failed, len(items))


@dataclass(slots=True)
class _Job:
    runner: Replications
    running: RunningJob
    mark: str
    rules: list[_Followed] = field(default_factory=list)
    files: list[JsonValue] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)

    async def make(self, items: Sequence[Item], expression: str, lifetime: int | None) -> None:
        """Make a rule for each item, or take the one that there is."""
        for number, item in enumerate(items):
            self.running.report(Progress(message="Making rules", files_done=number, files_total=len(items)))
            try:
                lake = await self._lake(item)
                self.rules.append(await self._rule(lake, item, expression, lifetime))
            except Exception as error:  # noqa: BLE001 - explained, logged and reported
                self.failed.append(Failed(item.id, item.locator, explained(error, item.service)))
        await self.running.keep(**self.results())

    async def _rule(self, lake: DataLake, item: Item, expression: str, lifetime: int | None) -> _Followed:
        try:
            rule = await lake.add_rule(item.locator, expression, lifetime=lifetime, comment=self.mark)
        except Conflict:
            account = str((await lake.whoami()).name)
            wanted = expression or None
            for rule in await lake.rules(item.locator):
                # A rule that is about to be deleted keeps nothing.
                if rule.account == account and wanted in (None, rule.rse_expression):
                    return _Followed(item, rule, made=rule.comment == self.mark)
            raise
        return _Followed(item, rule, made=True)

    async def follow(self) -> None:
        """Look at the rules until each is OK or has failed."""
        pause, longest = self.runner.look
        unreachable = 0
        while True:
            self._report()
            waiting = [each for each in self.rules if not each.ended]
            if not waiting:
                return
            await asyncio.sleep(pause)
            pause = min(pause * _PATIENCE, longest)
            try:
                for each in waiting:
                    await self._look(each)
            except ServiceError as error:
                # Rules go on while Rucio is restarted.
                unreachable += 1
                if not error.retryable or unreachable > _UNREACHABLE_LOOKS:
                    raise
            else:
                unreachable = 0

    async def _look(self, each: _Followed) -> None:
        before = each.rule
        try:
            each.rule = rule = await (await self._lake(each.item)).rule(before.id)
        except NotFound:
            each.error = NotFound("The rule was deleted.", hint="Replicate the item again.")
        else:
            now = asyncio.get_running_loop().time()
            if rule.state != "STUCK" or rule.locks_ok != before.locks_ok:
                each.stuck_since = None
            elif each.stuck_since is None:
                each.stuck_since = now
            elif now - each.stuck_since >= self.runner.stuck:
                each.error = _stuck(rule)
            if rule.state == "SUSPENDED":
                each.error = _stuck(rule)
        if each.error is not None:
            self.failed.append(Failed(each.item.id, each.item.locator, each.error.at(each.item.service)))

    async def find_files(self) -> None:
        """Say where the files are, if their RSE is mounted here."""
        for each in self.rules:
            if each.error is None:
                lake = await self._lake(each.item)
                with contextlib.suppress(NotFound):
                    async for file in lake.mounted(each.item.locator):
                        self.files.append(
                            {
                                "item": each.item.id,
                                "path": str(file.path),
                                "bytes": file.bytes or 0,
                                "verified": "",
                                "rse": file.rse,
                            }
                        )

    async def undo(self) -> None:
        """Delete the rules that this job has made and that are not done."""
        for each in self.rules:
            if each.made and each.rule.state != "OK":
                with contextlib.suppress(EsapError, TimeoutError):
                    async with asyncio.timeout(_UNDO_SECONDS):
                        await (await self._lake(each.item)).delete_rule(each.rule.id)

    def results(self) -> dict[str, JsonValue]:
        """For the job's results."""
        rules: list[JsonValue] = [
            {
                "item": each.item.id,
                "did": each.item.locator,
                "id": each.rule.id,
                "state": each.rule.state,
                "rse_expression": each.rule.rse_expression,
                "made": each.made,
            }
            for each in self.rules
        ]
        return {
            "rules": rules,
            "files": list(self.files),
            "failed": [each.as_result() for each in self.failed],
        }

    def _report(self) -> None:
        rules = [each.rule for each in self.rules]
        done = sum(rule.locks_ok for rule in rules)
        stuck = sum(rule.locks_stuck for rule in rules)
        total = done + stuck + sum(rule.locks_replicating for rule in rules)
        states = dict.fromkeys(rule.state for rule in rules)
        said = [f"rule {', '.join(states)}"] if states else []
        if stuck:
            reason = next((rule.error for rule in rules if rule.error), "")
            said.append(f"{stuck} locks stuck{f': {reason}' if reason else ''}")
        self.running.report(
            Progress(
                done=done,
                total=total or None,
                unit="steps",
                files_done=done,
                files_total=total or None,
                message=", ".join(said),
            )
        )

    async def _lake(self, item: Item) -> DataLake:
        if item.kind != "did":
            raise InputError(f"{item.title or item.locator} is in no data lake.", hint="Download it instead.")
        lake: DataLake = await self.runner.services.able(item.service, Capability.DATALAKE)
        return lake


def parameters_of(items: Sequence[Item], replica: str, lifetime: int | None) -> dict[str, JsonValue]:
    """The parameters of a replication's job."""
    return {
        "items": [item.model_dump(mode="json") for item in items],
        "replica": replica,
        "lifetime": lifetime,
    }


def _stuck(rule: Rule) -> EsapError:
    return TransferError(
        f"The rule on {rule.scope}:{rule.name} is {rule.state}: {rule.error or 'Rucio does not say why'}.",
        hint="Rucio goes on trying: resume to follow the rule, or delete it and choose another RSE.",
    )


def _summary(failed: Sequence[Failed], total: int) -> EsapError:
    first = failed[0].error
    if total == 1:
        return first
    message = f"{len(failed)} of {total} items were not replicated; the first: {first.message}"
    code = first.code if len({each.error.code for each in failed}) == 1 else TransferError.code
    return error_from(code, message, first.hint)
