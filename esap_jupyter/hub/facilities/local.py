"""Servers as processes of the hub's own user: for trying out."""

from __future__ import annotations

from jupyterhub.spawner import SimpleLocalProcessSpawner

from esap_jupyter.hub.facilities import AtFacility


class LocalSpawner(AtFacility, SimpleLocalProcessSpawner):
    """Starts processes of the hub's own user."""
