"""The report of `esap probe`, for people and for Prometheus."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from esap_jupyter.errors import ConfigError, InputError, ServiceTimeout
from esap_jupyter.probe import Failure, ProbeReport, StepReport, Wanted
from esap_jupyter.probe.report import write_metrics

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def report(*failures: Failure) -> ProbeReport:
    steps = (
        StepReport.of("spawn", [float(second) for second in range(20, 0, -1)], 0),
        StepReport.of("search", [], len(failures)),
    )
    return ProbeReport(
        hub="https://hub.example.org",
        users=20,
        started_at=NOW,
        seconds=31.5,
        steps=steps,
        failures=failures,
    )


def test_percentiles_are_values_that_were_measured() -> None:
    spawn = report().steps[0]
    assert (spawn.n, spawn.p50, spawn.p95, spawn.max) == (20, 10.0, 19.0, 20.0)
    alone = StepReport.of("page", [0.5], 1)
    assert (alone.n, alone.failed, alone.p50, alone.p95) == (2, 1, 0.5, 0.5)


def test_failures_of_one_kind_are_told_once() -> None:
    late = ServiceTimeout("No answer after 9 s.", hint="Try later.", service="eso")
    shown = str(report(*(Failure.of("search", f"user-{number}", late) for number in range(3))))
    assert (
        shown.splitlines()[-1] == "search failed 3 x, service-timeout: eso: No answer after 9 s. Try later."
    )
    assert shown.splitlines()[4].split() == ["search", "3", "3", "-", "-", "-"]
    assert "Nothing failed." in str(report())


def test_metrics_are_written_whole_also_of_a_probe_that_could_not_begin(tmp_path: Path) -> None:
    file = tmp_path / "esap.prom"
    write_metrics(file, report(), NOW)
    written = file.read_text()
    assert 'esap_probe_step_seconds{quantile="0.5",step="spawn"} 10.0' in written
    assert 'esap_probe_step_failures{step="search"} 0.0' in written
    assert "esap_probe_success 1.0" in written
    write_metrics(file, None, NOW)
    assert "esap_probe_success 0.0" in file.read_text()
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(ConfigError, match="cannot be written"):
        write_metrics(tmp_path / "nowhere" / "esap.prom", None, NOW)


@pytest.mark.parametrize("text", ["eso", "=10 20", "eso="])
def test_what_is_wanted_names_a_service(text: str) -> None:
    with pytest.raises(InputError, match="SERVICE=WHAT"):
        Wanted.of(text)
    assert Wanted.of("eso=SELECT a FROM b WHERE c = 1").what == "SELECT a FROM b WHERE c = 1"
