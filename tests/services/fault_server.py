"""A VO service on loopback that speaks the real protocol and fails as it is told to.

The first part of the path names the fault, the rest the protocol: a connector configured with
``server.tap("hang")`` meets a TAP service that hangs, one with ``server.cone("html")`` a cone search that
answers HTML.
Every request is recorded, so that a test can assert, say, that a job was deleted.

| fault | what happens |
|---|---|
| ``ok`` | a proper answer of as many rows as MAXREC, at most `FaultServer.rows` |
| ``slow`` | the same after `FaultServer.delay` seconds |
| ``hang`` | the request is read, nothing is ever answered |
| ``html``, ``text`` | a web page or plain text with status 200 |
| ``truncated``, ``malformed``, ``bomb`` | a VOTable cut off, broken, with exploding entities |
| ``broken-off`` | the connection is closed before the promised number of bytes |
| ``endless`` | rows without end, whatever MAXREC was |
| ``error``, ``error-400`` | QUERY_STATUS=ERROR and `FaultServer.complaint`, as status 200 or 400 |
| ``traceback`` | an HTML page with a long Python traceback, status 500 |
| ``overflow`` | all rows, and QUERY_STATUS=OVERFLOW whatever MAXREC was |
| ``empty`` | no rows |
| ``gzip`` | a proper answer, compressed |
| ``401`` ... ``503`` | that status |
| ``redirect-private`` | a redirect to ``http://127.0.0.2:9/`` |
| ``redirect-other`` | a redirect to `FaultServer.elsewhere` |
| ``async-only`` | ``sync`` hangs, jobs work |
| ``job-queued`` | jobs stay QUEUED, sync hangs |
| ``job-error`` | jobs end in ERROR with `FaultServer.complaint`, sync hangs |
| ``job-held`` | jobs stay HELD, sync hangs |
| ``poll-timeout`` | the first poll of a job hangs, sync hangs |
| ``poll-500`` | the first poll of a job answers 500, sync hangs |
| ``create-slow`` | a job is created only after `FaultServer.delay` seconds, sync hangs |
| ``no-async`` | sync hangs, there are no jobs |
"""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

VOTABLE = "application/x-votable+xml"

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">
"""
_FIELDS = """<TABLE>
<FIELD name="id" datatype="int" ucd="meta.id;meta.main"/>
<FIELD name="ra" datatype="double" unit="deg" ucd="pos.eq.ra;meta.main"/>
<FIELD name="dec" datatype="double" unit="deg" ucd="pos.eq.dec;meta.main"/>
<DATA><TABLEDATA>
"""
_TAIL = "</RESOURCE></VOTABLE>\n"

_ENTITIES = "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">\n' for old, new in itertools.pairwise("abcdefghijk")
)
_BOMB = f"""<?xml version="1.0"?>
<!DOCTYPE VOTABLE [
<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">
{_ENTITIES}]>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">
<INFO name="QUERY_STATUS" value="OK">&k;</INFO></RESOURCE></VOTABLE>
"""

_FRAMES = '  File "tap.py", line 1, in run\n' * 300
_TRACEBACK = f"""<html><head><title>500 Internal Server Error</title></head><body><h1>It broke</h1>
<pre>Traceback (most recent call last):
{_FRAMES}KeyError: 'parallax'
</pre></body></html>
"""

_CAPABILITIES = """<?xml version="1.0" encoding="UTF-8"?>
<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0"
 xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<capability standardID="ivo://ivoa.net/std/TAP" xsi:type="tr:TableAccess">
<interface role="std" xsi:type="vs:ParamHTTP"><accessURL use="base">{base}</accessURL></interface>
<language><name>ADQL</name><version ivo-id="ivo://ivoa.net/std/ADQL#v2.0">2.0</version></language>
<outputFormat><mime>application/x-votable+xml</mime></outputFormat>
<outputLimit><default unit="row">10</default><hard unit="row">{hard}</hard></outputLimit>
</capability></vosi:capabilities>
"""

_AVAILABILITY = """<?xml version="1.0" encoding="UTF-8"?>
<vosi:availability xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0">
<vosi:available>true</vosi:available></vosi:availability>
"""

_TABLES = """<?xml version="1.0" encoding="UTF-8"?>
<vosi:tableset xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0"
 xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<schema><name>cat</name>
