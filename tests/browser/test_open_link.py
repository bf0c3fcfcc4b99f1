"""A link on somebody's page: sign in, a server is started, and the item is in the basket."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import nbformat
import pytest
import tomli_w

from tests.browser.conftest import SCREENSHOTS, WAIT
from tests.browser.person import AXE, findings, tab
from tests.integration.conftest import running
from tests.services.hub import Hub
from tests.services.oidc_provider import OidcProvider

ITEM = "https://archive.example.org/get/m51.fits?version=2"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub whose servers know one archive and have one notebook."""
    directory = tmp_path_factory.mktemp("open")
    home = directory / "home"
    (home / "demo data").mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(), home / "demo data" / "M 51.ipynb")
    config = directory / "esap.toml"
    archive = {"connector": "vo", "tap": "https://archive.example.org/tap"}
    config.write_text(tomli_w.dumps({"services": {"archive": archive}}))
    offer = {
        "facilities": {"here": {"spawner": "local"}},
        "sizes": {"small": {"title": "Small", "memory": "2G", "cpu": 1}},
        "profiles": {"lab": {"title": "JupyterLab", "facility": "here", "sizes": ["small"]}},
    }
    more = (
        f"c.Spawner.cmd = [{sys.executable!r}, '-m', 'jupyterhub.singleuser', '--allow-root']\n"
        f"c.SimpleLocalProcessSpawner.home_dir_template = {str(home)!r}\n"
        f"c.Spawner.environment.update({{'ESAP_CONFIG': {str(config)!r}}})\n"
        "c.JupyterHub.cleanup_servers = True\n"
    )
    with running(OidcProvider()) as provider:
        started = Hub(directory, provider, more=more, **offer)
        started.start()
        yield started
        started.stop()


@pytest.fixture
def window(browser: Any) -> Iterator[Any]:
    """A window of a person who is signed in nowhere."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT)
    context.route(lambda url: "//127.0.0.1" not in url, lambda route: route.abort())
    yield context.new_page()
    context.close()


def test_a_link_starts_a_server_and_fills_the_basket(hub: Hub, window: Any) -> None:
    link = f"{hub.url}/hub/esap/open?item={quote(ITEM, safe='')}&notebook={quote('demo data/M 51.ipynb')}"
    window.goto(link)
    window.get_by_role("link", name="Sign in").or_(window.get_by_role("button", name="Sign in")).click()
    window.fill("input[name=login]", "alice")
    window.fill("input[name=password]", "any")
    window.get_by_role("button", name="Sign-in").click()
    window.get_by_role("button", name="Continue").click()

    dialog = window.get_by_role("dialog")
    dialog.get_by_text(ITEM).wait_for()
    window.locator(".jp-NotebookPanel").wait_for()
    window.locator(".lm-TabBar-tabLabel", has_text="M 51.ipynb").first.wait_for()
    assert "esap-item" not in window.url
    window.add_script_tag(path=AXE)
    assert not findings(window, ".jp-Dialog")
    window.screenshot(path=SCREENSHOTS / "open-link.png")
    dialog.get_by_role("button", name="Put into the basket").click()
    tab(window, "Basket").wait_for()
    window.locator("#esap-tabpanel").get_by_text("m51.fits").wait_for()
    assert not list(hub.directory.rglob("m51.fits*"))


def test_a_link_leads_to_the_own_server_only(hub: Hub) -> None:
    bob = hub.sign_in("bob")

    def leads_to(**asked: str) -> tuple[str, str]:
        answer = bob.get(f"{hub.url}/hub/esap/open", params=asked, timeout=30, allow_redirects=False)
        location = answer.headers.get("Location", "")
        return urlsplit(location).path, parse_qs(urlsplit(location).query).get("next", [""])[0]

    for notebook in ("//elsewhere.example.org/x.ipynb", "/x.ipynb", "a b/x.ipynb"):
        spawn, there = leads_to(item="rucio:demo:m51", notebook=notebook)
        assert spawn == "/hub/spawn/bob"
        assert there.startswith("/user/bob/lab/tree/"), there
        assert "esap-item=rucio%3Ademo%3Am51" in there
    for wrong in (
        {"item": "javascript:alert(1)"},
        {"item": "file:///etc/passwd"},
        {"notebook": "../bob/x.ipynb"},
        {"notebook": ".ssh/x.ipynb"},
        {"notebook": "x.py"},
        {"item": "rucio:demo:m51", "service": "a/b"},
    ):
        refused = bob.get(f"{hub.url}/hub/esap/open", params=wrong, timeout=30, allow_redirects=False)
        assert (refused.status_code, "This link names no" in refused.text) == (400, True), wrong
