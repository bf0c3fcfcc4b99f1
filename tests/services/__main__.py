"""Install, start and stop the services that the integration tests talk to.

    python -m tests.services install|start|stop|status [dachs|rucio|oidc|oidc-containers|docker|slurm ...]

``install`` needs root where Debian packages are missing; it sets all services up side by side, builds the
images of a hub, in about five minutes, and leaves them stopped. ``start`` takes seconds. They live in
``.services`` or ``$ESAP_SERVICES``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from esap_jupyter.errors import EsapError
from tests.services.dachs import Dachs
from tests.services.docker_engine import DockerEngine
from tests.services.docker_hub import build_desktop_image, build_images
from tests.services.oidc_agent import OidcAgent
from tests.services.oidc_provider import OidcForContainers, OidcProvider
from tests.services.processes import ServiceFailed
from tests.services.rucio_xrootd import RucioXRootD
from tests.services.service import Service, install_packages
from tests.services.slurm import Slurm

BROWSER = "chromium"
"""For the browser tests; the name of the program and of its package."""

SERVICES: dict[str, type[Service]] = {
    service.name: service
    for service in (Dachs, RucioXRootD, OidcProvider, OidcForContainers, OidcAgent, DockerEngine, Slurm)
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("action", choices=("install", "start", "stop", "status"))
    parser.add_argument(
        "service",
        nargs="*",
        choices=[*SERVICES, []],
        metavar=f"{{{','.join(SERVICES)}}}",
        help="default: all",
    )
    arguments = parser.parse_args()
    chosen = [SERVICES[name]() for name in arguments.service or SERVICES]
    try:
        if arguments.action == "install":
            missing = {package: None for service in chosen for package in service.missing_packages}
            if not arguments.service and not shutil.which(BROWSER):
                missing[BROWSER] = None
            install_packages(list(missing), lambda line: print(line, flush=True))
        with ThreadPoolExecutor(len(chosen)) as pool:
            for done in [pool.submit(ACTIONS[arguments.action], service) for service in chosen]:
                done.result()
        if arguments.action == "install":
            for engine in (service for service in chosen if isinstance(service, DockerEngine)):
                _build_images(engine)
    except (ServiceFailed, EsapError) as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


def _build_images(engine: DockerEngine) -> None:
    """Have Docker's cache filled: the tests build the images again, of what is then not new in seconds."""
    engine.start(_tell(engine))
    try:
        build_images(engine)
        build_desktop_image(engine)
        _tell(engine)("has the images of hub, people and desktop")
    finally:
        engine.stop(_tell(engine))


def _status(service: Service) -> None:
    if service.missing_packages:
        state = f"not installed; missing packages: {' '.join(service.missing_packages)}"
    elif not service.is_set_up:
        state = "not set up"
    elif not service.is_running:
        state = f"stopped ({service.directory})"
    else:
        state = f"serving ({service.directory})"
    _tell(service)(state)
    for name, url in service.addresses().items() if service.is_set_up else ():
        _tell(service)(f"  {name}: {url}")


def _tell(service: Service) -> Callable[[str], None]:
    return lambda line: print(f"{service.name}: {line}", flush=True)


ACTIONS = {
    "install": lambda service: service.install(_tell(service)),
    "start": lambda service: service.start(_tell(service)),
    "stop": lambda service: service.stop(_tell(service)),
    "status": _status,
}

if __name__ == "__main__":
    sys.exit(main())
