"""The audit log: who signed in, what was started and stopped, which tokens were given; JSON lines, no token.

JupyterHub's own event log writes it; what JupyterHub does not tell is told here.
"""

from __future__ import annotations

from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

_IDS = "https://events.esap-jupyter.org/"
SIGN_IN = f"{_IDS}hub_sign_in/v1"
TOKEN = f"{_IDS}hub_token/v1"
SERVER = f"{_IDS}hub_server/v1"

_SCHEMAS = Path(__file__).with_name("events")


class AuditFile(WatchedFileHandler):
    """A file for the hub alone; logrotate may move it away."""

    def _open(self) -> Any:
        Path(self.baseFilename).touch(0o600)
        Path(self.baseFilename).chmod(0o600)
        return super()._open()


def register_events(event_log: Any) -> None:
    """Make ESAP's events known to a hub's event log."""
    for schema in sorted(_SCHEMAS.glob("*.yaml")):
        event_log.register_event_schema(schema)


def audit(authenticator: Any, schema: str, **said: str) -> None:
    """Write a line.

    Parameters
    ----------
    authenticator : Authenticator
        The hub's: it knows the hub.
    """
    authenticator.parent.eventlog.emit(schema_id=schema, data=said)


def audit_server(spawner: Any, action: str, reason: str = "") -> None:
    """Write a line about a person's server."""
    chosen = {key: str(spawner.user_options.get(key, "")) for key in ("profile", "image", "size")}
    names = {"username": spawner.user.name, "servername": spawner.name}
    audit(spawner.authenticator, SERVER, action=action, reason=reason, **names, **chosen)
