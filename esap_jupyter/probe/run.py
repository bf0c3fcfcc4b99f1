"""One run of the probe: all users at once, each step timed, and nothing left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from esap_jupyter.errors import BadAnswer, Conflict, EsapError, InputError, ServiceTimeout
from esap_jupyter.probe.http import Http
from esap_jupyter.probe.hub import Hub, check_provider
from esap_jupyter.probe.report import STEPS, Failure, ProbeReport, Step, StepReport
from esap_jupyter.probe.server import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What synthetic users are to do.

    Attributes
    ----------
    hub : str
        Its address, as browsers reach it.
    users : int
        How many at once.
    profile : str
        Which of the site's they choose; empty for the first.
    search, staging : Wanted, optional
        What they search for and stage, at services that want no token: nobody has signed these users in.
    issuer : str
        The identity provider that signing in must lead to; empty if any will do.
    seconds : float
        The longest that a step may take.
    ca_files : tuple of Path
        Certificate authorities that are trusted beside the system's.
    """

    hub: str
    users: int = 1
    profile: str = ""
    search: Wanted | None = None
    staging: Wanted | None = None
    issuer: str = ""
    seconds: float = 120.0
    ca_files: tuple[Path, ...] = ()


class Probe:
    """Does once what a plan says.

    Parameters
    ----------
    token : str
        The probe's own API token of the hub.
    on_step : callable, optional
        Told each step that ended, and how: None, or the failure.

    Attributes
    ----------
    failures : list of Failure
        What went wrong, also of a run that was cancelled.
    """

    def __init__(
        self, plan: Plan, token: str, on_step: Callable[[Step, Failure | None], None] | None = None
    ) -> None:
        self.plan = plan
        self.failures: list[Failure] = []
        self._token = token
        self._on_step = on_step or (lambda _step, _failure: None)
        self._taken: list[str] = []
        self._seconds: dict[Step, list[float]] = {step: [] for step in STEPS}

    async def run(self) -> ProbeReport:
        """Run; users and servers that were made are gone afterwards, also if this is cancelled.

        Raises
        ------
        EsapError
            If the probe cannot begin: the hub is not there, or does not take the token.
        """
        started_at, start = datetime.now(UTC), time.monotonic()
        plan = self.plan
        http = Http(plan.ca_files, at_once=2 * plan.users + 2, seconds=plan.seconds)
        hub = Hub(plan.hub, self._token, http)
        try:
            await self._take_users(hub)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._see_provider(hub, http))
                for user in tuple(self._taken):
                    group.create_task(self._be(user, hub))
        finally:
            # Those who could do nothing yet, if this is cancelled.
            await asyncio.gather(*(self._leave(user, hub) for user in tuple(self._taken)))
            http.close()
        return ProbeReport(
            hub=plan.hub,
            users=plan.users,
            started_at=started_at,
            seconds=round(time.monotonic() - start, 3),
            steps=tuple(filter(lambda report: report.n, map(self._sum_up, STEPS))),
            failures=tuple(self.failures),
        )

    async def _take_users(self, hub: Hub) -> None:
        wanted, names = self.plan.users, await hub.names()
        if wanted > len(names):
            raise InputError(
                f"This hub has {len(names)} synthetic users.",
                hint="Probe with fewer, or raise `users` of [probe] in site.toml and restart the hub.",
            )
        for name in names:
            if len(self._taken) < wanted:
                await self._take(name, hub)
        if len(self._taken) < wanted:
            raise Conflict(
                f"Only {len(self._taken)} of this hub's {len(names)} synthetic users are free.",
                hint="Another probe has the others, or was killed: then they are free again after an hour.",
            )

    async def _take(self, name: str, hub: Hub) -> None:
        taking = asyncio.create_task(hub.take(name))
        try:
            await asyncio.shield(taking)
        finally:
            # Whoever was made is known, also if we are cancelled meanwhile.
            if await taking:
                self._taken.append(name)

    async def _see_provider(self, hub: Hub, http: Http) -> None:
        async def see() -> None:
            await check_provider(http, await hub.sign_in_address(), self.plan.issuer)

        await self._try("provider", "", see())

    async def _be(self, user: str, hub: Hub) -> None:
        plan, server = self.plan, hub.server_of(user)
        try:
            await self._try("sign-in", user, hub.sign_in_address())
            if await self._try("spawn", user, hub.start(user, plan.profile)):
                await self._try("page", user, server.page())
                if plan.search:
                    await self._try("search", user, server.search(plan.search))
                if plan.staging:
                    await self._try("staging", user, server.stage(plan.staging))
                    await self._try("staging", user, server.delete_staged(), measured=False)
                await self._try("stop", user, hub.stop(user))
        finally:
            await self._leave(user, hub)

    async def _leave(self, user: str, hub: Hub) -> None:
        await self._try("removal", user, hub.remove(user))
        # Not if we are cancelled meanwhile: then it is tried once more, at the end.
        self._taken.remove(user)

    async def _try(
        self, step: Step, user: str, deed: Coroutine[Any, Any, object], *, measured: bool = True
    ) -> bool:
        """Do a step, and note how long it took or what went wrong; false if it did."""
        start = time.monotonic()
        failure = None
        try:
            async with asyncio.timeout(self.plan.seconds):
                await deed
        except TimeoutError:
            late = ServiceTimeout(f"It was not done after {self.plan.seconds:g} s.")
            failure = Failure.of(step, user, late)
        except EsapError as error:
            failure = Failure.of(step, user, error)
        except (LookupError, TypeError, ValueError) as error:
            strange = BadAnswer(f"The answer is not what was expected ({type(error).__name__}: {error}).")
            failure = Failure.of(step, user, strange)
        if failure is not None:
            self.failures.append(failure)
        elif measured:
            self._seconds[step].append(time.monotonic() - start)
        if failure or measured:
            self._on_step(step, failure)
        return failure is None

    def _sum_up(self, step: Step) -> StepReport:
        failed = sum(failure.step == step for failure in self.failures)
        return StepReport.of(step, self._seconds[step], failed)
