"""What a site says of a VO service, and what a person may ask of it beyond place and keyword."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

_MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)

# Of the vocabulary http://www.ivoa.net/rdf/product-type, the terms that ObsCore 1.1, section 3.3.1, names.
DataType = Literal[
    "", "image", "cube", "spectrum", "sed", "timeseries", "visibility", "event", "measurements"
]


class VOSettings(BaseModel):
    """The table of a service with ``connector = "vo"`` in esap.toml; at least one URL is needed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tap: str = Field("", description="Base URL of a TAP service, to which /sync and /async are added")
    scs: str = Field("", description="URL of a simple cone search")
    sia: str = Field("", description="URL of a simple image access service, version 1")
    sia2: str = Field("", description="URL of the query resource of a simple image access service, version 2")
    ssa: str = Field("", description="URL of a simple spectral access service")
    cone_table: str = Field("", description="Table for cone searches through TAP")
    cone_ra: str = Field("", description="Its right ascension, ICRS, deg; found by UCD if not given")
    cone_dec: str = Field("", description="Its declination, ICRS, deg; found by UCD if not given")
    obscore: str = Field("ivoa.obscore", description="The service's ObsCore table; empty if it has none")
    lake: str = Field("", description="The Rucio service that holds the files of this archive")
    lake_did: str = Field(
        r"^ivo://[^?]+\?(?P<scope>[^:]+):(?P<name>.+)$",
        description="Finds scope and name of the DID in an obs_publisher_did",
    )
    audience: str = Field(
        "", description="Audience of the token that the service wants of its users; empty if it wants none"
    )
    token_file: Path | None = Field(None, description="File with that token, instead of the person's sign-in")
    sync_seconds: float = Field(
        15.0, gt=0, description="Seconds after which a query goes on as an asynchronous job"
    )
    job_seconds: float = Field(
        3600.0, gt=0, description="Seconds after which an asynchronous job is given up and deleted"
    )

    @field_validator("tap")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/?&")

    @field_validator("lake_did")
    @classmethod
    def _names_scope_and_name(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groupindex
        except re.error as error:
            msg = f"is no regular expression: {error}"
            raise ValueError(msg) from None
        if not {"scope", "name"} <= groups.keys():
            msg = "needs the groups (?P<scope>...) and (?P<name>...)"
            raise ValueError(msg)
        return pattern

    @model_validator(mode="after")
    def _has_a_url(self) -> Self:
        if not (self.tap or self.scs or self.sia or self.sia2 or self.ssa):
            msg = "needs at least one of tap, scs, sia, sia2, ssa"
            raise ValueError(msg)
        if self.cone_table and not self.tap:
            msg = "cone_table needs tap"
            raise ValueError(msg)
        return self


def _observation_field(default: Any, title: str, description: str, **limits: Any) -> Any:
    """A field that narrows observations, and means nothing for the sources of a catalogue."""
    products: dict[str, JsonValue] = {"products": ["images", "spectra", "observations"]}
    return Field(default, title=title, description=description, json_schema_extra=products, **limits)


class VOForm(BaseModel):
    """Further fields of a search; each narrows what is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_type: DataType = _observation_field("", "Data type", "Type of data product")
    collection: str = _observation_field("", "Collection", "Name of the collection, e.g. HST")
    facility: str = _observation_field("", "Facility", "Observatory or telescope")
    instrument: str = _observation_field("", "Instrument", "Name of the instrument")
    calib_level: int | None = _observation_field(
        None, "Calibration level", "0 raw ... 3 science ready, 4 analysis product", ge=0, le=4
    )
    wavelength_min: float | None = _observation_field(None, "Wavelength from", "Shortest wavelength, m", gt=0)
    wavelength_max: float | None = _observation_field(None, "Wavelength to", "Longest wavelength, m", gt=0)
    time_start: datetime | None = _observation_field(None, "Observed after", "UTC")
    time_end: datetime | None = _observation_field(None, "Observed before", "UTC")
    columns: str = Field(
        "",
        title="Columns",
        description="Columns of a source catalogue, separated by commas; empty means all",
        json_schema_extra={"products": ["sources"]},
    )

    @field_validator("time_start", "time_end")
    @classmethod
    def _in_utc(cls, time: datetime | None) -> datetime | None:
        return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time

    @field_validator("columns")
    @classmethod
    def _are_identifiers(cls, columns: str) -> str:
        names = [name.strip() for name in columns.split(",") if name.strip()]
        for name in names:
            if not re.fullmatch(r'[A-Za-z]\w*|"[^"]+"', name):
                msg = f"{name} is no column name"
                raise ValueError(msg)
        return ", ".join(names)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.wavelength_min and self.wavelength_max and self.wavelength_min > self.wavelength_max:
            msg = "wavelength_min is larger than wavelength_max"
            raise ValueError(msg)
        if self.time_start and self.time_end and self.time_start > self.time_end:
            msg = "time_start is later than time_end"
            raise ValueError(msg)
        return self

    @property
    def asked(self) -> frozenset[str]:
        """Names of the fields that say something."""
        return frozenset(name for name, value in self if value not in ("", None))


def mjd(time: datetime) -> float:
    """Modified Julian date of a time, d."""
    return (time - _MJD_ZERO).total_seconds() / 86400
