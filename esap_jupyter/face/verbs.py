"""The verbs that take no object of their own: search, ask, resolve, stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import ValidationError

from esap_jupyter.errors import InputError, NotOffered
from esap_jupyter.face.background import gateway
from esap_jupyter.face.datalake import only_lake, seconds_of
from esap_jupyter.face.listing import Listing
from esap_jupyter.face.progress import targets_bar
from esap_jupyter.face.staged import StagedFile, follow_staging
from esap_jupyter.face.targets import position_of, query_fields
from esap_jupyter.face.uploaded import UploadedFile, follow_upload
from esap_jupyter.models import (
    Capability,
    ColumnDescription,
    Item,
    Link,
    Position,
    Product,
    Query,
    RegisteredService,
    ServiceReport,
    ServiceStatus,
    TableDescription,
)

if TYPE_CHECKING:
    from astropy.units import Quantity

    from esap_jupyter.face.targets import Target, Targets
    from esap_jupyter.gateway import PastQuery, Search
    from esap_jupyter.models import Progress
    from esap_jupyter.storage.tables import Table

    Angle: TypeAlias = float | str | Quantity

DEFAULT = "default"
"""Stands for the configured row limit, since None means all of it."""

_MOST_SHOWN_ROWS = 100


async def services(names: str | Iterable[str] = (), *, check: bool = False) -> Listing[ServiceStatus]:
    """List the services that are offered.

    Parameters
    ----------
    names : str or list of str
        Only these; an IVOA identifier (``ivo://...``) is one of the registry's.
    check : bool
        Ask each whether it answers.
    """
    joined = await gateway()
    wanted = _names(names)
    if wanted:
        return Listing(await asyncio.gather(*(joined.service(name, check=check) for name in wanted)))
    return Listing(await joined.services(check=check), nothing="No services are configured.")


async def find_services(
    keywords: str | Iterable[str] = (),
    *,
    product: str = "",
    waveband: str = "",
    target: Target = "",
    limit: int = 100,
) -> Listing[RegisteredService]:
    """Look in the registry for services (RegTAP 1.1).

    Parameters
    ----------
    keywords : str or list of str
        Words that title, description or subject must contain, all of them.
    product : str
        ``sources``, ``images``, ``spectra`` or ``observations``: only services that find these.
    waveband : str
        Of the IVOA messenger vocabulary: ``radio``, ``optical``, ``x-ray`` ...
    target : str, SkyCoord or Position
        Only services that say they cover it.
    """
    joined = await gateway()
    words = keywords.split() if isinstance(keywords, str) else list(keywords)
    position = await _position(target) if target else None
    found = await joined.find_services(
        words, product=product, waveband=waveband, position=position, limit=limit
    )
    return Listing(found, nothing="The registry knows no such service.")


async def resolve(target: Target) -> Position:
    """Find the position of a name, or read coordinates in any usual form.

    Raises
    ------
    UnknownName
        If no resolver knows the name.
    InputError
        If coordinates are out of range.
    """
    return await _position(target)


async def search(
    target: Targets = "",
    *,
    radius: Angle = "6 arcmin",
    services: str | Iterable[str] = (),
    product: Product = "sources",
    keyword: str = "",
    row_limit: int | str | None = DEFAULT,
    parameters: Mapping[str, Any] | None = None,
    on_report: Callable[[ServiceReport], None] | None = None,
) -> Table:
    """Search several services side by side.

    Parameters
    ----------
    target : str, SkyCoord or Position; or a list or table of these
        A name, or coordinates in any usual form (ICRS unless they say otherwise). Of several, given as a
        list, a SkyCoord array, or a table with columns of right ascension and declination (by UCD or name),
        each is asked for; the column ``for_target`` says which of them a row was found for.
    radius : str, float or Quantity
        Radius of the search: ``"6 arcmin"``; a bare number is in degrees.
    services : str or list of str
        Which to ask; by default the configured choice. See `services`. An IVOA identifier (``ivo://...``)
        asks what the registry knows under it, see `find_services`.
    product : str
        ``sources``, ``images``, ``spectra``, ``observations`` or ``dids``.
    keyword : str
        Free text; for ``dids`` a pattern ``scope:name`` with the wildcard ``*``.
    row_limit : int, optional
        Rows wanted of each service, and for each of several targets; None means all of it.
    parameters : dict
        Further fields of the services' query forms. A service that does not know one is not asked.
    on_report : callable
        Told how each service fares, as it changes.

    Returns
    -------
    Table
        What was found. A service that failed is named in it, beside the others' rows.
    """
    joined = await gateway()
    query = _query(
        services=_names(services),
        product=product,
        **await query_fields(target),
        radius=_degrees(radius),
        keyword=keyword,
        row_limit=joined.config.search.row_limit if row_limit == DEFAULT else row_limit,
        parameters=dict(parameters or {}),
    )
    if query.targets and on_report is None:
        with targets_bar() as show:
            return await _followed(joined.search(query), show)
    return await _followed(joined.search(query), on_report)


async def adql(
    adql: str,
    service: str = "",
    *,
    row_limit: int | str | None = DEFAULT,
    mode: Literal["auto", "sync", "async"] = "auto",
    uploads: Mapping[str, Any] | None = None,
    on_report: Callable[[ServiceReport], None] | None = None,
) -> Table:
    """Ask a TAP service in ADQL (IVOA ADQL 2.1, TAP 1.1).

    Parameters
    ----------
    adql : str
        The query.
    service : str
        Which to ask, a configured one or an IVOA identifier (``ivo://...``); by default the first configured
        one that answers ADQL.
    row_limit : int, optional
        Rows wanted (``MAXREC``); None means all of it.
    mode : str
        ``auto`` asks at once and goes on as an asynchronous job if that takes too long.
    uploads : dict
        Tables by name, to be used as ``TAP_UPLOAD.<name>`` (TAP 1.1, section 2.5): `Table`, astropy Table or
        QTable, pandas or polars DataFrame, Arrow table, `SkyCoord` (its columns are ``ra`` and ``dec``), or a
        dict of columns. Units and UCDs go with them, masked values as nulls.

    Raises
    ------
    QueryRejected
        With the service's own message, and line and column where it gives them.
    """
    joined = await gateway()
    limit = joined.config.search.row_limit if row_limit == DEFAULT else row_limit
    from esap_jupyter.face.uploads import as_uploads  # stands on Arrow, as the tables do

    tables = await asyncio.to_thread(as_uploads, uploads) if uploads else {}
    asked = joined.adql(
        service or await default_adql_service(),
        adql,
        row_limit=_checked_limit(limit),
        mode=mode,
        uploads=tables,
    )
    return await _followed(asked, on_report)


async def tables(service: str) -> Listing[TableDescription]:
    """List the tables of a TAP service."""
    return Listing(await (await gateway()).tables_of(service), nothing=f"{service} has no tables.")


async def columns(service: str, table: str) -> Listing[ColumnDescription]:
    """List the columns of a table of a TAP service, with units, UCDs and descriptions."""
    description = await (await gateway()).table_of(service, table)
    return Listing(description.columns or (), nothing=f"{table} has no columns.")


async def links(item: Item | str, service: str = "") -> Listing[Link]:
    """Read the DataLink document of an item or at a URL (DataLink 1.1).

    Parameters
    ----------
    item : Item or str
        An item of kind ``datalink``, or a URL.
    service : str
        Whose URL it is; needed with a URL only.
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
    rows : int or list of int
        Which rows, counted from 0; by default all of them.
    service : str
        Whose rows, if the table has those of several.
    """
    chosen = [rows] if isinstance(rows, int) else None if rows is None else list(rows)
    found = await (await gateway()).items(table, chosen, service)
    return Listing(found, nothing="These rows have no data to stage.")


async def stage(
    items: Item | Iterable[Item | str] | None = None,
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
    items : Item, or list of Item or of basket ids
        By default all of the basket.
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
    """
    chosen = [items] if isinstance(items, Item) else None if items is None else list(items)
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
    EsapError
        If a file was not taken; the others are kept, and `esap.jobs.resume` uploads what is missing.
    """
    paths = [files] if isinstance(files, str | Path) else list(files)
    wanted = [_absolute(path) for path in paths]
    job = await (await gateway()).upload(
        service or await only_lake(), wanted, to=to, rse=rse, lifetime=seconds_of(lifetime)
    )
    return await follow_upload(job.id, on_progress)


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()


async def table(table_id: str) -> Table:
    """Open a table of an earlier search or query, by its id."""
    return await asyncio.to_thread((await gateway()).tables.open, table_id)


async def open_table(path: str | Path, *, hdu: int | None = None) -> Table:
    """Open a file as a table: VOTable, FITS, Parquet, CSV or ECSV.

    Parameters
    ----------
    path : str or Path
        The suffix says the format: ``.vot``, ``.xml``, ``.fits``, ``.parquet``, ``.csv`` or ``.ecsv``.
    hdu : int, optional
        Which HDU of a FITS file, counted from 0; by default its first table.

    Returns
    -------
    Table
        Need not fit into memory. A file that has not changed since it was opened last is not read again.

    Raises
    ------
    NotFound
        If there is no such file.
    InputError
        If no table is in it.
    BadAnswer
        If it is not what its suffix says.
    """
    joined = await gateway()
    files = await asyncio.to_thread(lambda: joined.files)
    return await files.whole(await asyncio.to_thread(_absolute, path), hdu)


async def history() -> Listing[PastQuery]:
    """List the last queries, newest first."""
    return Listing(await (await gateway()).history(), nothing="Nothing was asked yet.")


async def default_adql_service() -> str:
    """Return the first service, of the configured choice before all others, that answers ADQL."""
    joined = await gateway()
    enabled = [name for name, settings in joined.config.services.items() if settings.enabled]
    for name in dict.fromkeys([*joined.config.search.services, *enabled]):
        connector = await asyncio.to_thread(joined.connector, name)
        if Capability.ADQL in connector.capabilities:
            return name
    raise NotOffered("No service answers ADQL.", hint="Add a TAP service to esap.toml.")


async def _followed(asked: Search, on_report: Callable[[ServiceReport], None] | None) -> Table:
    try:
        async for report in asked:
            if on_report:
                on_report(report)
        return await asked.done()
    except asyncio.CancelledError:
        asked.cancel()
        await asked.finished()
        arrived = (await asked.begun()).refresh()
        kept = f" esap.table({arrived.id!r}) has what had arrived." if len(arrived) else ""
        raise asyncio.CancelledError(f"The search was stopped.{kept}") from None
    finally:
        asked.cancel()


async def _position(target: Target) -> Position:
    if isinstance(target, Position):
        return target
    if isinstance(target, str):
        return await (await gateway()).resolve(target)
    if not target.isscalar:
        raise InputError("One position at a time, please.", hint="`esap.search` takes several.")
    return position_of(target)


def _degrees(radius: Angle) -> float:
    if isinstance(radius, int | float):
        return float(radius)
    from astropy import units
    from astropy.coordinates import Angle as AstropyAngle

    try:
        return float(AstropyAngle(radius).to_value(units.deg))
    except (ValueError, TypeError, units.UnitsError) as error:
        raise InputError(
            f"{radius!r} is not an angle.",
            hint='Write for example "6 arcmin" or 0.1 (degrees).',
            field="radius",
        ) from error


def _names(services: str | Iterable[str]) -> tuple[str, ...]:
    return (services,) if isinstance(services, str) and services else tuple(services)


def _query(**fields: Any) -> Query:
    try:
        return Query(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{field}: {message}." if field else f"{message}.", field=field) from None


def _checked_limit(limit: Any) -> int | None:
    return _query(adql="-", row_limit=limit).row_limit
