"""What a route is: a method, a path, what goes in and out; the handler and the OpenAPI document read it."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from esap_jupyter.errors import EsapError, InputError

if TYPE_CHECKING:
    from esap_jupyter.handlers.session import Session

API = "/esap/api"

ARROW_STREAM = "application/vnd.apache.arrow.stream"
OCTETS = "application/octet-stream"


class Input(BaseModel):
    """What a request says: parts of the path, of the query string and of the JSON body; nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Nothing(Input):
    """No input."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """An answer of rows, as an Arrow IPC stream."""

    stream: bytes


@dataclass(frozen=True, slots=True)
class Numbers:
    """An answer of numbers as they are in memory, little-endian; the route's summary says which."""

    stored: bytes


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked for.

    Attributes
    ----------
    path : str
        Under `API`; parts in braces are fields of the input.
    answer : callable
        Called with the session and the validated input.
    input : type of Input
        Fields that are not in the path come from the query string, or of a POST or PUT from the JSON body.
    output : type
        What pydantic can serialise, `Arrow`, `Numbers`, or None for an answer without content.
    errors : tuple of type
        The kinds of error that may come beside wrong input.
    status : HTTPStatus
        Of a good answer.
    polled : bool
        Panels ask it again and again by themselves; it does not count as somebody's activity.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    answer: Callable[[Session, Any], Coroutine[Any, Any, Any]]
    input: type[Input]
    output: Any
    summary: str
    errors: tuple[type[EsapError], ...] = ()
    status: HTTPStatus = HTTPStatus.OK
    polled: bool = False

    @property
    def path_fields(self) -> list[str]:
        """Names of the input's fields that are in the path."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def pattern(self) -> str:
        """The path as a regular expression with a group for each of its fields."""
        return API + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path)

    @property
    def in_body(self) -> bool:
        """Whether the fields that are not in the path are in the body."""
        return self.method in ("POST", "PUT") and bool(self.other_fields)

    @property
    def other_fields(self) -> list[str]:
        """Names of the input's fields that are not in the path."""
        return [name for name in self.input.model_fields if name not in self.path_fields]

    def path_values(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """The fields that are in the path, of their own types.

        Raises
        ------
        InputError
            If one is not of its type.
        """
        values = {}
        for name, text in texts.items():
            annotation: Any = self.input.model_fields[name].annotation
            try:
                values[name] = TypeAdapter(annotation).validate_python(text)
            except ValidationError as error:
                raise InputError(f"{text!r} does not fit.", field=name) from error
        return values

    @property
    def name(self) -> str:
        """What clients call it."""
        return self.answer.__name__


def takes_json(annotation: Any) -> bool:
    """Whether a field of a query string is written as JSON: it is an object, or has some in it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(takes_json(part) for part in typing.get_args(annotation))


def takes_many(annotation: Any) -> bool:
    """Whether a field of a query string may be there several times."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(takes_many(part) for part in typing.get_args(annotation))
    return origin is tuple
