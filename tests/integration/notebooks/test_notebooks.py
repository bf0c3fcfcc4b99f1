"""The tutorials run from top to bottom on the demo's services, and are kept without outputs."""

import os
from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[3] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_tutorial_runs(notebook: Path, demo_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESAP_CONFIG", str(demo_config))
    monkeypatch.setenv("ESAP_WORKSPACE", str(tmp_path))
    content = nbformat.read(notebook, as_version=4)

    nbclient.NotebookClient(content, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()

    staged = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert staged, "the notebook staged no file"
    assert os.environ["ESAP_CONFIG"] == str(demo_config)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_tutorial_is_kept_without_outputs(notebook: Path) -> None:
    cells = nbformat.read(notebook, as_version=4).cells

    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)