<table><name>cat.main</name><description>A few sources</description>{columns}</table></schema>
</vosi:tableset>
"""
_COLUMNS = """
<column><name>id</name><ucd>meta.id;meta.main</ucd><dataType xsi:type="vs:VOTableType">int</dataType></column>
<column><name>ra</name><unit>deg</unit><ucd>pos.eq.ra;meta.main</ucd>
<dataType xsi:type="vs:VOTableType">double</dataType><flag>indexed</flag></column>
<column><name>dec</name><unit>deg</unit><ucd>pos.eq.dec;meta.main</ucd>
<dataType xsi:type="vs:VOTableType">double</dataType></column>
"""

_SYNC_HANGS = {
    "async-only",
    "create-slow",
    "hang",
    "job-error",
    "job-held",
    "job-queued",
    "no-async",
    "poll-500",
    "poll-timeout",
}


@dataclass(frozen=True)
class Request:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        """Of the query string and the form, names in upper case."""
        return {name.upper(): value for name, value in (self.query | self.form).items()}


@dataclass
class _Job:
    fault: str
    parameters: dict[str, str]
    phase: str = "PENDING"
    polls: int = 0
    deleted: threading.Event = field(default_factory=threading.Event)


class FaultServer:
    """The server; a context manager.

    Parameters
    ----------
    delay : float
        Seconds before ``slow`` answers.
    rows : int
        Rows of the table.

    Attributes
    ----------
    documents : dict
        Answers given as they are, (media type, text) by path.
    """

    def __init__(self, *, delay: float = 1.0, rows: int = 5) -> None:
        self.delay = delay
        self.rows = rows
        self.complaint = "Column parallex does not exist (at char 7), (line:1, col:8)"
        self.elsewhere = ""
        self.documents: dict[str, tuple[str, str]] = {}
        self.requests: list[Request] = []
        self.jobs: dict[str, _Job] = {}
        self.closing = threading.Event()
        self._changed = threading.Condition()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def tap(self, fault: str = "ok") -> str:
        """Base URL of a TAP service with this fault."""
        return f"{self.url}/{fault}/tap"

    def cone(self, fault: str = "ok") -> str:
        """URL of a cone search with this fault."""
        return f"{self.url}/{fault}/cone?"

    def images(self, fault: str = "ok") -> str:
        """URL of an image search (SIA1 or SIA2) with this fault."""
        return f"{self.url}/{fault}/sia?"

    def record(self, request: Request) -> None:
        """Remember a request and wake whoever waits for it."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def wait_for(self, method: str, path_end: str, *, seconds: float = 10.0) -> Request:
        """Wait until such a request has arrived."""

        def found() -> Request | None:
            return next((r for r in self.requests if r.method == method and r.path.endswith(path_end)), None)

        with self._changed:
            request = self._changed.wait_for(found, seconds)
        if not request:
            msg = f"no {method} ...{path_end} arrived within {seconds} s"
            raise AssertionError(msg)
        return request


