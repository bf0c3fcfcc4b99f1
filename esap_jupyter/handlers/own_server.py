"""The server that the person works in: its end, and its room."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

from esap_jupyter.handlers.routes import Nothing
from esap_jupyter.handlers.session import Session
from esap_jupyter.models import ServerSession


async def get_session(session: Session, _: Nothing) -> ServerSession:
    return await (await session.gateway()).server.session()


async def keep_alive(session: Session, _: Nothing) -> ServerSession:
    return await (await session.gateway()).server.keep_alive()
