"""Small pieces of HTML. What services and people wrote is always escaped."""

from __future__ import annotations

import html

from esap_jupyter.errors import UNPRINTABLE, EsapError

_ERROR = "color: var(--jp-error-color1, #c62828); line-height: 1.4; overflow-wrap: anywhere"
_MUTED = "color: var(--jp-ui-font-color2, #616161); line-height: 1.4; overflow-wrap: anywhere"


def escaped(text: str) -> str:
    """Make text safe to stand in HTML."""
    return html.escape(UNPRINTABLE.sub(" ", text))


def error_html(error: EsapError | None) -> str:
    """Write what went wrong, and what to do next; nothing if nothing did."""
    if error is None:
        return ""
    where = f"{escaped(error.service)}: " if error.service else ""
    hint = f"<br><span style='{_MUTED}'>{escaped(error.hint)}</span>" if error.hint else ""
    return f"<div role='alert' style='{_ERROR}'>{where}{escaped(error.message)}{hint}</div>"


def muted_html(text: str) -> str:
    """Write a remark."""
    return f"<span role='status' style='{_MUTED}'>{escaped(text)}</span>" if text else ""
