"""``python -m benchmarks [--only NAME]``: a line of JSON for each benchmark on standard output.

A benchmark is a function that returns a `Figure`, named in the `BENCHMARKS` of its module.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Figure, Unavailable, tell


def main() -> int:
    benchmarks: dict[str, Callable[[], Figure]] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name != "__main__":
            benchmarks |= getattr(importlib.import_module(f"benchmarks.{module.name}"), "BENCHMARKS", {})
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=list(benchmarks), help="run this one")
    only = parser.parse_args().only
    # A person's Python keeps what it has compiled; where that is off, every start would compile anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    failed = 0
    for name in [only] if only else benchmarks:
        tell(f"{name} ...")
        try:
            print(benchmarks[name]().line(), flush=True)
        except (Unavailable, subprocess.CalledProcessError) as error:
            tell(f"{name}: not measured: {error}")
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
