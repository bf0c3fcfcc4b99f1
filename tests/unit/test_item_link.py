"""What a link from elsewhere may name."""

from __future__ import annotations

import pytest

from esap_jupyter.models import ItemLink


@pytest.mark.parametrize(
    ("text", "kind", "locator"),
    [
        ("rucio:demo:m51.fits", "did", "demo:m51.fits"),
        ("rucio:user.alice:/a/container", "did", "user.alice:/a/container"),
        ("https://archive.example.org/get?ID=1&x=2", "url", "https://archive.example.org/get?ID=1&x=2"),
        ("datalink:https://archive.example.org/links", "datalink", "https://archive.example.org/links"),
    ],
)
def test_items(text: str, kind: str, locator: str) -> None:
    link = ItemLink.read(text)
    assert (link.kind, link.locator) == (kind, locator)


@pytest.mark.parametrize(
    "text",
    [
        *("", "m51", "rucio:demo", "rucio::x", "rucio:demo:a b", "rucio:demo:<script>"),
        *("file:///etc/passwd", "javascript:alert(1)", "//elsewhere.org/x", "datalink:rucio:demo:x"),
        *(
            "https://",
            "https://me:secret@a.org/x",
            "https://a.org/\nx",
            "https://a.org/<b>",
            "https://a.org\\@b",
        ),
        "https://a.org/" + "x" * 2000,
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="an item is"):
        ItemLink.read(text)
