"""What a person asks of one or several services."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

Product = Literal["sources", "images", "spectra", "observations", "dids"]
"""What is looked for: sources (SCS), images (SIA), spectra (SSA), observations (ObsCore), DIDs (Rucio)."""

DEFAULT_ROW_LIMIT = 10_000
"""Rows asked of each service when the person says nothing; always shown, never silent."""


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
    radius : float
        Radius of the search, deg.
    keyword : str
        Free text; for ``dids`` a DID pattern ``scope:name`` with the wildcard ``*``.
    adql : str
        An ADQL query (IVOA ADQL 2.1); then nothing else selects rows.
    row_limit : int, optional
        Rows wanted of each service at most; None means all of it.
    parameters : dict
        Further fields of the services' own query forms.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    services: tuple[str, ...] = ()
    product: Product = "sources"
    target: str = ""
    position: Position | None = None
    radius: float = Field(default=0.1, gt=0, le=180, allow_inf_nan=False)
    keyword: str = ""
    adql: str = ""
    row_limit: int | None = Field(default=DEFAULT_ROW_LIMIT, ge=1)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _asks_something(self) -> Query:
        if not (self.position or self.target or self.keyword or self.adql or self.parameters):
            msg = "a query needs a target, a position, a keyword, ADQL or parameters"
            raise ValueError(msg)
        return self

    def describe(self) -> str:
        """One line for people and for provenance."""
        if self.adql:
            return " ".join(self.adql.split())
        where = self.target or (f"{self.position.ra:.6f} {self.position.dec:+.6f}" if self.position else "")
        around = f"{self.product} within {self.radius:g} deg of {where}" if where else self.product
        extra = " ".join(f"{name}={value}" for name, value in self.parameters.items())
        return " ".join(part for part in (around, self.keyword, extra) if part)
