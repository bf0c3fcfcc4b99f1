"""The kinds of error, with their codes."""

from __future__ import annotations

from collections.abc import Iterator

from esap_jupyter.errors import EsapError
from esap_jupyter.handlers.envelope import status_of
from manual.models import markdown, summary_of


def kinds(base: type[EsapError] = EsapError) -> Iterator[type[EsapError]]:
    """The base and all that are derived from it, each once."""
    yield base
    for kind in base.__subclasses__():
        if kind.__module__ == EsapError.__module__:
            yield from kinds(kind)


def table() -> str:
    """One line for each."""
    lines = [
        "| code | class | HTTP status | may a retry help? | meaning |",
        "|---|---|---|---|---|",
    ]
    for kind in sorted(kinds(), key=lambda kind: kind.code):
        kind_link = f"{{py:class}}`~esap_jupyter.errors.{kind.__name__}`"
        retry = "yes" if kind.retryable else "no"
        status = status_of(kind).value
        lines.append(f"| `{kind.code}` | {kind_link} | {status} | {retry} | {markdown(summary_of(kind))} |")
    return "\n".join(lines)
