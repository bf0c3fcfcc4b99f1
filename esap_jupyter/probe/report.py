"""What a probe found: for people, for scripts, and for Prometheus."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, computed_field

from esap_jupyter.errors import ConfigError, EsapError

Step = Literal["sign-in", "provider", "spawn", "page", "search", "staging", "stop", "removal"]
"""
``sign-in``: the hub leads to its identity provider; ``provider``: that takes what the hub sends people with
(once for all users); ``spawn``: until the server is ready; ``page``: the one that opens, usually Lab's;
``search``: until the first row; ``staging``: until the file is here and verified; ``stop``: until the server
is gone; ``removal``: of the user.
"""

STEPS: tuple[Step, ...] = ("sign-in", "provider", "spawn", "page", "search", "staging", "stop", "removal")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Failure(_Model):
    """A step that went wrong for one user.

    Attributes
    ----------
    user : str
        The synthetic user; empty if it was for all of them.
    code, message, hint : str
        As of any error of ESAP.
    """

    step: Step
    user: str
    code: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, step: Step, user: str, error: EsapError) -> Self:
        """Tell of an error."""
        where = f"{error.service}: " if error.service else ""
        return cls(step=step, user=user, code=error.code, message=f"{where}{error.message}", hint=error.hint)


class StepReport(_Model):
    """How long one step took those whom it succeeded for, and whom it failed.

    Attributes
    ----------
    n : int
        For how many users it was tried.
    failed : int
        For how many of them it went wrong.
    p50, p95, max : float, optional
        Seconds; None if it succeeded for nobody.
    """

    step: Step
    n: int
    failed: int
    p50: float | None
    p95: float | None
    max: float | None

    @classmethod
    def of(cls, step: Step, seconds: Sequence[float], failed: int) -> Self:
        """Sum up what was measured."""
        in_order = sorted(seconds)
        return cls(
            step=step,
            n=len(in_order) + failed,
            failed=failed,
            p50=_percentile(in_order, 0.50),
            p95=_percentile(in_order, 0.95),
            max=_percentile(in_order, 1.0),
        )


class ProbeReport(_Model):
    """What a probe found.

    Attributes
    ----------
    users : int
        How many were there at once.
    seconds : float
        From the first request to the last.
    steps : tuple of StepReport
        Those that were tried, in order.
    """

    hub: str
    users: int
    started_at: datetime
    seconds: float
    steps: tuple[StepReport, ...]
    failures: tuple[Failure, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ok(self) -> bool:
        """Whether nothing went wrong."""
        return not self.failures

    def __str__(self) -> str:
        users = "1 user" if self.users == 1 else f"{self.users} users at once"
        lines = [f"{self.hub}: {users}, {self.seconds:.1f} s", ""]
        lines += [f"{'step':10}{'n':>5}{'failed':>8}{'p50 s':>9}{'p95 s':>9}{'max s':>9}"]
        for step in self.steps:
            times = "".join(_cell(value) for value in (step.p50, step.p95, step.max))
            lines.append(f"{step.step:10}{step.n:5}{step.failed:8}{times}")
        lines.append("")
        lines += _in_words(self.failures) or ["Nothing failed."]
        return "\n".join(lines)


def write_metrics(path: Path, report: ProbeReport | None, finished_at: datetime) -> None:
    """Write what was found for the textfile collector of Prometheus' node exporter, at once as a whole.

    Parameters
    ----------
    report : ProbeReport, optional
        None if the probe could not even begin.

    Raises
    ------
    ConfigError
        If the file cannot be written.
    """
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

    registry = CollectorRegistry()

    def gauge(name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"esap_probe_{name}", words, labels, registry=registry)

    gauge("success", "Whether nothing went wrong").set(report is not None and report.ok)
    gauge("finished_timestamp_seconds", "When the last probe ended").set(finished_at.timestamp())
    if report is not None:
        gauge("users", "Synthetic users at once").set(report.users)
        tried = gauge("step_tries", "Users for whom the step was tried", "step")
        failed = gauge("step_failures", "Users for whom the step went wrong", "step")
        seconds = gauge("step_seconds", "How long the step took", "step", "quantile")
        for step in report.steps:
            tried.labels(step.step).set(step.n)
            failed.labels(step.step).set(step.failed)
            for quantile, value in (("0.5", step.p50), ("0.95", step.p95), ("1", step.max)):
                if value is not None:
                    seconds.labels(step.step, quantile).set(value)
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise ConfigError(
            f"The metrics cannot be written to {path} ({error.strerror}).", hint="Correct its name or rights."
        ) from None


def _percentile(in_order: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share does not exceed: one that was measured."""
    return in_order[math.ceil(share * len(in_order)) - 1] if in_order else None


def _cell(seconds: float | None) -> str:
    return f"{'-':>9}" if seconds is None else f"{seconds:9.2f}"


def _in_words(failures: Sequence[Failure]) -> list[str]:
    """Each kind of failure once, with how often it happened."""
    counted = Counter((each.step, each.code, f"{each.message} {each.hint}".strip()) for each in failures)
    return [f"{step} failed {count} x, {code}: {words}" for (step, code, words), count in counted.items()]
