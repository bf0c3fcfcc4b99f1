"""Services found in a registry: asked of the configured one, each once, with addresses that can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pyvo.registry.regtap import TOKEN_SEP

from esap_jupyter.connectors.registry import RegistryConnector
from esap_jupyter.errors import BadAnswer, InputError, NotOffered, ServiceUnreachable
from esap_jupyter.models import Position
from tests.services.context import context_for
from tests.services.fault_server import VOTABLE, FaultServer, refused_url

COLUMNS = (
    "ivoid", "short_name", "res_title", "res_description", "reference_url", "waveband",
    "access_urls", "standard_ids", "intf_types", "intf_roles", "role_name",
)  # fmt: skip


def resource(ivoid: str, title: str, *interfaces: tuple[str, str, str]) -> dict[str, str]:
    """A row of RegTAP as pyvo asks for it; an interface is (standard, URL, role)."""
    return {
        "ivoid": ivoid,
        "short_name": "x",
        "res_title": title,
        "res_description": "Stars",
        "reference_url": "https://a.example",
        "waveband": "optical#radio",
        "access_urls": TOKEN_SEP.join(url for _, url, _ in interfaces),
        "standard_ids": TOKEN_SEP.join(f"ivo://ivoa.net/std/{standard}" for standard, _, _ in interfaces),
        "intf_types": TOKEN_SEP.join("vs:paramhttp" for _ in interfaces),
        "intf_roles": TOKEN_SEP.join(role for _, _, role in interfaces),
        "role_name": "An institute",
    }


def answer(*rows: dict[str, str]) -> tuple[str, str]:
    fields = "".join(f'<FIELD name="{name}" datatype="char" arraysize="*"/>' for name in COLUMNS)
    cells = "".join("<TR>" + "".join(f"<TD>{row[name]}</TD>" for name in COLUMNS) + "</TR>" for row in rows)
    return VOTABLE, (
        '<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">'
        f'<INFO name="QUERY_STATUS" value="OK"/><TABLE>{fields}<DATA><TABLEDATA>{cells}</TABLEDATA></DATA>'
        "</TABLE></RESOURCE></VOTABLE>"
    )


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        running.documents["/ok/tap/sync"] = answer()
        yield running


def connector(url: str) -> RegistryConnector:
    return RegistryConnector(RegistryConnector.Settings(tap=url), context_for(url))


def asked(server: FaultServer) -> str:
    return server.wait_for("POST", "/tap/sync").parameters["QUERY"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"keywords": ["quasar"]}, ["ivo_hasword(res_description, 'quasar')"]),
        ({"product": "images"}, ["'ivo://ivoa.net/std/sia'", "sia#query-2.%"]),
        ({"product": "sources"}, ["'ivo://ivoa.net/std/conesearch'"]),
        ({"product": "observations"}, ["obscore"]),
        ({"waveband": "X-ray"}, ["ivo_hashlist_has(rr.resource.waveband, 'x-ray')"]),
    ],
)
async def test_what_is_given_becomes_a_condition(
    server: FaultServer, arguments: dict[str, Any], parts: list[str]
) -> None:
    assert await connector(server.tap()).find(**arguments, limit=7) == []

    assert all(part in asked(server) for part in parts)
    assert server.wait_for("POST", "/tap/sync").parameters["MAXREC"] == "7"


async def test_a_service_has_addresses_by_setting(server: FaultServer) -> None:
    server.documents["/ok/tap/sync"] = answer(
        resource(
            "ivo://a/1",
            "One",
            ("tap", "http://a.example/tap", "std"),
            ("tap", "https://a.example/tap", "std"),
            ("conesearch", "https://a.example/scs?", "std"),
            ("sia#query-2.0", "https://a.example/sia2", "std"),
            ("sia", "https://a.example/sia", "std"),
            ("ssa", "https://a.example/web", ""),
        )
    )

    (service,) = await connector(server.tap()).find(["one"])

    assert service.interfaces == {
        "tap": "https://a.example/tap",
        "scs": "https://a.example/scs?",
        "sia2": "https://a.example/sia2",
        "sia": "https://a.example/sia",
    }
    assert (service.title, service.publisher, service.waveband) == (
        "One",
        "An institute",
        ("optical", "radio"),
    )


async def test_each_service_is_found_once_and_only_if_it_can_be_asked(server: FaultServer) -> None:
    tap = ("tap", "https://a.example/tap", "std")
    server.documents["/ok/tap/sync"] = answer(
        resource("ivo://a/1", "Beta", tap),
        resource("ivo://a/1", "Beta", tap),
        resource("ivo://mirror/1", "Beta", ("tap", "http://a.example/tap/", "std")),
        resource("ivo://a/2", "Alpha stars", tap),
        resource("ivo://a/3", "A web page", ("other", "https://a.example/", "std")),
    )

    services = await connector(server.tap()).find(["stars"])

    assert [service.ivoid for service in services] == ["ivo://a/2", "ivo://a/1"]


async def test_nothing_given_is_no_search(server: FaultServer) -> None:
    with pytest.raises(InputError, match="needs a keyword"):
        await connector(server.tap()).find()


async def test_an_unknown_waveband_names_the_known_ones(server: FaultServer) -> None:
    with pytest.raises(InputError) as caught:
        await connector(server.tap()).find(waveband="ultrared")

    assert "infrared" in caught.value.hint


async def test_a_registry_that_knows_no_coverage_says_so(server: FaultServer) -> None:
    with pytest.raises(NotOffered, match="MOC"):
        await connector(server.tap()).find(position=Position(ra=1, dec=2))


async def test_a_registry_that_fails_is_one_clear_error(server: FaultServer) -> None:
    with pytest.raises(ServiceUnreachable):
        await connector(f"{refused_url()}/tap").find(["x"])
    with pytest.raises(BadAnswer):
        await connector(server.tap("html")).find(["x"])
    with pytest.raises(BadAnswer):
        await connector(server.tap("bomb")).find(["x"])
