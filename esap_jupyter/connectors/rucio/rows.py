"""DIDs as rows of a table; apart, since staging needs no Arrow and should not wait for its import."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from esap_jupyter.models import DID


def _field(name: str, kind: pa.DataType, description: str, ucd: str, unit: str = "") -> pa.Field:
    metadata = {"description": description, "ucd": ucd, "unit": unit}
    return pa.field(name, kind, metadata={key: value for key, value in metadata.items() if value})


SCHEMA = pa.schema(
    [
        _field("scope", pa.string(), "Scope of the DID", "meta.id.parent"),
        _field("name", pa.string(), "Name of the DID in its scope", "meta.id;meta.main"),
        _field("type", pa.string(), "FILE, DATASET or CONTAINER", "meta.code.class"),
        _field(
            "bytes", pa.int64(), "Size of all its files, if Rucio keeps it", "phys.size;meta.file", "byte"
        ),
        _field("length", pa.int64(), "Number of files, if Rucio keeps it", "meta.number;meta.file"),
    ]
)


def batch_of(dids: Sequence[DID]) -> pa.RecordBatch:
    """Make rows of DIDs."""
    rows = [did.model_dump(include=set(SCHEMA.names)) for did in dids]
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