def refused_url() -> str:
    """Address of a port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: FaultServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        is_form = self.headers.get_content_type() == "application/x-www-form-urlencoded"
        form = {name: values[-1] for name, values in parse_qs(body.decode()).items()} if is_form else {}
        request = Request(self.command, parts.path, query, form, dict(self.headers), body)
        self.owner.record(request)
        _, _, rest = parts.path.partition("/")
        fault, _, protocol = rest.partition("/")
        dead = fault in {"hang", "html", "bomb"} or fault.isdigit()
        try:
            if parts.path in self.owner.documents:
                media_type, text = self.owner.documents[parts.path]
                self._send(text, media_type)
            elif protocol.startswith("tap/async"):
                self._uws(fault, protocol.removeprefix("tap/async").strip("/"), request)
            elif protocol == "tap/capabilities" and not dead:
                document = _CAPABILITIES.format(base=self.owner.tap(fault), hard=self.owner.rows * 10)
                self._send(document, "text/xml")
            elif protocol == "tap/availability" and not dead:
                self._send(_AVAILABILITY, "text/xml")
            elif protocol.startswith("tap/tables") and not dead:
                whole = query.get("detail") != "min"
                self._send(_TABLES.format(columns=_COLUMNS if whole else ""), "text/xml")
            else:
                self._query(fault, request)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _query(self, fault: str, request: Request) -> None:  # noqa: C901, PLR0912 - one branch a fault
        owner = self.owner
        if fault in _SYNC_HANGS:
            self._hang()
        elif fault == "html":
            self._send(
                "<!DOCTYPE html><html><body><h1>Welcome to the archive</h1></body></html>", "text/html"
            )
        elif fault == "text":
            self._send("We are moving to a new data centre.", "text/plain")
        elif fault == "bomb":
            self._send(_BOMB)
        elif fault == "truncated":
            whole = self._table(request)
            self._send(whole[: whole.rindex("<TR>") + 10])
        elif fault == "broken-off":
            whole = self._table(request).encode()
            self._start(200, VOTABLE, len(whole))
            self.wfile.write(whole[: len(whole) // 2])
            self.close_connection = True
        elif fault == "endless":
            self._start(200, VOTABLE, 1 << 40)
            self.wfile.write(f"{_HEAD}{_FIELDS}".encode())
            rows = b"<TR><TD>1</TD><TD>10</TD><TD>-20.5</TD></TR>\n" * 10_000
            while not owner.closing.is_set():
                self.wfile.write(rows)
        elif fault == "malformed":
            self._send(self._table(request).replace("</TD></TR>", "</TR></TD>"))
        elif fault == "traceback":
            self._send(_TRACEBACK, "text/html", 500)
        elif fault in {"error", "error-400"}:
            self._send(_error_table(owner.complaint), status=400 if fault == "error-400" else 200)
        elif fault == "redirect-private":
            self._redirect("http://127.0.0.2:9/")
        elif fault == "redirect-other":
            self._redirect(owner.elsewhere)
        elif fault == "gzip":
            body = gzip.compress(self._table(request).encode())
            self._start(200, VOTABLE, len(body), encoding="gzip")
            self.wfile.write(body)
        elif fault.isdigit():
            self._send("No.", "text/plain", int(fault))
        else:
            if fault == "slow":
                owner.closing.wait(owner.delay)
            self._send(self._table(request, fault))

    def _table(self, request: Request, fault: str = "ok") -> str:
        rows = 0 if fault == "empty" else self.owner.rows
        limit = int(request.parameters.get("MAXREC", rows))
        sent = rows if fault == "overflow" else min(rows, limit)
        lines = "".join(
            f"<TR><TD>{number}</TD><TD>{10 + number / 1000}</TD><TD>-20.5</TD></TR>\n"
            for number in range(sent)
        )
        cut = '<INFO name="QUERY_STATUS" value="OVERFLOW"/>' if fault == "overflow" or rows > limit else ""
        ok = '<INFO name="QUERY_STATUS" value="OK"/>'
        return f"{_HEAD}{ok}{_FIELDS}{lines}</TABLEDATA></DATA></TABLE>{cut}{_TAIL}"

    def _uws(self, fault: str, rest: str, request: Request) -> None:
        owner = self.owner
        number, _, what = rest.partition("/")
        if fault == "hang":
            self._hang()
        elif fault == "no-async":
            self._send("There is no such page.", "text/plain", 404)
        elif not number:
            if fault == "create-slow":
                owner.closing.wait(owner.delay)
            number = str(len(owner.jobs) + 1)
            owner.jobs[number] = _Job(fault, request.parameters)
            self._redirect(f"{owner.tap(fault)}/async/{number}", 303)
        elif number not in owner.jobs or owner.jobs[number].deleted.is_set():
            self._send("There is no such job.", "text/plain", 404)
        else:
            self._job(owner.jobs[number], f"{owner.tap(fault)}/async/{number}", what, request)

    def _job(self, job: _Job, url: str, what: str, request: Request) -> None:
        if request.method == "DELETE":
            job.deleted.set()
            self._redirect(url.rpartition("/")[0], 303)
        elif what == "phase" and request.method == "POST":
            job.phase = "EXECUTING" if request.form.get("PHASE") == "RUN" else "ABORTED"
            self._redirect(url, 303)
        elif what == "phase":
            self._send(job.phase, "text/plain")
        elif what == "results/result":
            self._send(self._table(request=Request("", "", job.parameters, {}, {}, b"")))
        elif what == "error":
            self._send(_error_table(self.owner.complaint))
        else:
            self._poll(job, url, request)

    def _poll(self, job: _Job, url: str, request: Request) -> None:
        ends_as = {"job-queued": "QUEUED", "job-error": "ERROR", "job-held": "HELD"}.get(
            job.fault, "COMPLETED"
        )
        if job.phase != "PENDING":
            job.polls += 1
            if job.polls == 1 and job.fault == "poll-timeout":
                self._hang()
                return
            if job.polls == 1 and job.fault == "poll-500":
                self._send("Out of database connections", "text/plain", 500)
                return
            if job.phase == "EXECUTING" and job.polls > 1:
                job.phase = ends_as
            elif job.phase in {"QUEUED", "HELD"}:
                job.deleted.wait(min(float(request.query.get("WAIT", 0)), 30.0))
        self._send(_job_document(job, url, self.owner.complaint), "text/xml")

    def _hang(self) -> None:
        self.owner.closing.wait()
        self.close_connection = True

    def _send(self, text: str, media_type: str = VOTABLE, status: int = 200) -> None:
        body = text.encode()
        self._start(status, media_type, len(body))
        self.wfile.write(body)

    def _start(self, status: int, media_type: str, length: int, encoding: str = "") -> None:
        self.send_response(status)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _redirect(self, url: str, status: int = 302) -> None:
        self.send_response(status)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _error_table(complaint: str) -> str:
    return f'{_HEAD}<INFO name="QUERY_STATUS" value="ERROR">{escape(complaint)}</INFO>{_TAIL}'


def _job_document(job: _Job, url: str, complaint: str) -> str:
    results = (
        f'<uws:result id="result" xlink:href="{url}/results/result"/>' if job.phase == "COMPLETED" else ""
    )
    summary = (
        f'<uws:errorSummary type="fatal" hasDetail="true"><uws:message>{escape(complaint)}</uws:message>'
        "</uws:errorSummary>"
        if job.phase == "ERROR"
        else ""
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<uws:job xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="1.1">'
        f'<uws:jobId>{url.rpartition("/")[2]}</uws:jobId><uws:ownerId xsi:nil="true"/>'
        f'<uws:phase>{job.phase}</uws:phase><uws:quote xsi:nil="true"/>'
        '<uws:startTime xsi:nil="true"/><uws:endTime xsi:nil="true"/>'
        "<uws:executionDuration>7200</uws:executionDuration>"
        "<uws:destruction>2099-01-01T00:00:00Z</uws:destruction><uws:parameters/>"
        f"<uws:results>{results}</uws:results>{summary}</uws:job>"
    )
