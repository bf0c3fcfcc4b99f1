"""How the tests' Rucio is set up and started; `rucio_xrootd` says what it is and what tests do with it."""

from __future__ import annotations

import asyncio
import ssl
import string
from pathlib import Path
from typing import Any

import requests

from esap_jupyter.demo.rucio_certificates import Certificate, make_certificates, write_private
from esap_jupyter.demo.rucio_environment import REQUIREMENTS, make_environment
from tests.services.postgres import Postgres
from tests.services.processes import Process, listens, run
from tests.services.service import HERE, PROJECT, Service, Tell

RECIPE = HERE / "rucio_recipe"
STORAGES = ("XRD1", "XRD2")


class RucioSetup(Service):
    """Directory, certificates, configuration and processes of a Rucio with its storages."""

    name = "rucio"
    packages = (
        "postgresql", "memcached", "openssl",
        "xrootd-server", "xrootd-server-plugins", "xrootd-plugins", "xrootd-client",
    )  # fmt: skip
    port_names = (
        "rucio", "postgres", "memcached", "issuer", "fts", "XRD1", "XRD1-native", "XRD2", "XRD2-native",
    )  # fmt: skip
    recipe = (
        *(HERE / file for file in ("rucio_setup.py", "rucio_recipe", "postgres.py")),
        PROJECT / "esap_jupyter" / "demo" / "rucio_certificates.py",
        PROJECT / "esap_jupyter" / "demo" / "rucio_environment.py",
    )

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.ports['rucio']}"

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.ports['issuer']}/"

    @property
    def ca_file(self) -> Path:
        return self.directory / "certificates" / "ca.pem"

    @property
    def client_certificate(self) -> Certificate:
        """An x509 identity of the account jdoe, which the storages know, too."""
        return Certificate(self.ca_file.with_name("jdoe.pem"), self.ca_file.with_name("jdoe.key"))

    @property
    def password_file(self) -> Path:
        """Password of the accounts' userpass identities."""
        return self.directory / "password"

    @property
    def storage_origins(self) -> tuple[str, ...]:
        return tuple(f"https://127.0.0.1:{self.ports[rse]}" for rse in STORAGES)

    def addresses(self) -> dict[str, str]:
        storages = dict(zip(STORAGES, self.storage_origins, strict=True))
        return {"url": self.url, "ca_file": str(self.ca_file), "issuer": self.issuer, **storages}

    @property
    def python(self) -> Path:
        """Python of Rucio's own environment."""
        return self._environment_directory / "bin" / "python"

    @property
    def _environment_directory(self) -> Path:
        return self.directory.parent / "rucio-environment"

    def _make_environment(self, tell: Tell) -> None:
        requirements = (*REQUIREMENTS, "psycopg[binary]==3.3.9")
        asyncio.run(make_environment(self._environment_directory, requirements, tell))

    def processes(self) -> list[Process]:
        certificates, ports = self.directory / "certificates", self.ports

        def process(name: str, *command: str, **options: Any) -> Process:
            options = {"environment": self._environment, **options}
            return Process(name, command, self.directory, **options)

        def listening(name: str) -> dict[str, Any]:
            return {"ready": lambda: listens(ports[name])}

        def script(name: str) -> tuple[str, ...]:
            return (str(self.python), "-I", str(RECIPE / name))

        return [
            self._postgres.process(),
            process(
                "memcached", "/usr/bin/memcached", "-l", "127.0.0.1", "-p", str(ports["memcached"]),
                user=self.unprivileged, **listening("memcached"),
            ),
            *(
                process(
                    rse, "/usr/bin/xrootd", "-c", str(self.directory / rse / "xrootd.cfg"),
                    user=self.unprivileged, **listening(rse),
                )
                for rse in STORAGES
            ),
            process(
                "issuer", *script("token_issuer.py"), str(ports["issuer"]), str(certificates / "issuer.key"),
                **listening("issuer"),
            ),
            process(
                "fts", *script("fts_stand_in.py"), str(ports["fts"]), str(self.ca_file),
                str(certificates / "daemon-both.pem"),
                **listening("fts"),
            ),
            process(
                "rucio", str(self.python), "-m", "gunicorn", "--bind", f"127.0.0.1:{ports['rucio']}",
                "--workers", "2", "--worker-class", "gthread", "--threads", "8", "--no-control-socket",
                "--certfile", str(certificates / "rucio.pem"), "--keyfile", str(certificates / "rucio.key"),
                "--ca-certs", str(self.ca_file), "--cert-reqs", str(int(ssl.CERT_OPTIONAL)),
                "--pythonpath", str(RECIPE), "application:application",
                ready=self._answers,
            ),
            process("daemons", *script("daemons.py"), ready=lambda: True),
        ]  # fmt: skip

    def set_up(self, tell: Tell) -> None:
        self._make_environment(tell)
        self._make_certificates()
        write_private(self.password_file, b"secret\n")
        self._write_configuration()
        (self.directory / "POSIX1").mkdir()
        tell("making the database")
        for entry in (".", *STORAGES):
            self.give(self.directory / entry)
        self._postgres.create()
        processes = {process.name: process for process in self.processes()}
        processes["postgres"].start()
        processes["postgres"].wait_until_ready()
        self._postgres.sql("CREATE ROLE rucio LOGIN; CREATE DATABASE rucio OWNER rucio")
        run(str(self.python), "-I", str(RECIPE / "create_schema.py"), **self._environment)
        tell("registering accounts and storages")
        for name in ("memcached", "rucio"):
            processes[name].start()
            processes[name].wait_until_ready()
        run(
            str(self.python), "-I", str(RECIPE / "register.py"), str(self.directory / "POSIX1"),
            f"http://127.0.0.1:{self.ports['fts']}", self.issuer, *(str(self.ports[rse]) for rse in STORAGES),
            **self._environment,
        )  # fmt: skip

    @property
    def _postgres(self) -> Postgres:
        return Postgres(self.directory, self.ports["postgres"], self.unprivileged)

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "RUCIO_HOME": str(self.directory / "server"),
            # The WebDAV protocol of Rucio does not start without one.
            "X509_USER_PROXY": str(self.ca_file.with_name("daemon-both.pem")),
            "NO_PROXY": "127.0.0.1",
        }

    def _make_certificates(self) -> None:
        directory = self.ca_file.parent
        ca_file, certificates = make_certificates(
            directory, "Tests of ESAP", ("rucio", "host", "daemon", "jdoe"), days=3650
        )
        # A "proxy" is certificate and key in one file; XRootD looks its CAs up by hash.
        daemon = certificates["daemon"]
        both = daemon.certificate_file.read_bytes() + daemon.key_file.read_bytes()
        write_private(directory / "daemon-both.pem", both)
        digest = run("openssl", "x509", "-noout", "-hash", "-in", str(ca_file)).strip()
        (directory / "hashed").mkdir()
        (directory / "hashed" / f"{digest}.0").write_bytes(ca_file.read_bytes())
        directory.chmod(0o755)

    def _write_configuration(self) -> None:
        home = self.directory / "server"
        packages = next(self._environment_directory.glob("lib/python3*/site-packages"))
        for name in ("rucio.cfg", "alembic.ini", "idpsecrets.json"):
            self._fill_in(
                name, home / "etc" / name, home=home, certificates=self.ca_file.parent, **self.ports,
                migrations=packages / "rucio" / "db" / "sqla" / "migrate_repo",
            )  # fmt: skip
        (home / "log").mkdir()
        for rse in STORAGES:
            directory = self.directory / rse
            self._fill_in(
                "xrootd.cfg", directory / "xrootd.cfg", directory=directory, certificates=self.ca_file.parent,
                http=self.ports[rse], native=self.ports[f"{rse}-native"],
            )  # fmt: skip
            (directory / "admin").mkdir()
            (directory / "data" / "rucio").mkdir(parents=True)
            (directory / "data" / "rucio").chmod(0o777)

    def _fill_in(self, template: str, target: Path, **values: object) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(string.Template((RECIPE / template).read_text()).substitute(values))

    def _http(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.ca_file)
        return session

    def _answers(self) -> bool:
        with self._http() as http:
            try:
                return http.get(f"{self.url}/ping", timeout=10).ok
            except (requests.ConnectionError, requests.Timeout):
                return False
