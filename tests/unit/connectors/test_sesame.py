"""Names to positions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from esap_jupyter.connectors import sesame
from esap_jupyter.connectors.sesame import SesameConnector
from esap_jupyter.errors import ServiceUnreachable, UnknownName
from tests.services.context import context_for
from tests.services.fault_server import FaultServer, refused_url

M31 = """# M31	#Q22523722
#=S=Simbad (CDS, via client/server):    1     0ms
%@ 1575544
%C.0 AGN
%J 10.68470833 +41.26875000 = 00:42:44.33 +41:16:07.5
%J.E [0.00 0.00 90] C 2006AJ....131.1163S
"""
UNKNOWN = "# Xyzzy\t#Q1\n#!S=Simbad: No known catalog could be found\n#!V=VizieR: No table found\n"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        running.documents["/sesame/SNV"] = ("text/plain", M31)
        running.documents["/unknown/SNV"] = ("text/plain", UNKNOWN)
        running.documents["/nowhere/SNV"] = ("text/plain", "# x\n%J 10.6 +91.0 = \n")
        running.documents["/nonsense/SNV"] = ("text/plain", "# x\n%J 1.2.3 +4..1 = \n")
        running.documents["/page/SNV"] = ("text/html", "<html>Please log in</html>")
        yield running


def connector(*urls: str, deadline: float = 5.0) -> SesameConnector:
    return SesameConnector(SesameConnector.Settings(urls=urls), context_for(*urls, deadline=deadline))


async def test_a_name_becomes_a_position(server: FaultServer) -> None:
    position = await connector(f"{server.url}/sesame/").resolve("  M  31 ")

    assert (position.ra, position.dec) == pytest.approx((10.68470833, 41.26875))
    assert "M%2031" in server.wait_for("GET", "/SNV").query or "M 31" in server.requests[0].query


async def test_a_name_is_asked_once(server: FaultServer) -> None:
    service = connector(f"{server.url}/sesame")

    first = await service.resolve("M31")
    second = await service.resolve("m31")

    assert first == second
    assert len(server.requests) == 1


async def test_an_unknown_name_says_so_with_a_hint(server: FaultServer) -> None:
    with pytest.raises(UnknownName, match="Xyzzy") as caught:
        await connector(f"{server.url}/unknown").resolve("Xyzzy")

    assert "type coordinates" in caught.value.hint


@pytest.mark.parametrize("fault", ["page", "500", "hang", "broken-off", "nowhere", "nonsense"])
async def test_the_next_resolver_is_asked(server: FaultServer, fault: str) -> None:
    service = connector(f"{server.url}/{fault}", f"{server.url}/sesame", deadline=1.0)

    position = await service.resolve("M31")

    assert position.dec == pytest.approx(41.26875)


async def test_a_mirror_is_asked_beside_a_resolver_that_hangs(server: FaultServer, monkeypatch) -> None:
    service = connector(f"{server.url}/hang", f"{server.url}/sesame", deadline=600)

    async with asyncio.timeout(20):
        monkeypatch.setattr(sesame, "HEAD_START", 0.01)
        first = await service.resolve("M31")
        # From now on the mirror is the first that is asked, and need not be waited for.
        monkeypatch.setattr(sesame, "HEAD_START", 600)
        second = await service.resolve("NGC 224")

    assert first.dec == second.dec == pytest.approx(41.26875)


async def test_without_a_resolver_coordinates_can_be_typed() -> None:
    with pytest.raises(ServiceUnreachable, match="cannot be reached") as caught:
        await connector(refused_url()).resolve("M31")

    assert "coordinates instead" in caught.value.hint


async def test_a_check_asks_the_resolver_itself(server: FaultServer) -> None:
    service = connector(f"{server.url}/sesame")
    await service.resolve("M31")

    assert "10.685" in await service.check()
    assert len(server.requests) == 2
