"""A profile that opens a remote desktop instead of JupyterLab."""

from __future__ import annotations

import ssl

import pytest
from websocket import create_connection

from tests.services.docker_engine import DockerEngine
from tests.services.docker_hub import ContainerServer, DockerHub, build_desktop_image

_PROCESSES = """\
from pathlib import Path
for command in Path("/proc").glob("[0-9]*/cmdline"):
    try: print(command.read_text().replace(chr(0), " "))
    except OSError: pass
"""


@pytest.fixture(scope="module")
def desktop(engine: DockerEngine, container_site: DockerHub) -> ContainerServer:
    """A person's server with a desktop."""
    build_desktop_image(engine)
    return ContainerServer(container_site, "user07", profile="desktop")


def test_a_desktop_with_topcat_is_what_opens(desktop: ContainerServer) -> None:
    page = desktop.browser.get(desktop.url, timeout=60)
    assert page.url.startswith(f"{desktop.url}/desktop/")
    assert "viewer.js" in page.text
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in desktop.browser.cookies)
    screen = create_connection(
        f"{desktop.url.replace('https', 'wss')}/desktop-websockify/",
        timeout=60,
        cookie=cookies,
        origin=desktop.site.url,
        sslopt={"ca_certs": str(desktop.site.ca_file), "cert_reqs": ssl.CERT_REQUIRED},
    )
    try:
        _, greeting = screen.recv_data()
        assert greeting.startswith(b"RFB 003.008")  # RFC 6143, section 7.1.1
        desktop.site.wait(lambda: "topcat" in desktop.python(_PROCESSES))
    finally:
        screen.close()
