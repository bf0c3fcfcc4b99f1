"""The hub's one spawner: shows the profiles, and has the chosen one's facility start the server."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
from jinja2 import Environment, FileSystemLoader
from jupyterhub.spawner import Spawner
from jupyterhub.utils import maybe_future
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.web import HTTPError
from traitlets import Instance, Set, Unicode, default

from esap_jupyter.errors import EsapError, InputError
from esap_jupyter.hub.audit import audit_server
from esap_jupyter.hub.facilities import Order, spawner_class
from esap_jupyter.hub.failures import FAULT, Failure, NotStarted, ended, facility_away, too_slow
from esap_jupyter.hub.life import KEPT_UNTIL
from esap_jupyter.hub.profiles import Choice, Offer

# Of `Spawner`, in JupyterHub 6: what `User.spawn` and `User._new_spawner` set, and what was chosen.
_TOLD = (
    *("hub", "authenticator", "proxy_spec", "public_url", "public_hub_url", "handler", "admin_access"),
    *("api_token", "oauth_client_id", "oauth_access_scopes", "oauth_client_allowed_scopes"),
    *("cookie_options", "cookie_host_prefix_enabled"),
    *("internal_ssl", "internal_certs_location", "internal_trust_bundles", "trusted_alt_names", "cert_paths"),
    *("mem_limit", "cpu_limit", "default_url"),
)

_TEMPLATES = Path(__file__).parent / "templates"
_SPARE_SECONDS = 15
_LOOK_SECONDS = 5
# As the wait grows, so does the time between looks: with many servers at once, looking would cost what
# they need to start.
_BETWEEN_LOOKS = (0.1, 1.0)
_SHARE_OF_WAIT = 0.05
_BETWEEN_POLLS = 1.0


class FacilitySpawner(Spawner):
    """Starts a server where the chosen profile says: local and remote compute behind one form.

    Attributes
    ----------
    offer : Offer
        All that the site offers.
    child_spawner : Spawner, optional
        The facility's own, while there is a server. (batchspawner looks for it under this name.)
    kept_until : float
        Until when the person has kept the server alive, in seconds since 1970; 0 if they have not.
    """

    offer = Instance(Offer, help="All that the site offers.").tag(config=True)
    contact = Unicode(help="Whom a person writes to when a server does not start.").tag(config=True)
    synthetic_users = Set(Unicode(), help="Whom `esap probe` makes.").tag(config=True)
    child_spawner: Any = None
    kept_until = 0.0
    _facility = ""

    # Choosing

    async def get_options_form(self) -> str:
        """Render the choice; nothing if there is none."""
        mine = self.offer.of(self._groups)
        if len(mine) == 1 and all(len(p.images) <= 1 and len(p.sizes) == 1 for p in mine.values()):
            return ""
        page = _templates().get_template("spawn_form.html")
        return str(page.render(profiles=mine, images=self.offer.images, sizes=self.offer.sizes))

    def options_from_form(self, formdata: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Read the form: each profile has fields of its own."""
        profile = formdata.get("profile", [""])[0]
        size = formdata.get(f"size:{profile}", [""])[0]
        image = formdata.get(f"image:{profile}", [""])[0]
        return {"profile": profile, "size": size, "image": image}

    @default("apply_user_options")
    def _apply_user_options(self) -> Any:
        return FacilitySpawner.take_choice

    def take_choice(self, wanted: Mapping[str, Any]) -> None:
        """Take what is asked for. It is checked anew: a program asks for anything, and groups change.

        Raises
        ------
        HTTPError
            If the person may not have it; JupyterHub shows its words.
        """
        try:
            choice = self.offer.choose(wanted, self._groups)
        except EsapError as error:
            status = 400 if isinstance(error, InputError) else 403
            raise HTTPError(status, f"{error.message} {error.hint}") from None
        profile, size = self.offer.profiles[choice.profile], self.offer.sizes[choice.size]
        self.user_options = choice.model_dump()
        self.mem_limit, self.cpu_limit = size.memory, size.cpu
        self.default_url = profile.page
        self._go_to(profile.facility)
        # A queue takes longer than a container. And `start` waits for the server, too: it knows better words
        # for one that is late.
        self.start_timeout = (
            self.child_spawner.start_timeout + self.child_spawner.http_timeout + _SPARE_SECONDS
        )
        self.http_timeout = self.child_spawner.http_timeout

    @property
    def _groups(self) -> list[str]:
        return [group.name for group in self.user.groups]

    # What JupyterHub asks of a spawner, done by the facility's own

    async def start(self) -> Any:
        """Start what was chosen."""
        choice = Choice(**self.user_options)
        image = self.offer.images[choice.image].image if choice.image else ""
        self._tell_child()
        self.child_spawner.order = Order(image, self.offer.sizes[choice.size].gpus, tuple(self._groups))
        child = self.child_spawner
        audit_server(self, "starting")
        try:
            async with asyncio.timeout(child.start_timeout):
                where = await child.start()
        except TimeoutError:
            raise self._not_started(too_slow(child.start_timeout), "Spawner.start took too long") from None
        except HTTPError:
            raise
        except (ConnectionError, requests.ConnectionError) as error:
            raise self._not_started(facility_away(self._facility), repr(error)) from error
        except Exception as error:
            self.log.exception("%s does not start", self._log_name)
            raise self._not_started(child.explain(error) or FAULT, repr(error)) from error
        await self._wait_until_up(where)
        return where

    async def _wait_until_up(self, where: Any) -> None:
        """Wait until the server answers; one that has ended is not waited for.

        Raises
        ------
        NotStarted
            If it has ended, or does not answer in time.
        """
        if self.internal_ssl:
            return  # JupyterHub waits, and has the certificates for it
        base = where if isinstance(where, str) else "http://{}:{}".format(*where)
        url = f"{base.rstrip('/')}{self.server.base_url}api"
        client, loop = AsyncHTTPClient(), asyncio.get_running_loop()
        began = polled = loop.time()
        while True:
            try:
                await client.fetch(url, request_timeout=_LOOK_SECONDS, raise_error=False)
            except (OSError, HTTPClientError):
                now = loop.time()
            else:
                return
            if now - polled > _BETWEEN_POLLS:
                polled = now
                if (status := await self.child_spawner.poll()) is not None:
                    raise self._not_started(ended(status), f"status: {status}")
            if now - began > self.http_timeout:
                raise self._not_started(too_slow(self.http_timeout), f"{url} does not answer")
            least, most = _BETWEEN_LOOKS
            await asyncio.sleep(min(most, max(least, _SHARE_OF_WAIT * (now - began))))

    def _not_started(self, failure: Failure, detail: str) -> NotStarted:
        audit_server(self, "failed", failure.reason)
        return NotStarted(failure, detail=detail, contact=self.contact)

    async def stop(self, now: bool = False) -> None:
        """Stop the server."""
        if self.child_spawner is not None:
            await self.child_spawner.stop(now)

    async def run_post_stop_hook(self) -> None:
        """Clean up: JupyterHub calls this also for a server that ended by itself, and `stop` only for others.

        People's homes stay; a synthetic user's does not.
        """
        if self.child_spawner is not None:
            await self.child_spawner.clean_up()
            if self.user.name in self.synthetic_users:
                await self.child_spawner.delete_home()
        await maybe_future(super().run_post_stop_hook())

    async def poll(self) -> int | None:
        """Return None while the server runs."""
        return 0 if self.child_spawner is None else await self.child_spawner.poll()

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Say how far the start is."""
        if self.child_spawner is not None:
            async for event in self.child_spawner.progress():
                yield event

    def get_state(self) -> dict[str, Any]:
        """Keep where the server is, so that a hub made anew finds it."""
        state: dict[str, Any] = super().get_state()
        if self.child_spawner is None:
            return state
        state |= {KEPT_UNTIL: self.kept_until}
        return state | {"facility": self._facility, "at_facility": self.child_spawner.get_state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the server again."""
        super().load_state(state)
        self.kept_until = state.get(KEPT_UNTIL, 0.0)
        facility = state.get("facility")
        if facility is None:
            return
        if facility not in self.offer.facilities:
            self.log.error("%s runs at %r, which site.toml no longer names", self._log_name, facility)
            return
        self._go_to(facility)
        self._tell_child()
        self.child_spawner.load_state(state["at_facility"])

    def clear_state(self) -> None:
        """Forget the server."""
        super().clear_state()
        self.kept_until = 0.0
        if self.child_spawner is not None:
            self.child_spawner.clear_state()
            self.child_spawner = None

    def _go_to(self, facility: str) -> None:
        settings = self.offer.facilities[facility]
        self._facility = facility
        self.child_spawner = spawner_class(settings)(
            user=self.user, orm_spawner=self.orm_spawner, config=self.config, parent=self.parent
        )
        self.child_spawner.facility = settings

    def _tell_child(self) -> None:
        """Pass on what the hub has told this spawner: all that is not configuration, and what was chosen."""
        for name in _TOLD:
            if name in self._trait_values:
                setattr(self.child_spawner, name, self._trait_values[name])
        # Variables for one kind of spawner (a chart sets them) would be in the place of those for all.
        self.child_spawner.environment = self.environment | self.child_spawner.environment


@functools.cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True)
