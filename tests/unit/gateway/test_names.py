"""From what a person types to a place on the sky."""

import subprocess
import sys

import pytest

from esap_jupyter.errors import InputError, NotOffered, ServiceTimeout, ServiceUnreachable, UnknownName
from esap_jupyter.gateway.names import parse_position
from esap_jupyter.models import Position

RESOLVER = {"offers": ["names"]}


class TestCoordinates:
    @pytest.mark.parametrize(
        "text",
        [
            "10.684583 +41.269167",
            "10.684583 41.269167",
            "10.684583, 41.269167",
            "  10.684583 ;\t+41.269167 ",
            "10.684583d +41.269167d",
            "10.684583° +41.269167°",
            "10.684583 deg 41.269167 deg",
            "RA=10.684583 Dec=+41.269167",
            "0.7123055h +41.269167",
            "00:42:44.3 +41:16:09",
            "00:42:44.3, 41:16:09",
            "00:42:44.3+41:16:09",
            "00 42 44.3 +41 16 09",
            "00 42 44.3 41 16 09",
            "00h42m44.3s +41d16m09s",
            "0h42m44.3s 41d16m9s",
            "0h 42m 44.3s +41° 16' 09\"",
            "0h42m44.3s +41\N{DEGREE SIGN}16\N{PRIME}09\N{DOUBLE PRIME}",
            "00h42.7383m +41d16.15m",
            "J004244.3+411609",
            "j004244.3+411609",
            "00:42:44.3 +41:16:09 J2000",
            "10.684583 +41.269167 (ICRS)",
            "121.174322 -21.573309 galactic",
            "galactic 121.174322 -21.573309",
            "l=121.174322 b=-21.573309 gal",
            "121:10:27.56 -21:34:23.9 galactic",
        ],
    )
    def test_of_any_usual_form(self, text):
        position = parse_position(text)
        assert position is not None
        assert position.ra == pytest.approx(10.684583, abs=1e-3)
        assert position.dec == pytest.approx(41.269167, abs=1e-3)

    @pytest.mark.parametrize(
        ("text", "ra", "dec"),
        [
            ("9.99999363888885 -1.5294866165915319e-06", 9.99999363888885, -1.5294866165915319e-06),
            ("1e-05 2.5E+1", 1e-05, 25),
            ("1e-05, -2e-3", 1e-05, -2e-3),
            ("+1e-05+2e-3", 1e-05, 2e-3),
        ],
    )
    def test_with_exponents_as_programs_write_them(self, text, ra, dec):
        assert parse_position(text) == Position(ra=ra, dec=dec)

    @pytest.mark.parametrize("name", ["1E 0657-56", "1E0657-558", "2E 0102.2-7159"])
    def test_what_looks_like_an_exponent_in_a_name_is_none(self, name):
        assert parse_position(name) is None

    def test_of_other_frames(self):
        assert parse_position("B1950 00:40:00 +41:00:00").ra == pytest.approx(10.684, abs=1e-2)
        assert parse_position("266.417 -5.608 ecliptic").ra == pytest.approx(266.0, abs=0.5)
        assert parse_position("0 0 supergalactic").dec == pytest.approx(59.53, abs=0.01)

    @pytest.mark.parametrize(
        ("text", "ra"), [("-10 5", 350.0), ("360 5", 0.0), ("24:00:00 5:00:00", 0.0), ("-180 5", 180.0)]
    )
    def test_right_ascension_wraps(self, text, ra):
        assert parse_position(text) == Position(ra=ra, dec=5.0)

    def test_sign_of_zero_degrees_counts(self):
        assert parse_position("00:00:00 -00:30:00").dec == -0.5
        assert parse_position("00:00:00 \N{MINUS SIGN}00:30:00").dec == -0.5

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "  ",
            "10.68",
            "10.68 95",
            "10.68 -90.1",
            "361 10",
            "-181 10",
            "25:00:00 +10:00:00",
            "00:42:44.3 +41:61:09",
            "00:42:60 +41:16:09",
            "00h42m44s +41d61m09s",
            "1.2.3 4",
            "1 2 3",
            "1, 2, 3",
            "+ 3",
            "121.17 -91 galactic",
            "J256060+411609",
        ],
    )
    def test_that_are_no_place_on_the_sky(self, text):
        with pytest.raises(InputError) as raised:
            parse_position(text)
        assert raised.value.field == "target"
        assert "decimal degrees" in raised.value.hint

    @pytest.mark.parametrize(
        "text",
        [
            "M31",
            "m 31",
            "NGC 224",
            "3C 273",
            "47 Tuc",
            "4U 1700-37",
            "1H 0707-495",
            "HD 1234",
            "2MASS J00424433+4116085",
            "SDSS J004244.3+411609",
            "Galactic Centre",
            "l Car",
            "b Per",
        ],
    )
    def test_that_are_names(self, text):
        assert parse_position(text) is None

    def test_of_icrs_need_no_astropy(self):
        program = (
            "import sys; from esap_jupyter.gateway.names import parse_position;"
            "parse_position('00:42:44.3 +41:16:09'); assert 'astropy' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


class TestNames:
    async def test_coordinates_need_no_resolver(self, make_gateway):
        gateway = await make_gateway()
        assert await gateway.resolve("10 +20") == Position(ra=10, dec=20)

    async def test_name(self, make_gateway):
        gateway = await make_gateway({"sesame": {**RESOLVER, "names": {"M 31": [10.5, 41.5]}}})
        assert await gateway.resolve("  M   31 ") == Position(ra=10.5, dec=41.5)

    async def test_next_resolver_is_asked_when_one_fails_or_does_not_know(self, make_gateway):
        gateway = await make_gateway(
            {
                "down": {**RESOLVER, "fault": "unreachable"},
                "broken": {**RESOLVER, "fault": "bug"},
                "misconfigured": {"surprise": 1},
                "hangs": {**RESOLVER, "fault": "hang", "deadline": 0.05},
                "small": RESOLVER,
                "large": {**RESOLVER, "names": {"M31": [10.5, 41.5]}},
            }
        )
        assert await gateway.resolve("M31") == Position(ra=10.5, dec=41.5)

    async def test_name_that_nobody_knows(self, make_gateway):
        gateway = await make_gateway({"down": {**RESOLVER, "fault": "unreachable"}, "small": RESOLVER})
        with pytest.raises(UnknownName, match="'Nibiru' is not known") as raised:
            await gateway.resolve("Nibiru")
        assert raised.value.field == "target"

    async def test_no_resolver_answers(self, make_gateway):
        gateway = await make_gateway({"down": {**RESOLVER, "fault": "unreachable"}})
        with pytest.raises(ServiceUnreachable) as raised:
            await gateway.resolve("M31")
        assert "type coordinates" in raised.value.hint
        assert raised.value.service == "down"

    async def test_resolver_that_hangs(self, make_gateway):
        gateway = await make_gateway({"hangs": {**RESOLVER, "fault": "hang", "deadline": 0.05}})
        with pytest.raises(ServiceTimeout):
            await gateway.resolve("M31")

    async def test_no_resolver_is_configured(self, make_gateway):
        with pytest.raises(NotOffered, match="no name resolver"):
            await (await make_gateway({"archive": {}})).resolve("M31")
