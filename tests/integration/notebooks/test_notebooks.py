"""The tutorials run from top to bottom on the demo's services."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[3] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_tutorial_runs(
    notebook: Path,
    demo_archive: Any,
    demo_rucio: Any,
    esap_config: Callable[..., Path],
    tmp_path: Path,
) -> None:
    services = {**demo_archive.services, **demo_rucio.services}
    esap_config(services, search={"services": ["demo-archive", "demo-lake"]})
    content = nbformat.read(notebook, as_version=4)

    nbclient.NotebookClient(content, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()

    if any("esap.stage(" in cell.source for cell in content.cells):
        assert list((tmp_path / "workspace").rglob("*.fits")), "the notebook staged no file"
