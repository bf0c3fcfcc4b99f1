"""Where a server says on which port it listens, if only its machine can choose one: a job of a cluster."""

from __future__ import annotations

from secrets import compare_digest

from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.user import User
from tornado.web import HTTPError, authenticated


class PortHandler(APIHandler):
    """``POST /hub/api/batchspawner``, which ``batchspawner-singleuser`` calls as the job begins.

    batchspawner's own sets any attribute of the spawner that it is sent, the commands that the hub runs among
    them, so that whoever has a server could run anything as the hub. This one takes a port, once.
    """

    _accept_cookie_auth = False

    @authenticated
    def post(self) -> None:
        """Take the port of the server whose token this is."""
        told = self.get_json_body()
        port = told.get("port") if isinstance(told, dict) else None
        if type(port) is not int or not 1024 <= port <= 65535:
            raise HTTPError(400, "A port is a number from 1024 to 65535")
        person, token = self.current_user, self.get_auth_token() or ""
        for spawner in person.spawners.values() if isinstance(person, User) else ():
            job = getattr(spawner, "child_spawner", None)
            if job is not None and job.port == 0 and compare_digest(spawner.api_token, token):
                job.port = port
                self.set_status(201)
                return
        raise HTTPError(404, "No server waits for its port")


HANDLERS = [(r"/api/batchspawner", PortHandler)]
