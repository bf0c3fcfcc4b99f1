"""The service of the hub that stops servers which are idle or whose time is over.

`jupyterhub-idle-culler` looks and stops; what is said here is which servers. The hub starts it as
``python -m esap_jupyter.hub.culler``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from jupyterhub_idle_culler import IdleCuller
from traitlets import Unicode, default

from esap_jupyter.hub.life import LifeSettings, is_over

SCOPES = ("list:users", "read:users:activity", "read:servers", "admin:server_state", "delete:servers")
"""What it must be allowed: to see all servers, with until when they are kept alive, and to stop them."""


class Culler(IdleCuller):
    """Stops servers by the site's settings."""

    life = Unicode(help="What `site.toml` says of the life of servers, as JSON.").tag(config=True)

    @default("cull_arbiter_hook")
    def _by_the_settings(self) -> Callable[..., bool]:
        life = LifeSettings.model_validate_json(self.life)

        def arbiter(*, inactive: Any, server: dict[str, Any], **_: Any) -> bool:
            return is_over(life, server, inactive=inactive, now=datetime.now(UTC))

        return arbiter


if __name__ == "__main__":
    Culler.launch_instance()
