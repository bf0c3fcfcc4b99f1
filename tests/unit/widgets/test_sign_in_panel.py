"""The sign-in panel, without a front end, at a provider that grants when it is told to."""

import asyncio
import time

import pytest
from pydantic import SecretStr

from esap_jupyter.connectors.base import Token
from esap_jupyter.errors import SignInNeeded
from esap_jupyter.gateway.tokens.device import DeviceCode
from esap_jupyter.widgets import SignInPanel


class Device:
    """A provider's device codes."""

    title = "the sign-in on this machine"
    issuer = "https://id.example"

    def __init__(self):
        self.granted = False
        self.refused = False

    async def begin(self):
        return DeviceCode("AB<CD", "https://id.example/", "", time.time() + 60, 0.01, SecretStr("device"))

    async def finish(self, _):
        while not self.granted:
            if self.refused:
                raise SignInNeeded("The sign-in was refused.", hint="Sign in again.")
            await asyncio.sleep(0.01)

    async def token(self, audience=""):
        return Token(SecretStr("t0ken")) if self.granted else None

    async def identity(self):
        return {"sub": "bob", "name": "Bob Baker"}

    async def sign_out(self):
        self.granted = False


@pytest.fixture
def device(gateway_of, monkeypatch):
    for name in ("BEARER_TOKEN", "BEARER_TOKEN_FILE", "OIDC_SOCK", "JUPYTERHUB_API_URL", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    made = Device()
    monkeypatch.setattr("esap_jupyter.gateway.sign_in._device", lambda *_: made)
    gateway_of({})
    return made


def shown(panel):
    buttons = (panel._sign_in, panel._give_up, panel._sign_out)
    return [each.description for each in buttons if each.layout.display != "none"]


async def test_one_signs_in_and_out(device, keep, until):
    panel = keep(SignInPanel())
    await until(lambda: shown(panel) == ["Sign in"])
    panel.sign_in()
    await until(lambda: "AB&lt;CD" in panel._prompt.value)
    assert shown(panel) == ["Cancel"]
    device.granted = True
    await panel.finished()
    assert (panel.state.name, shown(panel)) == ("Bob Baker", ["Sign out"])
    assert panel._prompt.value == ""
    assert "t0ken" not in panel._who.value + repr(panel)
    panel.sign_out()
    await until(lambda: shown(panel) == ["Sign in"])


async def test_one_gives_up_and_a_refusal_is_told(device, keep, until):
    panel = keep(SignInPanel())
    await until(lambda: panel.state)
    panel.sign_in()
    await until(lambda: panel._prompt.value)
    panel.give_up()
    await panel.finished()
    await until(lambda: shown(panel) == ["Sign in"])
    assert panel.error is None
    device.refused = True
    panel.sign_in()
    await panel.finished()
    assert "was refused" in panel._alert.value
    assert panel._prompt.value == ""
