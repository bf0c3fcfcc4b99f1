"""From an HTTP request to a route's answer and back; the only handler there is."""

from __future__ import annotations

import asyncio
import json
import typing
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from pydantic import TypeAdapter, ValidationError
from tornado import web

from esap_jupyter.errors import EsapError, InputError
from esap_jupyter.handlers import envelope
from esap_jupyter.handlers.routes import ARROW_STREAM, OCTETS, Arrow, Numbers, Route, takes_json, takes_many
from esap_jupyter.handlers.session import Session

AUTH_RESOURCE = "esap"

_JSON = "application/json"
_MANY = 500
"""Parts of a list that are encoded before anybody notices."""
# Jupyter's own, which any handler of it understands.
_JUPYTER_ARGUMENTS = {"token", "_xsrf", "no_track_activity"}


class ResourceHandler(APIHandler):
    """Answers the routes of one path."""

    auth_resource = AUTH_RESOURCE

    def initialize(self, session: Session, routes: Mapping[str, Route]) -> None:
        """Take what is the same for all requests.

        Parameters
        ----------
        session : Session
            What the routes work with.
        routes : mapping of str to Route
            By method; empty for a path that does not exist.
        """
        self._session = session
        self._routes = routes
        self._work: asyncio.Task[Any] | None = None

    @web.authenticated
    @authorized
    async def get(self, **path: str) -> None:
        """Answer a GET."""
        route = self._routes.get("GET")
        self._track_activity = route is None or not route.polled
        await self._answer(path)

    @web.authenticated
    @authorized
    async def post(self, **path: str) -> None:
        """Answer a POST."""
        await self._answer(path)

    @web.authenticated
    @authorized
    async def put(self, **path: str) -> None:
        """Answer a PUT."""
        await self._answer(path)

    @web.authenticated
    @authorized
    async def delete(self, **path: str) -> None:
        """Answer a DELETE."""
        await self._answer(path)

    def compute_etag(self) -> str | None:
        """None: nothing is kept to be compared, and the digest of a large answer takes its time."""
        return None

    def on_connection_close(self) -> None:
        """Stop working for somebody who has gone."""
        super().on_connection_close()
        if self._work is not None:
            self._work.cancel()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write the envelope of whatever Jupyter, Tornado or a fault of ours raised."""
        error = kwargs.get("exc_info", (None, None))[1]
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self._routes))
        if error is None or isinstance(error, web.HTTPError):
            told = envelope.envelope_of_status(status_code, getattr(error, "log_message", None) or "")
        else:
            told = envelope.unforeseen(error)
        self.finish(told.model_dump_json())

    async def _answer(self, path: Mapping[str, str]) -> None:
        if not self._routes:
            raise web.HTTPError(HTTPStatus.NOT_FOUND, "There is no such resource.")
        route = self._routes.get(str(self.request.method))
        if route is None:
            raise web.HTTPError(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            given = self._input(route, path)
            self._work = asyncio.create_task(self._work_on(route, given), name=f"esap {route.name}")
            body, content_type = await self._work
        except EsapError as error:
            self.set_status(envelope.status_of(type(error)))
            self.finish(envelope.envelope_of(error).model_dump_json())
        except asyncio.CancelledError:
            # Nobody is there to be told; any other cancelling is not ours.
            if self._work is None or not self._work.cancelled():
                raise
        else:
            self.set_status(route.status)
            # Answers are a person's own, and change.
            self.set_header("Cache-Control", "no-store")
            self.finish(body, set_content_type=content_type)

    async def _work_on(self, route: Route, given: Any) -> tuple[bytes | None, str]:
        """Return the body of the answer and of which type it is."""
        answer = await route.answer(self._session, given)
        if isinstance(answer, Arrow):
            return answer.stream, ARROW_STREAM
        if isinstance(answer, Numbers):
            return answer.stored, OCTETS
        if route.output is None:
            return None, _JSON
        return await encoded(route.output, answer), _JSON

    def _input(self, route: Route, path: Mapping[str, str]) -> Any:
        """A body must be of the very types that are asked for; a path and a query string are text."""
        query = self._query_string(route)
        try:
            if not route.in_body:
                return route.input.model_validate({**path, **query})
            return route.input.model_validate_json(
                json.dumps(self._body(route) | route.path_values(path)), strict=True
            )
        except ValidationError as error:
            raise envelope.input_error(error) from None

    def _body(self, route: Route) -> dict[str, Any]:
        if not self.request.body.strip():
            return {}
        try:
            body = json.loads(self.request.body)
        except ValueError as error:
            raise InputError(f"The body is not JSON: {error}.") from None
        if not isinstance(body, dict):
            raise InputError("The body is not a JSON object.")
        for name in body.keys() & set(route.path_fields):
            raise InputError("This is in the path.", field=name)
        return body

    def _query_string(self, route: Route) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, given in self.request.query_arguments.items():
            if name in _JUPYTER_ARGUMENTS and name not in route.input.model_fields:
                continue
            if route.in_body or name not in route.other_fields:
                raise InputError("There is no such field.", field=name)
            try:
                texts = [text.decode() for text in given]
            except UnicodeDecodeError:
                raise InputError("This is not UTF-8.", field=name) from None
            values[name] = _parsed(name, texts, route.input.model_fields[name].annotation)
        return values


async def encoded(output: Any, answer: Any) -> bytes:
    """Write an answer as JSON; a long list in a thread.

    There one by one, since pydantic lets no other thread run before it is through.
    """
    if not (isinstance(answer, list) and len(answer) > _MANY):
        return TypeAdapter(output).dump_json(answer)
    one = TypeAdapter(typing.get_args(output)[0])
    return await asyncio.to_thread(lambda: b"[%s]" % b",".join(one.dump_json(each) for each in answer))


def _parsed(name: str, texts: list[str], annotation: Any) -> Any:
    if takes_many(annotation) and not takes_json(annotation):
        return texts
    if len(texts) > 1:
        raise InputError("This is given more than once.", field=name)
    if not takes_json(annotation):
        return texts[0]
    try:
        return json.loads(texts[0])
    except ValueError as error:
        raise InputError(f"This is not JSON: {error}.", field=name) from None
