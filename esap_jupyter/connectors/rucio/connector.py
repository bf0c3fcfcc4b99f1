"""The connector of a Rucio instance: searching for DIDs, and staging what they stand for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esap_jupyter.connectors.base import Notice
from esap_jupyter.connectors.rucio import copy_tools, listing
from esap_jupyter.connectors.rucio import files as source_files
from esap_jupyter.connectors.rucio.listing import parse_did
from esap_jupyter.connectors.rucio.settings import DIDForm
from esap_jupyter.connectors.rucio.uploads import RucioUploads
from esap_jupyter.models import Capability, DIDName, Item, Provenance, Query, SourceFile

if TYPE_CHECKING:
    import pyarrow as pa

# Downloads start when the first files are known; the rest come in larger pieces.
_FIRST_FILES = 100


class RucioConnector(RucioUploads):
    """Talks to one Rucio instance."""

    Form = DIDForm

    @property
    def capabilities(self) -> frozenset[Capability]:
        """DIDs, their files, the data lake's verbs, and taking files."""
        return frozenset({Capability.DIDS, Capability.FILES, Capability.DATALAKE, Capability.UPLOADS})

    async def authorization(self, url: str) -> Mapping[str, str]:
        """The person's OIDC token, for the storages that the configuration names; else nothing.

        A certificate is shown by the connection itself, and a password is Rucio's alone.
        """
        if self.settings.auth_type != "oidc" or not self.context.access.names(url):
            return {}
        return {"Authorization": f"Bearer {await self.bearer()}"}

    async def search(self, query: Query) -> AsyncIterator[pa.RecordBatch | Notice]:
        """Stream the DIDs that match a keyword ``scope:name*`` or the form.

        Raises
        ------
        InputError
            If the query names no DIDs.
        """
        from esap_jupyter.connectors.rucio.rows import batch_of

        left = query.row_limit
        begun = False
        async with contextlib.aclosing(self.did_pages(listing.asked(query), batch_of)) as batches:
            async for batch in batches:
                begun = True
                yield batch.slice(0, left)
                if left is not None and batch.num_rows > left:
                    yield Notice("truncated", f"Cut at {query.row_limit} rows: there are more DIDs.")
                    break
                left = None if left is None else left - batch.num_rows
        if not begun:
            yield await asyncio.to_thread(batch_of, [])

    def item(self, row: Mapping[str, Any], schema: pa.Schema, query: str) -> Item | None:  # noqa: ARG002
        """The DID that a row stands for."""
        did = f"{row['scope']}:{row['name']}"
        return Item(
            service=self.context.service,
            kind="did",
            locator=did,
            title=row["name"],
            size=row.get("bytes"),
            provenance=Provenance(
                service=self.context.service, query=query, identifier=did, retrieved_at=datetime.now(UTC)
            ),
        )

    async def files(self, items: Sequence[Item]) -> AsyncIterator[SourceFile]:
        """Stream the files of DIDs, collections resolved down to their files.

        A file without a readable replica is among them, with no replicas. What Rucio does not know is
        reported after all that it knows.

        Raises
        ------
        NotFound
            If Rucio does not know an item's DID.
        """
        paths = source_files.Paths()
        unknown: list[DIDName] = []
        for some in source_files.pieces(items, source_files.PAGE):
            names = {item.id: parse_did(item.locator) for item in some}
            known = await self.ask(partial(source_files.known_dids, names=list(names.values())))
            unknown += [name for name in names.values() if name not in known]
            found = [(item, known[names[item.id]]) for item in some if names[item.id] in known]
            singles = [pair for pair in found if pair[1].type == "FILE"]
            listed = [file for item, did in singles for file in source_files.single_file(item, did, paths)]
            async for file in self._with_replicas(listed):
                yield file
            for item, did in found:
                if did.type == "FILE":
                    continue
                pages = self.stream(partial(source_files.collection_files, item=item, did=did, paths=paths))
                listed = [file async for page in pages for file in page]
                async for file in self._with_replicas(listed):
                    yield file
        self.complain_of(unknown)

    async def download(self, file: SourceFile, target: Path) -> None:
        """Bring a file whose replicas are not HTTP, by ``xrdcp`` or ``gfal-copy``, verified.

        Raises
        ------
        NoReplica
            If the tool is not installed; the hint names it.
        AddressRefused
            If the configuration does not name the storage.
        TransferError
            If it did not arrive as promised.
        """
        await copy_tools.bring(
            file, target, self.context.access.named_origins, await self._tool_credentials()
        )

    async def _tool_credentials(self) -> dict[str, str]:
        """The person's credential, as the tools find it: in their environment."""
        settings = self.settings
        if settings.auth_type == "oidc":
            return {"BEARER_TOKEN": await self.bearer()}
        if settings.auth_type == "x509" and settings.client_key:
            return {"X509_USER_CERT": str(settings.client_cert), "X509_USER_KEY": str(settings.client_key)}
        if settings.auth_type == "x509":
            return {"X509_USER_PROXY": str(settings.client_cert)}
        return {}

    async def _with_replicas(self, listed: Sequence[source_files.ListedFile]) -> AsyncIterator[SourceFile]:
        """Ask for the next files' replicas while these are being downloaded."""
        pieces = source_files.pieces(listed, source_files.PAGE, first=_FIRST_FILES)

        def next_piece() -> asyncio.Task[list[SourceFile]] | None:
            piece = next(pieces, None)
            if piece is None:
                return None
            find = partial(
                source_files.with_replicas,
                service=self.context.service,
                listed=piece,
                preferred=self.settings.preferred_rse,
            )
            return asyncio.create_task(self.ask(find))

        coming = next_piece()
        try:
            while coming is not None:
                files = await coming
                coming = next_piece()
                for file in files:
                    yield file
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
