"""From a row to an item, and from an item to its files."""

from __future__ import annotations

import functools
import hashlib
import json
import mimetypes
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import pyarrow as pa

from esap_jupyter.errors import NoReplica
from esap_jupyter.models import Item, Link, Provenance, Replica, SourceFile

THIS = frozenset({"#this", "this", "http://www.ivoa.net/rdf/datalink/core#this"})
"""The semantics of the data themselves; the vocabulary has no narrower term, so it need not be fetched."""

_DATALINK_STANDARD = "ivo://ivoa.net/std/datalink#links"
_DATALINK_FORMAT = "content=datalink"

# What a column is for: its name (ObsCore 1.1), its UCD (SIA 1.0, section 4.2), its utype without prefix
# (ObsCore 1.1 and SSA 1.1, section 4.2.5).
_ROLES: dict[str, tuple[str, str, str]] = {
    "url": ("access_url", "vox:image_accessreference", "access.reference"),
    "format": ("access_format", "vox:image_format", "access.format"),
    "kilobytes": ("access_estsize", "", ""),
    "bytes": ("", "vox:image_filesize", "access.size"),
    "did": ("obs_publisher_did", "", "curation.publisherdid"),
    "title": ("obs_title", "vox:image_title", "dataid.title"),
    "target": ("target_name", "", "target.name"),
    "observation": ("obs_id", "", "dataid.observationid"),
}

_SUFFIXES = {
    "application/fits": ".fits",
    "image/fits": ".fits",
    "application/x-fits-bintable": ".fits",
    "application/x-votable+xml": ".vot",
    "text/xml;content=x-votable": ".vot",
    "application/x-tar": ".tar",
    "application/x-gzip": ".gz",
    "application/x-parquet": ".parquet",
    "application/vnd.apache.parquet": ".parquet",
}
_DATA_NAME = re.compile(r"^(?P<stem>.+?)(?P<suffix>\.[A-Za-z][A-Za-z0-9]{0,7}(\.(gz|fz|bz2|xz|zst|Z))?)$")
_PROGRAM_SUFFIXES = frozenset({".cgi", ".php", ".pl", ".py", ".asp", ".aspx", ".jsp", ".do"})
_NAME_LENGTH = 100
_SIZE = re.compile("[0-9]{1,18}")


def item_of(
    row: Mapping[str, Any], schema: pa.Schema, *, service: str, query: str, lake: str, lake_did: str
) -> Item | None:
    """Make the item of a row.

    Parameters
    ----------
    service : str
        Where the row comes from.
    query : str
        The query that found it.
    lake, lake_did : str
        The Rucio service that holds the files, if one does, and the pattern of its DIDs.

    Returns
    -------
    Item or None
        ``did`` if the data lake has the row's identifier; ``datalink`` or ``url`` by what the row points to;
        None if it points to nothing.
    """
    roles = _roles(schema.serialize().to_pybytes())  # not every pyarrow can hash a schema
    values = {role: _text(row.get(column)) for role, column in roles.items()}
    identifier = values.get("did", "")
    url = values.get("url", "")
    media_type = values.get("format", "")
    title = (
        values.get("title")
        or " ".join(filter(None, (values.get("target"), values.get("observation"))))
        or url
    )
    in_lake = re.match(lake_did, identifier) if lake else None
    if in_lake:
        owner, kind, locator = lake, "did", f"{in_lake['scope']}:{in_lake['name']}"
    elif url:
        owner, kind, locator = service, "datalink" if _DATALINK_FORMAT in media_type else "url", url
    else:
        owner, kind, locator = service, "datalink", _described_datalink(row, schema)
    if not locator:
        return None
    return Item.model_validate(
        {
            "service": owner,
            "kind": kind,
            "locator": locator,
            "title": title or locator,
            # The size is that of the data, not of a document that links to them.
            "size": _size(values),
            "media_type": media_type,
            "provenance": Provenance(
                service=service, query=query, identifier=identifier or url, retrieved_at=datetime.now(UTC)
            ),
        }
    )


def link_of(row: Mapping[str, Any]) -> Link:
    """Read a row of a DataLink document (DataLink 1.1, section 3.2)."""
    words = {str(name).lower(): _text(value) for name, value in row.items()}
    length = words.get("content_length", "")
    return Link(
        id=words.get("id", ""),
        access_url=words.get("access_url", ""),
        service_def=words.get("service_def", ""),
        error_message=words.get("error_message", ""),
        semantics=words.get("semantics", ""),
        description=words.get("description", ""),
        content_type=words.get("content_type", ""),
        content_length=int(length) if _SIZE.fullmatch(length) else None,
    )


def file_of(item: Item) -> SourceFile:
    """The file at an item's URL.

    Its size stays open: ObsCore, SIA and SSA give estimates, which a transfer must not verify against.
    """
    return _file(item, item.locator, item.media_type, None)


