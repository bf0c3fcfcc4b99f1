"""How long a person waits for the first line of a notebook, and for the command to say how it is used."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.figure import Figure, medians, seconds_of_command

ROUNDS = 11


def import_time() -> Figure:
    """`import esap_jupyter`; floor: `import requests`; both without the interpreter's own start.

    What stands behind a verb is imported when the first one is used: that is `first_verb`.
    """
    esap = str(Path(sys.executable).with_name("esap"))
    taken = medians(
        ROUNDS,
        ours=lambda: _python("import esap_jupyter"),
        floor=lambda: _python("import requests"),
        nothing=lambda: _python("pass"),
        first_verb=lambda: _python("import esap_jupyter as esap; esap.search, esap.stage, esap.datalake"),
        help=lambda: seconds_of_command(esap, "--help"),
    )
    return Figure(
        "import-time",
        "s",
        ours=taken["ours"] - taken["nothing"],
        floor=taken["floor"] - taken["nothing"],
        more={
            "interpreter_start": taken["nothing"],
            "first_verb": taken["first_verb"] - taken["nothing"],
            "esap_help": taken["help"],
        },
    )


def _python(code: str) -> float:
    return seconds_of_command(sys.executable, "-c", code)


BENCHMARKS = {"import-time": import_time}
