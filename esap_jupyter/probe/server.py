"""What the probe does at the server that was started for a synthetic user: what a person would do there."""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urljoin

from tornado.httpclient import HTTPResponse

from esap_jupyter.errors import BadAnswer, ChecksumMismatch, InputError
from esap_jupyter.models import ENDED_PHASES, Phase
from esap_jupyter.probe.http import Http, content_of, error_of

_BETWEEN_LOOKS = 0.1
_MOST_REDIRECTS = 5
_ROWS = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a service.

    Attributes
    ----------
    service : str
        Its name in the site's `esap.toml`.
    what : str
        To search: a target, or ADQL. To stage: a DID, or the URL of a file.
    """

    service: str
    what: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Read ``SERVICE=WHAT``.

        Raises
        ------
        InputError
            If it is written otherwise.
        """
        service, _, what = (part.strip() for part in text.partition("="))
        if not service or not what:
            raise InputError(f"{text!r} is not SERVICE=WHAT.")
        return cls(service, what)


class Server:
    """A server, asked with the probe's token of the hub.

    Parameters
    ----------
    url : str
        Without a slash at its end.
    """

    def __init__(self, url: str, token: str, http: Http) -> None:
        self._url = url
        self._token = token
        self._http = http
        self._staged = ""

    async def page(self) -> None:
        """Get the page that opens: JupyterLab, or another application of the profile.

        Raises
        ------
        BadAnswer
            If there is none.
        """
        address = f"{self._url}/"
        for _ in range(_MOST_REDIRECTS):
            answer = await self._http.ask("GET", address, token=self._token)
            if answer.code == 200:
                return
            address = urljoin(address, answer.headers.get("Location", ""))
            # The token goes to this server only.
            if not address.startswith(f"{self._url}/"):
                break
        raise BadAnswer("The server shows no page.", hint=f"Open {self._url}/.")

    async def search(self, wanted: Wanted) -> None:
        """Search, and wait for the first row.

        Raises
        ------
        EsapError
            Why there is none.
        """
        given: dict[str, Any] = {"row_limit": _ROWS}
        if re.match(r"select\s", wanted.what, re.IGNORECASE):
            path, given = "/queries", given | {"service": wanted.service, "adql": wanted.what}
        else:
            path, given = "/searches", given | {"services": [wanted.service], "target": wanted.what}
        state = content_of(await self._ask("POST", path, body=given))
        known = f"/searches/{state['id']}"
        while not state["rows"]:
            if state["error"]:
                raise error_of(state["error"])
            for report in state["reports"]:
                if report["state"] == "failed":
                    raise error_of(report)
            if state["ended"]:
                raise BadAnswer(f"{wanted.service} found nothing.", hint="Search where there is something.")
            await asyncio.sleep(_BETWEEN_LOOKS)
            state = content_of(await self._ask("GET", known))
        if not state["ended"]:
            await self._ask("POST", f"{known}/cancel")

    async def stage(self, wanted: Wanted) -> None:
        """Stage a file into a directory of its own, and see that it arrived whole.

        Raises
        ------
        EsapError
            Why it did not arrive.
        """
        await self._ask("DELETE", "/basket")
        is_did = "://" not in wanted.what
        if is_did:
            await self._ask("POST", "/basket/dids", body={"service": wanted.service, "dids": [wanted.what]})
        else:
            await self._ask("POST", "/basket/files", body={"service": wanted.service, "url": wanted.what})
        self._staged = f"esap-probe-{secrets.token_hex(4)}"
        job = content_of(await self._ask("POST", "/stagings", body={"directory": self._staged}))
        while job["phase"] not in ENDED_PHASES:
            await asyncio.sleep(_BETWEEN_LOOKS)
            job = content_of(await self._ask("GET", f"/jobs/{job['id']}"))
        _check_staging(job, has_checksum=is_did)

    async def delete_staged(self) -> None:
        """Delete what was staged: a home may outlive its user."""
        if self._staged:
            await self._delete(self._staged, is_directory=True)

    async def _delete(self, path: str, *, is_directory: bool) -> None:
        """Delete a file, or a directory with all that is in it (Jupyter Server's contents API)."""
        address = f"{self._url}/api/contents/{quote(path)}"
        if is_directory:
            known = await self._http.ask("GET", address, token=self._token, taken=(404,))
            if known.code == 404:  # homes and the workspace are different places
                return
            for each in content_of(known)["content"]:
                await self._delete(each["path"], is_directory=each["type"] == "directory")
        await self._http.ask("DELETE", address, token=self._token)

    async def _ask(self, method: str, path: str, **further: Any) -> HTTPResponse:
        return await self._http.ask(method, f"{self._url}/esap/api{path}", token=self._token, **further)


def _check_staging(job: dict[str, Any], *, has_checksum: bool) -> None:
    for failed in job["results"].get("failed", ()):
        raise error_of(failed)
    if job["phase"] != Phase.COMPLETED:
        raise error_of({key: job[f"error_{key}"] for key in ("code", "message", "hint")})
    files = job["results"].get("files", ())
    if not files or (has_checksum and not all(file["verified"] for file in files)):
        raise ChecksumMismatch("No checksum of what was staged could be verified.")
