"""What Tab offers in ``%%adql`` cells and ``%esap`` lines, by IPython's matchers (API v2)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from IPython.core.completer import SimpleCompletion, context_matcher

from esap_jupyter.magics.vocabulary import Vocabulary

_WORD = re.compile(r'[\w."]*$')
_OPTIONS = ("--out", "--limit", "--all", "--mode")
_MODES = ("auto", "sync", "async")
_FROM = re.compile(
    r"\b(?:from|join)\s+(.*?)(?=\b(?:where|group|order|having|on|using|from|join|inner|left|right|full|"
    r"natural|cross|offset|union|except|intersect)\b|[()]|$)",
    re.IGNORECASE | re.DOTALL,
)
_TABLE = re.compile(r'\s*([\w."]+)(?:\s+(?:as\s+)?(\w+))?', re.IGNORECASE)
_WANTS_TABLE = re.compile(r'\b(?:from|join)\s+(?:[\w."]+(?:\s+(?:as\s+)?\w+)?\s*,\s*)*$', re.IGNORECASE)
_WORDS = (
    "SELECT TOP DISTINCT FROM JOIN LEFT RIGHT FULL INNER OUTER NATURAL USING ON WHERE AND OR NOT IN"
    " LIKE BETWEEN IS NULL EXISTS GROUP ORDER BY HAVING ASC DESC OFFSET UNION EXCEPT INTERSECT AS WITH"
    " CASE WHEN THEN ELSE END COUNT MIN MAX AVG SUM ABS CEILING DEGREES EXP FLOOR LOG LOG10 MOD PI"
    " POWER RADIANS RAND ROUND SQRT TRUNCATE ACOS ASIN ATAN ATAN2 COS COT SIN TAN LOWER UPPER COALESCE"
    " CAST AREA BOX CENTROID CIRCLE CONTAINS COORD1 COORD2 DISTANCE INTERSECTS POINT POLYGON REGION"
    " TAP_UPLOAD"
)
"""Of ADQL 2.1: what people write, not all that is reserved."""

_MOST = 500


class Completions:
    """The matcher; `register` adds it to a shell.

    Parameters
    ----------
    shell : InteractiveShell
        Whose variables complete what is in braces.
    """

    def __init__(self, shell: Any, vocabulary: Vocabulary | None = None) -> None:
        self._shell = shell
        self._vocabulary = vocabulary or Vocabulary()

    def register(self) -> None:
        """Let the shell's completer ask here first."""

        @context_matcher(identifier="esap")
        def esap_matcher(context: Any) -> dict[str, Any]:
            return self.match(context.full_text, context.cursor_line, context.cursor_position)

        matchers = self._shell.Completer.custom_matchers
        matchers[:] = [known for known in matchers if getattr(known, "matcher_identifier", "") != "esap"]
        matchers.append(esap_matcher)

    def match(self, text: str, line: int, column: int) -> dict[str, Any]:
        """Complete what is before the cursor; other matchers are silenced only where they would be wrong."""
        lines = text.split("\n")
        first = lines[0].lstrip()
        before = "\n".join([*lines[:line], lines[line][:column]]) if line < len(lines) else text
        if first.startswith("%%adql"):
            if line == 0:
                return self._head(before)
            return self._body(first, before.partition("\n")[2], text.partition("\n")[2])
        if line < len(lines) and lines[line].lstrip().startswith("%esap "):
            return _command(lines[line][:column].lstrip())
        return _nothing()

    # The line of the magic

    def _head(self, before: str) -> dict[str, Any]:
        words = before.split(" ")
        fragment, previous = words[-1], words[-2] if len(words) > 1 else ""
        if len(words) == 1 or previous in ("-o", "--out", "--limit"):
            return _nothing(silent=len(words) > 1)
        if previous == "--mode":
            return _result(fragment, {"option": _MODES})
        named = _service_of(" ".join(words[:-1]))
        return _result(
            fragment,
            {"option": _OPTIONS}
            if fragment.startswith("-")
            else {"service": () if named else self._vocabulary.services()},
        )

    # The query

    def _body(self, first: str, before: str, query: str) -> dict[str, Any]:
        braces = _open_brace(before)
        if braces is not None:
            return self._variables(braces)
        word = _WORD.search(before)
        fragment = word.group() if word else ""
        service = _service_of(first) or self._vocabulary.default_service()
        tables = self._vocabulary.tables(service) if service else []
        used = dict(_tables_in(query))
        if _WANTS_TABLE.search(before[: len(before) - len(fragment)]):
            return _result(fragment, {"table": tables})
        qualifier, dot, _ = fragment.rpartition(".")
        if dot:
            table = used.get(qualifier.lower(), qualifier if qualifier in tables else "")
            columns = self._vocabulary.columns(service, table) if table else []
            return _result(fragment, {"column": [f"{qualifier}.{name}" for name in columns], "table": tables})
        names = {table for table in used.values() if table in tables}
        columns = [column for table in sorted(names) for column in self._vocabulary.columns(service, table)]
        return _result(
            fragment,
            {
                "column": columns,
                "table alias": [alias for alias, table in used.items() if alias != table.lower()],
                "table": tables if fragment else [],
                "keyword": _cased(fragment) if fragment else [],
            },
        )

    def _variables(self, expression: str) -> dict[str, Any]:
        fragment = re.search(r"\w*$", expression)
        name = fragment.group() if fragment else ""
        if expression[: len(expression) - len(name)].endswith("."):
            return _nothing()
        names = [key for key in self._shell.user_ns if not key.startswith("_") or name.startswith("_")]
        return _result(name, {"instance": names})


