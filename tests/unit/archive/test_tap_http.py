"""TAP over HTTP: parameters, uploads, jobs, and what is said when they are wrong."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest
import requests

from esap_jupyter.archive.archive import Archive
from esap_jupyter.formats.votable import open_votable
from esap_jupyter.formats.votable_writer import write_votable

UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
# Sixteen million million combinations, none of which fits.
SLOW = (
    "SELECT a.id FROM sky.stars AS a, sky.stars AS b, sky.stars AS c, sky.stars AS d "
    "WHERE SIN(a.ra + b.ra) + SIN(c.ra + d.ra) > 2.5"
)


def sync(archive: Archive, adql: str, **more: Any) -> requests.Response:
    data = {"LANG": "ADQL", "QUERY": adql, **more}
    return requests.post(f"{archive.url}tap/sync", data=data, timeout=30)


def table_of(response: requests.Response) -> pa.Table:
    reader = open_votable(io.BytesIO(response.content))
    return pa.Table.from_batches(list(reader), schema=reader.schema)


def said(response: requests.Response) -> str:
    """The message of an error document."""
    root = ET.fromstring(response.content)
    info = root.find(".//{http://www.ivoa.net/xml/VOTable/v1.3}INFO[@name='QUERY_STATUS']")
    assert info is not None
    assert info.get("value") == "ERROR"
    return info.text or ""


def votable(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    write_votable(sink, table.schema, table.to_batches())
    return sink.getvalue()


def new_job(archive: Archive, adql: str, **more: Any) -> str:
    response = requests.post(
        f"{archive.url}tap/async",
        data={"LANG": "ADQL", "QUERY": adql, **more},
        allow_redirects=False,
        timeout=30,
    )
    assert response.status_code == 303
    return response.headers["Location"]


def phase(job: str) -> str:
    return requests.get(f"{job}/phase", timeout=30).text


def ended(job: str) -> str:
    """The last phase of a job."""
    while (now := phase(job)) in {"QUEUED", "EXECUTING"}:
        requests.get(job, params={"WAIT": "10"}, timeout=30)
    return now


def test_sync_by_get_and_post_with_names_in_any_case(served: Archive) -> None:
    query = "SELECT TOP 3 id FROM sky.stars ORDER BY id"
    by_get = requests.get(f"{served.url}tap/sync", params={"query": query, "Lang": "adql-2.1"}, timeout=30)

    assert by_get.headers["Content-Type"] == "application/x-votable+xml"
    assert table_of(by_get)["id"].to_pylist() == table_of(sync(served, query))["id"].to_pylist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("adql", "more", "message"),
    [
        ("", {}, "QUERY is missing"),
        ("SELECT id FROM sky.stars", {"LANG": "SQL"}, "only ADQL"),
        ("SELECT id FROM sky.stars", {"MAXREC": "many"}, "MAXREC=many"),
        ("SELECT id FROM sky.stars", {"MAXREC": "²"}, "MAXREC=²"),
        ("SELECT id FROM sky.stars", {"MAXREC": "9" * 5000}, "not a number of rows"),
        ("SELECT id FROM sky.stars", {"RESPONSEFORMAT": "json"}, "'json' is not offered"),
        ("SELECT id FROM sky.stars", {"REQUEST": "dropTables"}, "not doQuery"),
        ("SELECT id\nFRO sky.stars", {}, "(line 2, column 5)"),
        ("SELECT id FROM sky.stars WHERE name = '<&\x01'", {"UPLOAD": "a,param:b"}, "no part 'b'"),
        ("SELECT id FROM TAP_UPLOAD.a", {"UPLOAD": "a,http://127.0.0.1:1/x.vot"}, "cannot be read from http"),
        ("SELECT id FROM TAP_UPLOAD.a", {"UPLOAD": "a,file:///etc/passwd"}, "cannot be read from file"),
        ("SELECT id FROM TAP_UPLOAD.a", {"UPLOAD": 'a"; x,param:b'}, "not a name"),
        (SLOW, {}, "longer than the 1.5 s"),
    ],
)
def test_a_wrong_request_is_a_400_that_says_why(
    served: Archive, adql: str, more: dict[str, str], message: str
) -> None:
    response = sync(served, adql, **more)

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/x-votable+xml"
    assert message in said(response)


def test_maxrec(served: Archive) -> None:
    adql = "SELECT id FROM sky.stars"
    for wanted, rows, status in (
        ("7", 7, "OVERFLOW"),
        ("0", 0, "OVERFLOW"),
        ("2000", 2000, "OK"),
        ("", 500, "OVERFLOW"),
    ):
        response = sync(served, adql, MAXREC=wanted)
        assert table_of(response).num_rows == rows
        assert f'value="{status}"' in response.text


def test_an_uploaded_table(served: Archive) -> None:
    mine = pa.table({"number": [3, 5], "word": ["three", "ünf"]})
    response = requests.post(
        f"{served.url}tap/sync",
        data={
            "LANG": "ADQL",
            "UPLOAD": "mine,param:part",
            "QUERY": "SELECT id, word FROM sky.stars JOIN TAP_UPLOAD.mine ON id = number ORDER BY id",
        },
        files={"part": ("mine.vot", votable(mine))},
        timeout=30,
    )

    assert table_of(response).to_pylist() == [{"id": 3, "word": "three"}, {"id": 5, "word": "ünf"}]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html>no</html>", b"<VOTABLE><RESOURCE><TABLE>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><VOTABLE>&b;</VOTABLE>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><VOTABLE>&f;</VOTABLE>',
    ],
)  # fmt: skip
def test_an_upload_that_is_no_votable(served: Archive, content: bytes) -> None:
    response = requests.post(
        f"{served.url}tap/sync",
        data={"LANG": "ADQL", "UPLOAD": "mine,param:part", "QUERY": "SELECT * FROM TAP_UPLOAD.mine"},
        files={"part": content or ("empty", b"")},
        timeout=30,
    )

    assert response.status_code == 400
    assert "uploaded table mine" in said(response)


def test_a_request_that_is_too_large_is_refused(served: Archive) -> None:
    try:
        status = sync(served, "SELECT id FROM sky.stars", MORE="x" * 2_000_000).status_code
    except requests.RequestException:  # it closed the connection instead of reading on
        status = 413
    assert status in {400, 413}


def test_a_job_from_pending_to_its_end(served: Archive) -> None:
    job = new_job(
        served, "SELECT id FROM sky.stars WHERE id < 50", RUNID="mine & yours", RESPONSEFORMAT="csv"
    )
    assert phase(job) == "PENDING"

    started = requests.post(f"{job}/phase", data={"PHASE": "RUN"}, timeout=30)

    assert started.history[0].status_code == 303
    assert ended(job) == "COMPLETED"
    root = ET.fromstring(requests.get(job, timeout=30).content)
    assert root.findtext(f"{UWS}runId") == "mine & yours"
    assert {p.get("id"): p.text for p in root.iter(f"{UWS}parameter")}["responseformat"] == "csv"
    result = root.find(f".//{UWS}result")
    assert result is not None
    content = requests.get(result.get("{http://www.w3.org/1999/xlink}href", ""), timeout=30)
    assert content.headers["Content-Type"] == "text/csv;header=present"
    assert len(content.text.split()) == 51
    assert str(len(content.content)) == result.get("size")


def test_the_parts_of_a_job(served: Archive) -> None:
    job = new_job(served, "SELECT id FROM sky.stars")

    for part, data, expected in (
        ("executionduration", {"EXECUTIONDURATION": "2"}, "2"),
        ("executionduration", {"EXECUTIONDURATION": "1000000"}, "5"),
        ("destruction", {"DESTRUCTION": "2000-01-01T00:00:00Z"}, None),
    ):
        assert requests.post(f"{job}/{part}", data=data, timeout=30, allow_redirects=False).status_code == 303
        if expected:
            assert requests.get(f"{job}/{part}", timeout=30).text == expected
    # Its time of destruction has passed.
    assert requests.get(job, timeout=30).status_code == 404


def test_parameters_may_come_later(served: Archive) -> None:
    job = new_job(served, "SELECT nothing FROM nowhere")
    mine = votable(pa.table({"x": [1, 2, 3]}))

    requests.post(
        f"{job}/parameters",
        data={"QUERY": "SELECT * FROM TAP_UPLOAD.mine", "UPLOAD": "mine,param:part"},
        files={"part": mine},
        timeout=30,
    )
    requests.post(f"{job}/phase", data={"PHASE": "RUN"}, timeout=30)

    assert ended(job) == "COMPLETED"
    assert table_of(requests.get(f"{job}/results/result", timeout=30))["x"].to_pylist() == [1, 2, 3]
    late = requests.post(f"{job}/parameters", data={"QUERY": "SELECT 1"}, timeout=30)
    assert late.status_code == 400
    assert "COMPLETED" in said(late)


def test_a_job_that_fails_keeps_its_message(served: Archive) -> None:
    job = new_job(served, "SELECT nothing FROM sky.stars", PHASE="RUN")

    assert ended(job) == "ERROR"
    assert "no column nothing" in said(requests.get(f"{job}/error", timeout=30))
    assert "no column nothing" in requests.get(job, timeout=30).text
    assert requests.get(f"{job}/results/result", timeout=30).status_code == 404


def test_a_job_that_takes_too_long_is_stopped(served: Archive) -> None:
    job = new_job(served, SLOW)
    requests.post(f"{job}/executionduration", data={"EXECUTIONDURATION": "1"}, timeout=30)
    requests.post(f"{job}/phase", data={"PHASE": "RUN"}, timeout=30)

    assert ended(job) == "ERROR"
    assert "longer than the 1 s" in said(requests.get(f"{job}/error", timeout=30))


def test_wait_blocks_until_the_phase_changes(served: Archive) -> None:
    job = new_job(served, SLOW, PHASE="RUN")
    while phase(job) == "QUEUED":
        pass
    waiting = ThreadPoolExecutor(1).submit(
        requests.get, job, params={"WAIT": "30", "PHASE": "EXECUTING"}, timeout=40
    )
    other = requests.get(job, params={"WAIT": "30", "PHASE": "PENDING"}, timeout=5)
    assert f">{'EXECUTING'}<" in other.text

    start = time.monotonic()
    requests.post(f"{job}/phase", data={"PHASE": "ABORT"}, timeout=30)

    assert ">ABORTED<" in waiting.result().text
    assert time.monotonic() - start < 5


def test_deleted_jobs_are_gone(served: Archive) -> None:
    by_method, by_post = new_job(served, SLOW, PHASE="RUN"), new_job(served, SLOW)

    requests.delete(by_method, timeout=30)
    requests.post(by_post, data={"ACTION": "DELETE"}, timeout=30)

    listed = requests.get(f"{served.url}tap/async", timeout=30).text
    for job in (by_method, by_post):
        assert requests.get(job, timeout=30).status_code == 404
        assert job not in listed


def test_the_job_list_and_its_bounds(served: Archive) -> None:
    for job in served.jobs.all():
        requests.delete(f"{served.url}tap/async/{job.id}", timeout=30)
    done = new_job(served, "SELECT id FROM sky.stars WHERE id = 1", PHASE="RUN")
    assert ended(done) == "COMPLETED"
    pending = [new_job(served, "SELECT id FROM sky.stars") for _ in range(4)]

    only = requests.get(f"{served.url}tap/async", params={"PHASE": "COMPLETED"}, timeout=30).text
    last = requests.get(f"{served.url}tap/async", params={"LAST": "1"}, timeout=30).text
    assert done in only
    assert pending[0] not in only
    assert last.count("<uws:jobref") == 1
    assert pending[-1] in last

    # Five is all there may be: the ended one makes room, then there is none.
    pending.append(new_job(served, "SELECT id FROM sky.stars"))
    assert requests.get(done, timeout=30).status_code == 404
    full = requests.post(f"{served.url}tap/async", data={"QUERY": "SELECT id FROM sky.stars"}, timeout=30)
    assert full.status_code == 503
    assert "too many jobs" in said(full)
    for job in pending:
        requests.delete(job, timeout=30)


def test_tables_of_jobs_that_never_run_do_not_fill_the_memory(served: Archive) -> None:
    def job_with_table() -> requests.Response:
        return requests.post(
            f"{served.url}tap/async",
            data={"QUERY": "SELECT * FROM TAP_UPLOAD.mine", "UPLOAD": "mine,param:part"},
            files={"part": ("mine.vot", b"x" * 700_000)},
            allow_redirects=False,
            timeout=30,
        )

    first, second = job_with_table(), job_with_table()

    assert first.status_code == 303
    assert second.status_code == 503
    assert "Too many uploaded tables" in said(second)
    requests.delete(first.headers["Location"], timeout=30)
    assert not served.jobs.all()


def test_many_clients_at_once_get_their_own_answers(served: Archive) -> None:
    def ask(number: int) -> list[int]:
        return table_of(sync(served, f"SELECT id FROM sky.stars WHERE id = {number}"))["id"].to_pylist()

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(ask, range(32)))

    assert answers == [[number] for number in range(32)]


def test_too_many_at_once_are_told_to_come_back(served: Archive) -> None:
    with ThreadPoolExecutor(30) as clients:
        statuses = list(clients.map(lambda _: sync(served, SLOW).status_code, range(30)))

    assert set(statuses) == {400, 503}


def test_a_client_that_goes_away_frees_its_place(served: Archive) -> None:
    for _ in range(served.limits.queries):
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{served.url}tap/sync", params={"QUERY": SLOW}, timeout=0.2)

    start = time.monotonic()
    assert table_of(sync(served, "SELECT TOP 1 id FROM sky.stars")).num_rows == 1
    assert time.monotonic() - start < served.limits.seconds / 2


def test_another_name_for_the_host_is_refused(served: Archive) -> None:
    response = requests.get(f"{served.url}tap/availability", headers={"Host": "evil.example"}, timeout=30)

    assert response.status_code == 421


def test_what_is_not_there(served: Archive) -> None:
    for path in ("nothing", "tap/async/" + "0" * 32, "tap/tables/no.table", "tap/async/../../etc"):
        response = requests.get(served.url + path, timeout=30)
        assert response.status_code == 404
        assert said(response)
