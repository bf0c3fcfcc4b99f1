"""What Tab offers in ``%%adql`` cells and ``%esap`` lines, by IPython's matchers (API v2)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from IPython.core.completer import SimpleCompletion, context_matcher

from esap_jupyter.face.adql_completion import MOST, complete
from esap_jupyter.face.vocabulary import Vocabulary

_OPTIONS = ("--out", "--limit", "--all", "--mode")
_MODES = ("auto", "sync", "async")


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
        service = _service_of(first) or self._vocabulary.default_service()
        start, found = complete(query, len(before), service, self._vocabulary)
        return _completions(before[start:], ((each.text, each.kind) for each in found))

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

    from esap_jupyter.magics.line import command

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


def _open_brace(before: str) -> str | None:
    """What stands after a brace that is still open; None if there is none."""
    rest = before.replace("{{", "  ").replace("}}", "  ")
    opened = rest.rfind("{")
    return before[opened + 1 :] if opened > rest.rfind("}") else None


def _result(fragment: str, found: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Offer those names that begin as the fragment does, by kind."""
    wanted = fragment.lower()
    named = ((name, kind) for kind, names in found.items() for name in names)
    return _completions(fragment, (each for each in named if each[0].lower().startswith(wanted)))


def _completions(fragment: str, found: Iterable[tuple[str, str]]) -> dict[str, Any]:
    kinds: dict[str, str] = {}
    for name, kind in found:
        kinds.setdefault(name, kind)
    ordered = [SimpleCompletion(name, type=kind) for name, kind in islice(kinds.items(), MOST)]
    return {"completions": ordered, "matched_fragment": fragment, "suppress": True, "ordered": True}


def _nothing(*, silent: bool = False) -> dict[str, Any]:
    return {"completions": [], "suppress": silent}
