"""Signing in at the hub with a real provider, and the tokens that a person's server gets of it."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tests.services.hub import Hub
from tests.services.oidc_provider import OidcProvider

STORAGE = "https://storage.example.org"


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def wait_until_past(moment: float) -> None:
    """Wait for the clock to pass a moment."""
    while time.time() <= moment:
        time.sleep(0.05)


def token_of(hub: Hub, server: str, audience: str = "") -> dict[str, Any]:
    answer = hub.ask("GET", "/esap/token", token=server, params={"audience": audience} if audience else {})
    answer.raise_for_status()
    return dict(answer.json())


def refreshes(provider: OidcProvider) -> list[str]:
    """What came of each refresh; an empty word is success."""
    return [each["error"] for each in provider.grants() if each["grant"] == "refresh_token"]


def test_who_may_come_in_and_as_whom(hub: Hub) -> None:
    alice = hub.ask("GET", "/user", browser=hub.sign_in("alice")).json()
    assert (alice["name"], alice["admin"]) == ("alice", True)
    assert set(alice["groups"]) == {"/escape", "/escape/lofar", "/operators"}
    carol = hub.ask("GET", "/user", browser=hub.sign_in("Carol@Example.org")).json()
    assert carol["name"].startswith("carol-example.org-")
    assert not carol["admin"]
    refused = requests.Session()
    page = hub.provider.sign_in(refused, f"{hub.url}/hub/oauth_login?next=/hub/home", "mallory")
    assert page.status_code == 403
    assert hub.ask("GET", "/user", browser=refused).status_code == 403


def test_twenty_requests_after_the_end_of_a_token_refresh_it_once(hub: Hub, provider: OidcProvider) -> None:
    provider.settings(ttl=2)
    server = hub.server_token(hub.sign_in("alice"))
    for _ in range(2):  # the second time with the rotated refresh token
        first = token_of(hub, server)
        provider.grants(forget=True)
        wait_until_past(first["expires_at"])
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: token_of(hub, server), range(20)))
        assert len({answer["access_token"] for answer in answers}) == 1
        assert answers[0]["access_token"] != first["access_token"]
        assert refreshes(provider) == [""]


def test_a_server_gets_tokens_for_the_audiences_of_the_site_only(hub: Hub, provider: OidcProvider) -> None:
    server = hub.server_token(hub.sign_in("bob"))
    with ThreadPoolExecutor(10) as pool:
        tokens = {
            each["access_token"] for each in pool.map(lambda _: token_of(hub, server, STORAGE), range(10))
        }
    said = claims(tokens.pop())
    assert (said["aud"], said["scope"], said["sub"]) == (STORAGE, "storage.read:/", "bob")
    assert not tokens
    assert [each["audience"] for each in provider.grants() if each["audience"]] == [STORAGE]
    for audience, message in {
        "https://elsewhere.example.org": "gives no tokens for the audience",
        "https://forbidden.example.org": "no tokens for this audience",  # the provider's own word
    }.items():
        refused = hub.ask("GET", "/esap/token", token=server, params={"audience": audience})
        assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
        assert message in refused.json()["message"]


def test_a_grant_that_has_ended_asks_for_a_new_sign_in(hub: Hub, provider: OidcProvider) -> None:
    provider.settings(ttl=2)
    server = hub.server_token(hub.sign_in("alice"))
    token = token_of(hub, server)
    provider.end("alice")
    wait_until_past(token["expires_at"])
    refused = hub.ask("GET", "/esap/token", token=server)
    assert refused.status_code == 401
    assert refused.json() == {
        "code": "sign-in-needed",
        "message": "Your sign-in has ended.",
        "hint": "Sign in to the hub again.",
    }
    hub.sign_in("alice")
    assert token_of(hub, server)["access_token"] != token["access_token"]


def test_a_provider_that_is_away_signs_nobody_out(hub: Hub, provider: OidcProvider) -> None:
    provider.settings(ttl=3)
    browser = hub.sign_in("alice")
    server = hub.server_token(browser)
    token = token_of(hub, server)
    provider.settings(away=True)
    wait_until_past(token["expires_at"])
    refused = hub.ask("GET", "/esap/token", token=server)
    assert (refused.status_code, refused.json()["code"]) == (503, "service-unreachable")
    assert browser.get(f"{hub.url}/hub/home", timeout=30).url.endswith("/hub/home")
    provider.settings(away=False)
    assert token_of(hub, server)["access_token"] != token["access_token"]
    assert browser.get(f"{hub.url}/hub/home", timeout=30).url.endswith("/hub/home")


def test_tokens_outlive_a_restart_of_the_hub(hub: Hub) -> None:
    server = hub.server_token(hub.sign_in("alice"))
    token = token_of(hub, server)
    hub.stop()
    hub.start()
    assert token_of(hub, server)["access_token"] == token["access_token"]


def test_who_leaves_the_groups_is_kept_out(hub: Hub, provider: OidcProvider) -> None:
    browser = hub.sign_in("bob")
    provider.settings(outside=["bob"])
    wait_until_past(time.time() + 1)
    page = browser.get(f"{hub.url}/hub/home", timeout=30, allow_redirects=False)
    assert (page.status_code, "/hub/login" in page.headers["Location"]) == (302, True)


def test_no_browser_and_no_other_token_gets_tokens(hub: Hub) -> None:
    browser = hub.sign_in("alice")
    weak = hub.server_token(browser, "read:users:name!user")
    for answer in (
        hub.ask("GET", "/esap/token", browser=browser),
        hub.ask("GET", "/esap/token", token=weak),
        hub.ask("GET", "/esap/token"),
        hub.ask("GET", "/esap/identity", browser=browser),
    ):
        assert answer.status_code == 403
        assert "access_token" not in answer.text
    server = hub.server_token(browser)
    assert hub.ask("GET", "/users/alice", token=server).json().get("auth_state") is None
    assert hub.ask("GET", "/esap/token", token=server).headers["Cache-Control"] == "no-store"


def test_the_token_is_in_no_log_and_no_database(hub: Hub) -> None:
    server = hub.server_token(hub.sign_in("alice"))
    values = [token_of(hub, server)["access_token"], token_of(hub, server, STORAGE)["access_token"]]
    kept = b"".join(path.read_bytes() for path in hub.directory.iterdir() if path.is_file())
    assert kept
    assert not [value for value in values if value.encode() in kept]


def test_the_identity_says_who_and_no_token(hub: Hub) -> None:
    server = hub.server_token(hub.sign_in("alice"))
    token = token_of(hub, server)
    answer = hub.ask("GET", "/esap/identity", token=server)
    said = answer.json()
    assert (said["username"], said["name"]) == ("alice", "Alice Archer")
    assert said["groups"] == ["/escape", "/escape/lofar", "/operators"]
    assert said["expires_at"] == token["expires_at"]
    assert said["issuer"] == hub.provider.issuer
    assert token["access_token"] not in answer.text
