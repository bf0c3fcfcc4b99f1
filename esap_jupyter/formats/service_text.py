"""What a service said where data were expected: HTML, JSON or plain text, made fit to show to a person."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from esap_jupyter.errors import UNPRINTABLE, QueryRejected

SHOWN = 300
"""Characters quoted at most."""

# DaCHS: "(line:1, col:8)"; JavaCC and others: "line 1, column 8"; the CDS library: "[l.1 c.8 - l.1 c.9]".
_POSITION = re.compile(
    r"(?:\bline|\[l\.)\s*[:=]?\s*(\d+)\W{0,3}\s*c(?:ol(?:umn|\.)?|\.)\s*[:=]?\s*(\d+)", re.IGNORECASE
)


class _VisibleText(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def shorten(text: str, limit: int = SHOWN) -> str:
    """One line of at most `limit` characters, without control characters."""
    line = " ".join(UNPRINTABLE.sub(" ", text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def service_text(body: bytes, limit: int = SHOWN) -> str:
    """Quote the body of an answer: tags, scripts and control characters removed, shortened.

    Parameters
    ----------
    body : bytes
        The first part of the answer; some 64 kB are plenty.
    limit : int
        Characters wanted at most.
    """
    text = body.decode("utf-8", "replace")
    if "<" in text:
        page = _VisibleText()
        page.feed(text)
        page.close()
        text = " ".join(page.parts)
    # What a service's program was doing when it broke helps nobody here.
    text = text.partition("Traceback (most recent call last)")[0] or text
    return shorten(text, limit)


def query_rejected(message: str) -> QueryRejected:
    """Make the error for a refused query, with the position in the query if the service named one."""
    position = _POSITION.search(message)
    return QueryRejected(
        shorten(message, 2000) or "The service refused the query and did not say why.",
        line=int(position[1]) if position else None,
        column=int(position[2]) if position else None,
    )
