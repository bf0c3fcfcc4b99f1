"""What holds for all suites: the last lines name the services without which tests were skipped."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

# A shell that starts the tests in the background has them, and all programs that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Generator[None, None, None]:
    yield
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    if reasons:
        terminalreporter.section("not run on this machine")
    for reason, tests in reasons.items():
        terminalreporter.write_line(f"{tests} tests: {reason}")
