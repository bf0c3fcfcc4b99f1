"""One sign-in for all services: who the person is, and where the tokens come from."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from esap_jupyter.config import Config, origin_of
from esap_jupyter.connectors.base import Token
from esap_jupyter.errors import EsapError, InputError, SignInNeeded
from esap_jupyter.gateway.tokens import KeptTokens, Source, TokenBroker
from esap_jupyter.gateway.tokens.claims import claims
from esap_jupyter.gateway.tokens.device import DeviceCode, DeviceSignIn
from esap_jupyter.gateway.tokens.discovery import WLCGTokenSource
from esap_jupyter.gateway.tokens.files import TokenFiles, token_files_of
from esap_jupyter.gateway.tokens.hub import HubTokenSource
from esap_jupyter.gateway.tokens.oidc_agent import OidcAgentSource
from esap_jupyter.models import DevicePrompt, KnownToken, SignInState
from esap_jupyter.transfer.access import Access

log = logging.getLogger(__name__)


class SignIn:
    """Says who the person is, signs in and out, and has the broker of the person's tokens.

    Parameters
    ----------
    config : Config
        Its part `sign_in`, and the services' audiences.
    directory : Path
        Where a sign-in on this machine is kept if there is no keyring.

    Attributes
    ----------
    tokens : TokenBroker
        The hub if one spawned this server, else WLCG bearer token discovery, oidc-agent, the sign-in here.
    token_files : TokenFiles
        What other tools read the person's tokens from.
    """

    def __init__(self, config: Config, directory: Path) -> None:
        self._config = config
        self._hub = HubTokenSource.here()
        self._device = None if self._hub else _device(config, directory)
        self._kept: list[KeptTokens] = []
        agent = OidcAgentSource.here(config.sign_in.agent_account, config.sign_in.issuer)
        files = token_files_of(config)
        sources: list[Source] = [*self._keeping(self._hub), WLCGTokenSource(own_files=files)]
        sources += [*self._keeping(agent), *self._keeping(self._device)]
        self.tokens = TokenBroker(sources)
        self.token_files = TokenFiles(files, self.tokens)
        self._prompt: DevicePrompt | None = None
        self._finishing: asyncio.Task[None] | None = None
        self._failure: EsapError | None = None

    async def state(self) -> SignInState:
        """Say who the person is, and how long each token lives that a service here wants."""
        source, own, failure = await self._first()
        state = SignInState(
            source=source,
            can_sign_in=self._device is not None,
            can_sign_out=self._device is not None and source == self._device.title,
            sign_in_url=self._hub.sign_in_url if self._hub is not None else "",
            prompt=self._prompt,
        )
        failure = failure or self._failure
        if own is None or failure is not None:
            said = {"problem": failure.message, "hint": failure.hint} if failure else {}
            return state.model_copy(update=said)
        tokens = [KnownToken(audience="", expires_at=own.expires_at)]
        tokens += await asyncio.gather(*(self._known(audience) for audience in _audiences(self._config)))
        return state.model_copy(update={"tokens": tuple(tokens), **await self._identity(source, own)})

    async def begin(self) -> DevicePrompt:
        """Begin a sign-in with a device code; it ends by itself when the person has confirmed.

        Raises
        ------
        InputError
            If no provider is configured, or a hub has signed the person in.
        ServiceError
            If the provider does not answer.
        """
        if self._device is None:
            raise InputError(
                "One cannot sign in here.",
                hint="Set issuer and client_id of `sign_in` in esap.toml."
                if self._hub is None
                else "The hub has signed you in.",
            )
        await self.close()
        code = await self._device.begin()
        self._failure = None
        self._prompt = DevicePrompt(
            user_code=code.user_code,
            verification_uri=code.verification_uri,
            verification_uri_complete=code.verification_uri_complete,
            expires_at=datetime.fromtimestamp(code.expires_at, UTC),
        )
        self._finishing = asyncio.create_task(self._finish(self._device, code))
        return self._prompt

    async def finished(self) -> None:
        """Wait until a sign-in that has begun has ended.

        Raises
        ------
        EsapError
            If it failed.
        """
        if self._finishing is not None:
            await asyncio.wait([self._finishing])
        if self._failure is not None:
            raise self._failure

    async def sign_out(self) -> None:
        """Forget a sign-in on this machine, and end the grant at the provider."""
        await self.close()
        if self._device is None:
            self._forget()
            return
        try:
            await self._device.sign_out()
        finally:
            # A provider that does not answer keeps nobody signed in here.
            self._forget()
            await self.token_files.remove()

    async def close(self) -> None:
        """Give up a sign-in that waits for the person."""
        if self._finishing is not None:
            self._finishing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._finishing
        self._finishing = self._prompt = None

    async def _finish(self, device: DeviceSignIn, code: DeviceCode) -> None:
        try:
            await device.finish(code)
        except EsapError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - whatever it is, the person waits for it
            # A keyring that is locked, a home that cannot be written: the grant is nowhere.
            log.warning("A sign-in failed unexpectedly (%s)", type(error).__name__)
            self._failure = SignInNeeded(
                f"The sign-in could not be kept ({type(error).__name__}).",
                hint="See whether the keyring and the state directory can be written, and sign in again.",
            )
        finally:
            self._prompt = None
        self._forget()

    async def _first(self) -> tuple[str, Token | None, EsapError | None]:
        """The source that has a token of the person, and the token."""
        for source in self.tokens.sources:
            try:
                token = await source.token()
            except EsapError as error:
                return source.title, None, error
            if token is not None:
                return source.title, token, None
        return "", None, None

    async def _known(self, audience: str) -> KnownToken:
        try:
            token = await self.tokens.token(audience)
        except EsapError as error:
            return KnownToken(audience=audience, problem=error.message)
        return KnownToken(audience=audience, expires_at=token.expires_at if token else None)

    async def _identity(self, source: str, own: Token) -> dict[str, object]:
        """What the hub or the provider says of the person, else what the token says."""
        try:
            if self._hub is not None and source == self._hub.title:
                known = await self._hub.identity()
                return known.model_dump(exclude={"expires_at", "audiences"}) if known else {}
            if self._device is not None and source == self._device.title:
                return _identity_in({"iss": self._device.issuer, **await self._device.identity()})
        except EsapError as error:
            return {"problem": error.message, "hint": error.hint}
        return _identity_in(claims(own.value.get_secret_value()))

    def _keeping(self, source: Source | None) -> list[KeptTokens]:
        kept = [KeptTokens(source)] if source is not None else []
        self._kept += kept
        return kept

    def _forget(self) -> None:
        for each in self._kept:
            each.forget()
        self.token_files.renew()


def _identity_in(said: Mapping[str, object]) -> dict[str, object]:
    """Who the person is by the claims of OpenID Connect and of the WLCG profile."""
    groups = said.get("groups") or said.get("wlcg.groups")
    return {
        "username": str(said.get("preferred_username") or said.get("sub") or ""),
        "name": str(said.get("name") or ""),
        "issuer": str(said.get("iss") or ""),
        "groups": tuple(sorted(str(group) for group in groups)) if isinstance(groups, list) else (),
    }


def _audiences(config: Config) -> list[str]:
    """For which services tokens are wanted here."""
    wanted = {
        str(settings.own_settings().get("audience") or "")
        for settings in config.services.values()
        if settings.enabled
    } | set(config.sign_in.token_files.values())
    return sorted(wanted - {""})


def _device(config: Config, directory: Path) -> DeviceSignIn | None:
    settings = config.sign_in
    if not (settings.issuer and settings.client_id):
        return None
    try:
        origin = origin_of(settings.issuer)
    except ValueError as error:
        raise config.error(("sign_in", "issuer"), str(error)) from None
    access = Access(
        named_origins=frozenset({origin}), ca_file=settings.ca_file, site_ca_file=config.network.ca_file
    )
    return DeviceSignIn(
        settings.issuer, settings.client_id, settings.scopes, _audiences(config), directory, access
    )
