"""A PostgreSQL cluster of one service's own; the system's clusters are never touched."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.services.processes import Process, ServiceFailed, listens, run

_SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
shared_buffers = 128MB
max_wal_size = 1GB
jit = off
# Test data: lost power loses nothing that a new set-up does not bring back.
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class Postgres:
    """A cluster in a directory; its superuser is the user that it runs as.

    Parameters
    ----------
    directory : Path
        Of the service; the cluster goes into ``postgres`` there.
    user : str
        Who it runs as.
    """

    def __init__(self, directory: Path, port: int, user: str) -> None:
        self.directory = directory
        self.port = port
        self.user = user

    def create(self) -> None:
        """Make the cluster. Only this machine's loopback can connect, and need not say a password."""
        run(
            str(programs() / "initdb"), "--pgdata", str(self.directory / "postgres"), "--auth=trust",
            "--encoding=UTF8", "--locale=C.UTF-8", f"--username={self.user}", "--no-sync",
            user=self.user,
        )  # fmt: skip
        with (self.directory / "postgres" / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS.format(port=self.port))

    def process(self) -> Process:
        """The server."""
        return Process(
            "postgres",
            (str(programs() / "postgres"), "-D", str(self.directory / "postgres")),
            self.directory,
            user=self.user,
            ready=self._answers,
            stop_signal=signal.SIGINT,  # "fast shutdown": does not wait for clients to leave
        )

    def sql(self, statements: str, database: str = "postgres") -> str:
        """Run SQL (and psql's own commands) as superuser; returns what psql prints, unadorned."""
        return run(
            str(programs() / "psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
            "--set=ON_ERROR_STOP=1", "--host=127.0.0.1", f"--port={self.port}", f"--username={self.user}",
            f"--dbname={database}",
            input_text=statements,
        )  # fmt: skip

    def _answers(self) -> bool:
        if not listens(self.port):
            return False
        try:
            self.sql("SELECT 1")
        except ServiceFailed:
            return False
        return True


def programs() -> Path:
    """Directory of the newest PostgreSQL's programs, which Debian does not put on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise ServiceFailed("PostgreSQL is not installed")
    return found[-1]


def extension_scripts() -> Path:
    """Directory of the extensions' SQL scripts."""
    return Path("/usr/share/postgresql") / programs().parent.name / "extension"
