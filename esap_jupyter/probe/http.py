"""How the probe asks: every request has a deadline, and what goes wrong is told in ESAP's words."""

from __future__ import annotations

import json
import ssl
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from esap_jupyter.errors import (
    BadAnswer,
    ConfigError,
    EsapError,
    InputError,
    NotAllowed,
    NotFound,
    ServiceError,
    ServiceFailed,
    ServiceTimeout,
    ServiceUnreachable,
)

_LONGEST_WORDS = 300


class Http:
    """A client for as many requests side by side as are wanted; follows no redirect.

    Parameters
    ----------
    ca_files : iterable of Path
        Certificate authorities that are trusted beside the system's.
    at_once : int
        How many requests may be under way.
    seconds : float
        The longest that one may take.

    Raises
    ------
    ConfigError
        If a file of certificate authorities cannot be used.
    """

    def __init__(self, ca_files: Iterable[Path], *, at_once: int, seconds: float) -> None:
        self._trusted = ssl.create_default_context()
        for file in ca_files:
            try:
                self._trusted.load_verify_locations(file)
            except OSError as error:  # of which ssl.SSLError is one
                raise ConfigError(
                    f"{file} is no file of certificate authorities ({error}).", hint="Correct its name."
                ) from None
        self._client = AsyncHTTPClient(force_instance=True, max_clients=at_once)
        self._seconds = seconds

    async def ask(
        self, method: str, url: str, *, token: str = "", body: Any = None, taken: Collection[int] = ()
    ) -> HTTPResponse:
        """Ask, and return the answer if it is good.

        Parameters
        ----------
        token : str
            Of the hub; it goes nowhere but to `url`.
        body : optional
            What is sent as JSON.
        taken : collection of int
            Further status codes that are good answers here.

        Raises
        ------
        ServiceUnreachable
            If there is no connection.
        ServiceTimeout
            If the answer takes too long.
        EsapError
            What the answer says is wrong, of ESAP's own kind where it names one.
        """
        request = HTTPRequest(
            url,
            method,
            headers={"Authorization": f"token {token}"} if token else {},
            body=None if body is None else json.dumps(body),
            allow_nonstandard_methods=True,  # a POST without a body
            follow_redirects=False,
            connect_timeout=self._seconds,
            request_timeout=self._seconds,
            ssl_options=self._trusted,
            user_agent="esap-probe",
        )
        try:
            answer = await self._client.fetch(request, raise_error=False)
        except HTTPClientError as error:
            if error.code == 599 and "imeout" in str(error):
                raise ServiceTimeout(f"No answer after {self._seconds:g} s.") from None
            raise ServiceUnreachable(f"The connection broke: {error}.") from None
        except OSError as error:
            raise ServiceUnreachable(f"{_place(url)} does not answer: {error}.") from None
        if answer.code >= 400 and answer.code not in taken:
            raise _error_of(answer)
        return answer

    def close(self) -> None:
        """End all connections."""
        self._client.close()


def content_of(answer: HTTPResponse) -> Any:
    """Read an answer of JSON.

    Raises
    ------
    BadAnswer
        If it is none.
    """
    try:
        return json.loads(answer.body)
    except ValueError:
        raise BadAnswer(f"{_place(answer.effective_url)} answered with something that is no JSON.") from None


def error_of(said: dict[str, Any], kind: type[EsapError] = ServiceError) -> EsapError:
    """Make the error that an envelope of ESAP's HTTP interface, or of the hub's, tells of."""
    kind = next((each for each in _kinds(EsapError) if each.code == said.get("code")), kind)
    message = str(said.get("message") or "It failed, and says no more.")[:_LONGEST_WORDS]
    return kind(message, hint=str(said.get("hint") or ""), service=str(said.get("service") or ""))


def _error_of(answer: HTTPResponse) -> EsapError:
    try:
        said = json.loads(answer.body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        said = {"message": f"{_place(answer.effective_url)} answered {answer.code} {answer.reason}."}
    return error_of(said, _kind_of(answer.code))


def _kind_of(status: int) -> type[EsapError]:
    if status >= 500:
        return ServiceFailed
    return {401: NotAllowed, 403: NotAllowed, 404: NotFound, 429: ServiceFailed}.get(status, InputError)


def _kinds(kind: type[EsapError]) -> Iterator[type[EsapError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def _place(url: str) -> str:
    return url.partition("?")[0]
