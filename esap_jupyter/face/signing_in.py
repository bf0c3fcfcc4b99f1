"""Signing in from a notebook, a script or a terminal."""

from __future__ import annotations

from collections.abc import Callable

from esap_jupyter.face.background import gateway
from esap_jupyter.models import DevicePrompt, SignInState, TokenFile


def show_prompt(prompt: DevicePrompt) -> None:
    """Tell the person what to do."""
    where = prompt.verification_uri_complete or prompt.verification_uri
    print(f"Open {where} in any browser, and confirm the code {prompt.user_code}.")  # noqa: T201 - for the person


async def sign_in(*, on_prompt: Callable[[DevicePrompt], None] = show_prompt) -> SignInState:
    """Sign in at the community's identity provider, and wait until that is done.

    In a server that a hub spawned, the hub has signed the person in.

    Parameters
    ----------
    on_prompt : callable, optional
        Given the address and the code that the person opens and confirms (RFC 8628, section 3.3); printed by
        default.

    Returns
    -------
    SignInState
        Who the person is now; no token is in it.

    Raises
    ------
    SignInNeeded
        If the person refused, or took too long.
    InputError
        If no provider is configured.
    ServiceError
        If the provider does not answer.

    Examples
    --------
    >>> esap.sign_in()
    Open https://iam.example/device?user_code=ABCD in any browser, and confirm the code ABCD.
    """
    signing_in = (await gateway()).sign_in
    on_prompt(await signing_in.begin())
    await signing_in.finished()
    return await signing_in.state()


async def sign_out() -> None:
    """Forget a sign-in on this machine, and end its grant at the provider.

    In a server that a hub spawned, one signs out at the hub.

    Raises
    ------
    ConfigError
        If the configuration cannot be used.
    SignInNeeded
        If the file that keeps the sign-in can be read by others.
    ServiceError
        If the provider does not answer; the sign-in is forgotten here all the same.
    """
    await (await gateway()).sign_in.sign_out()


async def whoami() -> SignInState:
    """Say who the person is to the services, and how long the tokens live.

    Returns
    -------
    SignInState
        The name, and for each audience until when its token holds, or what is the matter; no token is in it.

    Raises
    ------
    ConfigError
        If the configuration cannot be used. That nobody is signed in, or a provider does not answer, is in
        what is returned.

    Examples
    --------
    >>> esap.whoami()
    """
    return await (await gateway()).sign_in.state()


async def write_token_files(*, keep: bool = False) -> list[TokenFile]:
    """Write the token files that the configuration names, for other tools.

    Parameters
    ----------
    keep : bool
        Write them again before each token ends, until interrupted.

    Returns
    -------
    list of TokenFile
        Until when each holds, or why it was not written.

    Raises
    ------
    ConfigError
        If the configuration cannot be used, or names a file that is not in the home or ``$XDG_RUNTIME_DIR``.
    """
    files = (await gateway()).sign_in.token_files
    if keep:
        await files.keep()
    return await files.write()
