"""An asynchronous TAP job (UWS 1.1): created, started, waited for, read, and always deleted.

`pyvo.dal.AsyncTAPJob` makes the same requests but loses a job when one of them fails (pyvo issues 713, 720,
784), even the first look at a job just made, so they are made here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin

import pyarrow as pa
import requests
from pyvo.dal.tap import TAPQuery

from esap_jupyter.connectors.base import Notice
from esap_jupyter.connectors.dali import (
    get_document,
    host_of,
    raise_for_status,
    read_rows,
    requesting,
    send,
)
from esap_jupyter.errors import BadAnswer, EsapError, NotFound, NotOffered, ServiceError, ServiceFailed
from esap_jupyter.formats.service_text import query_rejected, shorten
from esap_jupyter.models import Phase
from esap_jupyter.transfer.access import Access

logger = logging.getLogger(__name__)

_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True, slots=True)
class JobSummary:
    """What a job says of itself.

    Attributes
    ----------
    version : str
        Of UWS; 1.1 and later know WAIT (section 2.2.1.1).
    transient : bool
        Whether its error may not happen again (``errorSummary/@type``).
    """

    phase: Phase
    version: str
    result_url: str
    message: str
    transient: bool

    @property
    def can_wait(self) -> bool:
        """Whether the service answers a poll only when the phase has changed."""
        return self.version not in {"", "1.0"}


class RemoteJob:
    """One asynchronous job; its methods block and are called one after the other.

    Parameters
    ----------
    access : Access
        How requests go out.
    deadline : float
        Seconds that one request may take.
    url : str
        Of a job that exists already.
    """

    def __init__(self, access: Access, deadline: float, url: str = "") -> None:
        self.url = url
        self._access = access
        self._deadline = deadline
        self._given_up = threading.Event()

    def create(self, query: TAPQuery) -> str:
        """Create the job; returns its URL.

        Raises
        ------
        NotOffered
            If the service has no asynchronous queries.
        """
        try:
            with send(query) as response:
                raise_for_status(response)
                url = str(response.url)
        except NotFound as error:
            raise NotOffered(
                f"{host_of(query.queryurl)} has no asynchronous queries.",
                hint="If the query takes too long, ask for less, or raise `sync_seconds` in esap.toml.",
            ) from error
        if url.rstrip("/") == query.queryurl.rstrip("/"):
            raise BadAnswer(f"{host_of(url)} did not say where the job is that it was asked to make.")
        self.url = url
        if self._given_up.is_set():
            self.delete()  # nobody was there any more to learn that the job exists
        return url

    def start(self) -> None:
        """Let it run. DaCHS and others ignore PHASE=RUN at creation, so it is always sent apart."""
        url = f"{self.url}/phase"
        with requesting(url):
            response = self._access.session(self._deadline).post(
                url, data={"PHASE": "RUN"}, allow_redirects=False
            )
        raise_for_status(response)

    def poll(self, wait: float = 0.0) -> JobSummary:
        """Ask how it is.

        Parameters
        ----------
        wait : float
            Seconds that the service may wait for the phase to change before it answers.
        """
        parameters = {"WAIT": str(int(wait))} if wait >= 1 else {}
        root = get_document(self._access.session(self._deadline), self.url, "job", parameters=parameters)
        phase = (root.findtext("{*}phase") or "").strip()
        if phase not in Phase.__members__:
            raise BadAnswer(
                f"{host_of(self.url)} says of a job only that its phase is {phase or 'missing'!r}."
            )
        results = {
            element.get("id", ""): element.get(_XLINK_HREF, "")
            for element in root.iterfind("{*}results/{*}result")
        }
        href = results.get("result") or next(iter(results.values()), "") or f"{self.url}/results/result"
        summary = root.find("{*}errorSummary")
        return JobSummary(
            phase=Phase(phase),
            version=root.get("version", ""),
            result_url=urljoin(self.url, href),
            message=shorten(root.findtext("{*}errorSummary/{*}message") or ""),
            transient=summary is not None and summary.get("type") == "transient",
        )

    def read(self, result_url: str, row_limit: int | None) -> Iterator[pa.RecordBatch | Notice]:
        """Stream the result."""
        with requesting(result_url):
            response = self._access.session(self._deadline).get(result_url, stream=True)
        yield from read_rows(response, row_limit)

    def failure(self, summary: JobSummary) -> ServiceError:
        """Make the error for a job that ended in ERROR or ABORTED."""
        if summary.phase == Phase.ABORTED:
            return ServiceFailed(
                f"{host_of(self.url)} aborted the query{': ' if summary.message else ''}{summary.message}.",
                hint="It may have taken too long; ask for less.",
            )
        message = summary.message or self._error_document()
        return ServiceFailed(message) if summary.transient else query_rejected(message)

    def give_up(self) -> None:
        """Say that nobody waits any more: a job still being created is deleted as soon as it exists."""
        self._given_up.set()

    def delete(self) -> None:
        """Delete it; a failure is only logged, since the service destroys the job in the end anyway."""
        session = self._access.session(self._deadline)
        try:
            response = session.delete(self.url, allow_redirects=False)
            if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                response = session.post(self.url, data={"ACTION": "DELETE"}, allow_redirects=False)
            if response.status_code != HTTPStatus.NOT_FOUND:
                raise_for_status(response)
        except (requests.RequestException, EsapError) as error:
            logger.warning("The job %s could not be deleted: %s", self.url, type(error).__name__)

    def _error_document(self) -> str:
        """Read what TAP 1.1, section 5.3, puts at ``/error``."""
        try:
            for _ in self.read(f"{self.url}/error", 0):
                pass
        except EsapError as error:
            return error.message
        return "The service gives no reason."
