"""TOML files that are merged and validated; an error names the file and the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ValidationError

from esap_jupyter.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class SettingsFiles:
    """What some TOML files say together; tables merge key by key, the later file wins.

    Attributes
    ----------
    texts : tuple of (Path, str)
        The files, in order.
    values : dict
        Everything in them.
    """

    texts: tuple[tuple[Path, str], ...] = ()
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Self:
        """Read the files.

        Raises
        ------
        ConfigError
            If one cannot be read or is not TOML.
        """
        values: dict[str, Any] = {}
        texts: list[tuple[Path, str]] = []
        for path in paths:
            try:
                text = path.read_text(encoding="utf-8")
                part = tomllib.loads(text)
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    f"{path} cannot be read: {error}.", hint="Correct its name or rights."
                ) from None
            except tomllib.TOMLDecodeError as error:
                raise ConfigError(f"{path} is not valid TOML: {error}.", hint="Correct that line.") from None
            texts.append((path, text))
            _merge(values, part)
        return cls(tuple(texts), values)

    def validate(self, model: type[Model]) -> Model:
        """Make a model of what they say.

        Raises
        ------
        ConfigError
            If a value does not fit; the first is told.
        """
        try:
            return model.model_validate(self.values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise self.error(first["loc"], first["msg"]) from None

    def error(self, path: tuple[str | int, ...], message: str) -> ConfigError:
        """Make the error for the value at `path`, naming the file and line that set it."""
        # The last file that sets the value itself, else the last that opens its table.
        found = [(*_line_of(text, path), file) for file, text in self.texts]
        depth, line, file = max(reversed(found), key=lambda place: place[0], default=(0, 0, None))
        dotted = ".".join(str(part) for part in path)
        if depth:
            return ConfigError(f"{file}, line {line}: {dotted}: {message}.", hint="Correct that line.")
        name = self.texts[-1][0].name if self.texts else "esap.toml"
        return ConfigError(f"{dotted}: {message}.", hint=f"Set it in {name}.")


def _merge(into: dict[str, Any], part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _line_of(text: str, path: tuple[str | int, ...]) -> tuple[int, int]:
    """Find what comes nearest to setting the value at `path`: how many keys deep, and on which line."""
    table: list[str | int] = []
    counts: dict[str, int] = {}
    best = (0, 0)
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[+)([^\]]+)\]", line)
        assignment = re.match(r"\s*([\w\"'.-]+)\s*=", line)
        if header:
            table = [*_split_key(header[2])]
            if header[1] == "[[":  # an array of tables: which of them?
                counts[header[2]] = counts.get(header[2], -1) + 1
                table.append(counts[header[2]])
            here = table
        elif assignment:
            here = [*table, *_split_key(assignment[1])]
        else:
            continue
        if list(path[: len(here)]) == here and len(here) > best[0]:
            best = (len(here), number)
    return best


def _split_key(key: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", key)]
