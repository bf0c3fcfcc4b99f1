"""The verbs that find: services, positions, rows, tables."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from esap_jupyter.errors import InputError, NotOffered
from esap_jupyter.face.asked import absolute, checked_limit, degrees, names_of, query_of, words_of
from esap_jupyter.face.background import gateway
from esap_jupyter.face.listing import Listing
from esap_jupyter.face.progress import targets_bar
from esap_jupyter.face.targets import position_of, query_fields
from esap_jupyter.models import (
    Capability,
    ColumnDescription,
    Position,
    Product,
    RegisteredService,
    ServiceReport,
    ServiceStatus,
    TableDescription,
)

if TYPE_CHECKING:
    from astropy.units import Quantity

    from esap_jupyter.face.targets import Target, Targets
    from esap_jupyter.gateway import PastQuery, Search
    from esap_jupyter.storage.tables import Table

    Angle: TypeAlias = float | str | Quantity

AdqlMode = Literal["auto", "sync", "async"]

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

    Returns
    -------
    Listing of ServiceStatus
        In the order of the configuration; `answers` is None unless they were asked.

    Raises
    ------
    UnknownName
        If there is no service of a name.

    Examples
    --------
    >>> esap.services(check=True)
    >>> [service.name for service in esap.services() if "adql" in service.capabilities]
    """
    joined = await gateway()
    wanted = names_of(names)
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
    limit : int
        The most that are returned.

    Returns
    -------
    Listing of RegisteredService
        Best described first; `ivoid` names a service to `search`.

    Raises
    ------
    InputError
        If the keywords are no words.
    NotOffered
        If no registry is configured.
    ServiceError
        If the registry does not answer.

    Examples
    --------
    >>> esap.find_services("quasars", product="spectra", waveband="radio")
    """
    words = words_of(keywords)
    joined = await gateway()
    position = await _position(target) if target else None
    found = await joined.find_services(
        words, product=product, waveband=waveband, position=position, limit=limit
    )
    return Listing(found, nothing="The registry knows no such service.")


async def resolve(target: Target) -> Position:
    """Find the position of a name, or read coordinates in any usual form.

    Parameters
    ----------
    target : str, SkyCoord or Position
        A name, or coordinates: degrees or sexagesimal, ICRS unless they say otherwise.

    Returns
    -------
    Position
        ICRS, degrees.

    Raises
    ------
    UnknownName
        If no resolver knows the name.
    InputError
        If coordinates are out of range.

    Examples
    --------
    >>> esap.resolve("M 51")
    >>> esap.resolve("13h29m52.7s +47d11m43s")
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
    on_begun: Callable[[Table], None] | None = None,
) -> Table:
    """Search several services side by side.

    Parameters
    ----------
    target : str, SkyCoord or Position; or a list or table of these
        A name, or coordinates in any usual form (ICRS unless they say otherwise), also as
        ``{"ra": ..., "dec": ...}`` in degrees. Of several, given as a list, a SkyCoord array, or a table
        with columns of right ascension and declination (by UCD or name), each is asked for; the column
        ``for_target`` says which of them a row was found for.
    radius : str, float or Quantity
        Radius of the search: ``"6 arcmin"``; a bare number is in degrees.
    services : str or list of str
        Which to ask; by default the configured choice. See `services`. An IVOA identifier (``ivo://...``)
        asks what the registry knows under it, see `find_services`.
    product : str
        ``sources``, the default, ``images``, ``spectra``, ``observations`` or ``dids``.
    keyword : str
        Free text; for ``dids`` a pattern ``scope:name`` with the wildcard ``*``.
    row_limit : int, optional
        Rows wanted of each service, and for each of several targets; None means all of it.
    parameters : dict
        Further fields of the services' query forms. A service that does not know one is not asked.
    on_report : callable
        Told how each service fares, as it changes. It is to return soon, and can call no verb itself.
    on_begun : callable
        Given the table while it is still empty; `Table.refresh` shows what has come since.

    Returns
    -------
    Table
        What was found. A service that failed is named in it, beside the others' rows.

    Raises
    ------
    UnknownName
        If no resolver knows the target, or there is no such service.
    InputError
        If target, radius or row limit cannot be used.
    ServiceError
        If every service failed; of several, those that answered are enough.

    Examples
    --------
    >>> stars = esap.search("M 51", radius="10 arcmin")
    >>> images = esap.search(SkyCoord("13h29m52.7s +47d11m43s"), product="images", services="cadc")
    >>> dids = esap.search(product="dids", keyword="demo:M5*")
    """
    if not isinstance(parameters, Mapping | None):
        raise InputError("`parameters` are a dict, by the names of fields.", field="parameters")
    joined = await gateway()
    query = query_of(
        services=names_of(services),
        product=product,
        **await query_fields(target),
        radius=degrees(radius),
        keyword=keyword,
        row_limit=joined.config.search.row_limit if row_limit == DEFAULT else row_limit,
        parameters=dict(parameters or {}),
    )
    if query.targets and on_report is None:
        with targets_bar() as show:
            return await _followed(joined.search(query), show, on_begun)
    return await _followed(joined.search(query), on_report, on_begun)


