"""Configure a JupyterHub by `site.toml`."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from esap_jupyter.errors import ServiceUnreachable
from esap_jupyter.hub.facilities.settings import EngineFacility, SlurmFacility
from esap_jupyter.hub.operating import (
    configure_homes,
    configure_life,
    configure_monitoring,
    configure_probe,
)
from esap_jupyter.hub.session_handlers import SCOPE as SESSION_SCOPE
from esap_jupyter.hub.site import Site, load_site
from esap_jupyter.hub.token_handlers import SCOPE as TOKEN_SCOPE

_DISCOVERY_SECONDS = 20
_SERVER_SCOPES = [
    *("users:activity!user", "access:servers!server", "read:users:name!user"),
    *(f"{scope}!user" for scope in (TOKEN_SCOPE, SESSION_SCOPE)),
]


def configure(c: Any, path: Path | str) -> Site:
    """Set everything that a hub needs, by what `site.toml` says.

    Parameters
    ----------
    c : traitlets.config.Config
        What ``get_config()`` gives in a `jupyterhub_config.py`.
    path : Path or str
        Of `site.toml`.

    Returns
    -------
    Site
        What it says, for whatever a site adds by hand.

    Raises
    ------
    ConfigError
        Naming the line, if `site.toml` cannot be used.
    ServiceUnreachable
        If the identity provider does not say where its endpoints are.
    """
    site = load_site(path)
    _configure_hub(c, site)
    _configure_sign_in(c, site)
    _configure_servers(c, site)
    configure_life(c, site)
    configure_homes(c, site)
    configure_monitoring(c, site)
    configure_probe(c, site)
    return site


def _configure_hub(c: Any, site: Site) -> None:
    directory = site.path(site.site.directory)
    c.JupyterHub.db_url = f"sqlite:///{directory / 'hub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(directory / "cookie_secret")
    c.JupyterHub.custom_scopes = {
        TOKEN_SCOPE: {"description": "Get fresh tokens of one's own sign-in"},
        SESSION_SCOPE: {"description": "See when one's own server ends, and keep it alive"},
    }
    c.JupyterHub.load_roles = [{"name": "user", "scopes": ["self", TOKEN_SCOPE, SESSION_SCOPE]}]
    c.Spawner.server_token_scopes = _SERVER_SCOPES
    c.CryptKeeper.keys = _crypt_keys(site)
    c.JupyterHub.template_paths = [str(Path(__file__).parent / "templates")]
    c.JupyterHub.template_vars = {"site": site.site}
    c.JupyterHub.allow_named_servers = site.site.named_servers > 0
    c.JupyterHub.named_server_limit_per_user = site.site.named_servers


def _configure_sign_in(c: Any, site: Site) -> None:
    sign_in = site.sign_in
    found = _discover(site)
    c.JupyterHub.authenticator_class = "esap_jupyter.hub.authenticator.EsapAuthenticator"
    kind = c.EsapAuthenticator
    kind.issuer = sign_in.issuer.rstrip("/")
    kind.login_service = urlsplit(sign_in.issuer).hostname
    kind.authorize_url = found["authorization_endpoint"]
    kind.token_url = found["token_endpoint"]
    kind.userdata_url = found["userinfo_endpoint"]
    kind.oauth_callback_url = f"{site.site.url.rstrip('/')}/hub/oauth_callback"
    kind.client_id = sign_in.client_id
    kind.client_secret = site.secret("sign_in", "client_secret_file")
    kind.basic_auth = True
    kind.enable_pkce = True
    kind.scope = sign_in.wanted_scopes()
    kind.name_claim = sign_in.name_claim()
    kind.group_claims = list(sign_in.group_claims)
    kind.entitlement_namespaces = sign_in.groups_from()
    kind.manage_groups = True
    kind.allow_all = sign_in.allow_all
    kind.allowed_groups = set(sign_in.allowed_groups)
    kind.admin_groups = set(sign_in.admin_groups)
    kind.audiences = {name: audience.scope for name, audience in sign_in.audiences.items()}
    kind.enable_auth_state = True
    kind.refresh_pre_spawn = True
    if sign_in.ca_file:
        kind.http_request_kwargs = {"ca_certs": str(site.path(sign_in.ca_file))}


def _configure_servers(c: Any, site: Site) -> None:
    if not site.facilities:
        return
    c.JupyterHub.spawner_class = "esap_jupyter.hub.spawner.FacilitySpawner"
    c.FacilitySpawner.offer = site
    c.FacilitySpawner.contact = site.site.contact
    c.Spawner.cmd = ["jupyterhub-singleuser"]
    # People's servers go on while the hub is made anew.
    c.JupyterHub.cleanup_servers = False
    for facility in site.facilities.values():
        if isinstance(facility, EngineFacility):
            _configure_containers(c, facility)
        elif isinstance(facility, SlurmFacility):
            # The nodes ask the hub.
            c.JupyterHub.hub_bind_url = f"http://0.0.0.0:{urlsplit(facility.hub).port or 80}"
    if site.site.esap_directory:
        c.InPersonNetwork.esap_directory = str(site.path(site.site.esap_directory))


def _configure_containers(c: Any, facility: EngineFacility) -> None:
    """Set what holds when the hub, its proxy and all servers are containers (`compose.yaml`)."""
    c.InPersonNetwork.use_internal_ip = True
    c.ContainerSpawner.remove = True
    c.JupyterHub.hub_bind_url = "http://0.0.0.0:8081"
    # Not by a name that is in people's networks, too: it leads where the hub was before it was made anew.
    c.JupyterHub.hub_connect_url = facility.hub_control
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = facility.proxy_control


def _crypt_keys(site: Site) -> list[bytes]:
    lines = site.secret("site", "crypt_key_file").split()
    try:
        keys = [bytes.fromhex(line) for line in lines]
    except ValueError:
        keys = []
    if not keys or any(len(key) != 32 for key in keys):
        raise site.error(("site", "crypt_key_file"), "a key is 32 bytes, hexadecimal: openssl rand -hex 32")
    return keys


def _discover(site: Site) -> dict[str, str]:
    """Ask the provider where its endpoints are (OpenID Connect Discovery 1.0, section 4)."""
    issuer = site.sign_in.issuer.rstrip("/")
    url = f"{issuer}/.well-known/openid-configuration"
    verify = str(site.path(site.sign_in.ca_file)) if site.sign_in.ca_file else True
    try:
        answer = requests.get(url, timeout=_DISCOVERY_SECONDS, verify=verify)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ssl.SSLError, OSError, ValueError) as error:
        raise ServiceUnreachable(
            f"The identity provider does not say where its endpoints are: {url} ({error}).",
            hint="See whether `issuer` in site.toml is right, and whether this machine reaches it.",
        ) from None
    named = {key: found.get(key) for key in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")}
    if str(found.get("issuer", "")).rstrip("/") != issuer or not all(named.values()):
        raise site.error(("sign_in", "issuer"), f"{url} describes {found.get('issuer')!r}, or not all of it")
    return {key: str(value) for key, value in named.items()}
