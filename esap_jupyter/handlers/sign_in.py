"""Who the person is, and signing in and out."""

# ruff: noqa: D103 - what each function is for stands in `resources`

from __future__ import annotations

from esap_jupyter.handlers.routes import Nothing
from esap_jupyter.handlers.session import Session
from esap_jupyter.models import DevicePrompt, SignInState


async def get_sign_in(session: Session, _: Nothing) -> SignInState:
    return await (await session.gateway()).sign_in.state()


async def begin_sign_in(session: Session, _: Nothing) -> DevicePrompt:
    return await (await session.gateway()).sign_in.begin()


async def end_sign_in(session: Session, _: Nothing) -> None:
    await (await session.gateway()).sign_in.sign_out()


async def give_up_sign_in(session: Session, _: Nothing) -> None:
    await (await session.gateway()).sign_in.close()
