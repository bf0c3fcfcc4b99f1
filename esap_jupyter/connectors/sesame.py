"""Names to positions, by the Sesame service of the CDS or one that speaks like it."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import quote

import requests
import urllib3
from pydantic import BaseModel, ConfigDict, Field

from esap_jupyter.connectors.base import Connector
from esap_jupyter.errors import EsapError, ServiceUnreachable, UnknownName
from esap_jupyter.models import Capability, Position
from esap_jupyter.transfer.access import translate_request_error

_MONTH = 30 * 86_400.0
_ANSWER_BYTES = 1_000_000

# The databases in the order asked, as in astropy: SIMBAD, NED, VizieR; the first that knows the name decides.
_DATABASES = "SNV"
_POSITION = re.compile(r"^%J\s*([0-9.]+)\s*([+-]?[0-9.]+)", re.MULTILINE)


class SesameSettings(BaseModel):
    """The table of a service with ``connector = "sesame"`` in esap.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: tuple[str, ...] = Field(
        min_length=1, description="Addresses of resolvers, asked in this order until one answers"
    )


class SesameConnector(Connector):
    """Asks Sesame as `astropy.coordinates.name_resolve` does: same addresses, same plain-text answer.

    The request is not left to astropy: it would go out through urllib with the process's time-out and CA,
    to addresses that nobody has checked, and `sesame_url` is one state for all threads of the process.
    """

    Settings: ClassVar[type[BaseModel]] = SesameSettings
    settings: SesameSettings

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
        position = await self.context.calls.call(self._ask, "M31")
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
        return await self.context.calls.call(self._resolve, " ".join(name.split()))

    def _resolve(self, name: str) -> Position:
        key = f"sesame {self.address} {name.lower()}"
        kept = self.context.cache.get(key)
        if kept is not None:
            return Position.model_validate_json(kept)
        position = self._ask(name)
        self.context.cache.put(key, position.model_dump_json().encode(), seconds=_MONTH)
        return position

    def _ask(self, name: str) -> Position:
        reasons: list[str] = []
        for url in self.settings.urls:
            try:
                answer = self._get(url, name)
            except EsapError as error:
                reasons.append(error.message)
                continue
            found = _POSITION.search(answer)
            if found is None:
                raise UnknownName(
                    f"No catalogue knows an object named {name!r}.",
                    hint="Check the spelling, or type coordinates, such as 10.684 +41.269.",
                    field="target",
                )
            try:
                return Position(ra=float(found[1]) % 360, dec=float(found[2]))
            except ValueError:  # pydantic's is one, too
                reasons.append(f"{url} says {found[0]!r}, which is no place on the sky.")
        raise ServiceUnreachable(
            f"The name {name!r} cannot be resolved: {' '.join(reasons)}",
            hint="Type coordinates instead, such as 10.684 +41.269 or 00h42m44s +41d16m09s;"
            " they need no resolver.",
        )

    def _get(self, url: str, name: str) -> str:
        """Get one resolver's answer.

        Raises
        ------
        ServiceUnreachable
            If that is not one of Sesame's.
        """
        address = f"{url.rstrip('/')}/{_DATABASES}?{quote(name)}"
        # Each resolver gets its share, so that the last one is still asked before the deadline.
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
