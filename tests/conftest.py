"""What holds for all suites: the last lines name the services without which tests were skipped."""

from __future__ import annotations

from collections import Counter
from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.stats.get("skipped", ())
    )
    if reasons:
        terminalreporter.section("not run on this machine")
    for reason, tests in reasons.items():
        terminalreporter.write_line(f"{tests} tests: {reason}")
