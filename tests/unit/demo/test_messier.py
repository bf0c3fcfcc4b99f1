"""The Messier objects, and the resolver that knows their names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import pytest
import requests
from astropy.coordinates import SkyCoord, name_resolve
from tornado.web import Application

from esap_jupyter.archive.server import Listener
from esap_jupyter.demo.messier import messier_objects
from esap_jupyter.demo.names import SesameHandler, find


@pytest.fixture
async def resolver() -> AsyncIterator[str]:
    listener = Listener()
    listener.serve(Application([(r"/sesame/(.*)", SesameHandler)]), largest_body=10_000)
    yield f"{listener.url}sesame/"
    await listener.close()


def test_there_are_110_of_them_all_on_the_sky() -> None:
    objects = messier_objects()

    assert list(objects) == [f"M{number}" for number in range(1, 111)]
    assert all(0 <= one.ra < 360 and -90 <= one.dec <= 90 for one in objects.values())
    designations = [one.ngc for one in objects.values() if one.ngc]
    assert len(set(designations)) == len(designations) == 108


def test_pairs_that_are_close_in_the_sky_are_close_in_the_table() -> None:
    objects = messier_objects()
    neighbours = {
        "M31 M32": 24, "M31 M110": 36, "M81 M82": 37, "M65 M66": 20,
        "M42 M43": 8, "M84 M86": 17, "M95 M96": 42, "M59 M60": 25,
    }  # arcmin, from any atlas  # fmt: skip
    for names, apart in neighbours.items():
        places = [SkyCoord(objects[name].ra, objects[name].dec, unit="deg") for name in names.split()]
        assert places[0].separation(places[1]).arcmin == pytest.approx(apart, abs=1)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("M51", "M51"), ("m 51", "M51"), ("M051", "M51"), ("Messier 51", "M51"), ("NGC5194", "M51"),
        ("ngc 5194", "M51"), ("Whirlpool Galaxy", "M51"), ("crab nebula", "M1"), ("Andromeda Galaxy", "M31"),
        ("PLEIADES", "M45"), ("Bode's Galaxy", "M81"), ("NGC 0224", "M31"), ("ESAP demo M13", "M13"),
    ],
)  # fmt: skip
def test_names_in_any_spelling(name: str, meant: str) -> None:
    found = find(name)
    assert found is not None
    assert found.name == meant


@pytest.mark.parametrize("name", ["", "M0", "M111", "NGC 1", "Whirl", "M51; M52", "<&>"])
def test_names_that_mean_nothing(name: str) -> None:
    assert find(name) is None


async def test_astropy_resolves_by_it(resolver: str) -> None:
    def ask() -> SkyCoord:
        with name_resolve.sesame_url.set([resolver]):
            return SkyCoord.from_name("Sombrero Galaxy", cache=False)

    place = await asyncio.to_thread(ask)

    assert (place.ra.deg, place.dec.deg) == pytest.approx((189.9976, -11.6231), abs=1e-3)


async def test_the_answers_as_text_and_as_xml(resolver: str) -> None:
    async def ask(options: str, name: str) -> str:
        response = await asyncio.to_thread(requests.get, f"{resolver}{options}?{name}", timeout=10)
        return response.text

    text = await ask("-oI/SNV", "M104")
    assert "%J 189.997625 -11.623056 = 12:39:59.43 -11:37:23.0" in text
    assert "Nothing found" in await ask("SNV", "nonsense")
    found = ET.fromstring(await ask("-oxp/SNV", "M42%20"))
    assert float(found.findtext(".//jradeg") or 0) == pytest.approx(83.822, abs=1e-2)
    assert found.findtext(".//alias") == "NGC 1976"
    missing = ET.fromstring(await ask("-oxp/SNV", "%3C%26%22"))
    assert "Nothing found" in (missing.findtext(".//INFO") or "")
    assert missing.findtext(".//name") == '<&"'
