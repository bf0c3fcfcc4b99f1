"""Where the bytes of DIDs are: collections resolved to files, files to replicas in order of preference."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from esap_jupyter.connectors.rucio.answers import did_of
from esap_jupyter.connectors.rucio.client import RucioClient
from esap_jupyter.errors import BadAnswer
from esap_jupyter.models import DID, DIDName, Item, Replica, SourceFile

T = TypeVar("T")

PAGE = 500
"""DIDs asked about, and handed on, at once."""

_DATASETS_AT_ONCE = 100
_LONGEST_NAME = 200
_PIECE_SECONDS = 0.5

# What we can read and write, best first: Rucio's "davs" is HTTPS, and so on. Unless asked for, Rucio names
# one scheme for each RSE only.
HTTP_SCHEMES = {"davs": "https", "https": "https", "dav": "http", "http": "http"}
_OTHER_SCHEMES = ("root", "xroot", "gsiftp", "srm")
_RANKS = {scheme: rank for rank, scheme in enumerate(("https", "http", *_OTHER_SCHEMES))}


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of an item, before its replicas are known; `path` is relative to the target directory."""

    item_id: str
    path: str
    scope: str
    name: str
    size: int | None
    adler32: str
    md5: str = ""


@dataclass(slots=True)
class Paths:
    """Gives each file of a staging a path of its own that stays under the target directory.

    As ``rucio download`` does: a file goes under its scope, a dataset's files under the dataset's name. Two
    files of one name from different scopes are told apart by their scope.
    """

    _taken: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, folder: str, scope: str, name: str) -> str:
        """Return the path for a file in a folder, or nothing if the same file has it already."""
        for parts in ((folder, name), (folder, scope, name), (folder, f"{scope}:{name}:{_digest(scope)}")):
            path = safe_path(*parts)
            owner = self._taken.setdefault(path, (scope, name))
            if owner == (scope, name):
                return path
        return ""


def safe_path(*names: str) -> str:
    """Join names of DIDs, which may hold anything, to a relative path that leads nowhere else."""
    parts = [part for name in names for part in name.split("/") if part not in ("", ".")]
    return "/".join(_safe_part(part) for part in parts) or "_"


def _safe_part(part: str) -> str:
    text = part.encode(errors="replace").decode()
    text = "".join(char if char.isprintable() else "_" for char in text).replace("\\", "_")
    if text == "..":
        return "__"
    if len(text.encode()) > _LONGEST_NAME:
        return f"{text[: _LONGEST_NAME // 4]}~{_digest(text)}"
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:8]


def pieces(things: Iterable[T], size: int, *, first: int = 0) -> Iterator[list[T]]:
    """Cut into pieces of so many, the first perhaps of another size; what comes slowly, in smaller ones."""
    piece: list[T] = []
    wanted = first or size
    begun = time.monotonic()
    for thing in things:
        piece.append(thing)
        if len(piece) >= wanted or time.monotonic() - begun > _PIECE_SECONDS:
            yield piece
            piece, wanted, begun = [], size, time.monotonic()
    if piece:
        yield piece


def known_dids(client: RucioClient, names: Sequence[DIDName]) -> dict[DIDName, DID]:
    """Ask for many DIDs at once; those that Rucio does not know are left out."""
    asked = [{"scope": name.scope, "name": name.name} for name in names]
    found = (did_of(row) for row in client.get_metadata_bulk(asked) if row.get("did_type"))
    return {DIDName(scope=did.scope, name=did.name): did for did in found}


def single_file(item: Item, did: DID, paths: Paths) -> list[ListedFile]:
    """List the file that an item is."""
    path = paths.take(did.scope, did.scope, did.name)
    listed = ListedFile(item.id, path, did.scope, did.name, did.bytes, did.adler32, did.md5)
    return [listed] if path else []


def collection_files(client: RucioClient, item: Item, did: DID, paths: Paths) -> Iterator[list[ListedFile]]:
    """List the files of a dataset or container, page by page, in the tree that containers are."""
    folders: dict[tuple[str, str], list[str]] = {}
    for folder, dataset in _datasets(client, did):
        folders.setdefault((dataset.scope, dataset.name), []).append(folder)
    for some in pieces(folders, _DATASETS_AT_ONCE):
        asked = [{"scope": scope, "name": name} for scope, name in some]
        with contextlib.closing(client.bulk_list_files(asked)) as rows:
            for page in pieces(rows, PAGE):
                yield [
                    listed
                    for row in page
                    for folder in folders[row["parent_scope"], row["parent_name"]]
                    if (listed := _listed(item, row, folder, paths))
                ]