async def adql(
    adql: str,
    service: str = "",
    *,
    row_limit: int | str | None = DEFAULT,
    mode: AdqlMode = "auto",
    uploads: Mapping[str, Any] | None = None,
    on_report: Callable[[ServiceReport], None] | None = None,
    on_begun: Callable[[Table], None] | None = None,
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
    on_report : callable
        Told how the service fares, as it changes.
    on_begun : callable
        As for `search`.

    Returns
    -------
    Table
        The rows, with the units and UCDs that the service sends.

    Raises
    ------
    QueryRejected
        With the service's own message, and line and column where it gives them.
    InputError
        If there is no such mode, or a table cannot be uploaded, see `uploads`.
    NotOffered
        If the service does not answer ADQL.

    Examples
    --------
    >>> bright = esap.adql("SELECT TOP 10 * FROM demo.sources WHERE parallax > 5", "demo-archive")
    >>> esap.adql(
    ...     "SELECT * FROM TAP_UPLOAD.mine AS m JOIN demo.sources AS s ON s.source_id = m.source_id",
    ...     uploads={"mine": astropy_table},
    ... )
    """
    if mode not in get_args(AdqlMode):
        raise InputError(
            f"There is no mode {mode!r}.", hint=f"There are: {', '.join(get_args(AdqlMode))}.", field="mode"
        )
    joined = await gateway()
    limit = joined.config.search.row_limit if row_limit == DEFAULT else row_limit
    from esap_jupyter.face.uploads import as_uploads  # stands on Arrow, as the tables do

    tables = await asyncio.to_thread(as_uploads, uploads) if uploads else {}
    asked = joined.adql(
        service or await default_adql_service(),
        adql,
        row_limit=checked_limit(limit),
        mode=mode,
        uploads=tables,
    )
    return await _followed(asked, on_report, on_begun)


async def tables(service: str) -> Listing[TableDescription]:
    """List the tables of a TAP service (VOSI 1.1, TAP 1.1 TAP_SCHEMA).

    Parameters
    ----------
    service : str
        Name of the TAP service, or an IVOA identifier (``ivo://...``).

    Returns
    -------
    Listing of TableDescription
        Without columns; `columns` has those of one table.

    Raises
    ------
    NotOffered
        If the service does not answer ADQL.
    UnknownName
        If no such service is configured.

    Examples
    --------
    >>> esap.tables("demo-archive")
    """
    return Listing(await (await gateway()).tables_of(service), nothing=f"{service} has no tables.")


async def columns(service: str, table: str) -> Listing[ColumnDescription]:
    """List the columns of a table of a TAP service, with units, UCDs and descriptions.

    Parameters
    ----------
    service : str
        Name of the TAP service, or an IVOA identifier (``ivo://...``).
    table : str
        As `tables` names it.

    Returns
    -------
    Listing of ColumnDescription
        In the order of the table.

    Raises
    ------
    NotFound
        If the service has no such table.
    NotOffered
        If the service does not answer ADQL.

    Examples
    --------
    >>> esap.columns("demo-archive", "demo.sources")
    """
    description = await (await gateway()).table_of(service, table)
    return Listing(description.columns or (), nothing=f"{table} has no columns.")


async def table(table_id: str) -> Table:
    """Open a table of an earlier search or query, by its id.

    Parameters
    ----------
    table_id : str
        ``table.id``, as also `history` and the jobs tell it.

    Returns
    -------
    Table
        With the rows that there are now.

    Raises
    ------
    NotFound
        If there is none: the cache drops those unused longest, unless they are pinned, see `Table.pin`.
    InputError
        If it is no id.

    Examples
    --------
    >>> table = esap.table(esap.history()[0].table_id)
    """
    if not isinstance(table_id, str):
        raise InputError(
            f"A {type(table_id).__name__} is no id of a table.",
            hint="`table.id` is one; `esap.history()` lists those of earlier queries.",
            field="table_id",
        )
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

    Examples
    --------
    >>> mine = esap.open_table("observed.fits", hdu=2)
    """
    joined = await gateway()
    files = await asyncio.to_thread(lambda: joined.files)
    return await files.whole(await asyncio.to_thread(absolute, path), hdu)


async def history() -> Listing[PastQuery]:
    """List the last queries, newest first.

    Returns
    -------
    Listing of PastQuery
        What was asked, when, of whom, and the id of its table.

    Raises
    ------
    StateError
        If the saved state cannot be used.

    Examples
    --------
    >>> esap.history()[:5]
    """
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


async def _followed(
    asked: Search,
    on_report: Callable[[ServiceReport], None] | None,
    on_begun: Callable[[Table], None] | None,
) -> Table:
    try:
        if on_begun:
            on_begun(await asked.begun())
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
    if not hasattr(target, "icrs"):
        raise InputError(f"A {type(target).__name__} is no place on the sky.", field="target")
    if not target.isscalar:
        raise InputError("One position at a time, please.", hint="`esap.search` takes several.")
    return position_of(target)
