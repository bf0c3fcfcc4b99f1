"""The names that complete a query: of services, their tables and columns. Nobody waits for them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from esap_jupyter.errors import EsapError
from esap_jupyter.face import verbs
from esap_jupyter.face.background import begin
from esap_jupyter.models import Capability

T = TypeVar("T")

log = logging.getLogger(__name__)

_KEPT_SECONDS = 600.0
_FAILED_SECONDS = 30.0
# So long a person does not notice; what is on disk comes within it.
_MOMENT = 0.05


@dataclass(slots=True)
class _Known:
    until: float
    value: Any


class Vocabulary:
    """Answers at once with what is known, and asks in the background for what is not."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], _Known] = {}
        self._asking: dict[tuple[str, ...], concurrent.futures.Future[Any]] = {}

    def services(self) -> list[str]:
        """Return the names of the services that answer ADQL."""
        return self._answer(("services",), _adql_services, [])

    def default_service(self) -> str:
        """Return the service that is asked when a query names none."""
        return self._answer(("default",), verbs.default_adql_service, "")

    def tables(self, service: str) -> list[str]:
        """Return the names of a service's tables."""
        return self._answer(("tables", service), lambda: _tables(service), [])

    def columns(self, service: str, table: str) -> list[str]:
        """Return the names of a table's columns."""
        return self._answer(("columns", service, table), lambda: _columns(service, table), [])

    def _answer(self, key: tuple[str, ...], ask: Callable[[], Coroutine[Any, Any, T]], nothing: T) -> T:
        known = self._known.get(key)
        if known is not None and time.monotonic() < known.until:
            return cast(T, known.value)
        if key not in self._asking:
            self._asking[key] = begin(ask())
        asking = self._asking[key]
        try:
            value = asking.result(_MOMENT)
        except TimeoutError:
            # An old answer is better than none.
            return known.value if known is not None else nothing
        except (EsapError, concurrent.futures.CancelledError, asyncio.CancelledError) as error:
            log.debug("Nothing to complete with for %s: %s", key, error)
            self._known[key] = _Known(time.monotonic() + _FAILED_SECONDS, nothing)
        else:
            self._known[key] = _Known(time.monotonic() + _KEPT_SECONDS, value)
        del self._asking[key]
        return cast(T, self._known[key].value)


async def _adql_services() -> list[str]:
    return [status.name for status in await verbs.services() if Capability.ADQL in status.capabilities]


async def _tables(service: str) -> list[str]:
    return [table.name for table in await verbs.tables(service)]


async def _columns(service: str, table: str) -> list[str]:
    return [column.name for column in await verbs.columns(service, table)]
