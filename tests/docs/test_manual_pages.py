"""The built pages: every link leads somewhere, and nothing is loaded from elsewhere.

Addresses outside the manual are looked at by their form only, since tests must pass without the internet;
``sphinx-build -b linkcheck docs docs/_build/linkcheck`` asks each of them.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
"""Elements that load what they name; a `link` does, depending on what it is for."""

LINKS_THAT_LOAD = {"stylesheet", "preload", "modulepreload", "icon", "shortcut", "prefetch", "preconnect"}

# Names that are nobody's (RFC 2606), and loopback: examples are not to be links.
NOBODYS = re.compile(r"(^|\.)(example(\.(org|com|net))?|test|invalid|localhost)$|^127\.|^\[")

SECURE = re.compile(r"^https://[a-z0-9][a-z0-9.-]+\.[a-z]{2,}(:\d+)?(/[^\s\\]*)?$", re.IGNORECASE)
NAMED_BY_HTTP = re.compile(r"^http://www\.ivoa\.net/(rdf|xml)/")


@dataclass
class Page(HTMLParser):
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    pictures_without_words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if LOADED.get(tag) in given:
            self.loaded.append(given[LOADED[tag]])
        if tag == "link" and LINKS_THAT_LOAD & set(given.get("rel", "").split()):
            self.loaded.append(given["href"])
        if tag == "img" and "alt" not in given:
            self.pictures_without_words.append(given["src"])


@cache
def read(file: Path) -> Page:
    page = Page()
    page.feed(file.read_text(encoding="utf-8"))
    return page


def pages(built: Path) -> Iterator[tuple[Path, Page]]:
    for file in sorted(built.rglob("*.html")):
        if "_static" not in file.parts:
            yield file, read(file)


def test_every_link_inside_the_manual_leads_somewhere(built: Path) -> None:
    broken = defaultdict(list)
    for file, page in pages(built):
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or link in ("#", "index.html#"):
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            anchor = unquote(parts.fragment)
            if not target.is_file() or (
                anchor and target.suffix == ".html" and anchor not in read(target).ids
            ):
                broken[str(file.relative_to(built))].append(link)
    assert not broken


def test_links_to_elsewhere_are_well_formed(built: Path) -> None:
    wrong = {
        link
        for _, page in pages(built)
        for link in page.links
        if (urlsplit(link).scheme and not (SECURE.match(link) or NAMED_BY_HTTP.match(link)))
        or NOBODYS.search(urlsplit(link).hostname or "")
    }
    assert not wrong


def test_pages_load_nothing_from_elsewhere(built: Path) -> None:
    loaded = {
        (str(file.relative_to(built)), address)
        for file, page in pages(built)
        for address in page.loaded
        if urlsplit(address).netloc or urlsplit(address).scheme not in ("", "data")
    }
    assert not loaded


def test_styles_load_nothing_from_elsewhere(built: Path) -> None:
    # `url(...)` and `@import` are all that a style can load with.
    addresses = re.compile(r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?//[^\"')\s;]+)", re.IGNORECASE)
    loaded = {
        (style.name, address)
        for style in built.rglob("*.css")
        for address in addresses.findall(style.read_text(encoding="utf-8"))
    }
    assert not loaded


def test_whatever_is_loaded_is_there(built: Path) -> None:
    missing = {
        (str(file.relative_to(built)), address)
        for file, page in pages(built)
        for address in page.loaded
        if not address.startswith("data:") and not (file.parent / unquote(urlsplit(address).path)).is_file()
    }
    assert not missing


def test_pictures_say_what_they_show(built: Path) -> None:
    assert not [
        (str(file), page.pictures_without_words) for file, page in pages(built) if page.pictures_without_words
    ]


def test_no_markup_is_shown_as_text(built: Path) -> None:
    left = re.compile(r"<p>(\.\. \w+::|:::|\{\w+\}`|% )|\]\(#")

    assert [file for file, _ in pages(built) if left.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("page", ["index", "reference/rest", "tutorial/notebooks/1-first-steps"])
def test_a_page_has_content(built: Path, page: str) -> None:
    text = (built / f"{page}.html").read_text(encoding="utf-8")

    assert "% generated" not in text
    assert len(text) > 10_000
