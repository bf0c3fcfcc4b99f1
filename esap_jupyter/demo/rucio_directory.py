"""Where the demo's Rucio keeps everything: database, storages, keys, ports, what is to be registered."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import socket
from pathlib import Path
from typing import Any

from esap_jupyter.demo.data import DemoData, DemoFile
from esap_jupyter.demo.rucio_certificates import Certificate, make_certificates, write_private
from esap_jupyter.demo.rucio_configuration import write_configuration
from esap_jupyter.demo.rucio_environment import RUCIO_VERSION
from esap_jupyter.errors import StateError

ACCOUNT = "demo"
ARCHIVE = "DEMO-ARCHIVE"
SITE = "DEMO-SITE"
AT_SITE = ("M42", "M51")
"""Datasets that the site has copies of."""
SCRIPTS = Path(__file__).parent


class RucioDirectory:
    """The directory of a demo's Rucio, and the sockets on which its programs will listen.

    Parameters
    ----------
    directory : Path
        Absolute; owned by the demo, and emptied when it does not fit the data.
    data : DemoData
        What the data lake holds.

    Attributes
    ----------
    home : Path
        ``$RUCIO_HOME`` of the server.
    ports : dict
        By ``rucio``, ``DEMO-ARCHIVE``, ``DEMO-SITE``; those of the last time, if nobody took them.
    sockets : dict
        Bound to these ports.
    moved : bool
        Whether the ports are others than those that Rucio knows.
    """

    def __init__(self, directory: Path, data: DemoData) -> None:
        self.directory = directory
        self.data = data
        self.home = directory / "server"
        self.log = directory / "log"
        self.storages = {ARCHIVE: directory / ARCHIVE, SITE: directory / SITE}
        self.password_file = directory / "password"
        self.ca_file = directory / "certificates" / "ca.pem"
        self.certificate = Certificate(
            self.ca_file.with_name("localhost.pem"), self.ca_file.with_name("localhost.key")
        )
        self.ports: dict[str, int] = {}
        self.sockets: dict[str, socket.socket] = {}
        self.moved = False

    def prepare(self, environment: Path) -> bool:
        """Make ready what the programs need; returns whether Rucio is still empty.

        Parameters
        ----------
        environment : Path
            The virtual environment of Rucio's server.

        Raises
        ------
        StateError
            If the directory holds something that is not the demo's.
        """
        noted = self._noted()
        empty = noted.get("fingerprint") != self._fingerprint()
        if empty:
            self._clear()
        for made in (self.directory, self.home, self.log):
            made.mkdir(parents=True, exist_ok=True, mode=0o700)
        if empty:
            self._note.write_text("{}", encoding="utf-8")  # The directory is ours from now on.
        earlier = {} if empty else noted["ports"]
        for name in ("rucio", ARCHIVE, SITE):
            self.sockets[name] = _bind(earlier.get(name, 0))
            self.ports[name] = self.sockets[name].getsockname()[1]
        self.moved = self.ports != earlier
        make_certificates(self.ca_file.parent, "ESAP demo", ["localhost"])
        root_password = self.home / "root-password"
        if empty:
            for file in (self.password_file, root_password):
                write_private(file, secrets.token_urlsafe(24).encode())
            self._fill_storages()
        write_configuration(
            self.home,
            url=self.origin("rucio"),
            ca_file=self.ca_file,
            root_password=root_password.read_text(encoding="utf-8"),
            migrations=next(environment.glob("lib/python3*/site-packages")) / "rucio/db/sqla/migrate_repo",
        )
        return empty

    def note_registered(self) -> None:
        """Note that the database now fits the data and the ports."""
        content = json.dumps({"fingerprint": self._fingerprint(), "ports": self.ports})
        self._note.write_text(content, encoding="utf-8")

    def origin(self, name: str) -> str:
        """``https://127.0.0.1:port`` of the server or a storage."""
        return f"https://127.0.0.1:{self.ports[name]}"

    def environment(self) -> dict[str, str]:
        """Variables for the programs in Rucio's environment; nothing of a Rucio configured otherwise."""
        storages = {str(self.ports[name]): (str(path), name == SITE) for name, path in self.storages.items()}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RUCIO")}
        return {
            **inherited,
            "RUCIO_HOME": str(self.home),
            "ESAP_STORAGES": json.dumps(storages),
            "NO_PROXY": "127.0.0.1",
        }

    def registration(self) -> dict[str, Any]:
        """What `rucio_register` is to register in an empty Rucio."""
        return {
            "rses": self.rse_ports(),
            "account": ACCOUNT,
            "password": self.password_file.read_text(encoding="utf-8"),
            "files": [
                {
                    "name": file.name,
                    "bytes": file.size,
                    "adler32": file.adler32,
                    "md5": file.md5,
                    "dataset": file.dataset,
                    "rses": [ARCHIVE, SITE] if file.dataset in AT_SITE else [ARCHIVE],
                    "metadata": _metadata(file),
                }
                for file in self.data.files
            ],
        }

    def rse_ports(self) -> dict[str, int]:
        """The port of each RSE."""
        return {name: self.ports[name] for name in self.storages}

    def service(self) -> dict[str, Any]:
        """Its table for `esap.toml`."""
        return {
            "connector": "rucio",
            "title": "Demo data lake (Rucio)",
            "description": "Images, spectra and light curves of Messier objects, all generated",
            "url": self.origin("rucio"),
            "account": ACCOUNT,
            "auth_type": "userpass",
            "username": ACCOUNT,
            "password_file": str(self.password_file),
            "origins": [self.origin(name) for name in self.storages],
            "ca_file": str(self.ca_file),
            "site_rse": SITE,
            "mounts": {SITE: str(self.storages[SITE])},
        }

    def close_sockets(self) -> None:
        """Close our copies of the sockets; the programs have theirs."""
        for bound in self.sockets.values():
            bound.close()

    @property
    def _note(self) -> Path:
        return self.directory / "registered.json"

    def _noted(self) -> dict[str, Any]:
        try:
            noted: dict[str, Any] = json.loads(self._note.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return noted

    def _clear(self) -> None:
        if self.directory.exists():
            if any(self.directory.iterdir()) and not self._note.exists():
                raise StateError(
                    f"{self.directory} holds something else than the demo's Rucio.",
                    hint="Name an empty directory.",
                )
            shutil.rmtree(self.directory)

    def _fingerprint(self) -> str:
        """Of what decides the database's content: the files, how they are registered, Rucio's version."""
        digest = hashlib.sha256(RUCIO_VERSION.encode())
        for script in ("rucio_directory.py", "rucio_register.py"):
            digest.update((SCRIPTS / script).read_bytes())
        for file in self.data.files:
            digest.update(f"{file.dataset}/{file.name} {file.md5}\n".encode())
        return digest.hexdigest()

    def _fill_storages(self) -> None:
        for name, storage in self.storages.items():
            (storage / "demo").mkdir(parents=True)
            for file in self.data.files:
                target = storage / "demo" / file.name
                if name == ARCHIVE:
                    _link(file.path, target)
                elif file.dataset in AT_SITE:
                    # A copy: this storage can be written.
                    shutil.copyfile(file.path, target)


def _metadata(file: DemoFile) -> dict[str, str]:
    """Say of a file what Rucio has columns for: on SQLite it takes no metadata of other names."""
    shown = file.observation
    described = {"project": shown.target, "datatype": shown.product, "campaign": shown.instrument}
    return described | ({"stream_name": shown.filter} if shown.filter else {})


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # Another file system, or one without hard links.
        shutil.copyfile(source, target)


def _bind(port: int) -> socket.socket:
    """Bind a socket to a loopback port, or to any free one if that is taken."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.bind(("127.0.0.1", 0))
    return bound
