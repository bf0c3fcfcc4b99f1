"""What connectors of data lakes can do; partners import this from `esap_jupyter.connectors.base`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import JsonValue

from esap_jupyter.models import (
    DID,
    RSE,
    AccountUsage,
    DIDName,
    MountedFile,
    ReplicaOnRSE,
    Rule,
    UploadTarget,
    WritableRSE,
)


@runtime_checkable
class DataLake(Protocol):
    """Knows scopes, DIDs, replicas, rules and quotas, as Rucio means them."""

    @property
    def site_rse(self) -> str:
        """The RSE (or RSE expression) of the own site; empty if the service's settings name none."""

    async def whoami(self) -> Any:
        """Tell whom the data lake takes the person for; the answer has a ``name``."""

    async def scopes(self) -> list[str]:
        """List the scopes."""

    def dids(
        self, scope: str, pattern: str = "*", *, filters: str = "", kind: Any = "all"
    ) -> AsyncIterator[DID]:
        """Stream the DIDs of a scope that match."""

    async def did(self, did: DIDName | str) -> DID:
        """Describe one DID."""

    def content(self, did: DIDName | str) -> AsyncIterator[DID]:
        """Stream what a dataset or container directly holds."""

    async def metadata(self, did: DIDName | str) -> dict[str, JsonValue]:
        """Return all metadata of a DID."""

    def replicas(self, dids: Sequence[DIDName | str]) -> AsyncIterator[ReplicaOnRSE]:
        """Stream every replica of every file of some DIDs."""

    async def rses(self, expression: str = "") -> list[RSE]:
        """List the RSEs of an RSE expression."""

    async def rules(self, did: DIDName | str = "", *, account: str = "") -> list[Rule]:
        """List the rules on a DID, or those of an account."""

    async def rule(self, rule_id: str) -> Rule:
        """Return one rule."""

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

        Raises
        ------
        Conflict
            If there is such a rule of the same account already.
        QuotaExceeded
            If the account may not use so much there.
        """

    async def delete_rule(self, rule_id: str) -> None:
        """Delete a rule."""

    def mounted(self, did: DIDName | str) -> AsyncIterator[MountedFile]:
        """Stream the files of a DID that can be read on an RSE that is mounted here."""

    async def usage(self, account: str = "") -> list[AccountUsage]:
        """List what an account uses and may use on each RSE."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that a data lake has now.

    Attributes
    ----------
    was_there : bool
        It was there already, with the same content.
    """

    did: DIDName
    rse: str
    size: int
    adler32: str
    was_there: bool = False


@runtime_checkable
class TakesFiles(Protocol):
    """Takes files into a data lake."""

    async def writable_rses(self) -> list[WritableRSE]:
        """List the RSEs to which the person may upload."""

    async def upload_target(
        self, to: str = "", *, rse: str = "", lifetime: int | None = None
    ) -> UploadTarget:
        """Read where files are to go.

        Parameters
        ----------
        to : str
            ``scope:dataset`` or a scope; empty for the person's own scope.
        rse : str
            Empty for the site's own, or the only writable one.

        Raises
        ------
        InputError
            If that says nothing, or names an RSE that there is not.
        """

    async def prepare(self, target: UploadTarget, size: int) -> None:
        """See that so many bytes may go there, and make the dataset if there is none.

        Raises
        ------
        QuotaExceeded
            If the person may not use so much there.
        NotAllowed
            If the RSE cannot be written.
        Conflict
            If the name of the dataset is that of something else.
        """

    async def take(
        self, path: Path, name: str, target: UploadTarget, on_progress: Callable[[int], None]
    ) -> Taken:
        """Take one file, verified and registered; done again, it does what is missing.

        Parameters
        ----------
        path : Path
            Absolute.
        name : str
            Of its DID.
        on_progress : callable
            Told from a thread how many bytes were sent.

        Raises
        ------
        Conflict
            If a DID of this name has other content.
        EsapError
            If it was not taken; then nothing of it is registered.
        """