def files_of_links(item: Item, links: list[Link]) -> list[SourceFile]:
    """The files that a DataLink document gives as the data themselves.

    Raises
    ------
    NoReplica
        If it gives none, saying why if the document does.
    """
    these = [link for link in links if link.semantics in THIS and link.access_url and not link.error_message]
    if these:
        return [_file(item, link.access_url, link.content_type, link.content_length) for link in these]
    reasons = "; ".join(dict.fromkeys(link.error_message for link in links if link.error_message))
    raise NoReplica(
        f"The DataLink document of {item.title or item.locator} names no file of data (#this)"
        f"{': ' if reasons else ''}{reasons}.",
        hint="Its other links may have what you need.",
    )


def file_name(url: str, title: str = "", media_type: str = "") -> str:
    """Make a safe file name that is the same each time for a URL, and another one for another URL.

    Parameters
    ----------
    url : str
        Its path, or the identifier in its query, names the file.
    title : str
        Names the file otherwise.
    media_type : str
        Gives the suffix if the name has none.
    """
    parts = urlsplit(url)
    candidates = [*_last_segments(parts.query), *_last_segments(parts.path)]
    if not parts.query:
        candidates.reverse()
    for candidate in candidates:
        match = _DATA_NAME.match(candidate)
        if match and match["suffix"].lower() not in _PROGRAM_SUFFIXES:
            stem, suffix = match["stem"], match["suffix"]
            break
    else:
        stem = title or (candidates[0] if candidates else "") or "data"
        suffix = _suffix(media_type)
    stem = re.sub(r"[^A-Za-z0-9.+_-]+", "_", stem).strip("._")[:_NAME_LENGTH] or "data"
    # Archives call many files the same; an existing file must never pass for another one.
    return f"{stem}-{hashlib.sha256(url.encode()).hexdigest()[:8]}{suffix}"


def _file(item: Item, url: str, media_type: str, size: int | None) -> SourceFile:
    folder = re.sub(r"[^A-Za-z0-9_-]+", "_", item.service)
    return SourceFile(
        item_id=item.id,
        service=item.service,
        path=f"{folder}/{file_name(url, item.title, media_type)}",
        size=size,
        replicas=(Replica(url=url),),
    )


def _last_segments(text: str) -> list[str]:
    """Last parts of a path, or of the values in a query, the last value first."""
    values = [pair.partition("=")[2] or pair for pair in text.split("&")] if "=" in text else [text]
    segments = [re.split(r"[/?:]", unquote(value).rstrip("/"))[-1] for value in reversed(values)]
    return [segment for segment in segments if segment]


def _suffix(media_type: str) -> str:
    plain = media_type.lower().replace(" ", "")
    bare = plain.partition(";")[0]
    return _SUFFIXES.get(plain) or _SUFFIXES.get(bare) or mimetypes.guess_extension(bare) or ""


@functools.lru_cache(maxsize=64)
def _roles(serialized: bytes) -> dict[str, str]:
    """Find the columns of a schema that say where the data are, by what they are for."""
    schema = pa.ipc.read_schema(pa.py_buffer(serialized))
    found: dict[str, str] = {}
    for role, (name, ucd, utype) in _ROLES.items():
        for field in schema:
            metadata = field.metadata or {}
            has_ucd = metadata.get(b"ucd", b"").decode().lower()
            has_utype = metadata.get(b"utype", b"").decode().lower().rpartition(":")[2]
            if field.name.lower() == name or (ucd and has_ucd == ucd) or (utype and has_utype == utype):
                found[role] = field.name
                break
    return found


def _described_datalink(row: Mapping[str, Any], schema: pa.Schema) -> str:
    """URL of the row's DataLink document, if a service descriptor tells (DataLink 1.1, section 4)."""
    for descriptor in json.loads((schema.metadata or {}).get(b"esap.descriptors", b"[]")):
        if not descriptor["standard_id"].lower().startswith(_DATALINK_STANDARD):
            continue
        parameters = {
            param["name"]: _text(row.get(param["column"])) if param["column"] else param["value"]
            for param in descriptor["params"]
        }
        if descriptor["access_url"] and parameters and all(parameters.values()):
            join = "&" if urlsplit(descriptor["access_url"]).query else "?"
            return f"{descriptor['access_url'].rstrip('?&')}{join}{urlencode(parameters)}"
    return ""


def _size(values: Mapping[str, str]) -> int | None:
    try:
        # First ObsCore, whose utype is that of SSA but whose unit is not.
        if values.get("kilobytes"):
            return int(float(values["kilobytes"]) * 1000)
        if values.get("bytes"):
            return int(float(values["bytes"]))
    except (ValueError, OverflowError):
        return None
    return None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()
