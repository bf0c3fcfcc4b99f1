"""How an error is told over HTTP: one envelope, and a status code that fits."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, ValidationError

from esap_jupyter import errors
from esap_jupyter.errors import EsapError, InputError


class ErrorEnvelope(BaseModel):
    """What went wrong.

    Attributes
    ----------
    code : str
        A stable identifier of the kind of error, kebab-case.
    hint : str
        What to do next.
    field : str
        The input field at fault, its parts joined by dots.
    retryable : bool
        Whether the same request may succeed later, unchanged.
    service : str
        The service where it happened.
    line, column : int, optional
        Where in the ADQL, from 1.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    hint: str = ""
    field: str = ""
    retryable: bool = False
    service: str = ""
    line: int | None = None
    column: int | None = None


STATUS: Mapping[type[EsapError], HTTPStatus] = {
    EsapError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ConfigError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.StateError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InputError: HTTPStatus.BAD_REQUEST,
    errors.UnknownName: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.NotOffered: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.QueryRejected: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnreadableFile: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.AddressRefused: HTTPStatus.FORBIDDEN,
    # Not 401, which would say that Jupyter does not know the person.
    errors.SignInNeeded: HTTPStatus.FORBIDDEN,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.QuotaExceeded: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.ServiceError: HTTPStatus.BAD_GATEWAY,
    errors.ServiceTimeout: HTTPStatus.GATEWAY_TIMEOUT,
    errors.TransferError: HTTPStatus.BAD_GATEWAY,
    errors.NoRoom: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.Cancelled: HTTPStatus.CONFLICT,
}
"""The status of each kind of error; one that is not here has that of its nearest base."""

_OF_HTTP = {
    HTTPStatus.FORBIDDEN: ("not-authorised", "Sign in to Jupyter again, then reload the page."),
    HTTPStatus.NOT_FOUND: ("not-found", "See /esap/openapi.json for what there is."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method-not-allowed", "See /esap/openapi.json for what there is."),
}


def status_of(kind: type[EsapError]) -> HTTPStatus:
    """The status code of a kind of error."""
    return next(STATUS[base] for base in kind.__mro__ if base in STATUS)


def envelope_of(error: EsapError) -> ErrorEnvelope:
    """Put an error into the envelope."""
    return ErrorEnvelope(
        code=error.code,
        message=error.message,
        hint=error.hint,
        field=error.field,
        retryable=error.retryable,
        service=error.service,
        line=getattr(error, "line", None),
        column=getattr(error, "column", None),
    )


def envelope_of_status(status: int, message: str) -> ErrorEnvelope:
    """Put what Jupyter or Tornado refused into the envelope."""
    code, hint = _OF_HTTP.get(HTTPStatus(status), (EsapError.code, ""))
    return ErrorEnvelope(code=code, message=message or HTTPStatus(status).phrase, hint=hint)


def unforeseen(error: BaseException) -> ErrorEnvelope:
    """Tell of a fault of ours; what it says may hold secrets, so only the log has it."""
    return ErrorEnvelope(
        code=EsapError.code,
        message=f"Something unforeseen happened ({type(error).__name__}).",
        hint="The server's log has the details; please report it.",
    )


def input_error(error: ValidationError) -> InputError:
    """Say in ESAP's words which field of the input does not fit, and why."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    known = "There is no such field." if first["type"] == "extra_forbidden" else ""
    return InputError(known or f"{message[:1].upper()}{message[1:]}.", field=field)
