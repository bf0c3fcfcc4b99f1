"""The faces on the demo's services, with a state, cache and workspace of their own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import esap_jupyter
from esap_jupyter.face import background


@pytest.fixture
def demo_config(demo_archive: Any, demo_rucio: Any, esap_config: Callable[..., Path]) -> Path:
    """An `esap.toml` as the demo writes it."""
    return esap_config(
        {
            "sesame": {"connector": "sesame", "enabled": False},
            **demo_archive.services,
            **demo_rucio.services,
        },
        search={"services": ["demo-archive", "demo-lake"]},
    )


@pytest.fixture
def esap(demo_config: Path) -> Iterator[ModuleType]:
    """`import esap_jupyter as esap`, on the demo."""
    background.close()
    yield esap_jupyter
    background.close()


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command `esap` on the services of the test's own `esap.toml`."""

    def run(*arguments: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        answer = subprocess.run(
            [sys.executable, "-c", "from esap_jupyter.cli import main; main()", *arguments],
            env=os.environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (answer.returncode != 0) is fails, answer.stderr
        assert "Traceback" not in answer.stderr
        return answer

    return run
