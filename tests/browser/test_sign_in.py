"""Signing in: by a device code from the panel, and at a hub through the provider's pages."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.browser.conftest import SCREENSHOTS, Lab, open_side_bar
from tests.browser.person import AXE, THEMES, choose_theme, findings, shade, tab
from tests.integration.conftest import running
from tests.services.hub import Hub
from tests.services.oidc_provider import OidcProvider

STORAGE = "https://storage.example.org"


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with running(OidcProvider()) as service:
        yield service


@pytest.fixture
def window(browser: Any, provider: OidcProvider) -> Iterator[Any]:
    """A window of a person whom the provider does not know yet; what it wants of elsewhere is not there."""
    provider.settings(ttl=3600, away=False, outside=[])
    provider.grants(forget=True)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.route(lambda url: "//127.0.0.1" not in url, lambda route: route.abort())
    yield context.new_page()
    context.close()
    provider.settings(ttl=3600)


@pytest.fixture
def lab(provider: OidcProvider, tmp_path: Path) -> Iterator[Lab]:
    """JupyterLab on a machine without a hub; a data lake wants tokens of its own audience."""
    sign_in = {"issuer": provider.issuer, "client_id": "esap"}
    sign_in["scopes"] = ["openid", "profile", "offline_access", "storage.read:/"]
    running_lab = Lab(tmp_path, _configured(tmp_path, sign_in=sign_in), tmp_path / "workspace")
    running_lab.start()
    yield running_lab
    running_lab.stop()


def test_a_device_code_signs_in_and_out(
    window: Any, lab: Lab, provider: OidcProvider, tmp_path: Path
) -> None:
    answers: list[str] = []
    window.on("response", lambda answer: answers.append(_text(answer)) if "sign-in" in answer.url else None)
    window.goto(f"{lab.url}/lab?token={lab.token}&reset")
    open_side_bar(window)
    tab(window, "Sign in").click()
    panel = window.locator("#esap-tabpanel")
    panel.get_by_text("You are not signed in.").wait_for()

    panel.get_by_role("button", name="Sign in").click()
    panel.get_by_text("Waiting for you").wait_for()
    window.add_script_tag(path=AXE)
    assert not findings(window, ".esap-SideBar")
    window.screenshot(path=SCREENSHOTS / "sign-in-code.png")
    panel.get_by_role("button", name="Cancel").click()
    panel.get_by_text("You are not signed in.").wait_for()

    window.evaluate("window.jupyterapp.commands.execute('esap:sign-in')")
    code = panel.locator("code").inner_text()
    with window.expect_popup() as opened:
        panel.get_by_role("link").click()
    page = opened.value
    page.get_by_text(code).wait_for()
    page.get_by_role("button", name="Continue").click()
    _sign_in_at(page, "bob")
    page.get_by_text("Sign-in Success").wait_for()

    panel.get_by_text("Bob Baker").wait_for()
    panel.get_by_text("/escape/ctao").wait_for()
    panel.get_by_text("the sign-in on this machine").wait_for()
    tokens = panel.get_by_role("region", name="Tokens").get_by_role("listitem")
    assert [re.sub(r"\d+", "N", text) for text in tokens.all_inner_texts()] == [
        "of your sign-in\nN min left",
        f"{STORAGE}\nN min left",
    ]
    for theme in THEMES:
        choose_theme(window, theme)
        window.wait_for_selector("#jupyterlab-splash", state="detached")
        assert not findings(window, ".esap-SideBar")
        window.screenshot(path=SCREENSHOTS / f"sign-in-{shade(theme)}.png")
    kept = (tmp_path / "state" / "sign-in").read_text()
    assert not [text for text in (*answers, window.content()) if kept in text or "eyJ" in text]

    panel.get_by_role("button", name="Sign out").click()
    panel.get_by_text("You are not signed in.").wait_for()
    assert not (tmp_path / "state" / "sign-in").exists()


def test_a_grant_that_has_ended_at_the_hub_is_told_and_renewed(
    window: Any, provider: OidcProvider, tmp_path: Path
) -> None:
    provider.settings(ttl=8)
    hub = Hub(tmp_path, provider, more=_spawning(tmp_path))
    hub.start()
    try:
        window.goto(hub.url)
        window.get_by_role("link", name="Sign in").or_(window.get_by_role("button", name="Sign in")).click()
        _sign_in_at(window, "alice")
        open_side_bar(window)
        tab(window, "Sign in").click()
        panel = window.locator("#esap-tabpanel")
        panel.get_by_text("Alice Archer").wait_for()
        panel.get_by_text("the hub", exact=True).wait_for()
        panel.get_by_text("/operators").wait_for()
        panel.get_by_text(STORAGE).wait_for()

        provider.end("alice")
        panel.get_by_text("Your sign-in has ended.").wait_for()
        window.add_script_tag(path=AXE)
        assert not findings(window, ".esap-SideBar")
        window.screenshot(path=SCREENSHOTS / "sign-in-ended.png")
        with window.expect_popup() as opened:
            panel.get_by_role("link", name="Sign in again").click()
        opened.value.locator("#start").wait_for()
        panel.get_by_text("Alice Archer").wait_for()
    finally:
        hub.stop()


def _sign_in_at(page: Any, account: str) -> None:
    """Sign in at the provider's pages, and agree."""
    page.fill("input[name=login]", account)
    page.fill("input[name=password]", "any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def _configured(directory: Path, **sections: Any) -> Path:
    """The configuration of a machine: what is kept is in the directory."""
    storage = {"state_directory": str(directory / "state"), "cache_directory": str(directory / "cache")}
    lake = {"connector": "rucio", "url": "https://rucio.example.org", "audience": STORAGE}
    (directory / "workspace").mkdir()
    file = directory / "esap.toml"
    file.write_text(tomli_w.dumps({**sections, "storage": storage, "services": {"lake": lake}}))
    return file


def _spawning(directory: Path) -> str:
    """How the hub starts JupyterLab, as a process with a home in the directory."""
    environment = {"ESAP_CONFIG": str(_configured(directory)), "ESAP_WORKSPACE": str(directory / "workspace")}
    return f"""
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {str(directory / "home")!r}
c.Spawner.cmd = [{sys.executable!r}, "-m", "jupyterhub.singleuser", "--allow-root"]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {environment!r}
"""


def _text(answer: Any) -> str:
    return str(answer.body(), "utf-8") if answer.request.method == "GET" else ""
