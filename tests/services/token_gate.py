"""A gate before an archive: it opens for tokens of the tests' provider that are for this archive."""

from __future__ import annotations

import http.server
import threading
from typing import Self

import jwt
import requests


class TokenGate:
    """Verifies each request's bearer token by the provider's keys, and asks the archive behind.

    Parameters
    ----------
    behind : str
        The archive's address.
    issuer, audience : str
        Of the tokens that open it.
    """

    def __init__(self, behind: str, issuer: str, audience: str) -> None:
        keys = jwt.PyJWKClient(f"{issuer}/jwks")

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("GET", b"")

            def do_POST(self) -> None:
                self._answer("POST", self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, method: str, body: bytes) -> None:
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                try:
                    key = keys.get_signing_key_from_jwt(token).key
                    jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=issuer)
                except jwt.InvalidTokenError:
                    status, kind, content = 401, "text/plain", b"a token, please"
                else:
                    sent = {"Content-Type": self.headers.get("Content-Type", "")}
                    answer = requests.request(method, behind + self.path, data=body, headers=sent, timeout=30)
                    # Links lead through the gate, too.
                    here = f"http://{self.headers['Host']}"
                    status, content = (
                        answer.status_code,
                        answer.content.replace(behind.encode(), here.encode()),
                    )
                    kind = answer.headers["Content-Type"]
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
