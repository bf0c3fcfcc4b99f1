"""The configuration files of the demo's Rucio server."""

from __future__ import annotations

import configparser
import io
from collections.abc import Mapping
from pathlib import Path

from esap_jupyter.demo.rucio_certificates import write_private


def write_configuration(home: Path, *, url: str, ca_file: Path, root_password: str, migrations: Path) -> None:
    """Write ``etc/rucio.cfg`` and ``etc/alembic.ini`` into Rucio's home, readable by the owner only.

    Parameters
    ----------
    home : Path
        ``$RUCIO_HOME``; the database is in it, too.
    url : str
        Where the server will be.
    ca_file : Path
        CA of the server's certificate.
    root_password : str
        Password of Rucio's account ``root``, with which the demo registers its files.
    migrations : Path
        Rucio's migration scripts, in its environment.
    """
    database = f"sqlite:///{home / 'rucio.db'}"
    alembic = home / "etc" / "alembic.ini"
    alembic.parent.mkdir(parents=True, exist_ok=True)
    _write(
        home / "etc" / "rucio.cfg",
        {
            "common": {"logdir": str(home), "loglevel": "WARNING"},
            "database": {"default": database},
            "alembic": {"cfg": str(alembic)},
            "bootstrap": {
                "userpass_identity": "root",
                "userpass_pwd": root_password,
                "userpass_email": "root@example.org",
            },
            "policy": {
                "permission": "generic",
                "schema": "generic",
                "lfn2pfn_algorithm_default": "identity",
                "support": "the ESAP demo",
                "support_rucio": "https://rucio.cern.ch",
            },
            # Not the JSON metadata, which fail on SQLite, and with them every request for all metadata.
            "metadata": {"plugins": "rucio.core.did_meta_plugins.did_column_meta.DidColumnMeta"},
            # No memcached: port 9 ("discard") is nobody's.
            "cache": {"url": "127.0.0.1:9"},
            "client": {
                "rucio_host": url,
                "auth_host": url,
                "ca_cert": str(ca_file),
                "auth_type": "userpass",
                "account": "root",
                "username": "root",
                "password": root_password,
                "request_retries": "3",
                "auth_token_file_path": str(home / "token"),
            },
        },
    )
    _write(
        alembic,
        {
            "alembic": {"script_location": str(migrations), "sqlalchemy.url": database},
            "loggers": {"keys": "root"},
            "handlers": {"keys": "console"},
            "formatters": {"keys": "plain"},
            "logger_root": {"level": "WARNING", "handlers": "console"},
            "handler_console": {"class": "StreamHandler", "args": "(sys.stderr,)", "formatter": "plain"},
            "formatter_plain": {"format": "%(levelname)s %(message)s"},
        },
    )


def _write(path: Path, sections: Mapping[str, Mapping[str, str]]) -> None:
    parser = configparser.RawConfigParser()
    parser.read_dict(sections)
    content = io.StringIO()
    parser.write(content)
    write_private(path, content.getvalue().encode())
