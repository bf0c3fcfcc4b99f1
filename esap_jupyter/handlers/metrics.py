"""What Jupyter's ``/metrics`` tells of ESAP: how much of what, at which service; not what was asked.

Names follow Prometheus' conventions; the counters are those of this server's life.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client import Counter

from esap_jupyter.models import Job, ServiceReport

SEARCHES = Counter("esap_searches", "Searches and queries, for each service asked.", ["service", "state"])
ROWS = Counter("esap_rows", "Rows received.", ["service"])
JOBS = Counter("esap_jobs", "Jobs of this server that ended, by kind and phase.", ["kind", "phase"])
FILES = Counter("esap_files", "Files of jobs that ended.", ["kind", "service", "outcome"])
BYTES = Counter("esap_transferred_bytes", "Bytes of files that arrived.", ["kind", "service"])


def count_search(reports: Iterable[ServiceReport]) -> None:
    """Count a search that ended."""
    for report in reports:
        SEARCHES.labels(report.service, report.state).inc()
        ROWS.labels(report.service).inc(report.rows)


def count_job(job: Job) -> None:
    """Count a job that ended; it must have all its parameters and results."""
    JOBS.labels(job.kind, str(job.phase)).inc()
    parameters: dict[str, Any] = job.parameters
    results: dict[str, Any] = job.results
    # A staging has items of several services; an upload goes to one.
    services = {item["id"]: item["service"] for item in parameters.get("items", ())}
    only = str(parameters.get("service", ""))
    for outcome, files in (("arrived", results.get("files", ())), ("failed", results.get("failed", ()))):
        for file in files:
            service = services.get(file.get("item"), only)
            FILES.labels(job.kind, service, outcome).inc()
            if outcome == "arrived":
                BYTES.labels(job.kind, service).inc(file.get("bytes") or 0)
