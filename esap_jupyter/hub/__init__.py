"""A JupyterHub for ESAP: one sign-in, a container each. `hub_config/` only configures what is here.

>>> from esap_jupyter.hub import configure  # in jupyterhub_config.py
>>> configure(get_config(), "site.toml")  # doctest: +SKIP
"""

from esap_jupyter.hub.configure import configure

__all__ = ["configure"]
