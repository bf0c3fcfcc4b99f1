"""What a VOTable says of its times (VOTable 1.4, section 3.4), which no column has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

_ROWS = {"TABLEDATA", "BINARY", "BINARY2", "FITS"}
_ORIGINS = {"MJD-origin": "MJD 0", "JD-origin": "JD 0"}


@dataclass(frozen=True, slots=True)
class TimeSystem:
    """Of the times of a table.

    Attributes
    ----------
    scale : str
        ``UTC``, ``TDB`` ...
    origin : str
        What they count from, for people; empty if they say it themselves.
    unit : str
        If the column does not say it.
    """

    scale: str = ""
    origin: str = ""
    unit: str = ""

    @property
    def since(self) -> str:
        """The origin, to follow a column's name."""
        return f" since {self.origin}" if self.origin else ""


def time_system_of(path: Path) -> TimeSystem:
    """Read the first TIMESYS of a VOTable; what is after the beginning of the rows is not read."""
    try:
        for _, element in iterparse(path, events=("start",)):
            name = element.tag.rpartition("}")[2]
            if name in _ROWS:
                break
            if name == "TIMESYS":
                origin = element.get("timeorigin", "")
                try:
                    origin = f"JD {float(origin):.10g}"
                except ValueError:
                    origin = _ORIGINS.get(origin, origin)
                return TimeSystem(element.get("timescale", ""), origin)
    except (ParseError, DefusedXmlException, OSError):
        # The reader of the rows says what is wrong with it.
        return TimeSystem()
    return TimeSystem()
