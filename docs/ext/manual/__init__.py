"""What the manual takes from the code itself: settings, resources, events, errors.

A page says ``% generated: rest`` on a line of its own, and the Markdown that the module of that name makes
stands there instead. ``% picture: discover What it shows`` stands for a picture of the panels, light or dark
as the page is; ``python -m tests.browser.pictures`` takes them.
"""

from __future__ import annotations

import re
from typing import Any

from manual import (
    configuration,
    errors,
    events,
    facilities,
    model_pages,
    notebooks,
    panels,
    rest,
    site,
    words,
)

GENERATED = {
    "configuration": configuration.sections,
    "connectors": configuration.connectors,
    "traitlets": configuration.traitlets,
    "errors": errors.table,
    "events": events.schemas,
    "facilities": facilities.sections,
    "models": words.pages,
    "other-verbs": words.verbs,
    "panels": panels.settings,
    "rest": rest.operations,
    "rest-objects": rest.objects,
    "site": site.sections,
}


def _fill(_app: Any, _page: str, source: list[str]) -> None:
    def made(found: re.Match[str]) -> str:
        return GENERATED[found[1]]()

    source[0] = re.sub(r"^% generated: ([\w-]+)$", made, source[0], flags=re.MULTILINE)
    source[0] = re.sub(r"^% picture: ([\w-]+) (.+)$", _picture, source[0], flags=re.MULTILINE)


def _picture(found: re.Match[str]) -> str:
    name, shows = found.groups()
    return "\n".join(
        f"```{{image}} /pictures/{name}-{shade}.png\n:alt: {shows}\n:class: only-{shade}\n```\n"
        for shade in ("light", "dark")
    )


def _made_from_code(_app: Any, environment: Any, *_: Any) -> list[str]:
    """Pages to read again though their own text is as it was."""
    return [page for page in environment.found_docs if page.startswith("reference/")]


def _without_markup(_app: Any, _context: Any, lines: list[str]) -> None:
    """What `--help` says is plain text: an asterisk is a wildcard there."""
    lines[:] = [line.replace("*", "\\*") for line in lines]


def setup(app: Any) -> dict[str, Any]:
    """Join Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx_click")
    app.connect("config-inited", notebooks.copy)
    app.connect("env-get-outdated", _made_from_code)
    app.connect("source-read", _fill)
    app.connect("autodoc-process-signature", model_pages.without_signature)
    # Before napoleon reads the sections.
    app.connect("autodoc-process-docstring", model_pages.with_all_fields, priority=400)
    for part in ("description", "options", "arguments"):
        app.connect(f"sphinx-click-process-{part}", _without_markup)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
