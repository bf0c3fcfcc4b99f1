"""What a benchmark says, and how times are taken."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class Unavailable(Exception):
    """The benchmark cannot run on this machine; the message says what is missing."""


@dataclass(frozen=True)
class Figure:
    """One benchmark's result; less is better.

    Attributes
    ----------
    ours, peer, floor : float or None
        Medians in `unit`: ours, what one would use instead, and what no tool can beat.
    more : mapping
        Whatever else is worth a look.
    """

    name: str
    unit: str
    ours: float
    peer: float | None = None
    floor: float | None = None
    more: Mapping[str, object] = field(default_factory=dict)

    def line(self) -> str:
        """One line of JSON; `ratio_peer`: so many times better than the peer, `ratio_floor`: ours over it."""
        figures = {
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours,
            "peer": self.peer,
            "floor": self.floor,
            "ratio_peer": self.peer / self.ours if self.peer else None,
            "ratio_floor": self.ours / self.floor if self.floor else None,
            **self.more,
        }
        return json.dumps({key: _rounded(value) for key, value in figures.items()})


def tell(message: str) -> None:
    """Say something to the person who waits."""
    print(message, file=sys.stderr, flush=True)


def medians(rounds: int, **contenders: Callable[[], float]) -> dict[str, float]:
    """Run the contenders in turn, so that the machine's moods hit all alike; medians of what they return."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(1, rounds + 1):
        for name, contender in contenders.items():
            taken[name].append(contender())
        latest = ", ".join(f"{name} {values[-1]:.3g}" for name, values in taken.items())
        tell(f"  round {number} of {rounds}: {latest}")
    return {name: statistics.median(values) for name, values in taken.items()}


def seconds(function: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def seconds_of_command(*command: str, environment: Mapping[str, str] | None = None) -> float:
    """How long a program runs; if it fails, what it said goes to standard error.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """

    def run() -> None:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            tell(f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
            done.check_returncode()

    return seconds(run)


def _rounded(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value
