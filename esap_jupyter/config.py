"""One source of services: `esap.toml` (shipped, site, person, `$ESAP_CONFIG`), merged in that order.

Server, kernel, command line and batch job read it identically. Tables merge key by key, so a person's file
may change one line of a service that the site defines. Errors name file and line.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, ConfigDict, Field

from esap_jupyter.errors import ConfigError, UnknownName
from esap_jupyter.models.query import DEFAULT_ROW_LIMIT
from esap_jupyter.settings_files import SettingsFiles

SHIPPED = Path(__file__).with_name("services.toml")

_DEFAULT_PORTS = {"http": 80, "https": 443, "davs": 443, "root": 1094}


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NetworkSettings(_Settings):
    """How requests go out. Proxies are taken from the environment (``HTTPS_PROXY``, ``NO_PROXY``).

    Attributes
    ----------
    contact : str
        Mail address put into the User-Agent, as the IVOA note on software identification asks.
    ca_file : Path, optional
        The site's CA bundle, used instead of the system's.
    allow : tuple of str
        Further origins (``https://host:port``) that may be at a private or loopback address.
    """

    contact: str = ""
    ca_file: Path | None = None
    allow: tuple[str, ...] = ()


class SearchSettings(_Settings):
    """What is asked when the person does not say.

    Attributes
    ----------
    services : tuple of str
        The default choice; empty means every service that offers what is asked.
    row_limit : int
        Rows wanted of each service.
    """

    services: tuple[str, ...] = ()
    row_limit: int = Field(default=DEFAULT_ROW_LIMIT, ge=1)


class StagingSettings(_Settings):
    """How files are brought here.

    Attributes
    ----------
    directory : str
        Where, relative to the workspace.
    files_at_once : int
        Files transferred side by side.
    keep_free : int
        Bytes of disk that a staging leaves free.
    """

    directory: str = "esap-data"
    files_at_once: int = Field(default=16, ge=1, le=64)
    keep_free: int = Field(default=100_000_000, ge=0)


class StorageSettings(_Settings):
    """Where ESAP keeps its own things; None means the platform's usual place.

    Attributes
    ----------
    state_directory : Path, optional
        Basket, jobs, history (SQLite).
    cache_directory : Path, optional
        Tables and services' capabilities.
    cache_limit : int
        Bytes of unpinned tables kept.
    workspace : Path, optional
        Default: ``$ESAP_WORKSPACE``, the Jupyter server's root, or the current directory.
    home_limit : int, optional
        Bytes that a person's home may hold; the person is warned before it is full. Default:
        ``$ESAP_HOME_LIMIT``, which a hub sets. Only where the file system itself does not show a quota.
    """

    state_directory: Path | None = None
    cache_directory: Path | None = None
    cache_limit: int = Field(default=20_000_000_000, ge=0)
    workspace: Path | None = None
    home_limit: int | None = Field(default=None, gt=0)

    def state_path(self) -> Path:
        """Directory of the state."""
        return self.state_directory or platformdirs.user_data_path("esap")

    def cache_path(self) -> Path:
        """Directory of the cache."""
        return self.cache_directory or platformdirs.user_cache_path("esap")

    def workspace_path(self) -> Path:
        """The person's own directory."""
        named = os.environ.get("ESAP_WORKSPACE") or os.environ.get("JUPYTER_SERVER_ROOT")
        return (self.workspace or Path(named or Path.cwd())).expanduser().resolve()

    def most_in_home(self) -> int | None:
        """Bytes that the person's home may hold."""
        told = os.environ.get("ESAP_HOME_LIMIT", "")
        return self.home_limit or (int(told) if told.isdecimal() else None) or None


class SignInSettings(_Settings):
    """How a person signs in where no hub has done so.

    Attributes
    ----------
    issuer : str
        The community's OpenID Connect provider; empty if there is none.
    client_id : str
        A public client of it that may use device codes (RFC 8628) and refresh tokens.
    scopes : tuple of str
        What to ask for.
    agent_account : str
        Short name of the account of a running oidc-agent; without it the agent is asked for the issuer.
    ca_file : Path, optional
        CA bundle for the provider, in addition.
    token_files : dict
        By path, the audience of the token to keep there for other tools; an empty one for the token of the
        sign-in. Each file is in the person's home or ``$XDG_RUNTIME_DIR`` (and left out where that is not
        set).
    """

    issuer: str = ""
    client_id: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "offline_access")
    agent_account: str = ""
    ca_file: Path | None = None
    token_files: dict[str, str] = Field(default_factory=dict)


