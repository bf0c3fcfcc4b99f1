"""rucio-clients' verbs over ESAP's own requests.

The constructor of `rucio.client.baseclient.BaseClient` reads ``rucio.cfg`` and the environment, writes tokens
under ``/tmp``, verifies TLS as one global CA bundle says, and asks at the terminal when a token has expired.
None of that may happen in a server or a kernel, so it is not called: the verbs stand on three methods
(`_send_request`, `_load_json_data`, and the list of hosts), and these are ours.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import requests
import urllib3
from rucio.client import Client
from rucio.common.constants import HTTPMethod
from rucio.common.utils import parse_response

from esap_jupyter.connectors.rucio.answers import error_of
from esap_jupyter.connectors.rucio.settings import RucioSettings
from esap_jupyter.connectors.rucio.signin import TOKEN_HEADER, SignIn
from esap_jupyter.errors import BadAnswer, EsapError, ServiceTimeout, SignInNeeded
from esap_jupyter.transfer.access import translate_request_error

_LINES_READ_AT_ONCE = 16_384


class RucioClient(Client):
    """One thread's client of one Rucio instance and VO.

    Parameters
    ----------
    settings : RucioSettings
        Where it is.
    session : requests.Session
        A guarded session.
    sign_in : SignIn
        What is shown to Rucio.
    """

    def __init__(self, settings: RucioSettings, session: requests.Session, sign_in: SignIn) -> None:
        self.host = settings.url
        self.list_hosts = [settings.url]
        self._session = session
        self._sign_in = sign_in
        self._headers = {"X-Rucio-VO": settings.vo}
        if settings.account:
            self._headers["X-Rucio-Account"] = settings.account

    def _send_request(
        self,
        url: str,
        method: HTTPMethod = HTTPMethod.GET,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        params: Any = None,
        **_: Any,
    ) -> requests.Response:
        """Send a request; what comes back is neither an error nor a web page."""
        request = requests.Request(
            method.value, url, headers={**self._headers, **(headers or {})}, data=data, params=params
        )
        token = self._sign_in.token(self._session)
        response = self._exchange(request, token)
        if _token_refused(response):
            response.close()
            self._sign_in.refused(token)
            token = self._sign_in.token(self._session)
            response = self._exchange(request, token)
        if not response.ok:
            with response:
                raise error_of(response, token)
        if _is_web_page(response, method):
            response.close()
            raise BadAnswer("A web page came instead of Rucio's answer.", hint="Check the service's `url`.")
        return response

    def _exchange(self, request: requests.Request, token: str) -> requests.Response:
        if token:
            request.headers = {**request.headers, TOKEN_HEADER: token}
        prepared = self._session.prepare_request(request)
        try:
            return self._session.send(prepared, stream=True)
        except requests.ConnectionError as error:
            # Rucio may close an idle connection just as we use it again. What we ask only reads, or is
            # refused as a duplicate when it is said twice.
            if not any(isinstance(cause, ConnectionResetError) for cause in _causes(error)):
                raise
            return self._session.send(prepared, stream=True)

    def _load_json_data(self, response: requests.Response) -> Iterator[Any]:
        """Yield the objects of an answer; stopping early drops the connection, and with it Rucio's work."""
        with response:
            if _media_type(response) == "application/x-json-stream":
                for line in response.iter_lines(chunk_size=_LINES_READ_AT_ONCE):
                    if line:
                        yield parse_response(line)
            elif response.content:
                yield parse_response(response.content)


@contextlib.contextmanager
def in_our_words(settings: RucioSettings) -> Iterator[None]:
    """Turn what libraries raise into ESAP's errors."""
    try:
        yield
    except requests.RequestException as error:
        # Without its cause, which holds the request and its headers.
        raise _connection_error(error, settings) from None
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise BadAnswer(
            "The answer is not what Rucio's interface promises.", hint="Check the service's `url`."
        ) from error


def _connection_error(error: requests.RequestException, settings: RucioSettings) -> EsapError:
    causes = list(_causes(error))
    if any(isinstance(cause, urllib3.exceptions.ReadTimeoutError) for cause in causes):
        return ServiceTimeout("Rucio stopped in the middle of its answer.", hint="Try again, or later.")
    if any(_is_refusal(cause, shown=settings.auth_type == "x509") for cause in causes):
        return SignInNeeded(
            "Rucio refused the certificate: expired, revoked, or of a CA it does not know.",
            hint="Renew it (voms-proxy-init, arcproxy), or correct `client_cert`.",
        )
    return translate_request_error(error, settings.url)


def _is_refusal(cause: BaseException, *, shown: bool) -> bool:
    """Whether the other side did not like our certificate.

    It says so in a TLS alert, which is lost if we were still writing when it closed the connection.
    """
    reason = str(getattr(cause, "reason", ""))
    return ("ALERT" in reason and "CERT" in reason) or (shown and isinstance(cause, ssl.SSLEOFError))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was made of."""
    waiting: list[Any] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException):
            yield each
            waiting += [*each.args, each.__cause__, getattr(each, "reason", None)]


def _token_refused(response: requests.Response) -> bool:
    """Whether a 401 means the token, and not what the person may do with it."""
    kind = response.headers.get("ExceptionClass", "CannotAuthenticate")
    return response.status_code == HTTPStatus.UNAUTHORIZED and kind == "CannotAuthenticate"


def _is_web_page(response: requests.Response, method: HTTPMethod) -> bool:
    """Whether this is no answer of Rucio, which says a bare "Created" in HTML to what changes something."""
    if _media_type(response) != "text/html":
        return False
    return method is HTTPMethod.GET or response.content.lstrip().startswith(b"<")


def _media_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
