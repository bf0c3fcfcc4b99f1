"""Synthetic users keep their names, whoever asks."""

from __future__ import annotations

from http import HTTPStatus

from jupyterhub.apihandlers.users import UserAPIHandler
from tornado.web import HTTPError


class NameKeepingHandler(UserAPIHandler):
    """JupyterHub's ``/hub/api/users/<name>``, but for one thing.

    The probe's token may administer synthetic users. If it could rename one, it would name it like a person
    who has not come yet, and hold a token of that person's account from their first sign-in on.
    """

    async def patch(self, user_name: str) -> None:
        """Change a user that is not synthetic."""
        if user_name in self.authenticator.synthetic_users:
            raise HTTPError(HTTPStatus.FORBIDDEN, "A synthetic user is not changed")
        await super().patch(user_name)


HANDLERS = [(r"/api/users/([^/]+)", NameKeepingHandler)]
