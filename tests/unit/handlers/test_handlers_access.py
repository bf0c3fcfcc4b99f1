"""Who may ask, and what a stranger is told."""

import json

import pytest
from jupyter_server.auth import Authorizer
from tornado.httpclient import HTTPClientError

from esap_jupyter.handlers.resources import ROUTES

EXAMPLES = {name: "x" for route in ROUTES for name in route.path_fields}


@pytest.fixture
def visit(http_server_client, jp_base_url):
    """Ask without the token that `ask` shows."""

    async def fetch(path, method="GET", headers=None):
        body = "{}" if method in ("POST", "PUT") else None
        try:
            return await http_server_client.fetch(
                f"{jp_base_url}{path}", method=method, headers=headers, body=body, follow_redirects=False
            )
        except HTTPClientError as error:
            return error.response

    return fetch


async def test_status_needs_no_gateway(ask, jp_serverapp) -> None:
    answer = await ask("GET", "status")

    assert answer.status == 200
    assert answer.json == {"version": "0.1.0", "api": 1, "running_searches": 0}
    assert answer.headers["Cache-Control"] == "no-store"
    extension = jp_serverapp.extension_manager.extension_points["esap_jupyter"].app
    assert extension.session.made is None


async def test_strangers_are_refused_everywhere(jp_fetch, visit) -> None:
    for route in ROUTES:
        answer = await visit(f"esap/api{route.path.format(**EXAMPLES)}", route.method)
        assert answer.code == 403, route
        assert json.loads(answer.body)["code"] == "not-authorised", route
    for path in ("esap/openapi.json", "esap/api/nothing", "esap/api"):
        assert (await visit(path)).code == 403


async def test_cookies_alone_change_nothing(ask, visit, jp_auth_header) -> None:
    token = jp_auth_header["Authorization"].removeprefix("token ")
    signed_in = await visit(f"?token={token}")
    cookie = "; ".join(header.partition(";")[0] for header in signed_in.headers.get_list("Set-Cookie"))

    read = await visit("esap/api/basket", headers={"Cookie": cookie})
    changed = await visit("esap/api/saved-queries", "POST", headers={"Cookie": cookie})

    assert read.code == 200
    assert changed.code == 403
    assert "_xsrf" in json.loads(changed.body)["message"]


async def test_cookies_and_xsrf_token_are_as_good_as_the_token(ask, visit, jp_auth_header) -> None:
    token = jp_auth_header["Authorization"].removeprefix("token ")
    signed_in = await visit(f"?token={token}")
    cookies = dict(
        header.partition(";")[0].split("=", 1) for header in signed_in.headers.get_list("Set-Cookie")
    )
    page = await visit(
        "esap/api/status", headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
    )
    cookies |= dict(header.partition(";")[0].split("=", 1) for header in page.headers.get_list("Set-Cookie"))
    headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), "X-XSRFToken": cookies["_xsrf"]}

    assert (await visit("esap/api/basket/remove", "POST", headers=headers)).code == 400


class TestAuthorization:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        asked = []

        class ReadersOnly(Authorizer):
            def is_authorized(self, handler, user, action, resource):
                asked.append((action, resource))
                return action == "read"

        jp_server_config["ServerApp"]["authorizer_class"] = ReadersOnly
        self.asked = asked
        return jp_server_config

    async def test_readers_read_only(self, ask) -> None:
        assert (await ask("GET", "basket")).status == 200
        refused = await ask("DELETE", "basket")

        assert refused.status == 403
        assert refused.json["code"] == "not-authorised"
        assert ("write", "esap") in self.asked


async def test_what_does_not_exist_is_told_in_the_envelope(ask) -> None:
    missing = await ask("GET", "nothing/here")
    method = await ask("DELETE", "status")

    assert (missing.status, missing.json["code"]) == (404, "not-found")
    assert (method.status, method.json["code"]) == (405, "method-not-allowed")
    assert method.headers["Allow"] == "GET"
