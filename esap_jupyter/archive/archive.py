"""An archive: tables and files, and all the services that make them known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa

from esap_jupyter.archive.database import Database
from esap_jupyter.archive.model import MAIN_DEC, MAIN_RA, Identity, Limits, Product, Table, column_with_ucd
from esap_jupyter.archive.obscore import obscore_table
from esap_jupyter.archive.regtap import KEYS, own_resources, registry_tables
from esap_jupyter.archive.ssap import spectra_table
from esap_jupyter.archive.tap_schema import SCHEMA_DESCRIPTIONS, tap_schema
from esap_jupyter.archive.uws import Jobs
from esap_jupyter.archive.web import Queue, now
from esap_jupyter.errors import ConfigError, NotFound


class Archive:
    """Tables and files, ready to be served.

    Parameters
    ----------
    tables : sequence of Table
        The archive's own; ObsCore, TAP_SCHEMA, the registry and the table of spectra are made from them and
        from the products. The first one with positions is what a cone search without a table asks.
    products : sequence of Product
        The files.
    identity : Identity
        Who publishes them.
    directory : Path
        For the results of asynchronous jobs; it belongs to this archive alone, and is emptied.
    url : str
        Base URL that clients know, with a slash at its end: ``http://127.0.0.1:8080/``.
    """

    def __init__(
        self,
        tables: Sequence[Table],
        products: Sequence[Product],
        identity: Identity,
        *,
        directory: Path,
        url: str,
        limits: Limits | None = None,
    ) -> None:
        self.identity = identity
        self.limits = limits or Limits()
        self.url = url
        self.hosts = _hosts(url)
        self.started = now()
        self.products = {product.publisher_did: product for product in products}
        self.files = _unique_files(products)
        own = list(tables)
        if products:
            own += [obscore_table(products, url), spectra_table(products, url, identity.publisher)]
        resources = own_resources(url, identity, own)
        registry = registry_tables(resources, identity, url, self.started)
        described = [*own, *registry]
        self.tables = [*described, *tap_schema(described, KEYS)]
        self.database = Database(self.tables, self.limits)
        self.queries = Queue(self.limits.queries, self.limits.waiting, "query")
        self.jobs = Jobs(self.database, self.limits, directory)

    def table(self, name: str) -> Table:
        """The table of this name, in any case.

        Raises
        ------
        NotFound
            If there is none.
        """
        for table in self.tables:
            if table.name == name.lower():
                return table
        raise NotFound(f"There is no table {name}.")

    def schema(self, table: Table) -> pa.Schema:
        """The described columns of a table."""
        return self.database.schemas[table.name]

    def positions(self, table: Table) -> tuple[str, str] | None:
        """Names of the columns with right ascension and declination; None if a table has no positions."""
        schema = self.schema(table)
        ra, dec = column_with_ucd(schema, MAIN_RA), column_with_ucd(schema, MAIN_DEC)
        return (ra, dec) if ra and dec else None

    def cone_tables(self) -> list[Table]:
        """The tables that a cone search can be asked of."""
        standard = SCHEMA_DESCRIPTIONS.keys()
        return [
            table
            for table in self.tables
            if table.name.split(".")[0] not in standard and self.positions(table)
        ]

    async def close(self) -> None:
        """Stop every query, and give memory and disk back."""
        self.jobs.delete_all()
        self.queries.close()
        await asyncio.to_thread(self.database.close)
        await asyncio.to_thread(self.jobs.close)


def _hosts(url: str) -> frozenset[str]:
    """What a request may call the archive."""
    parts = urlsplit(url)
    names = {parts.netloc.lower()}
    if parts.hostname in {"127.0.0.1", "::1"}:
        names.add(f"localhost:{parts.port}")
    return frozenset(names)


def _unique_files(products: Sequence[Product]) -> dict[str, Product]:
    files: dict[str, Product] = {}
    for product in products:
        if product.path.name in files:
            raise ConfigError(f"Two files of the archive have the name {product.path.name}.")
        files[product.path.name] = product
    return files
