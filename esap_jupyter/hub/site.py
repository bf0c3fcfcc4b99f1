"""What a site says of itself: `site.toml`, validated; an error names the line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from esap_jupyter.errors import ConfigError
from esap_jupyter.hub.identity import GROUP_CLAIMS
from esap_jupyter.hub.life import LifeSettings
from esap_jupyter.hub.profiles import Offer
from esap_jupyter.hub.synthetic import ProbeSettings
from esap_jupyter.settings_files import SettingsFiles


def _is_web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        msg = "must be an http or https URL without user and password"
        raise ValueError(msg)
    return url


WebAddress = Annotated[str, AfterValidator(_is_web_address)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteSettings(_Settings):
    """The site.

    Attributes
    ----------
    name : str
        Shown on the hub's pages.
    url : str
        How browsers reach the hub.
    contact : str
        Whom a person writes to when something is wrong.
    directory : Path
        Where the hub keeps its database and cookie secret.
    crypt_key_file : Path
        Holds the key that the hub encrypts tokens with: 32 bytes, hexadecimal (``openssl rand -hex 32``).
        Several lines are several keys: the first encrypts, all decrypt.
    esap_directory : Path, optional
        Holds the site's `esap.toml`, and what that names (certificates of authorities, say). People's servers
        in containers read it at ``/etc/xdg/esap``.
    named_servers : int
        How many servers a person may have beside the first.
    """

    name: str = "ESAP"
    url: WebAddress
    contact: str = ""
    directory: Path = Path("/srv/esap")
    crypt_key_file: Path = Path("secrets/crypt_key")
    esap_directory: Path | None = None
    named_servers: int = Field(default=2, ge=0, le=8)


class HomeSettings(_Settings):
    """People's homes.

    Attributes
    ----------
    limit : str
        What a home may hold, ``50G`` (powers of 1000); the person is warned before. It enforces nothing: a
        quota of the file system does, and where there is one this is not needed.
    """

    limit: str = Field(default="", pattern=r"^([1-9][0-9]*[MGT])?$")

    def bytes(self) -> int | None:
        """What a home may hold."""
        factors = {"M": 10**6, "G": 10**9, "T": 10**12}
        return int(self.limit[:-1]) * factors[self.limit[-1]] if self.limit else None


class MonitorSettings(_Settings):
    """What an operator sees.

    Attributes
    ----------
    audit_log : str
        Who signed in, what was started and stopped, which tokens were given; relative to the hub's directory.
        An empty text: nothing is written.
    metrics_token_file : Path, optional
        Holds the token with which Prometheus may read ``/hub/metrics``. Without it administrators may only.
    """

    audit_log: str = "audit.jsonl"
    metrics_token_file: Path | None = None


class Audience(_Settings):
    """A service whose tokens the hub gets by exchange (RFC 8693).

    Attributes
    ----------
    scope : str
        What the token is to allow, ``storage.read:/`` say.
    """

    scope: str = ""


class SignInSettings(_Settings):
    """How people sign in: an OpenID Connect provider.

    Attributes
    ----------
    provider : str
        ``iam``: INDIGO IAM, as ESCAPE has it; ``check-in``: EGI Check-in; ``oidc``: another one.
    issuer : str
        The provider's address, below which is ``.well-known/openid-configuration`` (OpenID Connect Discovery
        1.0, section 4).
    client_id : str
        What the provider calls this hub.
    client_secret_file : Path
        Holds what the hub shows the provider.
    scopes : tuple of str
        Asked for when signing in; the default is the provider's.
    username_claim : str
        The claim that names a person; it must be unique and stay the same.
    group_claims : tuple of str
        Where the groups are.
    entitlement_namespaces : tuple of str
        Whose groups in ``eduperson_entitlement`` count: ``urn:mace:egi.eu`` (AARC-G069), which is the default
        for EGI Check-in. Others may have groups of the same names.
    allowed_groups : tuple of str
        Whose members may use the site.
    allow_all : bool
        Whether everybody may who can sign in at the provider.
    admin_groups : tuple of str
        Whose members administer it.
    audiences : dict
        By audience, what else a person's server may get tokens for.
    ca_file : Path, optional
        CA bundle for the provider, instead of the system's.
    """

    provider: Literal["iam", "check-in", "oidc"] = "oidc"
    issuer: WebAddress
    client_id: str = Field(min_length=1)
    client_secret_file: Path = Path("secrets/client_secret")
    scopes: tuple[str, ...] = ()
    username_claim: str = ""
    group_claims: tuple[str, ...] = GROUP_CLAIMS
    entitlement_namespaces: tuple[Annotated[str, Field(pattern=r"^urn:[^#\s]+$")], ...] = ()
    allowed_groups: tuple[str, ...] = ()
    allow_all: bool = False
    admin_groups: tuple[str, ...] = ()
    audiences: dict[str, Audience] = Field(default_factory=dict)
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Self:
        if not (self.allowed_groups or self.allow_all):
            msg = "name the allowed_groups, or set allow_all = true"
            raise ValueError(msg)
        return self

    def wanted_scopes(self) -> list[str]:
        """The scopes to ask for."""
        return list(self.scopes or _SCOPES[self.provider])

    def groups_from(self) -> list[str]:
        """Whose entitlements count."""
        return list(self.entitlement_namespaces or _NAMESPACES.get(self.provider, ()))

    def name_claim(self) -> str:
        """The claim that names a person."""
        return self.username_claim or _NAME_CLAIMS[self.provider]


_SCOPES: dict[str, tuple[str, ...]] = {
    "iam": ("openid", "profile", "email", "offline_access", "wlcg.groups"),
    "check-in": ("openid", "profile", "email", "offline_access", "eduperson_entitlement", "voperson_id"),
    "oidc": ("openid", "profile", "email", "offline_access"),
}
_NAMESPACES: dict[str, tuple[str, ...]] = {"check-in": ("urn:mace:egi.eu",)}
_NAME_CLAIMS: dict[str, str] = {
    "iam": "preferred_username",
    "check-in": "voperson_id",
    "oidc": "preferred_username",
}


class Site(Offer):
    """Everything in `site.toml`."""

    site: SiteSettings
    sign_in: SignInSettings
    probe: ProbeSettings | None = None
    life: LifeSettings = LifeSettings()
    homes: HomeSettings = HomeSettings()
    monitor: MonitorSettings = MonitorSettings()

    _files: SettingsFiles = SettingsFiles()
    _directory: Path = Path()

    def path(self, relative: Path) -> Path:
        """Return a path that the file gives relative to itself."""
        return self._directory / relative

    def secret(self, table: str, key: str) -> str:
        """Read the secret that a setting names a file for.

        Raises
        ------
        ConfigError
            If the file cannot be read, is empty, or may be read by others.
        """
        path = self.path(getattr(getattr(self, table), key))
        try:
            shared = _others_may_read(path.stat())
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise self.error((table, key), f"{path} cannot be read ({error})") from None
        if shared:
            raise self.error((table, key), f"others may read {path}; do: chmod 600 {path}")
        if not text:
            raise self.error((table, key), f"{path} is empty")
        return text

    def error(self, path: tuple[str | int, ...], message: str) -> ConfigError:
        """Make the error for the value at `path`, naming the line."""
        return self._files.error(path, message)


def load_site(path: Path | str) -> Site:
    """Read `site.toml`.

    Raises
    ------
    ConfigError
        If it cannot be used; the message names the line.
    """
    file = Path(path).resolve()
    files = SettingsFiles.read([file])
    site = files.validate(Site)
    _set(site, _files=files, _directory=file.parent)
    for where, fault in site.faults():
        raise site.error(where, fault)
    return site


def _others_may_read(file: os.stat_result) -> bool:
    # Kubernetes mounts a secret as root's, to be read by the pod's own group.
    own = file.st_uid == 0 and file.st_gid == os.getegid()
    return bool(file.st_mode & (0o037 if own else 0o077))


def _set(site: Site, **values: Any) -> None:
    # The model is frozen for everybody else.
    for name, value in values.items():
        object.__setattr__(site, name, value)
