"""`esap.datalake`: what Rucio knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from esap_jupyter.connectors.base import DataLake as DataLakeConnector
from esap_jupyter.errors import InputError, NotOffered
from esap_jupyter.face.background import Verbs, gateway, verb
from esap_jupyter.face.listing import Listing
from esap_jupyter.models import (
    DID,
    RSE,
    AccountUsage,
    Capability,
    Item,
    Provenance,
    ReplicaOnRSE,
    Rule,
    WritableRSE,
)

if TYPE_CHECKING:
    from pydantic import JsonValue

DIDKind = Literal["all", "file", "dataset", "container", "collection"]


class DataLake(Verbs):
    """What a data lake (Rucio) knows; `service` names which, and may be left out where there is one only.

    Every verb raises `NotOffered` if no data lake is configured, `InputError` if there are several and none
    is named, and a `ServiceError` if Rucio does not do what is asked: `SignInNeeded` if it takes the person
    for nobody, `NotAllowed` if the person may not.

    Examples
    --------
    >>> esap.datalake.dids("demo:M5*", kind="dataset")
    >>> esap.datalake.replicas("demo:M51")
    >>> esap.stage(esap.datalake.item("demo:M51"))
    """

    @verb
    async def whoami(self, *, service: str = "") -> str:
        """Tell the account that Rucio takes the person for.

        Parameters
        ----------
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        str
            Name of the account.

        Raises
        ------
        SignInNeeded
            If Rucio takes the person for nobody.
        """
        return str((await (await _lake(service)).whoami()).name)

    @verb
    async def scopes(self, *, service: str = "") -> list[str]:
        """List the scopes.

        Parameters
        ----------
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        list of str
            Those of the configuration, else all there are.

        Raises
        ------
        SignInNeeded
            If Rucio takes the person for nobody.
        """
        return await (await _lake(service)).scopes()

    @verb
    async def dids(
        self,
        pattern: str,
        *,
        kind: DIDKind = "all",
        filters: str = "",
        limit: int | None = 1000,
        service: str = "",
    ) -> Listing[DID]:
        """List DIDs.

        Parameters
        ----------
        pattern : str
            ``scope:name`` with the wildcard ``*`` in the name.
        kind : str
            ``all``, ``file``, ``dataset``, ``container`` or ``collection``.
        filters : str
            Metadata as Rucio writes it: ``length>3, run_number=7``.
        limit : int, optional
            The first so many; None for all of them.
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        Listing of DID
            With type, and size in bytes where Rucio knows it.

        Raises
        ------
        InputError
            If the pattern has no scope, or the filters are none.
        ServiceError
            If Rucio does not answer; `NotAllowed` if the person may not look there.
        """
        scope, _, name = pattern.partition(":")
        if not scope:
            raise InputError("Say the scope: scope:name, the name with *.", field="pattern")
        found = (await _lake(service)).dids(scope, name or "*", filters=filters, kind=kind)
        return Listing(await _first(found, limit), nothing=f"No DID matches {pattern}.")

    @verb
    async def did(self, did: str, *, service: str = "") -> DID:
        """Describe one DID: type, size, checksums.

        Parameters
        ----------
        did : str
            ``scope:name``.
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        DID
            Size in bytes.

        Raises
        ------
        NotFound
            If Rucio does not know it.
        """
        return await (await _lake(service)).did(did)

    @verb
    async def content(self, did: str, *, limit: int | None = None, service: str = "") -> Listing[DID]:
        """List what a dataset or container directly holds.

        Parameters
        ----------
        did : str
            ``scope:name``.
        limit : int, optional
            The first so many; by default all of them.
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        Listing of DID
            Files, datasets or containers; not what these hold in turn.

        Raises
        ------
        NotFound
            If Rucio does not know it.
        """
        found = (await _lake(service)).content(did)
        return Listing(await _first(found, limit), nothing=f"{did} is empty.")

    @verb
    async def metadata(self, did: str, *, service: str = "") -> dict[str, JsonValue]:
        """Return all metadata of a DID.

        Parameters
        ----------
        did : str
            ``scope:name``.
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        dict
            By name; Rucio's own names, and those of whoever registered it.

        Raises
        ------
        NotFound
            If Rucio does not know it.
        """
        return await (await _lake(service)).metadata(did)

    @verb
    async def replicas(self, dids: str | Iterable[str], *, service: str = "") -> Listing[ReplicaOnRSE]:
        """List every replica of every file of some DIDs.

        Parameters
        ----------
        dids : str or iterable of str
            ``scope:name``, of files, datasets or containers.
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        Listing of ReplicaOnRSE
            With the state of each, also of those that are not available.

        Raises
        ------
        NotFound
            If Rucio does not know one of the DIDs.
        InputError
            If something is no DID.
        """
        asked = [dids] if isinstance(dids, str) else list(dids)
        found = (await _lake(service)).replicas(asked)
        return Listing(await _first(found, None), nothing="There are no replicas.")

    @verb
    async def rules(self, did: str = "", *, service: str = "") -> Listing[Rule]:
        """List the rules on a DID, or one's own.

        Parameters
        ----------
        did : str
            ``scope:name``; empty for one's own rules.
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        Listing of Rule
            With the state of each, and when it expires.

        Raises
        ------
        NotFound
            If Rucio does not know the DID.
        SignInNeeded
            If Rucio takes the person for nobody.
        """
        return Listing(await (await _lake(service)).rules(did), nothing="There are no rules.")

    @verb
    async def add_rule(
        self,
        did: str,
        rse_expression: str = "",
        *,
        copies: int = 1,
        lifetime: int | timedelta | None = None,
        service: str = "",
    ) -> Rule:
        """Make a rule on a DID.

        Parameters
        ----------
        did : str
            ``scope:name``.
        rse_expression : str
            Where the replicas are to be; empty for the site's own RSE.
        copies : int
            How many replicas, each on another RSE.
        lifetime : int or timedelta
            How long, in seconds; by default for ever.
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        Rule
            As Rucio made it.

        Raises
        ------
        InputError
            If the lifetime is none, or there is neither an RSE expression nor an RSE of the site.
        NotFound
            If Rucio does not know the DID.
        Conflict
            If there is such a rule already.
        QuotaExceeded
            If one may not use so much there.
        """
        lake = await _lake(service)
        return await lake.add_rule(did, rse_expression, copies=copies, lifetime=seconds_of(lifetime))

    @verb
    async def delete_rule(self, rule: str | Rule, *, service: str = "") -> None:
        """Delete a rule (or that of an id); Rucio takes it away within the hour.

        Parameters
        ----------
        rule : str or Rule
            The rule, or its id.
        service : str
            Name of the data lake; may be left out where there is one only.

        Raises
        ------
        NotFound
            If there is no such rule.
        """
        await (await _lake(service)).delete_rule(rule.id if isinstance(rule, Rule) else rule)

    @verb
    async def writable_rses(self, *, service: str = "") -> Listing[WritableRSE]:
        """List the RSEs to which one may upload.

        Parameters
        ----------
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        Listing of WritableRSE
            With what is free of the quota, bytes; None without a limit.

        Raises
        ------
        NotOffered
            If the data lake takes no files.
        """
        lake = await (await gateway()).takes_files(service or await only_lake())
        return Listing(await lake.writable_rses(), nothing="There is no RSE that you may write.")

    @verb
    async def rses(self, expression: str = "", *, service: str = "") -> Listing[RSE]:
        """List the RSEs of an RSE expression; all of them if it is empty.

        Parameters
        ----------
        expression : str
            RSE expression: ``DEMO-SITE``, ``country=DE&type=DISK``.
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        Listing of RSE
            With what they are available for.

        Raises
        ------
        InputError
            If it is no RSE expression, or selects none.
        """
        return Listing(await (await _lake(service)).rses(expression), nothing="No RSE matches.")

    @verb
    async def usage(self, *, service: str = "") -> Listing[AccountUsage]:
        """List what one uses and may use on each RSE.

        Parameters
        ----------
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        Listing of AccountUsage
            Bytes and files, and the limit on each RSE.

        Raises
        ------
        SignInNeeded
            If Rucio takes the person for nobody.
        """
        return Listing(await (await _lake(service)).usage(), nothing="Nothing is used.")

    @verb
    async def item(self, did: str, *, service: str = "") -> Item:
        """Make an item of a DID, for the basket.

        Parameters
        ----------
        did : str
            ``scope:name``.
        service : str
            Name of the data lake; may be left out where there is one only.

        Returns
        -------
        Item
            Of kind ``did``.

        Raises
        ------
        NotFound
            If Rucio does not know it.
        """
        name = service or await only_lake()
        known = await (await _lake(name)).did(did)
        return Item(
            service=name,
            kind="did",
            locator=str(known),
            title=str(known),
            size=known.bytes,
            provenance=Provenance(service=name, identifier=str(known), retrieved_at=datetime.now(UTC)),
        )


async def _lake(service: str) -> DataLakeConnector:
    return await (await gateway()).datalake(service or await only_lake())


def seconds_of(lifetime: int | timedelta | None) -> int | None:
    """A lifetime in whole seconds.

    Raises
    ------
    InputError
        If it is no time to come.
    """
    if lifetime is None:
        return None
    seconds = int(lifetime.total_seconds() if isinstance(lifetime, timedelta) else lifetime)
    if seconds <= 0:
        raise InputError("A lifetime is some seconds at least.", field="lifetime")
    return seconds


async def only_lake() -> str:
    """The only data lake that there is.

    Raises
    ------
    InputError
        If there are several.
    NotOffered
        If there is none.
    """
    joined = await gateway()
    services = joined.config.services.items()
    names = [name for name, settings in services if settings.enabled and settings.connector == "rucio"]
    if len(names) != 1:
        # Only a look at every connector tells which of them are data lakes.
        statuses = await joined.services()
        names = [status.name for status in statuses if Capability.DATALAKE in status.capabilities]
    if len(names) == 1:
        return names[0]
    if not names:
        raise NotOffered("No data lake is configured.", hint='Add a service with connector = "rucio".')
    raise InputError(f"There are several data lakes: {', '.join(names)}.", hint="Name one.", field="service")


async def _first(stream: Any, limit: int | None) -> list[Any]:
    found: list[Any] = []
    async for thing in stream:
        if limit is not None and len(found) >= limit:
            break
        found.append(thing)
    return found
