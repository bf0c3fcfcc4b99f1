"""Rucio: scopes, DIDs, replicas, RSEs, rules and quotas, and where the bytes of a DID are."""

from esap_jupyter.connectors.rucio.connector import RucioConnector
from esap_jupyter.connectors.rucio.settings import DIDForm, RucioSettings

__all__ = ["DIDForm", "RucioConnector", "RucioSettings"]
