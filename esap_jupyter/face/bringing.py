"""The verbs that lead from rows to files: links, items, stage, upload."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from esap_jupyter.errors import InputError
from esap_jupyter.face.asked import items_of, paths_of
from esap_jupyter.face.background import gateway
from esap_jupyter.face.datalake import only_lake, seconds_of
from esap_jupyter.face.listing import Listing
from esap_jupyter.face.staged import StagedFile, follow_staging
from esap_jupyter.face.uploaded import UploadedFile, follow_upload
from esap_jupyter.models import Item, Link

if TYPE_CHECKING:
    from esap_jupyter.models import Progress
    from esap_jupyter.storage.tables import Table


async def links(item: Item | str, service: str = "") -> Listing[Link]:
    """Read the DataLink document of an item or at a URL (DataLink 1.1).

    Parameters
    ----------
    item : Item or str
        An item of kind ``datalink``, or a URL.
    service : str
        Whose URL it is; needed with a URL only.

    Returns
    -------
    Listing of Link
        With the semantics of DataLink 1.1, section 3.2.6: ``#this``, ``#preview`` ...

    Raises
    ------
    InputError
        If the item has no DataLink document, or a URL comes without its service.
    NotOffered
        If the service has no DataLink.

    Examples
    --------
    >>> esap.links("https://archive.example/datalink?ID=ivo://archive/1", "demo-archive")
    """
    if isinstance(item, Item):
        if item.kind != "datalink":
            raise InputError(f"{item.title or item.locator} has no DataLink document.", field="item")
        service, url = item.service, item.locator
    else:
        url = item
    if not service:
        raise InputError("Say which service the DataLink URL belongs to.", field="service")
    return Listing(await (await gateway()).links(service, url), nothing="No links.")


async def items(table: Table, rows: int | Iterable[int] | None = None, service: str = "") -> Listing[Item]:
    """Make the items that rows of a table stand for; rows without data are left out.

    Parameters
    ----------
    table : Table
        What a search or ADQL query gave.
    rows : int, list or array of int, or mask
        Which rows, counted from 0, or a truth value for each row; by default all of them.
    service : str
        Whose rows, if the table has those of several.

    Returns
    -------
    Listing of Item
        With the provenance: service, query, identifier, time.

    Raises
    ------
    InputError
        If there is no such row, or a mask is not as long as the table.

    Examples
    --------
    >>> images = esap.search("M 51", product="images")
    >>> esap.basket.add(esap.items(images, rows=[0, 2]))
    >>> esap.basket.add(esap.items(images, images["t_exptime"] > 100 * u.s))
    """
    found = await (await gateway()).items(table, rows, service)
    return Listing(found, nothing="These rows have no data to stage.")


async def stage(
    items: Item | str | Iterable[Item | str] | None = None,
    *,
    directory: str | Path | None = None,
    replica: str | None = None,
    lifetime: int | timedelta | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Listing[StagedFile]:
    """Bring items' files to where one computes.

    They are downloaded into the workspace, side by side, resumable, verified; or, with `replica`, a rule of
    their data lake replicates them.

    Parameters
    ----------
    items : Item or str, or list of these
        Items, or their ids in the basket; by default all of the basket.
    directory : str or Path
        Where, relative to the workspace.
    replica : str
        RSE expression: replicate there by a rule instead; empty for the site's own RSE.
    lifetime : int or timedelta
        How long the rule keeps the replicas, in seconds; by default for ever.
    on_progress : callable
        Told how far it is; by default a progress bar is shown where there is a person to see it.

    Returns
    -------
    list of StagedFile
        With the path of each; replicas are there only if their RSE is mounted here.

    Raises
    ------
    EsapError
        If a file could not be brought; the others are kept, and `esap.jobs.resume` fetches what is missing.
    InputError
        If there is nothing to stage, or something is no item.
    NotFound
        If an id is not in the basket.
    OutsideWorkspace
        If the directory leaves the workspace.

    Examples
    --------
    >>> files = esap.stage()
    >>> files = esap.stage(esap.datalake.item("demo:M51"), directory="m51")
    >>> with fits.open(files[0]) as opened:
    ...     image = opened[0].data
    """
    chosen = None if items is None else items_of(items, or_ids=True)
    job = await (await gateway()).stage(
        chosen,
        directory=None if directory is None else str(directory),
        replica=replica,
        lifetime=seconds_of(lifetime),
    )
    return await follow_staging(job.id, on_progress)


async def upload(
    files: str | Path | Iterable[str | Path],
    to: str = "",
    *,
    rse: str = "",
    lifetime: int | timedelta | None = None,
    service: str = "",
    on_progress: Callable[[Progress], None] | None = None,
) -> Listing[UploadedFile]:
    """Upload files into a data lake: side by side, verified, each with a DID of its own name.

    Parameters
    ----------
    files : str, Path or list of these
        Files, or directories with files.
    to : str
        ``scope:dataset`` or a scope; by default one's own scope. A dataset is made if there is none.
    rse : str
        Where to; by default the site's own RSE, or the only one that one may write.
    lifetime : int or timedelta
        How long a rule keeps the files, in seconds; by default for ever.
    service : str
        Which data lake, where there are several.
    on_progress : callable
        Told how far it is; by default a progress bar is shown where there is a person to see it.

    Returns
    -------
    list of UploadedFile
        With the DID of each.

    Raises
    ------
    Conflict
        If the only file has a name that is taken by other content.
    InputError
        If something is no path of a file, or there are several data lakes and none is named.
    EsapError
        If a file was not taken; the others are kept, and `esap.jobs.resume` uploads what is missing.

    Examples
    --------
    >>> esap.upload("stars.parquet")
    >>> esap.upload(["stars.parquet", "spectra"], to="user.me:m51", rse="DEMO-SITE")
    """
    job = await (await gateway()).upload(
        service or await only_lake(), paths_of(files), to=to, rse=rse, lifetime=seconds_of(lifetime)
    )
    return await follow_upload(job.id, on_progress)