class ServiceSettings(BaseModel):
    """What every service has; the rest of its table belongs to its connector's `Settings`.

    Attributes
    ----------
    connector : str
        Name of the entry point in the group ``esap_jupyter.connectors``.
    title, description : str
        Shown to people.
    enabled : bool
        False takes the service away.
    deadline : float
        Seconds that one remote call may take.
    calls_at_once : int
        Calls to this service side by side.
    origins : tuple of str
        Origins beside those of the service's own URLs that belong to it (its storages, say): they may be at
        private addresses, and its tokens may go there.
    ca_file : Path, optional
        CA bundle trusted for this service only.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    connector: str
    title: str = ""
    description: str = ""
    enabled: bool = True
    deadline: float = Field(default=60.0, gt=0)
    calls_at_once: int = Field(default=8, ge=1, le=64)
    origins: tuple[str, ...] = ()
    ca_file: Path | None = None

    def own_settings(self) -> dict[str, Any]:
        """The part of the table that only the connector understands."""
        return dict(self.model_extra or {})

    def named_origins(self) -> frozenset[str]:
        """Every origin this service's table names: `origins` and those of all its URLs.

        Raises
        ------
        ValueError
            If one is no absolute URL, or has a user name or password in it.
        """
        urls = [*self.origins, *_urls_in(self.own_settings())]
        if any("@" in urlsplit(url).netloc for url in urls):
            msg = "a URL is shown and logged, user name and password do not belong in it"
            raise ValueError(msg)
        return frozenset(origin_of(url) for url in urls)


class Config(_Settings):
    """The merged configuration."""

    network: NetworkSettings = NetworkSettings()
    search: SearchSettings = SearchSettings()
    staging: StagingSettings = StagingSettings()
    storage: StorageSettings = StorageSettings()
    sign_in: SignInSettings = SignInSettings()
    services: dict[str, ServiceSettings] = Field(default_factory=dict)

    _files: SettingsFiles = SettingsFiles()

    def service(self, name: str) -> ServiceSettings:
        """Settings of an enabled service.

        Raises
        ------
        UnknownName
            If no enabled service has this name; the hint lists those that exist.
        """
        settings = self.services.get(name)
        if settings is None or not settings.enabled:
            known = ", ".join(sorted(n for n, s in self.services.items() if s.enabled))
            raise UnknownName(
                f"There is no service named {name!r}.",
                hint=f"Known services: {known}.",
                field="services",
            )
        return settings

    def error(self, path: tuple[str | int, ...], message: str) -> ConfigError:
        """Make the error for the value at `path`, naming the file and line that set it."""
        return self._files.error(path, message)


def origin_of(url: str) -> str:
    """``scheme://host:port`` of a URL, lower case, the port always written (RFC 6454).

    Raises
    ------
    ValueError
        If it is no absolute URL, or has a backslash or blank, for which parsers find different hosts in it: a
        token for the one must not reach the other.
    """
    parts = urlsplit(url)
    if not parts.scheme or not parts.hostname or re.search(r"[\s\\\x00-\x1f\x7f]", url):
        msg = f"{url!r} is not an absolute URL"
        raise ValueError(msg)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme.lower(), 0)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme.lower()}://{host.lower()}:{port}"


def config_files() -> list[Path]:
    """The files that are read, in order, those that exist."""
    places = [
        SHIPPED,
        Path(sys.prefix) / "etc" / "esap" / "esap.toml",
        platformdirs.site_config_path("esap") / "esap.toml",
        platformdirs.user_config_path("esap") / "esap.toml",
    ]
    named = os.environ.get("ESAP_CONFIG")
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise ConfigError(
                f"$ESAP_CONFIG names {path}, which is not a file.",
                hint="Correct or unset the variable.",
            )
        places.append(path)
    return [path for path in places if path.is_file()]


def load_config(files: list[Path] | None = None) -> Config:
    """Read and merge the configuration.

    Parameters
    ----------
    files : list of Path, optional
        Read these instead of `config_files()`.

    Raises
    ------
    ConfigError
        Naming file and line, if a file is not TOML or a value does not fit.
    """
    settings = SettingsFiles.read(config_files() if files is None else files)
    config = settings.validate(Config)
    for name, service in config.services.items():
        try:
            service.named_origins()
        except ValueError as error:
            raise settings.error(("services", name), str(error)) from None
    object.__setattr__(config, "_files", settings)
    return config


def _urls_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if re.match(r"[a-z][a-z0-9+.-]*://", value, re.IGNORECASE):
            yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _urls_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _urls_in(part)
