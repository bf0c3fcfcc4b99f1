"""DaCHS, GAVO's data centre suite, with PostgreSQL, pgSphere and q3c, all from Debian's packages.

It serves what `dachs_data` makes: TAP (sync, async, uploads), SCS, SIA, SIA2, SSA, ObsCore, DataLink with
SODA cut-outs, and RegTAP.
"""

from __future__ import annotations

import re
import shutil
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from tests.services import dachs_data
from tests.services.postgres import Postgres, extension_scripts
from tests.services.processes import Process, ServiceFailed, run
from tests.services.service import HERE, Service, Tell

RECIPE = HERE / "dachs_recipe"
RESOURCES = ("survey", "frames", "spectra", "rr")

_LEGACY_OPERATOR = re.compile(r"CREATE OPERATOR @ \([^;]*RIGHTARG\s*=\s*smoc[^;]*;")
_CLAIM = re.compile(r"(COMMUTATOR|NEGATOR)\s*=\s*'[^']*'\s*,")


class Dachs(Service):
    """A running DaCHS, its addresses and what it serves.

    Attributes
    ----------
    table, rows : str, int
        Its catalogue (columns ``ra``, ``dec``, ``parallax`` with NULLs, ``g_mag``, ...) and how long it is.
    centre : tuple of float
        Where its frames and spectra are (deg).
    """

    name = "dachs"
    packages = ("python3-gavo", "postgresql", "postgresql-15-pgsphere", "postgresql-15-q3c")
    port_names = ("http", "postgres")
    recipe = tuple(HERE / file for file in ("dachs.py", "dachs_data.py", "dachs_recipe", "postgres.py"))

    table: ClassVar[str] = "survey.stars"
    rows: ClassVar[int] = dachs_data.STARS
    frames: ClassVar[int] = dachs_data.FRAMES
    spectra: ClassVar[int] = dachs_data.SPECTRA
    centre: ClassVar[tuple[float, float]] = dachs_data.CENTRE

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['http']}"

    @property
    def tap(self) -> str:
        return f"{self.url}/tap"

    @property
    def scs(self) -> str:
        return f"{self.url}/survey/q/cone/scs.xml"

    @property
    def sia(self) -> str:
        """SIA version 1."""
        return f"{self.url}/frames/q/sia/siap.xml"

    @property
    def sia2(self) -> str:
        return f"{self.url}/__system__/siap2/sitewide/siap2.xml"

    @property
    def ssa(self) -> str:
        return f"{self.url}/spectra/q/ssa/ssap.xml"

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """The tables of `esap.toml` for it: the archive, and the registry that it is, too."""
        urls = {name: getattr(self, name) for name in ("tap", "scs", "sia", "sia2", "ssa")}
        return {
            "dachs": {"connector": "vo", "title": "DaCHS of the tests", **urls},
            "dachs-registry": {"connector": "registry", "title": "RegTAP of the tests", "tap": self.tap},
        }

    def addresses(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("url", "tap", "scs", "sia", "sia2", "ssa")}

    def processes(self) -> list[Process]:
        serve = Process(
            "dachs",
            ("/usr/bin/dachs", "serve", "debug"),
            self.directory,
            ready=self._answers,
            user=self.unprivileged,
            environment=self._environment,
        )
        return [self._postgres.process(), serve]

    def set_up(self, tell: Tell) -> None:
        user = self.unprivileged
        self.give(self.directory)
        (self.directory / "home").mkdir()
        (self.directory / "gavo.rc").write_text(
            (RECIPE / "gavo.rc").read_text().format(
                root=self.directory / "gavo", http=self.ports["http"], user=user, group=_group_of(user)
            )
        )  # fmt: skip
        self.give(self.directory)
        with ThreadPoolExecutor(1) as beside:
            data = beside.submit(self._write_data, self.directory / "data")
            tell("making the database")
            self._postgres.create()
            self._postgres.process().start()
            self._postgres.process().wait_until_ready()
            self._postgres.sql("CREATE DATABASE gavo TEMPLATE template0 ENCODING 'UTF8'")
            self._create_pgsphere()
            self._dachs("init", "-d", f"host=127.0.0.1 port={self.ports['postgres']} dbname=gavo user={user}")
            data.result()
        defaults = self.directory / "gavo" / "etc" / "defaultmeta.txt"
        defaults.write_text(_filled_in(defaults.read_text()))
        for resource in RESOURCES:
            target = self.directory / "gavo" / "inputs" / resource
            shutil.copytree(RECIPE / resource, target)
            if (made := self.directory / "data" / resource).exists():
                made.rename(target / "data")
        self.give(self.directory / "gavo" / "inputs")
        tell("importing into DaCHS")
        self._dachs("imp", "//tap")
        self._dachs("imp", "//obscore")
        for resource in RESOURCES:
            self._dachs("imp", f"{resource}/q")
        self._copy("survey.stars", self.directory / "data" / "stars.csv")
        registry = self.directory / "data" / "registry"
        for name in dachs_data.write_registry(registry, self.url):
            self._copy(f"rr.{name}", registry / f"{name}.csv")
        self._postgres.sql("ANALYZE survey.stars", "gavo")
        tell("publishing")
        # Of several identifiers in one call, DaCHS publishes only the first.
        for published in ("survey/q", "frames/q", "spectra/q", "//tap", "//services", "//siap2"):
            self._dachs("pub", published)

    @property
    def _postgres(self) -> Postgres:
        return Postgres(self.directory, self.ports["postgres"], self.unprivileged)

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.directory / "home"),
            "GAVOSETTINGS": str(self.directory / "gavo.rc"),
            "LC_ALL": "C.UTF-8",
            # Debian's Python, whatever virtual environment we are called from.
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": "",
        }

    def _dachs(self, *arguments: str) -> None:
        run("/usr/bin/dachs", *arguments, user=self.unprivileged, **self._environment)

    def _write_data(self, directory: Path) -> None:
        directory.mkdir()
        dachs_data.write_stars(directory / "stars.csv")
        dachs_data.write_frames(directory / "frames")
        dachs_data.write_spectra(directory / "spectra")

    def _copy(self, table: str, file: Path) -> None:
        columns = file.open().readline().strip()
        self._postgres.sql(
            f"COPY {table} ({columns}) FROM STDIN (FORMAT csv, HEADER);\n{file.read_text()}\\.\n", "gavo"
        )

    def _create_pgsphere(self) -> None:
        """Create the extension pg_sphere.

        PostgreSQL refuses Debian's script for it since 15.19: two legacy operators ``@`` claim the
        commutator and negator of ``<@``. Then the script runs here without these clauses, and is noted as
        an extension, because DaCHS asks for one; the system's files stay as they are.
        """
        try:
            self._postgres.sql("CREATE EXTENSION pg_sphere", "gavo")
        except ServiceFailed as refused:
            if "commutator" not in str(refused):
                raise
            version = self._postgres.sql(
                "SELECT default_version FROM pg_available_extensions WHERE name = 'pg_sphere'"
            ).strip()
            script = extension_scripts() / f"pg_sphere--{version}.sql"
            body = script.read_text().partition("\\quit")[2].replace("MODULE_PATHNAME", "$libdir/pg_sphere")
            self._postgres.sql(
                "SET client_min_messages = error;\n"
                + _LEGACY_OPERATOR.sub(lambda found: _CLAIM.sub("", found[0]), body)
                + f"""
                INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
                SELECT max(oid::int) + 1, 'pg_sphere', 'pg_database_owner'::regrole,
                       'public'::regnamespace, true, '{version}'
                FROM pg_extension""",
                "gavo",
            )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.tap}/availability", timeout=10) as answer:
                return answer.status == 200
        except OSError:
            return False


def _filled_in(defaults: str) -> str:
    """DaCHS's own template of site metadata, with what it insists on."""
    for key, value in (
        ("publisher", "ESAP tests"),
        ("contact.name", "ESAP tests"),
        ("authority.shortName", "esaptest"),
    ):
        defaults = re.sub(rf"^{re.escape(key)}:.*$", f"{key}: {value}", defaults, flags=re.MULTILINE)
    return defaults


def _group_of(user: str) -> str:
    import grp
    import pwd

    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
