"""What Prometheus reads of a person's server."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY


@pytest.fixture
def services() -> dict:
    return {"one": {"batches": [3, 2]}, "down": {"fault": "unreachable"}}


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_searches_and_jobs_are_counted_by_service(ask, ended, job_ended, jp_fetch) -> None:
    def now() -> list[float]:
        return [
            value("esap_searches_total", service="one", state="complete"),
            value("esap_searches_total", service="down", state="failed"),
            value("esap_rows_total", service="one"),
            value("esap_jobs_total", kind="staging", phase="ERROR"),
            value("esap_files_total", kind="staging", service="down", outcome="failed"),
        ]

    before = now()
    search = (await ask("POST", "searches", json={"services": ["one", "down"], "target": "10 20"})).json
    await ended(search["id"])
    file = {"service": "down", "url": "https://down.test/a.fits"}
    assert (await ask("POST", "basket/files", json=file)).status == 201
    job = await job_ended((await ask("POST", "stagings")).json["id"])
    assert job["phase"] == "ERROR"
    await ask("GET", "jobs")
    assert [after - each for after, each in zip(now(), before, strict=True)] == [1, 1, 5, 1, 1]
    metrics = await jp_fetch("metrics")
    assert b"esap_searches_total" in metrics.body
