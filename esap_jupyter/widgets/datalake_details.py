"""What a data lake knows of one DID, for people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from esap_jupyter.errors import EsapError
from esap_jupyter.face.listing import Listing
from esap_jupyter.models import DID, ReplicaOnRSE, Rule
from esap_jupyter.widgets.words import escaped

if TYPE_CHECKING:
    from pydantic import JsonValue

T = TypeVar("T")

FILES = ("FILE",)
"""The types of DIDs that have replicas and hold nothing else."""


@dataclass(frozen=True)
class DIDDetails:
    """All that is known of a DID.

    Attributes
    ----------
    account : str
        Whom the data lake takes the person for; empty if it does not say.
    error : EsapError, optional
        Why something of it is missing.
    """

    name: str
    did: DID
    replicas: Listing[ReplicaOnRSE]
    rules: Listing[Rule]
    metadata: Mapping[str, JsonValue]
    account: str
    error: EsapError | None

    @property
    def html(self) -> str:
        """All but the rules, which have a form of their own; escaped."""
        return (
            f"<b>{escaped(self.name)}</b>{Listing([self.did])._repr_html_()}"
            f"<b>Replicas</b>{self.replicas._repr_html_()}{self._metadata_html()}"
        )

    def _metadata_html(self) -> str:
        said = [
            f"<tr><th style='text-align: left'>{escaped(name)}</th>"
            f"<td style='text-align: left'>{escaped(str(value))}</td></tr>"
            for name, value in self.metadata.items()
            if value not in (None, "")
        ]
        if not said:
            return ""
        return f"<details><summary>Metadata</summary><table>{''.join(said)}</table></details>"


async def described(lake: Any, name: str, service: str) -> DIDDetails:
    """Ask a data lake for all of a DID.

    Parameters
    ----------
    lake : DataLake
        Its verbs, to be awaited.
    name : str
        ``scope:name``.
    service : str
        Name of the data lake; empty where there is one only.

    Raises
    ------
    NotFound
        If Rucio does not know the DID.
    """
    did: DID = await lake.did(name, service=service)
    rules, metadata, account = await asyncio.gather(
        lake.rules(name, service=service),
        _or_error(lambda: lake.metadata(name, service=service)),
        _or_error(lambda: lake.whoami(service=service)),
    )
    error = next((each for each in (metadata, account) if isinstance(each, EsapError)), None)
    replicas = (
        await lake.replicas(name, service=service)
        if did.type in FILES
        else Listing((), nothing="Open it to see its files.")
    )
    return DIDDetails(
        name,
        did,
        replicas,
        rules,
        {} if isinstance(metadata, EsapError) else metadata,
        "" if isinstance(account, EsapError) else account,
        error,
    )


async def _or_error(ask: Callable[[], Awaitable[T]]) -> T | EsapError:
    """What is not essential must not keep the rest from being shown."""
    try:
        return await ask()
    except EsapError as error:
        return error