def _command(before: str) -> dict[str, Any]:
    """Complete a line of ``%esap`` as the shell completes the command `esap`."""
    from click.shell_completion import ShellComplete

    from esap_jupyter.cli import esap as command

    fragment = before.rpartition(" ")[2]
    try:
        arguments = shlex.split(before[: len(before) - len(fragment)])[1:]
    except ValueError:  # within quotes
        return _nothing()
    found = ShellComplete(command, {}, "%esap", "").get_completions(arguments, fragment)
    if any(item.type in ("file", "dir") for item in found):
        return _nothing()
    return _result(fragment, {"option": [item.value for item in found]})


def _service_of(line: str) -> str:
    """The service that the line of ``%%adql`` names."""
    words = line.split()[1:]
    takes_value = {"-o", "--out", "--limit", "--mode"}
    for number, word in enumerate(words):
        if not word.startswith("-") and (number == 0 or words[number - 1] not in takes_value):
            return word
    return ""


def _tables_in(query: str) -> Iterator[tuple[str, str]]:
    """Aliases and names, in lower case, of the tables that a query reads, with the tables."""
    for clause in _FROM.finditer(query):
        for part in clause.group(1).split(","):
            table = _TABLE.match(part)
            if table:
                yield table.group(1).lower(), table.group(1)
                if table.group(2):
                    yield table.group(2).lower(), table.group(1)


def _open_brace(before: str) -> str | None:
    """What stands after a brace that is still open; None if there is none."""
    rest = before.replace("{{", "  ").replace("}}", "  ")
    opened = rest.rfind("{")
    return before[opened + 1 :] if opened > rest.rfind("}") else None


def _cased(fragment: str) -> list[str]:
    """ADQL's words, in the case that the person writes."""
    words = _WORDS.split()
    return [word.lower() for word in words] if fragment.islower() else words


def _result(fragment: str, found: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    wanted = fragment.lower()
    kinds: dict[str, str] = {}
    for kind, names in found.items():
        for name in names:
            if name.lower().startswith(wanted):
                kinds.setdefault(name, kind)
    ordered = [SimpleCompletion(name, type=kind) for name, kind in kinds.items()]
    return {"completions": ordered[:_MOST], "matched_fragment": fragment, "suppress": True, "ordered": True}


def _nothing(*, silent: bool = False) -> dict[str, Any]:
    return {"completions": [], "suppress": silent}
