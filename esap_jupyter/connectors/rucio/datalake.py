"""The data lake's verbs, and how Rucio is called without blocking anybody."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, TypeVar, cast
from urllib.parse import quote

from pydantic import JsonValue

from esap_jupyter.connectors.base import Connector, Context
from esap_jupyter.connectors.rucio import answers, listing
from esap_jupyter.connectors.rucio import files as source_files
from esap_jupyter.connectors.rucio.answers import Account
from esap_jupyter.connectors.rucio.client import RucioClient, in_our_words
from esap_jupyter.connectors.rucio.listing import Pattern, parse_did
from esap_jupyter.connectors.rucio.settings import DIDKind, RucioSettings
from esap_jupyter.connectors.rucio.signin import Anonymous, Bearer, Login, SignIn, check_certificate
from esap_jupyter.errors import EsapError, InputError, NotFound, ServiceFailed, SignInNeeded
from esap_jupyter.models import DID, RSE, AccountUsage, DIDName, ReplicaOnRSE, Rule

T = TypeVar("T")

_UNKNOWN_NAMED = 5


class RucioDataLake(Connector):
    """What Rucio knows: scopes, DIDs, replicas, RSEs, rules and quotas.

    Nobody is asked for anything, and no ``rucio.cfg`` is read. Every verb raises `SignInNeeded` if the
    credential is missing, expired or refused, and says what to do.
    """

    Settings = RucioSettings

    settings: RucioSettings

    def __init__(self, settings: RucioSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._login = Login(settings)

    @property
    def address(self) -> str:
        """URL of the Rucio server."""
        return self.settings.url

    @property
    def site_rse(self) -> str:
        """The RSE (or RSE expression) of the own site; empty if the settings name none."""
        return self.settings.site_rse

    async def check(self) -> str:
        """Ask for Rucio's version, and whether it knows the person."""
        version = await self.context.calls.call(
            self._run, Anonymous(), lambda client: client.ping()["version"]
        )
        try:
            account = await self.whoami()
        except SignInNeeded as error:
            return f"Rucio {version}; not signed in: {error.message} {error.hint}"
        return f"Rucio {version}, as {account.name}"

    # Who, where, how much

    async def whoami(self) -> Account:
        """Who Rucio takes the person for."""
        return await self.ask(lambda client: answers.account_of(client.whoami()))

    async def scopes(self) -> list[str]:
        """The configured scopes, else all there are."""
        return list(self.settings.scopes) or sorted(await self.ask(lambda client: client.list_scopes()))

    async def rses(self, expression: str = "") -> list[RSE]:
        """List the RSEs that an RSE expression selects, without attributes; all of them if it is empty.

        Raises
        ------
        InputError
            If Rucio cannot read the expression, or it selects none.
        """

        def selected(client: RucioClient) -> list[RSE]:
            rses = [answers.rse_of(row) for row in client.list_rses()]
            if not expression:
                return rses
            names = {row["rse"] for row in client.list_rses(expression)}
            return [rse for rse in rses if rse.name in names]

        return await self.ask(selected)

    async def rse(self, name: str) -> RSE:
        """Describe one RSE with its attributes.

        Raises
        ------
        NotFound
            If there is none of this name.
        """
        part = path_part(name, "rse")
        return await self.ask(
            lambda client: answers.rse_of(client.get_rse(part), client.list_rse_attributes(part))
        )

    async def usage(self, account: str = "") -> list[AccountUsage]:
        """List what an account uses and may use on each RSE; the person's own unless another is named."""
        name = account or self.settings.account or (await self.whoami()).name
        part = path_part(name, "account")
        rows = await self.ask(
            lambda client: [answers.usage_of(row, name) for row in client.get_local_account_usage(part)]
        )
        return sorted(rows, key=lambda row: row.rse)

    async def rules(self, did: DIDName | str = "", *, account: str = "") -> list[Rule]:
        """List the rules on a DID, or those of an account, the person's own unless another is named."""
        if did:
            asked = parse_did(did)
            return await self.ask(
                lambda client: [
                    answers.rule_of(row) for row in client.list_did_rules(asked.scope, asked.name)
                ]
            )
        name = account or self.settings.account or (await self.whoami()).name
        part = path_part(name, "account")
        return await self.ask(
            lambda client: [answers.rule_of(row) for row in client.list_account_rules(part)]
        )

    # DIDs

    async def dids(
        self, scope: str, pattern: str = "*", *, filters: str = "", kind: DIDKind = "all"
    ) -> AsyncIterator[DID]:
        """Stream the DIDs of a scope that match, however many.

        Parameters
        ----------
        scope : str
            May have the wildcard ``*``.
        pattern : str
            Name, with the wildcard ``*``.
        filters : str
            Metadata filters as Rucio writes them: ``length>3``, ``datatype=RAW,run_number>=10``.
        kind : str
            ``all``, ``collection``, ``dataset``, ``container`` or ``file``.
        """
        asked = listing.pattern_of(scope, pattern, kind=kind, filters=filters)
        async with contextlib.aclosing(self.did_pages(asked, list)) as pages:
            async for page in pages:
                for did in page:
                    yield did

    async def did(self, did: DIDName | str) -> DID:
        """Return one DID; size and number of files of a collection are counted.

        Raises
        ------
        NotFound
            If Rucio does not know it.
        """
        asked = parse_did(did)
        return await self.ask(
            lambda client: answers.did_of(client.get_did(asked.scope, asked.name, dynamic_depth="FILE"))
        )

    async def metadata(self, did: DIDName | str) -> dict[str, JsonValue]:
        """Return all metadata of a DID: Rucio's own, and custom ones where the server keeps them.

        Raises
        ------
        NotFound
            If Rucio does not know the DID.
        """
        asked = parse_did(did)
        return await self.ask(lambda client: answers.metadata_of(_all_metadata(client, asked)))

    async def content(self, did: DIDName | str) -> AsyncIterator[DID]:
        """Stream what a dataset or container directly holds.

        Raises
        ------
        NotFound
            If Rucio does not know the DID.
        """
        asked = parse_did(did)
        rows = partial(_in_pages, lambda client: client.list_content(asked.scope, asked.name))
        async with contextlib.aclosing(self.stream(rows)) as pages:
            async for page in pages:
                for row in page:
                    yield answers.did_of(row)

    async def replicas(self, dids: Sequence[DIDName | str]) -> AsyncIterator[ReplicaOnRSE]:
        """Stream every replica of every file of some DIDs, whatever its state and the RSE's.

        Raises
        ------
        NotFound
            If Rucio does not know one of them.
        """
        names = [parse_did(did) for did in dids]
        # Rucio itself says nothing of what it does not know here.
        known = await self.ask(partial(source_files.known_dids, names=names))
        self.complain_of([name for name in names if name not in known])
        asked = [name.model_dump() for name in names]
        rows = partial(_in_pages, lambda client: client.list_replicas(asked, all_states=True))
        async with contextlib.aclosing(self.stream(rows)) as pages:
            async for page in pages:
                for row in page:
                    for replica in answers.replicas_of(row):
                        yield replica

    async def did_pages(self, asked: Pattern, page_of: Callable[[list[DID]], T]) -> AsyncGenerator[T]:
        """Stream what matches scope by scope, in pages that are made in the thread."""
        for scope in await self._scopes_like(asked.scope):
            find = partial(listing.did_pages, scope=scope, pattern=asked, page_of=page_of)
            async with contextlib.aclosing(self.stream(find)) as pages:
                async for page in pages:
                    yield page

    async def _scopes_like(self, pattern: str) -> list[str]:
        if pattern and "*" not in pattern:
            return [pattern]
        if pattern:
            return [scope for scope in await self.scopes() if fnmatchcase(scope, pattern)]
        if self.settings.scopes:
            return list(self.settings.scopes)
        raise InputError(
            "Rucio needs to know in which scope to look.", hint="Write scope:name*.", field="keyword"
        )

    def complain_of(self, unknown: Sequence[DIDName]) -> None:
        """Raise `NotFound` for DIDs that Rucio does not know, if there are any."""
        if unknown:
            named = ", ".join(str(did) for did in unknown[:_UNKNOWN_NAMED])
            more = " and others" if len(unknown) > _UNKNOWN_NAMED else ""
            raise NotFound(
                f"Rucio does not know {named}{more}.",
                hint="Check the names; what was found earlier may have been deleted since.",
                service=self.context.service,
            )

    # Calling Rucio

    async def ask(self, verb: Callable[[RucioClient], T]) -> T:
        """Call Rucio in a thread, with a client of its own."""
        return await self.context.calls.call(self._run, await self._sign_in(), verb)

    async def stream(self, verb: Callable[[RucioClient], Iterator[T]]) -> AsyncGenerator[T]:
        """Stream from Rucio in a thread, with a client of its own."""
        sign_in = await self._sign_in()
        async with contextlib.aclosing(self.context.calls.stream(self._produce, sign_in, verb)) as items:
            async for item in items:
                yield item

    def _run(self, sign_in: SignIn, verb: Callable[[RucioClient], T]) -> T:
        with self._errors():
            return verb(self._client(sign_in))

    def _produce(self, sign_in: SignIn, verb: Callable[[RucioClient], Iterator[T]]) -> Iterator[T]:
        with self._errors():
            yield from verb(self._client(sign_in))

    def _client(self, sign_in: SignIn) -> RucioClient:
        certificate, key = None, None
        if self.settings.auth_type == "x509" and not isinstance(sign_in, Anonymous):
            check_certificate(self.settings)
            certificate, key = self.settings.client_cert, self.settings.client_key
        access = dataclasses.replace(self.context.access, client_cert=certificate, client_key=key)
        return RucioClient(self.settings, access.session(self.context.calls.deadline), sign_in)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with in_our_words(self.settings):
                yield
        except EsapError as error:
            error.at(self.context.service)
            raise

    async def _sign_in(self) -> SignIn:
        return Bearer(await self.bearer()) if self.settings.auth_type == "oidc" else self._login

    async def bearer(self) -> str:
        """The person's OIDC token.

        Raises
        ------
        SignInNeeded
            If there is none, or it cannot be used.
        """
        try:
            token = await self.context.tokens.token(self.settings.audience)
        except SignInNeeded as error:
            error.at(self.context.service)
            raise
        if token is None:
            raise SignInNeeded(
                "There is no token to show to Rucio.",
                hint="Get one (htgettoken, oidc-token) into $BEARER_TOKEN or the file $BEARER_TOKEN_FILE.",
                service=self.context.service,
            )
        return token.value.get_secret_value()


def _all_metadata(client: RucioClient, did: DIDName) -> Mapping[str, Any]:
    """All metadata, or Rucio's own where the server's database cannot keep custom ones."""
    try:
        everything: Mapping[str, Any] = client.get_metadata(did.scope, did.name, plugin="ALL")
    except (InputError, ServiceFailed):
        return cast(Mapping[str, Any], client.get_metadata(did.scope, did.name))
    return everything


def _in_pages(
    verb: Callable[[RucioClient], Generator[Mapping[str, Any]]], client: RucioClient
) -> Iterator[list[Mapping[str, Any]]]:
    """Hand on what a verb yields in pages: crossing from thread to loop has its price."""
    with contextlib.closing(verb(client)) as rows:
        yield from source_files.pieces(rows, source_files.PAGE)


def path_part(text: str, field: str) -> str:
    """Write a name so that it stays one part of a URL's path; rucio-clients leave that to the caller."""
    if text in ("", ".", ".."):
        raise InputError(f"{text!r} is no name.", field=field)
    return quote(text, safe="")
