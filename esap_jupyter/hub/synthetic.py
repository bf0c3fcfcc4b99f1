"""Synthetic users, as whom `esap probe` sees whether the hub works; part of `site.toml`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

SERVICE = "esap-probe"
"""What the hub calls the probe; its synthetic users are numbered."""


class ProbeSettings(BaseModel):
    """How `esap probe` may try the site.

    Attributes
    ----------
    token_file : Path
        Holds the probe's API token of the hub (``openssl rand -hex 32``).
    users : int
        How many synthetic users there may be at once: ``esap-probe-001`` and so on. The token allows to make,
        use and remove these, and concerns nobody else; no person can sign in under these names.
    profile : str
        What they start; empty for the first profile that is for everybody, since they are in no group.
    search : str
        ``SERVICE=WHAT``: a service of the site's `esap.toml`, and a target or ADQL.
    stage : str
        ``SERVICE=WHAT``: a service, and a small file there: a DID, or a URL.
    ca_file : Path, optional
        Certificate authority of the site's own address, beside the system's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    token_file: Path = Path("secrets/probe_token")
    users: int = Field(default=20, ge=1, le=200)
    profile: str = ""
    search: str = ""
    stage: str = ""
    ca_file: Path | None = None

    @property
    def names(self) -> list[str]:
        """The names of the synthetic users."""
        return [f"{SERVICE}-{number:03}" for number in range(1, self.users + 1)]


def scopes_of(names: Iterable[str]) -> list[str]:
    """Return what the probe's token allows at the hub: all for these users, for others nothing."""
    kinds = ("admin:users", "admin:servers", "access:servers")
    return [f"{kind}!user={name}" for name in names for kind in kinds]
