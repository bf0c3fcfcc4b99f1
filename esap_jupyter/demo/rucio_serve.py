"""Serve a WSGI application over HTTPS until standard input ends. Runs in the environment of Rucio's server.

    python -I rucio_serve.py APPLICATION.py CERTIFICATE KEY SOCKET...

The sockets are inherited, so that their ports are known before anything listens. Standard input is a pipe
whose other end the demo holds: however the demo ends, even by SIGKILL, the pipe closes and so does this.
"""

import os
import runpy
import signal
import sys
import threading
from typing import Any

from gunicorn.app.base import BaseApplication


class Server(BaseApplication):
    """Gunicorn with one process of many threads, so that what is cached in memory is right."""

    def __init__(self, application: str, options: dict[str, object]) -> None:
        self.application = application
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the options."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Run the file that makes the application."""
        return runpy.run_path(self.application)["application"]


def end_with_parent() -> None:
    """Wait until standard input ends, then stop."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    application, certificate, key, *sockets = sys.argv[1:]
    options: dict[str, object] = {
        "bind": [f"fd://{descriptor}" for descriptor in sockets],
        "certfile": certificate,
        "keyfile": key,
        "worker_class": "gthread",
        "threads": 32,
        "keepalive": 30,
        "graceful_timeout": 2,
        "control_socket_disable": True,
        "proc_name": "esap-demo",
    }
    threading.Thread(target=end_with_parent, daemon=True).start()
    Server(application, options).run()
