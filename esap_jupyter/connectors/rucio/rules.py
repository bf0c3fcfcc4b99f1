"""Rules: made, deleted, and where the replicas that they keep can be read here."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from esap_jupyter.connectors.rucio import answers
from esap_jupyter.connectors.rucio import files as source_files
from esap_jupyter.connectors.rucio.client import RucioClient
from esap_jupyter.connectors.rucio.datalake import RucioDataLake
from esap_jupyter.connectors.rucio.listing import parse_did
from esap_jupyter.errors import InputError
from esap_jupyter.models import DIDName, MountedFile, Rule

_RULE_ID = re.compile("[0-9a-f]{32}")


class RucioRules(RucioDataLake):
    """What a person may change of Rucio's rules."""

    async def rule(self, rule_id: str) -> Rule:
        """Return one rule.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        known = _checked(rule_id)
        return await self.ask(lambda client: answers.rule_of(client.get_replication_rule(known)))

    async def add_rule(
        self,
        did: DIDName | str,
        rse_expression: str = "",
        *,
        copies: int = 1,
        lifetime: int | None = None,
        comment: str = "",
    ) -> Rule:
        """Make a rule on a DID; without an RSE expression on the site's own RSE.

        Parameters
        ----------
        lifetime : int, optional
            Seconds; None means for ever.

        Raises
        ------
        Conflict
            If there is such a rule of the same account already.
        QuotaExceeded
            If the account may not use so much there.
        InputError
            If the RSE expression cannot be read, or selects too few RSEs.
        """
        asked = parse_did(did)
        expression = rse_expression or self.settings.site_rse
        if not expression:
            raise InputError(
                "Say on which RSE the replicas are wanted.",
                hint="Give an RSE expression, or set `site_rse` of the service in esap.toml.",
                field="rse_expression",
            )

        def add(client: RucioClient) -> Rule:
            (rule_id,) = client.add_replication_rule(
                [asked.model_dump()], copies, expression, lifetime=lifetime, comment=comment or None
            )
            return answers.rule_of(client.get_replication_rule(rule_id))

        return await self.ask(add)

    async def delete_rule(self, rule_id: str) -> None:
        """Delete a rule; Rucio takes it away within the hour, and what no other rule keeps after it.

        Raises
        ------
        NotFound
            If there is none of this id.
        NotAllowed
            If it is not the person's own.
        """
        known = _checked(rule_id)
        await self.ask(lambda client: client.delete_replication_rule(known))

    async def mounted(self, did: DIDName | str) -> AsyncIterator[MountedFile]:
        """Stream the files of a DID that can be read on an RSE that is mounted here.

        Raises
        ------
        NotFound
            If Rucio does not know the DID.
        """
        if not self.settings.mounts:
            return
        find = partial(_mounted, did=parse_did(did), mounts=self.settings.mounts)
        async with contextlib.aclosing(self.stream(find)) as pages:
            async for page in pages:
                for file in await asyncio.to_thread(_present, page):
                    yield file


def _checked(rule_id: str) -> str:
    if not _RULE_ID.fullmatch(rule_id):
        raise InputError(f"{rule_id!r} is no rule.", hint="A rule's id has 32 hexadecimal digits.")
    return rule_id


def _mounted(client: RucioClient, did: DIDName, mounts: Mapping[str, Path]) -> Iterator[list[MountedFile]]:
    prefixes = {
        rse: [protocol["prefix"] for protocol in client.get_rse(rse)["protocols"]]
        for rse in mounts
    }  # fmt: skip
    found = client.list_replicas([did.model_dump()], rse_expression="|".join(mounts))
    with contextlib.closing(found) as rows:
        for page in source_files.pieces(rows, source_files.PAGE):
            yield [file for row in page for file in _files(row, mounts, prefixes)]


def _files(
    row: Mapping[str, Any], mounts: Mapping[str, Path], prefixes: Mapping[str, list[str]]
) -> Iterator[MountedFile]:
    for rse, pfns in (row.get("rses") or {}).items():
        path = mounted_path(pfns, mounts[rse], prefixes[rse]) if rse in mounts else None
        if path is not None:
            yield MountedFile(
                scope=row["scope"], name=row["name"], rse=rse, path=path, bytes=row.get("bytes")
            )
            return


def mounted_path(pfns: Iterable[str], mount: Path, prefixes: Iterable[str]) -> Path | None:
    """Say where the file at one of these addresses is below the directory that stands for the RSE's prefix.

    Returns
    -------
    Path or None
        None if none of the addresses begins with a prefix, or if it would lead out of the directory.
    """
    for pfn in pfns:
        path = PurePosixPath("/" + unquote(urlsplit(pfn).path).lstrip("/"))
        for prefix in prefixes:
            top = PurePosixPath("/" + prefix.strip("/"))
            if path.is_relative_to(top) and ".." not in path.parts:
                return mount / path.relative_to(top)
    return None


def _present(files: Iterable[MountedFile]) -> list[MountedFile]:
    return [file for file in files if file.path.is_file()]
