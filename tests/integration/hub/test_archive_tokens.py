"""An archive that wants to know its users gets the token of the person's sign-in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from esap_jupyter.config import load_config
from esap_jupyter.errors import SignInNeeded
from esap_jupyter.gateway import Gateway
from esap_jupyter.models import Position, Query
from tests.services.oidc_provider import OidcProvider
from tests.services.token_gate import TokenGate

ARCHIVE = "https://archive.example.org"


@pytest.fixture
def archive(
    provider: OidcProvider, demo_archive: Any, esap_config: Callable[..., Path]
) -> Iterator[TokenGate]:
    """The demo's archive behind a gate, as the only service."""
    table = next(each for each in demo_archive.services.values() if "scs" in each)
    with TokenGate(demo_archive.url.rstrip("/"), provider.issuer, ARCHIVE) as gate:
        gated = json.loads(json.dumps(table).replace(demo_archive.url.rstrip("/"), gate.url))
        gated.pop("lake", None)
        sign_in = {"issuer": provider.issuer, "client_id": "esap"}
        sign_in["scopes"] = ["openid", "profile", "offline_access", "storage.read:/"]
        esap_config({"archive": {**gated, "audience": ARCHIVE}}, sign_in=sign_in)
        yield gate


async def test_an_archive_knows_its_user(
    archive: TokenGate, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("BEARER_TOKEN", "BEARER_TOKEN_FILE", "OIDC_SOCK", "JUPYTERHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    cone = Query(product="sources", position=Position(ra=250.42, dec=36.46), radius=0.5)
    async with Gateway(load_config()) as gateway:
        refused = gateway.search(cone)
        await refused.finished()
        assert refused.reports["archive"].code == SignInNeeded.code

        prompt = await gateway.sign_in.begin()
        page = prompt.verification_uri_complete
        assert (await asyncio.to_thread(provider.sign_in, requests.Session(), page, "bob")).ok
        await gateway.sign_in.finished()
        found = await gateway.search(cone).done()
        assert found.num_rows > 0
        answer = await gateway.adql("archive", "SELECT TOP 3 * FROM demo.sources").done()
        assert answer.num_rows == 3
        images = Query(product="images", position=Position(ra=202.47, dec=47.195), radius=0.5)
        table = await gateway.search(images).done()
        item = (await gateway.items(table))[0]
        gated = archive.url + item.locator[item.locator.index("/datalink") :]
        job = await gateway.stage([item.model_copy(update={"locator": gated})])
        assert (await job.wait()).phase == "COMPLETED"