def _datasets(client: RucioClient, top: DID) -> Iterator[tuple[str, DID]]:
    """Walk down the containers to the datasets, each with the folder it goes into."""
    waiting = [(safe_path(top.name), top, frozenset[tuple[str, str]]())]
    while waiting:
        folder, did, above = waiting.pop()
        if did.type != "CONTAINER":
            yield folder, did
            continue
        if (did.scope, did.name) in above:
            raise BadAnswer(f"The container {did} holds itself.", hint="Tell Rucio's operators.")
        children = [did_of(row) for row in client.list_content(did.scope, did.name)]
        within = above | {(did.scope, did.name)}
        waiting += [(safe_path(folder, child.name), child, within) for child in reversed(children)]


def _listed(item: Item, row: Mapping[str, Any], folder: str, paths: Paths) -> ListedFile | None:
    scope, name = row["scope"], row["name"]
    # Of a hierarchical name (/belle/data/run1/file) the folder says the rest already.
    path = paths.take(folder, scope, name.rpartition("/")[2] if name.startswith("/") else name)
    if not path:
        return None
    return ListedFile(item.id, path, scope, name, row.get("bytes"), row.get("adler32") or "")


def with_replicas(
    client: RucioClient, service: str, listed: Sequence[ListedFile], preferred: Sequence[str]
) -> list[SourceFile]:
    """Find the replicas of many files at once.

    Parameters
    ----------
    preferred : sequence of str
        RSEs whose replicas come first, best first; the others follow in Rucio's own order.
    """
    found = _answers(client, {(file.scope, file.name) for file in listed}, list(HTTP_SCHEMES))
    unreadable = {did for did, answer in found.items() if not _over_http(answer)}
    if unreadable:
        found |= _answers(client, unreadable, list(_OTHER_SCHEMES))
    return [_source_file(service, file, found.get((file.scope, file.name), {}), preferred) for file in listed]


def _answers(
    client: RucioClient, dids: Iterable[tuple[str, str]], schemes: list[str]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Ask for replicas; each scheme costs Rucio as much time again, so the rare ones are asked for apart."""
    answers = client.list_replicas(
        [{"scope": scope, "name": name} for scope, name in sorted(dids)],
        schemes=schemes,
        ignore_availability=False,
    )
    return {(answer["scope"], answer["name"]): answer for answer in answers}


def _over_http(answer: Mapping[str, Any]) -> bool:
    # A file inside an archive is taken out by XRootD; over HTTP the whole archive would come.
    return any(not about.get("client_extract") for about in (answer.get("pfns") or {}).values())


def _source_file(
    service: str, file: ListedFile, answer: Mapping[str, Any], preferred: Sequence[str]
) -> SourceFile:
    size = answer.get("bytes")
    # Some clients register an adler32 without its leading zeros.
    adler32 = str(answer.get("adler32") or file.adler32).lower()
    checksums = {
        "adler32": adler32.zfill(8) if adler32 else "",
        "md5": str(answer.get("md5") or file.md5).lower(),
    }
    return SourceFile(
        item_id=file.item_id,
        service=service,
        path=file.path,
        size=file.size if size is None else size,
        checksums={name: value for name, value in checksums.items() if value},
        replicas=ordered_replicas(answer.get("pfns") or {}, preferred),
    )


def ordered_replicas(pfns: Mapping[str, Mapping[str, Any]], preferred: Sequence[str]) -> tuple[Replica, ...]:
    """Order the replicas of a file: HTTP first, then preferred RSEs, disk before tape, then as Rucio says.

    Parameters
    ----------
    pfns : mapping
        Address to what Rucio says of it, as `list_replicas` gives it.
    preferred : sequence of str
        RSE names, best first.
    """
    ranked = []
    for pfn, about in pfns.items():
        scheme, url = as_http(pfn)
        if scheme not in _RANKS or about.get("client_extract"):
            continue
        rse = str(about.get("rse") or "")
        place = preferred.index(rse) if rse in preferred else len(preferred)
        rank = (_RANKS[scheme], place, about.get("type") == "TAPE", about.get("priority") or 0)
        ranked.append((rank, Replica(url=url, rse=rse)))
    return tuple(replica for _, replica in sorted(ranked, key=lambda pair: pair[0]))


def as_http(pfn: str) -> tuple[str, str]:
    """Scheme and address in words that everybody knows."""
    try:
        scheme = urlsplit(pfn).scheme
    except ValueError:
        return "", pfn
    scheme_for_all = HTTP_SCHEMES.get(scheme, scheme)
    return scheme_for_all, scheme_for_all + pfn[len(scheme) :]
