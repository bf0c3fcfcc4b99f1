"""What the manual tells a reader to type does what the page says, on the demo's services.

Each page is run from top to bottom: ``python`` fences in a kernel, ``bash`` fences in a shell; every ``toml``
fence is read as an `esap.toml` over the shipped one. A line ``% not run: why`` before a fence leaves it out.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import nbclient
import nbformat
import pytest

from esap_jupyter.config import SHIPPED, load_config
from esap_jupyter.gateway import Gateway

MANUAL = Path(__file__).resolve().parents[3] / "docs"
FENCE = re.compile(
    r"^(?P<leave>% not run: [^\n]+\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)

# Its files are written, installed and tested as a package of their own.
OF_THEIR_OWN = {"add-a-service.md"}


class Fence(NamedTuple):
    language: str
    text: str
    line: int


def fences(page: Path, *languages: str) -> list[Fence]:
    text = page.read_text(encoding="utf-8")
    return [
        Fence(found["language"], found["text"], text.count("\n", 0, found.start()) + 1)
        for found in FENCE.finditer(text)
        if found["language"] in languages and not found["leave"]
    ]


def pages(*languages: str) -> Iterator[Any]:
    for page in sorted(MANUAL.rglob("*.md")):
        if "_build" not in page.parts and page.name not in OF_THEIR_OWN and fences(page, *languages):
            yield pytest.param(page, id=str(page.relative_to(MANUAL)))


@pytest.mark.parametrize("page", pages("python", "bash"))
def test_a_page_runs(
    page: Path,
    demo_archive: Any,
    demo_rucio: Any,
    esap_config: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As the demo writes it: its own resolver and registry in the place of the public ones.
    replaced = {public: {"connector": public, "enabled": False} for public in ("sesame", "registry")}
    esap_config(
        {**replaced, **demo_archive.services, **demo_rucio.services},
        search={"services": ["demo-archive", "demo-lake"]},
        network={"allow": [demo_archive.url]},
    )
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.v4.new_notebook()
    for fence in fences(page, "python", "bash"):
        source = f"%%bash -e\n{fence.text}" if fence.language == "bash" else fence.text
        notebook.cells.append(nbformat.v4.new_code_cell(source, metadata={"line": fence.line}))

    client = nbclient.NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(tmp_path / "workspace")}}
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        lines = [cell.metadata["line"] for cell in notebook.cells if cell.execution_count is not None]
        pytest.fail(f"{page}, line {lines[-1]}:\n{error.ename}: {error.evalue}", pytrace=False)


@pytest.mark.parametrize("page", pages("toml"))
def test_configuration_on_a_page_can_be_used(page: Path, tmp_path: Path) -> None:
    for fence in fences(page, "toml"):
        file = tmp_path / f"line-{fence.line}.toml"
        file.write_text(fence.text, encoding="utf-8")
        config = load_config([SHIPPED, file])
        gateway = Gateway(config, workspace=tmp_path)
        for name, settings in config.services.items():
            if settings.enabled:
                assert gateway.connector(name).capabilities
