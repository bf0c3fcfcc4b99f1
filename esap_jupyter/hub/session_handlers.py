"""What a person's server asks the hub about itself: until when it lives, and to be kept alive."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from esap_jupyter.errors import EsapError, NotFound, NotOffered
from esap_jupyter.hub.audit import audit_server
from esap_jupyter.hub.life import LifeSettings
from esap_jupyter.hub.spawner import FacilitySpawner
from esap_jupyter.hub.token_handlers import OwnHandler

SCOPE = "custom:esap:session"
"""What a server's own API token of the hub must allow."""


class SessionHandler(OwnHandler):
    """``/hub/api/esap/session[?server=...]``: of the person's server of this name, or the one without."""

    scope = SCOPE

    async def get(self) -> None:
        """Answer since when it runs, when it ends, and what may be done about it."""
        try:
            spawner = self._spawner()
        except EsapError as error:
            self.fail(error)
            return
        self._tell(spawner)

    async def post(self) -> None:
        """Keep it alive, as long as the site allows from now."""
        try:
            spawner = self._spawner()
            if not (self._life.hours and isinstance(spawner, FacilitySpawner)):
                raise NotOffered("This server has no end that could be put off.")
        except EsapError as error:
            self.fail(error)
            return
        spawner.kept_until = self._life.kept_alive(_started(spawner), datetime.now(UTC))
        # A hub made anew is to know it, too.
        spawner.orm_spawner.state = spawner.get_state()
        self.db.commit()
        audit_server(spawner, "kept-alive")
        self._tell(spawner)

    @property
    def _life(self) -> LifeSettings:
        life: LifeSettings = self.settings["esap_site"].life
        return life

    def _spawner(self) -> Any:
        name = self.get_argument("server", "")
        spawner = self.owner().spawners.get(name)
        if spawner is None or not spawner.ready or spawner.orm_spawner.started is None:
            raise NotFound(f"You have no server {name!r} that runs.")
        return spawner

    def _tell(self, spawner: Any) -> None:
        life, started = self._life, _started(spawner)
        ends_at = life.ends_at(started, getattr(spawner, "kept_until", 0.0))
        self.finish(
            {
                "started_at": started.isoformat(),
                "ends_at": ends_at and ends_at.isoformat(),
                "at_most": life.at_most(started).isoformat() if ends_at else None,
                "idle_minutes": life.idle_minutes,
                "warn_minutes": life.warn_minutes,
                "contact": self.settings["esap_site"].site.contact,
            }
        )


def _started(spawner: Any) -> datetime:
    started: datetime = spawner.orm_spawner.started
    return started.replace(tzinfo=UTC)


HANDLERS = [(r"/api/esap/session", SessionHandler)]
