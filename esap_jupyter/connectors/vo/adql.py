"""ADQL for one TAP service (TAP 1.1): synchronous first, then as an asynchronous job if that is too slow."""

from __future__ import annotations

import asyncio
import io
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from http import HTTPStatus
from urllib.parse import urlsplit

import pyarrow as pa
import requests
from pyvo.dal.tap import TAPQuery

from esap_jupyter.connectors.base import AdqlRequest, Context, Notice
from esap_jupyter.connectors.dali import host_of, maxrec, read_rows, send
from esap_jupyter.connectors.vo.metadata import TapMetadata
from esap_jupyter.connectors.vo.settings import VOSettings
from esap_jupyter.connectors.vo.uws import JobSummary, RemoteJob
from esap_jupyter.errors import EsapError, InputError, ServiceTimeout
from esap_jupyter.formats.votable_writer import write_votable
from esap_jupyter.models import ENDED_PHASES, Phase

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_LONGEST_WAIT = 20.0
_FAILED_POLLS = 5

# What a service, or a proxy in front of it, answers when a synchronous query takes too long for it.
_GIVEN_UP = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})


class _TooSlow(ServiceTimeout):
    """Nothing came within the seconds that a synchronous query has."""


class TapQueries:
    """Asks one TAP service.

    Parameters
    ----------
    settings : VOSettings
        With the URL.
    context : Context
        How to reach it.
    metadata : TapMetadata
        Its limits.
    """

    def __init__(self, settings: VOSettings, context: Context, metadata: TapMetadata) -> None:
        self._settings = settings
        self._context = context
        self._metadata = metadata

    async def stream(self, request: AdqlRequest) -> AsyncGenerator[pa.RecordBatch | Notice]:
        """Stream the answer; closing the iterator early deletes the remote job, unless it is to be kept.

        Raises
        ------
        QueryRejected
            With the service's own message.
        ServiceError
            Otherwise.
        """
        if request.job_url and urlsplit(request.job_url).hostname != urlsplit(self._settings.tap).hostname:
            raise InputError(f"{request.job_url} is no job of {self._context.service}.", field="job_url")
        limit = await self._limit(request)
        uploads = await self._context.calls.call(_serialized, request) if request.uploads else {}
        if request.mode != "async" and not request.job_url:
            try:
                sync = self._context.calls.stream(self._read_sync, request, limit, uploads)
                async with aclosing(sync) as parts:
                    async for part in parts:
                        yield part
            except _TooSlow:
                if request.mode == "sync":
                    raise
                logger.info("%s: going on as an asynchronous job", self._context.service)
            else:
                return
        async with aclosing(self._run_job(request, limit, uploads)) as parts:
            async for part in parts:
                yield part

    async def _limit(self, request: AdqlRequest) -> int:
        """MAXREC; for all rows the service's own limit has to be asked for, or its default would cut."""
        if request.row_limit is not None or request.job_url:
            return maxrec(request.row_limit)
        try:
            limits = await self._context.calls.call(self._metadata.limits)
        except EsapError as error:
            # Without capabilities the query itself will tell what is wrong, if anything is.
            logger.info("%s has no readable capabilities: %s", self._context.service, error.message)
            return maxrec(None)
        return maxrec(None, limits.hard_rows)

    def _read_sync(
        self, request: AdqlRequest, limit: int, uploads: dict[str, bytes]
    ) -> Iterator[pa.RecordBatch | Notice]:
        seconds = self._context.calls.deadline
        if request.mode == "auto":
            seconds = min(seconds, self._settings.sync_seconds)
        query = self._query(request, limit, uploads, mode="sync", seconds=seconds)
        too_slow = _TooSlow(
            f"{host_of(self._settings.tap)} did not answer within {seconds:g} s.",
            hint="Ask for less, or use an asynchronous query.",
        )
        try:
            response = send(query)
        except ServiceTimeout as error:
            if _never_connected(error):
                raise
            raise too_slow from error
        if response.status_code in _GIVEN_UP:
            response.close()
            raise too_slow
        yield from read_rows(response, request.row_limit)

    def _create_job(self, job: RemoteJob, request: AdqlRequest, limit: int, uploads: dict[str, bytes]) -> str:
        seconds = self._context.calls.deadline
        return job.create(self._query(request, limit, uploads, mode="async", seconds=seconds))

    async def _run_job(
        self, request: AdqlRequest, limit: int, uploads: dict[str, bytes]
    ) -> AsyncGenerator[pa.RecordBatch | Notice]:
        calls = self._context.calls
        job = RemoteJob(self._context.access, calls.deadline, request.job_url)
        is_known = bool(request.job_url)
        try:
            if not request.job_url:
                _tell(request.on_job, await calls.call(self._create_job, job, request, limit, uploads))
                is_known = True
                await calls.call(job.start)
            try:
                async with asyncio.timeout(self._settings.job_seconds):
                    summary = await self._wait(job, request.on_phase)
            except TimeoutError:
                raise ServiceTimeout(
                    f"{host_of(job.url)} did not finish the query within {self._settings.job_seconds:g} s.",
                    hint="Ask for less, or raise the service's `job_seconds` in esap.toml.",
                ) from None
            if summary.phase != Phase.COMPLETED:
                raise await calls.call(job.failure, summary)
            result = calls.stream(job.read, summary.result_url, request.row_limit)
            async with aclosing(result) as parts:
                async for part in parts:
                    yield part
        finally:
            # A job that nobody was told of, nobody can go on with.
            if not (is_known and request.keep_job is not None and request.keep_job()):
                job.give_up()
                if job.url:
                    await _even_if_cancelled(calls.call(job.delete))

    async def _wait(self, job: RemoteJob, on_phase: Callable[[str], None] | None) -> JobSummary:
        """Poll until the job has ended; a poll that fails is tried again."""
        loop = asyncio.get_running_loop()
        wait = 0.0
        pause = _FIRST_PAUSE
        failed = 0
        told: Phase | None = None
        while True:
            asked_at = loop.time()
            try:
                summary = await self._context.calls.call(job.poll, wait)
            except EsapError as error:
                failed += 1
                if not error.retryable or failed == _FAILED_POLLS:
                    raise
                logger.info("%s: a poll failed: %s", self._context.service, error.message)
            else:
                failed = 0
                if summary.phase != told:
                    told = summary.phase
                    _tell(on_phase, summary.phase)
                if summary.phase in ENDED_PHASES:
                    return summary
                if summary.phase == Phase.PENDING:
                    await self._context.calls.call(job.start)
                elif summary.can_wait:
                    wait = min(_LONGEST_WAIT, self._context.calls.deadline / 2)
            if loop.time() - asked_at < pause:
                # Either the service knows no WAIT, or it has just begun.
                await asyncio.sleep(pause * random.uniform(0.8, 1.0))  # noqa: S311 - spreads polls, no secret
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _query(
        self, request: AdqlRequest, limit: int, uploads: dict[str, bytes], *, mode: str, seconds: float
    ) -> TAPQuery:
        return TAPQuery(
            self._settings.tap,
            request.adql,
            mode=mode,
            maxrec=limit,
            uploads={name: io.BytesIO(votable) for name, votable in uploads.items()},
            session=self._context.access.session(seconds),
        )


def _serialized(request: AdqlRequest) -> dict[str, bytes]:
    """Uploads as VOTables, kept as bytes because a query may be sent twice."""
    votables = {}
    for name, table in request.uploads.items():
        if not name.isidentifier():
            raise InputError(f"{name!r} is no name for an uploaded table.", field="uploads")
        sink = io.BytesIO()
        # BINARY2 in uploads is not understood everywhere; TABLEDATA is.
        write_votable(sink, table.schema, table.to_batches(), serialization="TABLEDATA")
        votables[name] = sink.getvalue()
    return votables


def _never_connected(error: ServiceTimeout) -> bool:
    return isinstance(error.__cause__, requests.ConnectTimeout)


def _tell(callback: Callable[[str], None] | None, word: str) -> None:
    if callback is not None:
        callback(word)


async def _even_if_cancelled(deletion: Awaitable[None]) -> None:
    """Finish what must be done, whoever loses patience with it."""
    task = asyncio.ensure_future(deletion)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
    except EsapError as error:
        logger.warning("A remote job may be left behind: %s", error.message)
