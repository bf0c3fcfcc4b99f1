"""Names to positions, by the Sesame service of the CDS or one that speaks like it."""

from __future__ import annotations

import asyncio
import re
from typing import Any, ClassVar
from urllib.parse import quote

import requests
import urllib3
from pydantic import BaseModel, ConfigDict, Field

from esap_jupyter.connectors.base import Connector, Context
from esap_jupyter.connectors.calls import ServiceCalls
from esap_jupyter.errors import EsapError, ServiceUnreachable, UnknownName
from esap_jupyter.models import Capability, Position
from esap_jupyter.transfer.access import translate_request_error

_MONTH = 30 * 86_400.0
_ANSWER_BYTES = 1_000_000
_MIRROR_AT_ONCE = 4

HEAD_START = 4.0
"""Seconds that a resolver has before the next one is asked beside it."""

# The databases in the order asked, as in astropy: SIMBAD, NED, VizieR; the first that knows the name decides.
_DATABASES = "SNV"
_POSITION = re.compile(r"^%J\s*([0-9.]+)\s*([+-]?[0-9.]+)", re.MULTILINE)


class SesameSettings(BaseModel):
    """The table of a service with ``connector = "sesame"`` in esap.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: tuple[str, ...] = Field(
        min_length=1,
        description="Addresses of resolvers; the next is asked if one fails, or beside one that is slow",
    )


class SesameConnector(Connector):
    """Asks Sesame as `astropy.coordinates.name_resolve` does: same addresses, same plain-text answer.

    The request is not left to astropy: it would go out through urllib with the process's time-out and CA,
    to addresses that nobody has checked, and `sesame_url` is one state for all threads of the process.
    """

    Settings: ClassVar[type[BaseModel]] = SesameSettings
    settings: SesameSettings

    def __init__(self, settings: Any, context: Context) -> None:
        super().__init__(settings, context)
        first, *mirrors = self.settings.urls
        # Places of its own for each, so that one that hangs leaves the others theirs.
        self._calls = {first: context.calls} | {
            url: ServiceCalls(context.service, at_once=_MIRROR_AT_ONCE, deadline=context.calls.deadline)
            for url in mirrors
        }

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Names."""
        return frozenset({Capability.NAMES})

    @property
    def address(self) -> str:
        """The resolver asked first."""
        return self.settings.urls[0]

    async def check(self) -> str:
        """Resolve M31, past the cache.

        Raises
        ------
        EsapError
            If no resolver answers, or none knows it.
        """
        position = await self._ask("M31")
        return f"M31 is at {position.ra:.3f} {position.dec:+.3f}"

    async def resolve(self, name: str) -> Position:
        """Find the position of a named object; remembered for a month.

        Raises
        ------
        UnknownName
            If no database knows the name.
        ServiceUnreachable
            If no resolver answers.
        """
        name = " ".join(name.split())
        key = f"sesame {self.address} {name.lower()}"
        kept = await asyncio.to_thread(self.context.cache.get, key)
        if kept is not None:
            return Position.model_validate_json(kept)
        position = await self._ask(name)
        written = position.model_dump_json().encode()
        await asyncio.to_thread(self.context.cache.put, key, written, seconds=_MONTH)
        return position

    async def _ask(self, name: str) -> Position:
        """Ask one resolver, and the next if it fails, or beside it if slow; the first answer decides."""
        reasons: list[str] = []
        to_ask = list(self._calls)
        asked: dict[asyncio.Task[Position], str] = {}
        try:
            while to_ask or asked:
                if to_ask:
                    url = to_ask.pop(0)
                    asked[asyncio.create_task(self._calls[url].call(self._ask_at, url, name))] = url
                patience = HEAD_START if to_ask else None
                done, _ = await asyncio.wait(asked, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    url = asked.pop(task)
                    error = task.exception()
                    if error is None or isinstance(error, UnknownName):
                        self._prefer(url)
                        return task.result()
                    if not isinstance(error, EsapError):
                        raise error
                    reasons.append(error.message)
        finally:
            for task in asked:
                task.cancel()
        raise ServiceUnreachable(
            f"The name {name!r} cannot be resolved: {' '.join(reasons)}",
            hint="Type coordinates instead, such as 10.684 +41.269 or 00h42m44s +41d16m09s;"
            " they need no resolver.",
        )

    def _prefer(self, url: str) -> None:
        """Ask the resolver that has answered first from now on."""
        self._calls = {url: self._calls[url]} | self._calls

    def _ask_at(self, url: str, name: str) -> Position:
        found = _POSITION.search(self._get(url, name))
        if found is None:
            raise UnknownName(
                f"No catalogue knows an object named {name!r}.",
                hint="Check the spelling, or type coordinates, such as 10.684 +41.269.",
                field="target",
            )
        try:
            return Position(ra=float(found[1]) % 360, dec=float(found[2]))
        except ValueError:  # pydantic's is one, too
            raise ServiceUnreachable(f"{url} says {found[0]!r}, which is no place on the sky.") from None

    def _get(self, url: str, name: str) -> str:
        """Get one resolver's answer.

        Raises
        ------
        ServiceUnreachable
            If that is not one of Sesame's.
        """
        address = f"{url.rstrip('/')}/{_DATABASES}?{quote(name)}"
        # Each resolver gets its share: below the deadline, so that a thread ends before it is given up.
        session = self.context.access.session(self.context.calls.deadline / len(self.settings.urls))
        try:
            with session.get(address, stream=True) as response:
                if not response.ok:
                    raise ServiceUnreachable(f"{url} answered {response.status_code}.")
                answer = response.raw.read(_ANSWER_BYTES, decode_content=True).decode("utf-8", "replace")
        except urllib3.exceptions.HTTPError as error:
            raise ServiceUnreachable(f"{url} broke off in the middle of its answer.") from error
        except requests.RequestException as error:
            raise translate_request_error(error, url) from error
        if not answer.lstrip().startswith("#"):
            raise ServiceUnreachable(f"{url} does not answer like a Sesame resolver.")
        return str(answer)
