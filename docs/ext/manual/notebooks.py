"""The tutorials as pages: copied below `docs`, which is where Sphinx resolves their links to each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2]


def copy(*_: Any) -> None:
    """Copy those that have changed, and take away those that are gone."""
    target = DOCS / "tutorial" / "notebooks"
    target.mkdir(exist_ok=True)
    sources = {file.name: file for file in (DOCS.parent / "notebooks").glob("*.ipynb")}
    for file in target.iterdir():
        if file.name not in sources:
            file.unlink()
    for name, source in sources.items():
        notebook = json.loads(source.read_text(encoding="utf-8"))
        # What kernels write there when a notebook is saved; its cells have magics.
        notebook["metadata"].setdefault("language_info", {})["pygments_lexer"] = "ipython3"
        text = json.dumps(notebook)
        copied = target / name
        if not copied.is_file() or copied.read_text(encoding="utf-8") != text:
            copied.write_text(text, encoding="utf-8")
