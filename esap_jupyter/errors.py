"""What can go wrong, as classes: a stable code, a message, a hint, and whether a retry may help."""

from __future__ import annotations

import re
from typing import ClassVar

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What of a service's words must reach no terminal: escape sequences, turned writing, half characters."""


class EsapError(Exception):
    """The base of every error that ESAP raises for a person to read.

    Parameters
    ----------
    message : str
        What happened, in a sentence.
    hint : str, optional
        What to do next, in a sentence.
    service : str, optional
        The service where it happened.
    field : str, optional
        The input field at fault.

    Attributes
    ----------
    code : str
        A stable identifier of the kind of error, kebab-case.
    retryable : bool
        Whether the same call may succeed later, unchanged.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", service: str = "", field: str = "") -> None:
        message, hint = (UNPRINTABLE.sub(" ", text) for text in (message, hint))
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.service = service
        self.field = field

    def __str__(self) -> str:
        where = f"{self.service}: " if self.service else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{where}{self.message}{advice}"

    def _render_traceback_(self) -> list[str]:
        """Show the person a sentence instead of a stack trace (IPython's own protocol)."""
        return [f"{type(self).__name__}: {self}"]

    def at(self, service: str) -> EsapError:
        """Say at which service it happened, unless that is known; returns itself, to be raised."""
        self.service = self.service or service
        return self


class ConfigError(EsapError):
    """The configuration cannot be used; the message names file and line."""

    code = "config"


class InputError(EsapError):
    """What the person typed cannot be used."""

    code = "input"


class UnknownName(InputError):
    """A name that no resolver, configuration or table knows."""

    code = "unknown-name"


class Conflict(InputError):
    """What is asked cannot be done as things stand: the job runs, the file exists."""

    code = "conflict"


class NotFound(EsapError):
    """The thing asked for does not exist (a DID, a job, an item, a table)."""

    code = "not-found"


class NotOffered(EsapError):
    """The service exists but cannot do what is asked of it."""

    code = "not-offered"


class ServiceError(EsapError):
    """A remote service did not do what was asked."""

    code = "service"


class ServiceUnreachable(ServiceError):
    """No connection: refused, unknown host, TLS failure, reset."""

    code = "service-unreachable"
    retryable = True


class ServiceTimeout(ServiceError):
    """No answer within the deadline."""

    code = "service-timeout"
    retryable = True


class ServiceFailed(ServiceError):
    """The service answered that it failed (5xx, UWS ERROR)."""

    code = "service-failed"
    retryable = True


class BadAnswer(ServiceError):
    """The answer is not what the protocol promises: HTML, malformed or truncated VOTable, an XML bomb."""

    code = "bad-answer"


class QueryRejected(ServiceError):
    """The service refused the query; the message is the service's own.

    Parameters
    ----------
    line, column : int, optional
        Where in the query, 1-based, if the service said so.
    """

    code = "query-rejected"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        service: str = "",
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, service=service, field="adql")
        self.line = line
        self.column = column


class SignInNeeded(ServiceError):
    """A credential is missing, expired or refused."""

    code = "sign-in-needed"


class NotAllowed(ServiceError):
    """The person is known but may not do this."""

    code = "not-allowed"


class QuotaExceeded(ServiceError):
    """The person, or the storage, has no room left there."""

    code = "quota-exceeded"


class AddressRefused(EsapError):
    """A request to a private, loopback or link-local address that the configuration does not name."""

    code = "address-refused"


class TransferError(EsapError):
    """A file could not be brought here."""

    code = "transfer"
    retryable = True


class ChecksumMismatch(TransferError):
    """The bytes are not the ones that were promised."""

    code = "checksum-mismatch"


class NoReplica(TransferError):
    """There is no address from which the bytes can be read."""

    code = "no-replica"
    retryable = False


class NoRoom(TransferError):
    """The disk is too small."""

    code = "no-room"
    retryable = False


class OutsideWorkspace(InputError):
    """A path that leaves the workspace."""

    code = "outside-workspace"


class UnreadableFile(EsapError):
    """A file is not of the format it seems to be, is damaged, or breaks off."""

    code = "unreadable-file"


class StateError(EsapError):
    """The saved state cannot be used (newer than this version, busy, damaged)."""

    code = "state"


class Cancelled(EsapError):
    """The person stopped it."""

    code = "cancelled"
