"""The server that the person works in: until when it lives, and how much room is left."""

from __future__ import annotations

import asyncio
import os
from typing import Literal

from pydantic import ValidationError

from esap_jupyter.errors import BadAnswer, EsapError, NotOffered
from esap_jupyter.gateway.hub import HubAPI
from esap_jupyter.gateway.jobs import error_from
from esap_jupyter.models import ServerLife, ServerSession
from esap_jupyter.storage.room import HomeRoom


class OwnServer:
    """Asks the hub about this server, and measures the home.

    Parameters
    ----------
    room : HomeRoom
        Measures.
    """

    def __init__(self, room: HomeRoom) -> None:
        self._hub = HubAPI.here()
        self._room = room

    async def session(self) -> ServerSession:
        """Say until when the server lives, and how much room is left.

        Raises
        ------
        ServiceError
            If the hub does not answer.
        """
        storage = await asyncio.to_thread(self._room.measure)
        return ServerSession(life=await self._life("GET"), storage=storage)

    async def keep_alive(self) -> ServerSession:
        """Ask the hub to put off the end.

        Raises
        ------
        NotOffered
            If no hub spawned this server, or it has no end.
        ServiceError
            If the hub does not answer.
        """
        life = await self._life("POST")
        if life is None:
            raise NotOffered("There is no hub that would stop this server.")
        return ServerSession(life=life, storage=await asyncio.to_thread(self._room.measure))

    async def close(self) -> None:
        """Stop measuring."""
        await asyncio.to_thread(self._room.close)

    async def _life(self, method: Literal["GET", "POST"]) -> ServerLife | None:
        if self._hub is None:
            return None
        name = os.environ.get("JUPYTERHUB_SERVER_NAME", "")
        status, said = await self._hub.ask(method, "session", {"server": name})
        if "code" in said:
            raise _refusal(said)
        if status >= 400:  # a hub without ESAP
            return None
        try:
            return ServerLife.model_validate(said)
        except ValidationError:
            raise BadAnswer("The hub's answer is not understood.", hint="Tell the site's operator.") from None


def _refusal(said: dict[str, object]) -> EsapError:
    return error_from(str(said["code"]), str(said.get("message", "")), str(said.get("hint", ""))).at("hub")
