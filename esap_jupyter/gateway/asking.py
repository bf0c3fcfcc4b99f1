"""What one service is asked directly: what it is, its form, its tables, its files."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from esap_jupyter.connectors.base import AnswersADQL, Connector, DataLake, HasDataLink, TakesFiles
from esap_jupyter.gateway.registries import is_ivoid
from esap_jupyter.gateway.services import Services
from esap_jupyter.models import (
    Capability,
    Link,
    Position,
    RegisteredService,
    ServiceStatus,
    TableDescription,
)


class AsksServices:
    """The part of the gateway that asks one service, or the registries about services."""

    _services: Services

    def connector(self, name: str) -> Connector:
        """Return the connector of a service, made when first asked for.

        Making one imports the libraries that it stands on, which may take a second: inside an event loop
        prefer `asyncio.to_thread(gateway.connector, name)`.

        Raises
        ------
        UnknownName
            If no enabled service has this name.
        ConfigError
            If its connector does not exist or cannot be loaded, or its settings do not fit.
        """
        return self._services.connector(name)

    async def services(self, *, check: bool = False) -> list[ServiceStatus]:
        """List the services.

        Parameters
        ----------
        check : bool
            Ask each, side by side, whether it answers; one that does not is a row with `detail` and `hint`.
        """
        return await self._services.statuses(check=check)

    async def service(self, name: str, *, check: bool = False) -> ServiceStatus:
        """Say what one service is, and ask it whether it answers if `check` is set.

        Raises
        ------
        UnknownName
            If there is no such service.
        """
        return await self._services.status(name, check=check)

    async def query_form(self, service: str) -> dict[str, JsonValue]:
        """Describe the further fields of a service's queries, `Query.parameters`, as JSON Schema.

        Raises
        ------
        UnknownName
            If there is no such service.
        """
        form = (await self._services.get(service)).Form
        return form.model_json_schema() if form else {"type": "object", "properties": {}}

    async def find_services(
        self,
        keywords: Sequence[str] = (),
        *,
        product: str = "",
        waveband: str = "",
        position: Position | None = None,
        limit: int = 100,
    ) -> list[RegisteredService]:
        """Look in the registries (RegTAP 1.1) for services that match all that is given.

        Raises
        ------
        NotOffered
            If no registry is configured.
        ServiceError
            If none of them answers.
        """
        return await self._services.registries.find(
            keywords, product=product, waveband=waveband, position=position, limit=limit
        )

    async def registered_service(self, ivoid: str) -> RegisteredService:
        """Look up one service in the registries by its IVOA identifier.

        Raises
        ------
        UnknownName
            If no registry knows it.
        NotOffered
            If no registry is configured.
        ServiceError
            If none of those that may know it answers.
        """
        is_ivoid(ivoid)
        return await self._services.registries.record(ivoid)

    async def tables_of(self, service: str) -> list[TableDescription]:
        """List a service's tables, without columns where the service can leave them out.

        Raises
        ------
        NotOffered
            If the service does not answer ADQL.
        """
        connector: AnswersADQL = await self._services.able(service, Capability.ADQL)
        return await connector.tables()

    async def table_of(self, service: str, name: str) -> TableDescription:
        """Describe one table of a service with its columns.

        Raises
        ------
        NotFound
            If the service has no such table.
        NotOffered
            If the service does not answer ADQL.
        """
        connector: AnswersADQL = await self._services.able(service, Capability.ADQL)
        return await connector.table(name)

    async def examples(self, service: str) -> list[tuple[str, str]]:
        """List a service's own example queries, (title, ADQL).

        Raises
        ------
        NotOffered
            If the service does not answer ADQL.
        """
        connector: AnswersADQL = await self._services.able(service, Capability.ADQL)
        return await connector.examples()

    async def datalake(self, service: str) -> DataLake:
        """Return what knows a data lake's scopes, DIDs, replicas and rules.

        Raises
        ------
        NotOffered
            If the service is no data lake.
        UnknownName
            If there is no such service.
        """
        connector: DataLake = await self._services.able(service, Capability.DATALAKE)
        return connector

    async def takes_files(self, service: str) -> TakesFiles:
        """Return what takes files into a data lake.

        Raises
        ------
        NotOffered
            If the service takes none.
        UnknownName
            If there is no such service.
        """
        connector: TakesFiles = await self._services.able(service, Capability.UPLOADS)
        return connector

    async def links(self, service: str, locator: str) -> list[Link]:
        """Read the DataLink document at a URL (DataLink 1.1).

        Raises
        ------
        NotOffered
            If the service has no DataLink.
        """
        connector: HasDataLink = await self._services.able(service, Capability.DATALINK)
        return await connector.links(locator)
