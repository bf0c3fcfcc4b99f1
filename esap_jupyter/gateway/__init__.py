"""What ESAP can do, whoever asks: panels, notebooks, scripts and the command line all call this.

The gateway is asynchronous and one per process. It keeps what must survive in the person's data directory,
so that every process of a person sees the same basket and the same jobs.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from esap_jupyter.config import Config, load_config
from esap_jupyter.errors import EsapError, InputError
from esap_jupyter.gateway import linking, names, picking, queries, replicating, staging, uploading
from esap_jupyter.gateway.asking import AsksServices
from esap_jupyter.gateway.basket import Basket
from esap_jupyter.gateway.discovery import AdqlMode, AdqlOptions, Discovery, Search
from esap_jupyter.gateway.jobs import JobHandle, Jobs, error_of
from esap_jupyter.gateway.own_server import OwnServer
from esap_jupyter.gateway.saved import SavedQueries
from esap_jupyter.gateway.services import Services
from esap_jupyter.gateway.sign_in import SignIn
from esap_jupyter.models import Item, Position, Query
from esap_jupyter.models.query import DEFAULT_ROW_LIMIT
from esap_jupyter.storage.cache import DiskCache
from esap_jupyter.storage.room import HomeRoom
from esap_jupyter.storage.state import State
from esap_jupyter.storage.state_history import HistoryRows, PastQuery
from esap_jupyter.storage.state_saved import SavedQuery
from esap_jupyter.storage.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from esap_jupyter.gateway.files import Files
    from esap_jupyter.storage.tables import Table, TableStore

__all__ = [
    "Basket",
    "Gateway",
    "JobHandle",
    "Jobs",
    "OwnServer",
    "PastQuery",
    "SavedQueries",
    "SavedQuery",
    "Search",
    "SignIn",
    "error_of",
]


class Gateway(AsksServices):
    """Joins the services for whoever asks. One per process, used inside one event loop.

    Parameters
    ----------
    config : Config, optional
        Default: what `load_config` reads.
    workspace : Path, optional
        The person's own directory, instead of the configured one.

    Attributes
    ----------
    config : Config
        The merged configuration.
    workspace : Workspace
        Where stagings put their files.
    basket : Basket
        The items the person has gathered.
    jobs : Jobs
        All work that outlives a request.
    saved : SavedQueries
        The queries that the person saved.
    sign_in : SignIn
        Who the person is, and where the tokens come from.
    server : OwnServer
        The server that the person works in: its end, and its room.
    """

    def __init__(self, config: Config | None = None, *, workspace: Path | None = None) -> None:
        self.config = load_config() if config is None else config
        self.workspace = Workspace(workspace or self.config.storage.workspace_path())
        state = State(self.config.storage.state_path() / "state.sqlite")
        self.basket = Basket(state)
        self.jobs = Jobs(state)
        self.saved = SavedQueries(state)
        self._history = HistoryRows(state)
        self._cache = DiskCache(self.config.storage.cache_path() / "services")
        self.sign_in = SignIn(self.config, self.config.storage.state_path())
        home_limit = self.config.storage.most_in_home()
        self.server = OwnServer(HomeRoom(self.workspace.root, Path.home(), home_limit))
        self._services = Services(self.config, self._cache, self.sign_in.tokens)
        self._discovery = Discovery(
            self._services,
            default_services=self.config.search.services,
            tables=lambda: self.tables,
            resolve=self.resolve,
            history=self._history,
        )
        stagings = staging.Staging(
            self._services, self.workspace, state, keep_free=self.config.staging.keep_free
        )
        self.jobs.runners[staging.KIND] = stagings.run
        self.jobs.runners[replicating.KIND] = replicating.Replications(self._services).run
        self.jobs.runners[uploading.KIND] = uploading.Uploads(self._services).run
        self.jobs.runners[queries.KIND] = functools.partial(queries.run, self._discovery, self.jobs)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop what runs here: searches are interrupted, stagings too, and these can be resumed."""
        await self._discovery.close()
        await self.jobs.close()
        await self.sign_in.close()
        await self.server.close()
        if "files" in self.__dict__:
            await self.files.close()
        await asyncio.to_thread(self._cache.sweep)

    def reconfigure(self, config: Config) -> None:
        """Take the services, and how they are asked, from another configuration; what runs goes on.

        Where things are kept, and who signs in, stay as they are.
        """
        ours = {"storage": self.config.storage, "sign_in": self.config.sign_in}
        self.config = config.model_copy(update=ours)
        self._services.reconfigure(self.config)
        self._discovery.default_services = config.search.services

    @functools.cached_property
    def tables(self) -> TableStore:
        """The tables on disk."""
        from esap_jupyter.storage.tables import TableStore

        storage = self.config.storage
        return TableStore(storage.cache_path() / "tables", storage.cache_limit)

    @functools.cached_property
    def files(self) -> Files:
        """Files that are opened as tables."""
        from esap_jupyter.gateway.files import Files

        return Files(lambda: self.tables)

    # Finding

    async def resolve(self, text: str) -> Position:
        """Turn what a person typed, coordinates in any usual form or a name, into a place on the sky.

        Raises
        ------
        InputError
            If it is empty, or coordinates that are no place on the sky.
        UnknownName
            If no resolver knows the name.
        ServiceError
            If no resolver answers.
        NotOffered
            If it is a name and no resolver is configured.
        """
        return await names.resolve(text, self._services)

    def search(self, query: Query) -> Search:
        """Ask services side by side; returns at once, inside a running event loop.

        The target is resolved once, first. Each service must answer within its deadline ("all of it",
        without a row limit, may take as long as rows keep coming). One that fails is a report beside the
        others' rows.

        Parameters
        ----------
        query : Query
            Its services, else those of the configuration, else all that offer the product are asked.

        Raises
        ------
        UnknownName
            If the query names a service that does not exist.
        """
        return self._discovery.search(query, self._adql_options())

    def adql(
        self,
        service: str,
        adql: str,
        *,
        row_limit: int | None = DEFAULT_ROW_LIMIT,
        mode: AdqlMode = "auto",
        uploads: Mapping[str, pa.Table] | None = None,
    ) -> Search:
        """Send ADQL to one service (TAP 1.1); returns at once, inside a running event loop.

        As soon as the service makes an asynchronous (UWS) job of it, there is a job of kind ``query`` here
        too: its id is in `Search.jobs`, and if this process dies, another can resume it.

        Parameters
        ----------
        row_limit : int, optional
            Rows wanted at most; None means all of it.
        mode : str
            ``sync``, ``async``, or ``auto``: synchronously first.
        uploads : mapping of str to Table
            Tables by name, for ``TAP_UPLOAD.<name>``.

        Raises
        ------
        UnknownName
            If there is no such service.
        InputError
            If there is no ADQL.
        """
        if not adql.strip():
            raise InputError("There is no ADQL.", hint="Write a query: SELECT ... FROM ...", field="adql")
        query = Query(services=(service,), adql=adql, row_limit=row_limit)
        return self._discovery.search(query, self._adql_options(mode, uploads))

    async def history(self, limit: int = 100) -> list[PastQuery]:
        """What was asked, newest first."""
        return await asyncio.to_thread(self._history.list, limit)

    async def clear_history(self) -> None:
        """Forget what was asked."""
        await asyncio.to_thread(self._history.clear)

    async def items(
        self, table: Table, rows: int | Iterable[int] | None = None, service: str = ""
    ) -> list[Item]:
        """Make the items that rows of a table stand for; rows without data are left out.

        Parameters
        ----------
        table : Table
            What a search or query gave.
        rows : int, list of int, or mask, optional
            Which, counted from 0 as the table shows them, or a truth value for each row; default: all.
        service : str
            Of this service's rows only, and counted among these.

        Raises
        ------
        InputError
            If there is no such row.
        NotFound
            If the table has no rows of this service.
        """
        return await picking.items(self._services, table, rows, service)

    async def linked_item(self, text: str, service: str = "") -> Item:
        """Return the item that a link from elsewhere names, to be put into the basket.

        Parameters
        ----------
        text : str
            ``rucio:<scope>:<name>``, ``https://...`` (a file) or ``datalink:https://...``.
        service : str
            Which data lake, if there are several.

        Raises
        ------
        InputError
            If it names no item.
        NotOffered
            If no service here has it.
        ServiceError
            If the data lake does not answer, or does not know the DID.
        """
        return await linking.item_of(self._services, self.config, text, service)

    # Staging

    async def stage(
        self,
        items: Iterable[Item | str] | None = None,
        *,
        directory: str | None = None,
        files_at_once: int | None = None,
        replica: str | None = None,
        lifetime: int | None = None,
    ) -> JobHandle:
        """Bring items' files to where the person computes, as a job that starts at once.

        They are downloaded into the workspace, or, with `replica`, replicated by a rule of their data lake.

        Parameters
        ----------
        items : iterable of Item or str, optional
            Items, or ids of items in the basket; default: the whole basket.
        directory : str, optional
            Where, relative to the workspace; default: that of the configuration.
        files_at_once : int, optional
            Files transferred side by side.
        replica : str, optional
            RSE expression; empty for the RSE that the data lake is configured with (`site_rse`).
        lifetime : int, optional
            Seconds for which the rule keeps the replicas; default: for ever.

        Raises
        ------
        InputError
            If there is nothing to stage.
        NotFound
            If an id is not in the basket.
        OutsideWorkspace
            If the directory leaves the workspace.
        """
        directory = self.config.staging.directory if directory is None else directory
        await asyncio.to_thread(self.workspace.resolve, directory)
        wanted = await self._wanted(items)
        if not wanted:
            raise InputError("There is nothing to stage.", hint="Put items in the basket.", field="items")
        if replica is not None:
            rules = await asyncio.to_thread(replicating.parameters_of, wanted, replica, lifetime)
            return await self.jobs.submit(replicating.KIND, staging.title_of(wanted), rules)
        parameters = await asyncio.to_thread(
            staging.parameters_of, wanted, directory, files_at_once or self.config.staging.files_at_once
        )
        return await self.jobs.submit(staging.KIND, staging.title_of(wanted), parameters)

    # Uploading

    async def upload(
        self,
        service: str,
        files: Iterable[Path],
        *,
        to: str = "",
        rse: str = "",
        lifetime: int | None = None,
    ) -> JobHandle:
        """Upload files into a data lake, as a job that starts at once.

        Parameters
        ----------
        files : iterable of Path
            Absolute; of a directory all files in it.
        to : str
            ``scope:dataset`` or a scope; empty for the person's own. A dataset is made if there is none.
        rse : str
            Where to; empty for the site's own RSE, or the only one that the person may write.
        lifetime : int, optional
            Seconds for which a rule keeps them; default: for ever.

        Raises
        ------
        InputError
            If there is nothing to upload, or it is not clear where to.
        NotOffered
            If the service takes no files.
        ServiceError
            If it does not say where files may go.
        """
        lake = await self.takes_files(service)
        wanted = await asyncio.to_thread(uploading.files_at, files)
        try:
            target = await lake.upload_target(to, rse=rse, lifetime=lifetime)
        except EsapError as error:
            raise error.at(service) from None
        parameters = await asyncio.to_thread(uploading.parameters_of, service, wanted, target)
        return await self.jobs.submit(uploading.KIND, uploading.title_of(wanted, target), parameters)

    async def _wanted(self, items: Iterable[Item | str] | None) -> list[Item]:
        if items is None:
            return await self.basket.list()
        given = list(items)
        ids = [item for item in given if isinstance(item, str)]
        picked = {item.id: item for item in await self.basket.pick(ids)}
        wanted = [picked[item] if isinstance(item, str) else item for item in given]
        return await asyncio.to_thread(_each_once, wanted)

    def _adql_options(
        self, mode: AdqlMode = "auto", uploads: Mapping[str, pa.Table] | None = None
    ) -> AdqlOptions:
        def remote(service: str, search: Search) -> queries.RemoteQuery:
            return queries.RemoteQuery(service, search, self.jobs)

        return AdqlOptions(mode, uploads or {}, remote)


def _each_once(items: Iterable[Item]) -> list[Item]:
    return list({item.id: item for item in items}.values())
