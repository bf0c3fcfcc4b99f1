"""The names that complete a query: of services, their tables and columns. Nobody waits for them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from esap_jupyter.errors import EsapError
from esap_jupyter.face import verbs
from esap_jupyter.face.background import begin
from esap_jupyter.models import Capability, ColumnDescription, TableDescription

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
    """Answers at once with what is known, and asks in the background for what is not.

    Attributes
    ----------
    lacks : bool
        Whether something was not there yet since this was set to False.
    """

    def __init__(self) -> None:
        self.lacks = False
        self._lock = threading.Lock()
        self._known: dict[tuple[str, ...], _Known] = {}
        self._asking: dict[tuple[str, ...], concurrent.futures.Future[Any]] = {}

    def services(self) -> list[str]:
        """Return the names of the services that answer ADQL."""
        return self._answer(("services",), _adql_services, [])

    def default_service(self) -> str:
        """Return the service that is asked when a query names none."""
        return self._answer(("default",), verbs.default_adql_service, "")

    def tables(self, service: str) -> Sequence[TableDescription]:
        """Return a service's tables."""
        return self._answer(("tables", service), lambda: verbs.tables(service), [])

    def columns(self, service: str, table: str) -> Sequence[ColumnDescription]:
        """Return a table's columns; the service's own name for the table, please."""
        return self._answer(("columns", service, table), lambda: verbs.columns(service, table), [])

    def _answer(self, key: tuple[str, ...], ask: Callable[[], Coroutine[Any, Any, T]], nothing: T) -> T:
        known = self._known.get(key)
        if known is not None and time.monotonic() < known.until:
            return cast(T, known.value)
        with self._lock:
            if key not in self._asking:
                self._asking[key] = begin(ask())
            asking = self._asking[key]
        if not concurrent.futures.wait([asking], _MOMENT).done:
            self.lacks = True
            # An old answer is better than none.
            return known.value if known is not None else nothing
        try:
            answer = _Known(time.monotonic() + _KEPT_SECONDS, asking.result())
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - of connectors of others, too
            # There is nothing to mend for who pressed Tab.
            level = logging.DEBUG if isinstance(error, EsapError) else logging.WARNING
            log.log(level, "Nothing to complete with for %s: %r", key, error)
            answer = _Known(time.monotonic() + _FAILED_SECONDS, nothing)
        self._known[key] = answer
        self._asking.pop(key, None)
        return cast(T, answer.value)


async def _adql_services() -> list[str]:
    return [status.name for status in await verbs.services() if Capability.ADQL in status.capabilities]
