"""What a link from elsewhere may ask to put into the basket."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

_LONGEST = 2000
_DID = re.compile(r"rucio:(?P<scope>[A-Za-z0-9._-]{1,64}):(?P<name>/?[A-Za-z0-9._/+=@%-]{1,500})")


class ItemLink(BaseModel):
    """A DID of a data lake, a file, or a DataLink document (DataLink 1.1).

    Attributes
    ----------
    locator : str
        As in `Item`: the URL, or ``scope:name``.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["did", "url", "datalink"]
    locator: str

    @classmethod
    def read(cls, text: str) -> ItemLink:
        """Read ``rucio:<scope>:<name>``, ``https://...`` or ``datalink:https://...``.

        Raises
        ------
        ValueError
            If it is none of these; the message is for people.
        """
        if did := _DID.fullmatch(text):
            return cls(kind="did", locator=f"{did['scope']}:{did['name']}")
        url = text.removeprefix("datalink:")
        if len(text) > _LONGEST or not _is_address(url):
            msg = "an item is rucio:<scope>:<name>, https://... or datalink:https://..."
            raise ValueError(msg)
        return cls(kind="datalink" if url != text else "url", locator=url)


def _is_address(url: str) -> bool:
    if not url.isascii() or not url.isprintable() or any(letter in url for letter in ' "<>\\^`{|}'):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
