"""Rucio's JSON and errors, in ESAP's words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import requests
from pydantic import BaseModel, ConfigDict, JsonValue

from esap_jupyter.errors import (
    BadAnswer,
    Conflict,
    EsapError,
    InputError,
    NotAllowed,
    NotFound,
    QuotaExceeded,
    ServiceFailed,
    SignInNeeded,
)
from esap_jupyter.models import DID, RSE, AccountUsage, ReplicaOnRSE, Rule

Answer = Mapping[str, Any]

_LONGEST_MESSAGE = 500
_LARGEST_ERROR = 65_536

# Classes of rucio.common.exception that mean that the person typed something Rucio cannot use.
_BAD_INPUT = {
    "DIDFilterSyntaxError",
    "DuplicateCriteriaInDIDFilter",
    "InputValidationError",
    "InvalidMetadata",
    "InvalidObject",
    "InvalidRSEExpression",
    "KeyNotFound",
    "UnsupportedOperation",
}

_THERE_ALREADY = {
    "DataIdentifierAlreadyExists",
    "Duplicate",
    "DuplicateContent",
    "DuplicateRule",
    "FileAlreadyExists",
    "FileConsistencyMismatch",
}
_OVER_QUOTA = {"InsufficientAccountLimit", "RSEOverQuota"}
_NOT_WRITABLE = {"ResourceTemporaryUnavailable", "RSEWriteBlocked"}


class Account(BaseModel):
    """Who Rucio takes the person for."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str = ""
    email: str = ""
    status: str = ""


def error_of(response: requests.Response, secret: str) -> EsapError:  # noqa: C901, PLR0911 - a table of errors
    """Make the error that a response of Rucio with an error status stands for.

    Parameters
    ----------
    secret : str
        What was shown to Rucio; one that repeats it in its message must not bring it into logs and state.
    """
    kind, message = _exception_in(response)
    if secret:
        message = message.replace(secret, "***")
    status = response.status_code
    # Rucio answers 401 to what the person may not do, too.
    if status == HTTPStatus.FORBIDDEN or kind.endswith("AccessDenied"):
        return NotAllowed(
            message or "Rucio does not allow this.", hint="Ask Rucio's operators for the right."
        )
    if status == HTTPStatus.UNAUTHORIZED:
        return SignInNeeded(
            "Rucio refused the credential.", hint="Sign in anew, or ask Rucio's operators for the right."
        )
    if kind in _THERE_ALREADY:
        return Conflict(message or kind, hint="Look at what is there; what Rucio knows is not replaced.")
    if kind in _OVER_QUOTA:
        return QuotaExceeded(
            message or "The quota is used up.",
            hint="Choose another RSE, delete rules that you no longer need, or ask for more quota.",
        )
    if kind in _NOT_WRITABLE:
        return NotAllowed(
            message or "The RSE cannot be written now.", hint="Choose another RSE, or try again later."
        )
    if kind in _BAD_INPUT:
        return InputError(message or kind, hint="Correct it as Rucio's documentation describes.")
    if kind.endswith("NotFound"):
        return NotFound(
            message or kind, hint="Check the name; DIDs are found by a pattern such as scope:name*."
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServiceFailed(message or f"Rucio failed (HTTP {status}).", hint="Try again later.")
    if kind:
        return InputError(message or kind)
    return BadAnswer(f"HTTP {status} came instead of Rucio's answer.", hint="Check the service's `url`.")


def _exception_in(response: requests.Response) -> tuple[str, str]:
    """Class and message of the exception that Rucio's server raised, if it was Rucio's."""
    try:
        body = json.loads(next(response.iter_content(_LARGEST_ERROR), b""))
    except (ValueError, requests.RequestException):
        body = None
    said = body if isinstance(body, dict) else response.headers
    kind = str(said.get("ExceptionClass") or response.headers.get("ExceptionClass") or "")
    message = " ".join(str(said.get("ExceptionMessage") or "").split())[:_LONGEST_MESSAGE]
    return kind, message if not message or message[-1] in ".!?" else f"{message}."


def did_of(answer: Answer) -> DID:
    """Read a DID of a listing, of a collection's content, or by itself."""
    return DID(
        scope=answer["scope"],
        name=answer["name"],
        type=answer.get("did_type") or answer.get("type") or "UNKNOWN",
        bytes=answer.get("bytes"),
        length=answer.get("length"),
        adler32=answer.get("adler32") or "",
        md5=answer.get("md5") or "",
        account=answer.get("account") or "",
        created_at=_utc(answer.get("created_at")),
    )


def replicas_of(answer: Answer) -> Iterator[ReplicaOnRSE]:
    """Read the replicas of one file, one for each RSE."""
    states: Answer = answer.get("states") or {}
    urls: Answer = answer.get("rses") or {}
    for rse in sorted({*states, *urls}):
        yield ReplicaOnRSE(
            scope=answer["scope"],
            name=answer["name"],
            rse=rse,
            state=states.get(rse) or "AVAILABLE",
            bytes=answer.get("bytes"),
            adler32=answer.get("adler32") or "",
            md5=answer.get("md5") or "",
            urls=tuple(urls.get(rse) or ()),
        )


def rse_of(answer: Answer, attributes: Mapping[str, JsonValue] | None = None) -> RSE:
    """Read an RSE."""
    return RSE(
        name=answer["rse"],
        type=str(answer.get("rse_type") or ""),
        availability={
            deed: bool(answer[f"availability_{deed}"])
            for deed in ("read", "write", "delete")
            if f"availability_{deed}" in answer
        },
        attributes=dict(attributes or {}),
    )


def rule_of(answer: Answer) -> Rule:
    """Read a rule."""
    return Rule(
        id=answer["id"],
        scope=answer["scope"],
        name=answer["name"],
        account=answer["account"],
        rse_expression=answer["rse_expression"],
        copies=answer["copies"],
        state=answer["state"],
        comment=answer.get("comments") or "",
        locks_ok=answer.get("locks_ok_cnt") or 0,
        locks_replicating=answer.get("locks_replicating_cnt") or 0,
        locks_stuck=answer.get("locks_stuck_cnt") or 0,
        error=answer.get("error") or "",
        created_at=_utc(answer.get("created_at")),
        expires_at=_utc(answer.get("expires_at")),
    )


def usage_of(answer: Answer, account: str) -> AccountUsage:
    """Read what an account uses on one RSE; Rucio writes a limit that there is none as infinity or -1."""
    limit = answer.get("bytes_limit")
    endless = limit is None or limit < 0 or math.isinf(limit)
    allowed = None if endless else int(answer["bytes_limit"])
    return AccountUsage(
        account=account,
        rse=answer["rse"],
        bytes=answer.get("bytes") or 0,
        files=answer.get("files") or 0,
        limit=allowed,
    )


def account_of(answer: Answer) -> Account:
    """Read an account."""
    return Account(
        name=answer["account"],
        type=str(answer.get("account_type") or ""),
        email=answer.get("email") or "",
        status=str(answer.get("status") or ""),
    )


def metadata_of(answer: Answer) -> dict[str, JsonValue]:
    """Read metadata; times become ISO 8601."""
    return {key: _json(value) for key, value in answer.items()}


def _json(value: Any) -> Any:
    moment = _utc(value)
    return moment.isoformat() if moment else value


def _utc(value: Any) -> datetime | None:
    """Rucio's times are UTC and do not say so."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else None
