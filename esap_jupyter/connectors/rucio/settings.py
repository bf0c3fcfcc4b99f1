"""What a site says of its Rucio, and what a person may ask of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

_UserPath = Annotated[Path, AfterValidator(Path.expanduser)]

DIDKind = Literal["all", "collection", "dataset", "container", "file"]


class RucioSettings(BaseModel):
    """One Rucio instance, or one VO of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        description="Address of the Rucio server; it may have a path.", pattern=r"^https?://[^/?#]+[^?#]*$"
    )
    auth_url: str = Field(
        default="",
        description="Address of its authentication server, if that is another one.",
        pattern=r"^(https?://[^/?#]+[^?#]*)?$",
    )
    account: str = Field(
        default="", description="Rucio account; needed only if the person's identity has several."
    )
    vo: str = Field(default="def", description="Virtual organisation, on a Rucio that serves several.")
    auth_type: Literal["userpass", "x509", "oidc"] = Field(
        default="oidc", description="How a person signs in: a token, a certificate, or a password."
    )
    audience: str = Field(
        default="rucio", description="Audience that an OIDC token must be for; empty takes any token."
    )
    token_file: _UserPath | None = Field(
        default=None, description="File with the OIDC token, instead of WLCG bearer token discovery."
    )
    username: str = Field(default="", description="Name that goes with the password.")
    password_file: _UserPath | None = Field(
        default=None, description="File with the password, readable by its owner only."
    )
    client_cert: _UserPath | None = Field(
        default=None, description="X.509 certificate (PEM), or a proxy that holds certificate and key."
    )
    client_key: _UserPath | None = Field(
        default=None, description="Private key (PEM, no passphrase) of the certificate."
    )
    scopes: tuple[str, ...] = Field(
        default=(),
        description="Scopes that are offered, and searched when none is named; empty offers all there are.",
    )
    preferred_rse: tuple[str, ...] = Field(
        default=(), description="RSEs to read from before any other, those of the own site say; best first."
    )
    site_rse: str = Field(
        default="",
        description="RSE, or RSE expression, of the own site: for replicas and uploads.",
    )
    mounts: dict[str, _UserPath] = Field(
        default_factory=dict,
        description="Directories by RSE where its files can be read here; each stands for the RSE's prefix.",
    )

    @field_validator("url", "auth_url")
    @classmethod
    def _without_final_slash(cls, url: str) -> str:
        return url.rstrip("/")


class DIDForm(BaseModel):
    """What a search for DIDs can be narrowed to; a keyword ``scope:name*`` goes before scope and name."""

    model_config = ConfigDict(frozen=True)

    scope: str = Field(default="", title="Scope", description="Scope, or a pattern with the wildcard *.")
    name: str = Field(default="", title="Name", description="Name, or a pattern with the wildcard *.")
    type: DIDKind = Field(
        default="all", title="Type", description="A collection is a dataset or a container."
    )
    filters: str = Field(
        default="",
        title="Metadata",
        description=(
            "Filters as Rucio writes them: length>3, datatype=RAW, created_at>=2026-01-01T00:00:00; "
            "a comma means and, a semicolon or."
        ),
    )
