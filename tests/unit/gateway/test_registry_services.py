"""Services that only the registry knows, by their IVOA identifier: no private address, no token."""

import pytest

from esap_jupyter.errors import AddressRefused, NotOffered, ServiceUnreachable, UnknownName
from esap_jupyter.models import Position, Query
from tests.services.fault_server import FaultServer

KNOWN, SILENT = "ivo://archive.test/stars", "ivo://archive.test/web-page"


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def registry(server):
    return {"offers": ["registry"], "registered": {KNOWN: {"scs": f"{server.url}/scs"}, SILENT: {}}}


def query(service: str) -> Query:
    return Query(services=(service,), position=Position(ra=1, dec=2))


async def test_its_private_address_is_refused_unless_the_configuration_allows_it(
    make_gateway, registry, server
) -> None:
    gateway = await make_gateway({"registry": registry})
    with pytest.raises(AddressRefused):
        await gateway.search(query(KNOWN)).done()

    gateway = await make_gateway({"registry": registry}, network={"allow": [server.url]})
    connector = await gateway._services.get(KNOWN)
    assert not connector.context.access.named_origins
    assert await connector.context.tokens.token() is None
    assert (await gateway.service(KNOWN)).title == f"Title of {KNOWN}"


async def test_reports_show_its_title(make_gateway, registry) -> None:
    gateway = await make_gateway({"registry": registry})
    search = gateway.search(query(KNOWN))
    await search.finished()
    assert search.reports[KNOWN].title == f"Title of {KNOWN}"


async def test_what_nobody_registered_is_a_clear_error(make_gateway, registry) -> None:
    gateway = await make_gateway({"registry": registry})
    with pytest.raises(UnknownName, match=r"The registry knows no ivo://nobody\.test/x"):
        await gateway.search(query("ivo://nobody.test/x")).done()
    with pytest.raises(UnknownName, match="is no IVOA identifier"):
        gateway.search(query("ivo://nobody.test/x y"))
    with pytest.raises(NotOffered, match="offers none of TAP, SCS, SIA and SSA"):
        await gateway.search(query(SILENT)).done()


async def test_without_a_registry_it_is_told(make_gateway) -> None:
    gateway = await make_gateway({"one": {}})
    with pytest.raises(NotOffered, match="No registry is configured"):
        await gateway.search(query(KNOWN)).done()
    gateway = await make_gateway({"registry": {"offers": ["registry"], "fault": "unreachable"}})
    with pytest.raises(ServiceUnreachable):
        await gateway.search(query(KNOWN)).done()


async def test_the_record_is_remembered(make_gateway, registry) -> None:
    gateway = await make_gateway({"registry": registry})
    first = await gateway.registered_service(KNOWN)
    down = {**registry, "fault": "unreachable"}
    gateway = await make_gateway({"registry": down})
    assert await gateway.registered_service(KNOWN) == first


async def test_the_next_registry_is_asked(make_gateway, registry) -> None:
    down = {"offers": ["registry"], "fault": "unreachable"}
    gateway = await make_gateway({"down": down, "registry": registry})
    assert (await gateway.registered_service(KNOWN)).interfaces
