"""VOTables to be read."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from esap_jupyter.formats.votable import open_votable

FIELDS = '<FIELD name="n" datatype="int"/><FIELD name="name" datatype="char" arraysize="*"/>'
ROWS = "<TR><TD>1</TD><TD>one</TD></TR><TR><TD>2</TD><TD>two</TD></TR>"


def document(fields: str = FIELDS, rows: str = ROWS, before: str = "", after: str = "") -> str:
    """A VOTable with one table in TABLEDATA."""
    return (
        f'<?xml version="1.0"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">{before}'
        f'<RESOURCE type="results"><TABLE>{fields}<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE>'
        "</RESOURCE>"
        f"{after}</VOTABLE>"
    )


def read(text: str | bytes, **options: Any) -> pa.Table:
    """All rows of a VOTable."""
    body = text.encode() if isinstance(text, str) else text
    reader = open_votable(io.BytesIO(body), **options)
    batches = list(reader)
    return pa.Table.from_batches([batch.replace_schema_metadata(reader.schema.metadata) for batch in batches])


@pytest.fixture
def votable() -> Callable[..., str]:
    return document


@pytest.fixture
def rows_of() -> Callable[..., pa.Table]:
    return read
