"""A link from elsewhere puts an item into the basket, and only of services of the site."""

from __future__ import annotations


async def test_a_file_at_a_service_of_the_site(ask) -> None:
    wanted = {"item": "https://one.test/data/m51.fits?version=2"}
    added = await ask("POST", "basket/links", json=wanted)
    assert (added.status, added.json) == (201, {"items": 1, "new": 1})
    assert (await ask("POST", "basket/links", json=wanted)).json["new"] == 0
    (item,) = (await ask("GET", "basket")).json
    assert (item["service"], item["kind"], item["title"]) == ("one", "url", "m51.fits")


async def test_what_no_service_of_the_site_has(ask) -> None:
    for item, code in {
        "https://elsewhere.test/m51.fits": "not-offered",
        "rucio:demo:m51": "not-offered",
        "file:///etc/passwd": "input",
    }.items():
        refused = await ask("POST", "basket/links", json={"item": item})
        assert refused.json["code"] == code, item
    assert (await ask("GET", "basket")).json == []
