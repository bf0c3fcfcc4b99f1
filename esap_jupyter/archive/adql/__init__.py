"""ADQL 2.1: read, checked against an allow-list, and turned into DuckDB's SQL."""

from esap_jupyter.archive.adql.translate import UPLOAD_SCHEMA, UPLOADED, Translation, translate

__all__ = ["UPLOADED", "UPLOAD_SCHEMA", "Translation", "translate"]
