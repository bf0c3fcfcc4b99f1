"""What a person asks of one or several services."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

Product = Literal["sources", "images", "spectra", "observations", "dids"]
"""What is looked for: sources (SCS), images (SIA), spectra (SSA), observations (ObsCore), DIDs (Rucio)."""

DEFAULT_ROW_LIMIT = 10_000
"""Rows asked of each service when the person says nothing; always shown, never silent."""

MOST_TARGETS = 1_000
"""Targets of one query: each is a request to every service. Longer lists belong in a TAP upload."""

_TOLD_TARGETS = 5


class Position(BaseModel):
    """A place on the sky, ICRS.

    Attributes
    ----------
    ra : float
        Right ascension, deg, 0 <= ra < 360.
    dec : float
        Declination, deg, -90 <= dec <= 90.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ra: float = Field(ge=0, lt=360, allow_inf_nan=False)
    dec: float = Field(ge=-90, le=90, allow_inf_nan=False)

    def __str__(self) -> str:
        return f"{self.ra:.6f} {self.dec:+.6f}"


class Target(BaseModel):
    """One of several places to look at.

    Attributes
    ----------
    name : str
        What it is called, or coordinates in any usual form.
    position : Position, optional
        Where it is; without it, `name` is resolved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", max_length=200)
    position: Position | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Target:
        if not (self.name.strip() or self.position):
            msg = "a target needs a name or a position"
            raise ValueError(msg)
        return self

    def __str__(self) -> str:
        return self.name or str(self.position)


class Query(BaseModel):
    """A question to one or several services.

    Attributes
    ----------
    services : tuple of str
        Names of the services to ask; empty means the configured default choice.
    product : str
        What is looked for, see `Product`.
    target : str
        What the person typed: a name or coordinates; `position` is what it resolved to.
    position : Position, optional
        Centre of the search.
    targets : tuple of Target
        Several places instead of one; every service is asked for each of them.
    radius : float
        Radius of the search, deg.
    keyword : str
        Free text; for ``dids`` a DID pattern ``scope:name`` with the wildcard ``*``.
    adql : str
        An ADQL query (IVOA ADQL 2.1); then nothing else selects rows.
    row_limit : int, optional
        Rows wanted of each service (and for each of `targets`) at most; None means all of it.
    parameters : dict
        Further fields of the services' own query forms.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    services: tuple[str, ...] = ()
    product: Product = "sources"
    target: str = ""
    position: Position | None = None
    targets: tuple[Target, ...] = ()
    radius: float = Field(default=0.1, gt=0, le=180, allow_inf_nan=False)
    keyword: str = ""
    adql: str = ""
    row_limit: int | None = Field(default=DEFAULT_ROW_LIMIT, ge=1)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _asks_something(self) -> Query:
        where = self.position or self.target or self.targets
        if not (where or self.keyword or self.adql or self.parameters):
            msg = "a query needs a target, a position, a keyword, ADQL or parameters"
            raise ValueError(msg)
        return self

    @field_validator("targets")
    @classmethod
    def _are_not_too_many(cls, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        if len(targets) > MOST_TARGETS:
            msg = f"{len(targets):,} targets are more than {MOST_TARGETS:,}; upload a longer list with ADQL"
            raise ValueError(msg)
        return targets

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> Query:
        if self.targets and (self.target or self.position):
            msg = "give one target or several, not both"
            raise ValueError(msg)
        if self.targets and (self.adql or self.product == "dids"):
            msg = "targets select by place, which neither ADQL nor a search for DIDs does"
            raise ValueError(msg)
        return self

    def at(self, target: Target, position: Position) -> Query:
        """The same question for one of its targets."""
        return self.model_copy(update={"targets": (), "target": str(target), "position": position})

    def describe(self) -> str:
        """One line for people and for provenance."""
        if self.adql:
            return " ".join(self.adql.split())
        where = self.target or (str(self.position) if self.position else self._targets_in_words())
        around = f"{self.product} within {self.radius:g} deg of {where}" if where else self.product
        extra = " ".join(f"{name}={value}" for name, value in self.parameters.items())
        return " ".join(part for part in (around, self.keyword, extra) if part)

    def _targets_in_words(self) -> str:
        if not self.targets:
            return ""
        told = ", ".join(str(target) for target in self.targets[:_TOLD_TARGETS])
        left = len(self.targets) - _TOLD_TARGETS
        more = f" and {left} more" if left > 0 else ""
        return f"{len(self.targets)} target{'s' if len(self.targets) > 1 else ''} ({told}{more})"
