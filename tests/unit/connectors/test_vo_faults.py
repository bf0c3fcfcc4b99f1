"""Every way in which a service can fail ends in one clear error, within the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pyarrow as pa
import pytest

from esap_jupyter.connectors import dali
from esap_jupyter.connectors.base import AdqlRequest
from esap_jupyter.connectors.vo import VOConnector
from esap_jupyter.errors import (
    AddressRefused,
    BadAnswer,
    EsapError,
    NotAllowed,
    NotFound,
    QueryRejected,
    ServiceFailed,
    ServiceTimeout,
    ServiceUnreachable,
    SignInNeeded,
)
from esap_jupyter.models import Position, Query
from tests.services.context import context_for, gathered
from tests.services.fault_server import FaultServer, refused_url

CONE = Query(product="sources", position=Position(ra=10, dec=-20.5), radius=0.5)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def connector(deadline: float = 10.0, **settings: object) -> VOConnector:
    made = VOConnector.Settings(**settings)
    urls = [value for value in settings.values() if str(value).startswith("http")]
    return VOConnector(made, context_for(*urls, deadline=deadline))


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("html", BadAnswer, "Welcome to the archive"),
        ("text", BadAnswer, "new data centre"),
        ("bomb", BadAnswer, "entities"),
        ("malformed", BadAnswer, "not well-formed"),
        ("truncated", BadAnswer, "breaks off"),
        ("broken-off", ServiceUnreachable, "broke off"),
        ("error", QueryRejected, "parallex"),
        ("error-400", QueryRejected, "parallex"),
        ("traceback", ServiceFailed, "500"),
        ("401", SignInNeeded, "401"),
        ("403", NotAllowed, "403"),
        ("404", NotFound, "404"),
        ("500", ServiceFailed, "500"),
        ("503", ServiceFailed, "503"),
        ("redirect-private", AddressRefused, "private address"),
    ],
)
@pytest.mark.parametrize("protocol", ["scs", "tap"])
async def test_a_fault_is_one_clear_error(
    server: FaultServer, protocol: str, fault: str, error: type[EsapError], says: str
) -> None:
    if protocol == "tap":
        stream = connector(tap=server.tap(fault)).adql(
            AdqlRequest("SELECT parallex FROM cat.main", row_limit=9)
        )
    else:
        stream = connector(scs=server.cone(fault)).search(CONE)

    with pytest.raises(error, match=says) as caught:
        await gathered(stream)

    assert type(caught.value) is error
    assert len(str(caught.value)) < 1000


async def test_a_service_that_is_down_cannot_be_reached() -> None:
    address = refused_url()

    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        await gathered(connector(scs=f"{address}/cone").search(CONE))
    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        await gathered(connector(tap=f"{address}/tap").adql(AdqlRequest("SELECT 1", row_limit=9)))


async def test_a_service_that_hangs_is_given_up_at_the_deadline(server: FaultServer) -> None:
    started = asyncio.get_running_loop().time()

    with pytest.raises(ServiceTimeout):
        await gathered(connector(scs=server.cone("hang"), deadline=0.5).search(CONE))

    assert asyncio.get_running_loop().time() - started < 5


@pytest.mark.parametrize(
    ("complaint", "place"),
    [
        ("Field query: Expected FROM (at char 15), (line:1, col:16)", (1, 16)),
        ("1 unresolved identifiers: parallex [l.1 c.8 - l.1 c.16]!", (1, 8)),
        ('Encountered "FORM" at line 2, column 3.', (2, 3)),
        ("No such table: cat.mian", (None, None)),
    ],
)
async def test_the_place_of_an_error_in_the_query_is_told(
    server: FaultServer, complaint: str, place: tuple[int | None, int | None]
) -> None:
    server.complaint = complaint

    with pytest.raises(QueryRejected) as caught:
        await gathered(connector(tap=server.tap("error")).adql(AdqlRequest("SELECT parallex FROM cat.main")))

    assert (caught.value.line, caught.value.column) == place
    assert caught.value.message == complaint


@pytest.mark.parametrize("protocol", ["scs", "sia2", "ssa"])
async def test_an_answer_without_end_is_given_up(
    server: FaultServer, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dali, "_DOCUMENT_BYTES", 1_000_000)
    service = connector(**{protocol: f"{server.url}/endless/x?"})

    with pytest.raises(BadAnswer, match="larger than 1 MB"):
        await service.check()
    with pytest.raises(BadAnswer, match="larger than 1 MB"):
        await service.links(f"{server.url}/endless/links")


async def test_rows_before_a_break_are_delivered_with_the_error(server: FaultServer) -> None:
    received: list[pa.RecordBatch] = []

    with pytest.raises(BadAnswer):
        async for part in connector(scs=server.cone("truncated")).search(CONE):
            received.append(part)  # noqa: PERF401 - it is to keep what came before the error

    assert sum(batch.num_rows for batch in received) == server.rows - 1


async def test_a_redirect_to_another_origin_is_followed_only_where_it_is_named(server: FaultServer) -> None:
    with FaultServer() as other:
        server.elsewhere = other.cone()
        stranger = connector(scs=server.cone("redirect-other"))
        with pytest.raises(AddressRefused):
            await gathered(stranger.search(CONE))

        settings = VOConnector.Settings(scs=server.cone("redirect-other"))
        friend = VOConnector(settings, context_for(server.url, other.url))
        table, _ = await gathered(friend.search(CONE))

    assert table.num_rows == server.rows


@pytest.mark.parametrize(
    ("limit", "fault", "rows", "says"),
    [
        (3, "ok", 3, "row limit of 3"),
        (5, "ok", 5, None),
        (6, "ok", 5, None),
        (None, "ok", 5, None),
        # The service ignores MAXREC, or cuts by itself below what was asked for.
        (3, "overflow", 3, "row limit of 3"),
        (5, "overflow", 5, "sent 5 rows and has more"),
        (None, "overflow", 5, "sent 5 rows and has more"),
        (3, "empty", 0, None),
        (None, "gzip", 5, None),
    ],
)
@pytest.mark.parametrize("protocol", ["scs", "tap"])
async def test_the_table_says_that_it_is_cut_exactly_when_it_is(
    server: FaultServer, protocol: str, limit: int | None, fault: str, rows: int, says: str | None
) -> None:
    if protocol == "tap":
        stream = connector(tap=server.tap(fault)).adql(AdqlRequest("SELECT * FROM cat.main", row_limit=limit))
    else:
        stream = connector(scs=server.cone(fault)).search(CONE.model_copy(update={"row_limit": limit}))

    table, notices = await gathered(stream)

    assert table.num_rows == rows
    assert table.column_names == ["id", "ra", "dec"]
    if says is None:
        assert notices == []
    else:
        assert [notice.kind for notice in notices] == ["truncated"]
        assert says in notices[0].message


async def test_all_of_it_asks_for_the_service_s_own_hard_limit(server: FaultServer) -> None:
    await gathered(connector(tap=server.tap()).adql(AdqlRequest("SELECT * FROM cat.main", row_limit=None)))

    asked = server.wait_for("POST", "/tap/sync").parameters

    assert asked["MAXREC"] == str(server.rows * 10)


@pytest.mark.parametrize("fault", ["html", "bomb", "404", "500"])
async def test_a_check_is_the_truth(server: FaultServer, fault: str) -> None:
    with pytest.raises(EsapError):
        await connector(tap=server.tap(fault)).check()
    with pytest.raises(EsapError):
        await connector(scs=server.cone(fault)).check()


async def test_a_check_names_what_answers(server: FaultServer) -> None:
    answer = await connector(tap=server.tap(), scs=server.cone()).check()

    assert answer == "TAP (ADQL 2.0); SCS"


async def test_a_check_names_what_does_not_answer(server: FaultServer) -> None:
    with pytest.raises(BadAnswer, match="SCS: "):
        await connector(tap=server.tap(), scs=server.cone("html")).check()
