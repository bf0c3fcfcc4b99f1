"""The Virtual Observatory: TAP, cone search, image and spectrum search, ObsCore, DataLink, over pyvo."""

from esap_jupyter.connectors.vo.connector import VOConnector

__all__ = ["VOConnector"]
