"""TAP 1.1: queries in ADQL, synchronous and as UWS jobs, with uploads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from io import BytesIO

import pyarrow as pa
from tornado.httputil import HTTPFile

from esap_jupyter.archive import uws
from esap_jupyter.archive.answers import VOTABLE
from esap_jupyter.archive.files import send_file
from esap_jupyter.archive.model import Limits
from esap_jupyter.archive.uws import Job
from esap_jupyter.archive.web import (
    ArchiveHandler,
    Parameters,
    QueryPlan,
    error_votable,
    now,
    timestamp,
)
from esap_jupyter.errors import EsapError, InputError, NotFound
from esap_jupyter.formats.votable import open_votable
from esap_jupyter.models import Phase

LANGUAGES = frozenset({"ADQL", "ADQL-2.0", "ADQL-2.1"})
MOST_UPLOADS = 16


class SyncHandler(ArchiveHandler):
    """/tap/sync: the answer to the request is the result (TAP 1.1, section 2.1)."""

    async def get(self) -> None:
        """Answer a query."""
        plan = await asyncio.to_thread(
            tap_plan, self.parameters(), self.uploaded_files(), self.archive.limits
        )
        await self.answer(plan)

    post = get


class JobListHandler(ArchiveHandler):
    """/tap/async: the jobs, and how to make one."""

    def get(self) -> None:
        """List the jobs (UWS 1.1, section 2.2.2.1: PHASE, AFTER, LAST)."""
        parameters = self.parameters()
        jobs = self.archive.jobs.all()
        phases = {phase.upper() for phase in parameters.all("PHASE")}
        if phases:
            jobs = [job for job in jobs if job.phase in phases]
        after = parameters.one("AFTER")
        if after:
            jobs = [job for job in jobs if job.created > _moment(after, "AFTER")]
        last = parameters.one("LAST")
        if last:
            jobs = jobs[: int(parameters.number("LAST", 1, 1e9))]
        self.send_xml(uws.job_list(jobs, f"{self.base}tap/async"))

    async def post(self) -> None:
        """Make a job; it waits for PHASE=RUN, unless that comes with it."""
        parameters = self.parameters()
        job = self.archive.jobs.create(_stored(parameters))
        try:
            self.archive.jobs.keep_uploads(job, self.uploaded_files())
            if parameters.one("PHASE").upper() == "RUN":
                await _run(self, job)
        except EsapError:
            self.archive.jobs.delete(job)
            raise
        _to_job(self, job)


class JobHandler(ArchiveHandler):
    """/tap/async/<job>."""

    async def get(self, job_id: str) -> None:
        """Describe the job; with WAIT, once its phase has changed."""
        job = self.archive.jobs.get(job_id)
        parameters = self.parameters()
        if parameters.one("WAIT"):
            seconds = parameters.number("WAIT", -1, 1e9)
            await self.archive.jobs.wait(job, seconds, parameters.one("PHASE").upper())
        self.send_xml(uws.job_document(job, f"{self.base}tap/async"))

    async def post(self, job_id: str) -> None:
        """Delete it with ACTION=DELETE, or change its phase or its parameters."""
        job = self.archive.jobs.get(job_id)
        parameters = self.parameters()
        if parameters.one("ACTION").upper() == "DELETE":
            self._delete(job)
            return
        if parameters.one("PHASE"):
            await _change_phase(self, job, parameters.one("PHASE"))
        else:
            _change_parameters(self, job)
        _to_job(self, job)

    def delete(self, job_id: str) -> None:
        """Delete it."""
        self._delete(self.archive.jobs.get(job_id))

    def _delete(self, job: Job) -> None:
        self.archive.jobs.delete(job)
        self.redirect(f"{self.base}tap/async", status=HTTPStatus.SEE_OTHER)


class JobPartHandler(ArchiveHandler):
    """/tap/async/<job>/<part>."""

    def get(self, job_id: str, part: str) -> None:
        """Tell one thing of the job."""
        job = self.archive.jobs.get(job_id)
        url = f"{self.base}tap/async"
        match part:
            case "phase":
                self._send_text(job.phase)
            case "quote":
                self._send_text(uws.quote_text(job))
            case "executionduration":
                self._send_text(str(int(job.duration)))
            case "destruction":
                self._send_text(timestamp(job.destruction))
            case "owner":
                self._send_text("")
            case "parameters":
                self.send_xml(uws.parameters_document(job))
            case "results":
                self.send_xml(uws.results_document(job, url))
            case "error":
                if job.phase is not Phase.ERROR:
                    raise NotFound("The job has no error.")
                self.send_xml(error_votable(job.error), VOTABLE)

    async def post(self, job_id: str, part: str) -> None:
        """Change what can be changed."""
        job = self.archive.jobs.get(job_id)
        parameters = self.parameters()
        match part:
            case "phase":
                await _change_phase(self, job, parameters.needed("PHASE"))
            case "parameters":
                _change_parameters(self, job)
            case "executionduration":
                _expect_pending(job)
                seconds = parameters.number("EXECUTIONDURATION", 0, 1e9)
                most = self.archive.limits.job_seconds
                job.duration = min(seconds, most) or most
            case "destruction":
                wanted = _moment(parameters.needed("DESTRUCTION"), "DESTRUCTION")
                latest = now() + timedelta(seconds=self.archive.limits.job_lifetime)
                job.destruction = min(wanted, latest)
            case _:
                raise InputError(f"The {part} of a job cannot be changed.")
        _to_job(self, job)

    def _send_text(self, text: str) -> None:
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish(text)


class JobResultHandler(ArchiveHandler):
    """/tap/async/<job>/results/result."""

    async def get(self, job_id: str) -> None:
        """Send the result."""
        job = self.archive.jobs.get(job_id)
        if job.phase is not Phase.COMPLETED or job.plan is None:
            raise NotFound(f"The job is {job.phase}, it has no result.")
        await send_file(self, job.result, job.plan.format.media_type)

    head = get


def tap_plan(parameters: Parameters, files: Mapping[str, HTTPFile], limits: Limits) -> QueryPlan:
    """What a request's parameters ask (TAP 1.1, section 2.7).

    Raises
    ------
    InputError
        If they make no query.
    """
    if parameters.one("REQUEST", "doQuery").lower() != "doquery":
        raise InputError("The REQUEST is not doQuery.", field="REQUEST")
    if parameters.one("LANG", "ADQL").upper() not in LANGUAGES:
        raise InputError(f"The language {parameters.one('LANG')} is not offered, only ADQL.", field="LANG")
    adql = parameters.needed("QUERY")
    return QueryPlan(
        adql=adql,
        row_limit=parameters.row_limit(limits.rows, limits.most_rows),
        format=parameters.format(),
        uploads=_uploads(parameters, files),
        infos={"QUERY": adql},
    )


def _uploads(parameters: Parameters, files: Mapping[str, HTTPFile]) -> dict[str, pa.Table]:
    """UPLOAD: ``name,param:part``, separated by semicolons or repeated (DALI 1.1, section 3.4.5)."""
    wanted = [one for value in parameters.all("UPLOAD") for one in value.split(";") if one.strip()]
    if len(wanted) > MOST_UPLOADS:
        raise InputError(f"There are more than {MOST_UPLOADS} uploads.", field="UPLOAD")
    uploads = {}
    for one in wanted:
        name, _, place = (part.strip() for part in one.partition(","))
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise InputError(f"{name!r} is not a name for an uploaded table.", field="UPLOAD")
        scheme, _, part_name = place.partition(":")
        if scheme != "param":
            raise InputError(
                f"The table {name} cannot be read from {scheme or place}.",
                hint="Send it with the request, as param:.",
                field="UPLOAD",
            )
        if part_name not in files:
            raise InputError(f"The request has no part {part_name!r} for the table {name}.", field="UPLOAD")
        uploads[name] = _read_upload(name, files[part_name].body)
    return uploads


def _read_upload(name: str, body: bytes) -> pa.Table:
    try:
        reader = open_votable(BytesIO(body))
        batches = list(reader)
        return pa.Table.from_batches(batches, schema=reader.schema)
    except EsapError as error:
        raise InputError(
            f"The uploaded table {name} cannot be read: {error.message}", field="UPLOAD"
        ) from error


def _stored(parameters: Parameters) -> list[tuple[str, str]]:
    return [(name, value) for name, value in parameters.items() if name not in {"PHASE", "ACTION"}]


async def _run(handler: ArchiveHandler, job: Job) -> None:
    given: dict[str, list[bytes]] = {}
    for name, value in job.parameters:
        given.setdefault(name, []).append(value.encode())
    plan = await asyncio.to_thread(tap_plan, Parameters(given), job.files, handler.archive.limits)
    job.files.clear()
    handler.archive.jobs.run(job, plan)


async def _change_phase(handler: ArchiveHandler, job: Job, wanted: str) -> None:
    match wanted.upper():
        case "RUN":
            await _run(handler, job)
        case "ABORT":
            handler.archive.jobs.abort(job)
        case _:
            raise InputError(f"PHASE={wanted} is neither RUN nor ABORT.", field="PHASE")


def _change_parameters(handler: ArchiveHandler, job: Job) -> None:
    _expect_pending(job)
    given = _stored(handler.parameters())
    replaced = {name for name, _ in given} - {"UPLOAD"}
    job.parameters[:] = [(name, value) for name, value in job.parameters if name not in replaced] + given
    handler.archive.jobs.keep_uploads(job, handler.uploaded_files())


def _expect_pending(job: Job) -> None:
    if job.phase is not Phase.PENDING:
        raise InputError(f"The job is {job.phase}; it can only be changed while it is PENDING.")


def _to_job(handler: ArchiveHandler, job: Job) -> None:
    handler.redirect(f"{handler.base}tap/async/{job.id}", status=HTTPStatus.SEE_OTHER)


def _moment(text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name}={text} is not a time.", field=name) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=now().tzinfo)
