"""The sign-in panel: who the person is to the services, and signing in by a device code."""

from __future__ import annotations

from typing import Any

import ipywidgets
import traitlets

from esap_jupyter.errors import EsapError
from esap_jupyter.face.background import gateway
from esap_jupyter.models import DevicePrompt, SignInState
from esap_jupyter.widgets.fields import button
from esap_jupyter.widgets.panel import Panel
from esap_jupyter.widgets.words import escaped, muted_html


class SignInPanel(Panel):
    """Says who the person is and how long each token lives, and signs in and out.

    Attributes
    ----------
    state : SignInState, optional
        Who the person is; None until that is known; read only. No token is in it.
    running : bool
        Whether a sign-in waits for the person; read only.
    """

    state = traitlets.Instance(SignInState, allow_none=True, read_only=True)

    def __init__(self) -> None:
        self._who = ipywidgets.HTML(muted_html("Looking who you are …"))
        self._prompt = ipywidgets.HTML()
        self._sign_in = button("Sign in", self.sign_in, button_style="primary")
        self._give_up = button("Cancel", self.give_up)
        self._sign_out = button("Sign out", self.sign_out)
        super().__init__([self._who, self._prompt, self._sign_in, self._give_up, self._sign_out])
        self._show_buttons()
        self.observe(self._show_buttons, ["state", "running"])
        self._do(_state(), self._seen)

    def sign_in(self) -> None:
        """Show a code that the person confirms in any browser, and wait for that; returns at once."""
        self._run(self._signed_in(), self._seen)

    def give_up(self) -> None:
        """Wait for the person no longer; returns at once."""
        self._prompt.value = ""
        self._do(_given_up(), self._seen)
        self.cancel()

    def sign_out(self) -> None:
        """Forget the sign-in on this machine, and end its grant; returns at once."""
        self._fail(None)
        self._do(_signed_out(), self._seen)

    async def _signed_in(self) -> SignInState:
        signing_in = (await gateway()).sign_in
        prompt = await signing_in.begin()
        self._tell("prompt", lambda: self._ask_for(prompt))
        await signing_in.finished()
        return await signing_in.state()

    def _ask_for(self, prompt: DevicePrompt) -> None:
        where = escaped(prompt.verification_uri_complete or prompt.verification_uri)
        self._prompt.value = (
            f"<div role='status'>Open <a href='{where}' target='_blank' rel='noreferrer' "
            f"style='text-decoration: underline'>{escaped(prompt.verification_uri)}</a> "
            "in any browser, and confirm the code "
            f"<code style='user-select: all'>{escaped(prompt.user_code)}</code>.</div>"
        )

    def _seen(self, state: SignInState) -> None:
        self._prompt.value = ""
        self._who.value = (
            f"<pre style='white-space: pre-wrap; line-height: 1.4'>{_escaped_lines(str(state))}</pre>"
        )
        self.set_trait("state", state)

    def _fail(self, error: EsapError | None) -> None:
        self._prompt.value = ""
        super()._fail(error)

    def _show_buttons(self, _: Any = None) -> None:
        known = self.state or SignInState()
        shown = {
            self._sign_in: known.can_sign_in and not known.tokens and not self.running,
            self._give_up: self.running,
            self._sign_out: known.can_sign_out and not self.running,
        }
        for each, is_shown in shown.items():
            each.layout.display = None if is_shown else "none"

    def _state_text(self) -> str:
        return str(self.state) if self.state else "Who you are is not known yet."


def _escaped_lines(text: str) -> str:
    return "\n".join(map(escaped, text.splitlines()))


async def _state() -> SignInState:
    return await (await gateway()).sign_in.state()


async def _given_up() -> SignInState:
    signing_in = (await gateway()).sign_in
    await signing_in.close()
    return await signing_in.state()


async def _signed_out() -> SignInState:
    signing_in = (await gateway()).sign_in
    await signing_in.sign_out()
    return await signing_in.state()
