"""Configure what keeps a hub going: the life of servers, what homes may hold, what operators see."""

from __future__ import annotations

import sys
from typing import Any

from esap_jupyter.hub.audit import AuditFile
from esap_jupyter.hub.culler import SCOPES as CULLER_SCOPES
from esap_jupyter.hub.site import Site
from esap_jupyter.hub.synthetic import SERVICE, scopes_of

_REPORT_SECONDS = 300.0  # JupyterHub's own
_RESOLUTION_SECONDS = 30.0  # the same
_LOOK_SECONDS = 60.0


def configure_life(c: Any, site: Site) -> None:
    """Have servers stopped that are idle or whose time is over."""
    life = site.life
    c.JupyterHub.tornado_settings.update({"esap_site": site})
    idle = life.idle_minutes * 60
    if idle:
        # However short the limit is, what a server reports of its activity comes, and counts, in time.
        report = str(_seconds(_REPORT_SECONDS, idle / 4))
        c.Spawner.environment.update({"JUPYTERHUB_ACTIVITY_INTERVAL": report})
        c.JupyterHub.activity_resolution = _seconds(_RESOLUTION_SECONDS, idle / 8)
    limits = [seconds for seconds in (idle, life.hours * 3600) if seconds]
    if not limits:
        return
    name = "esap-culler"
    command = [sys.executable, "-m", "esap_jupyter.hub.culler", f"--Culler.life={life.model_dump_json()}"]
    command.append(f"--cull-every={_seconds(_LOOK_SECONDS, *(limit / 4 for limit in limits))}")
    c.JupyterHub.services.append({"name": name, "command": command})
    c.JupyterHub.load_roles.append({"name": name, "services": [name], "scopes": list(CULLER_SCOPES)})


def configure_homes(c: Any, site: Site) -> None:
    """Tell servers what a home may hold."""
    limit = site.homes.bytes()
    if limit:
        c.Spawner.environment.update({"ESAP_HOME_LIMIT": str(limit)})


def configure_monitoring(c: Any, site: Site) -> None:
    """Write the audit log, and let Prometheus read the metrics."""
    if site.monitor.audit_log:
        path = site.path(site.site.directory) / site.monitor.audit_log
        c.EventLogger.handlers = [AuditFile(path, encoding="utf-8")]
    if site.monitor.metrics_token_file:
        name, token = "prometheus", site.secret("monitor", "metrics_token_file")
        c.JupyterHub.services.append({"name": name, "api_token": token})
        c.JupyterHub.load_roles.append({"name": name, "services": [name], "scopes": ["read:metrics"]})


def configure_probe(c: Any, site: Site) -> None:
    """Let `esap probe` make and use synthetic users."""
    if site.probe is None:
        return
    names = site.probe.names
    token = site.secret("probe", "token_file")
    c.JupyterHub.services.append({"name": SERVICE, "api_token": token})
    c.JupyterHub.load_roles.append({"name": SERVICE, "services": [SERVICE], "scopes": scopes_of(names)})
    c.EsapAuthenticator.synthetic_users = c.FacilitySpawner.synthetic_users = set(names)


def _seconds(*most: float) -> int:
    return max(1, int(min(most)))
