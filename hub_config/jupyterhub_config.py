"""The hub of a site: everything is in site.toml; what is added here wins."""

import os

from esap_jupyter.hub import configure

c = get_config()  # noqa: F821 - JupyterHub gives it
configure(c, os.environ.get("ESAP_SITE", "site.toml"))
