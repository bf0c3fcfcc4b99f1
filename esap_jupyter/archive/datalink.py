"""DataLink 1.1: from an identifier to the files."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa

from esap_jupyter.archive.model import Product
from esap_jupyter.archive.obscore import DATALINK
from esap_jupyter.archive.web import ArchiveHandler
from esap_jupyter.formats.votable_writer import write_votable

MOST_IDS = 1000

# Section 3.2 of the standard.
SCHEMA = pa.schema(
    [
        pa.field(name, kind, metadata={key: value for key, value in described.items() if value})
        for name, kind, described in (
            ("ID", pa.string(), {"ucd": "meta.id;meta.main", "description": "Identifier that was asked for"}),
            ("access_url", pa.string(), {"ucd": "meta.ref.url", "description": "Where to get it"}),
            ("service_def", pa.string(), {"ucd": "meta.ref", "description": "Service descriptor"}),
            ("error_message", pa.string(), {"ucd": "meta.code.error", "description": "Why there is no link"}),
            (
                "semantics",
                pa.string(),
                {"ucd": "meta.code", "description": "What the link is to the dataset"},
            ),
            ("description", pa.string(), {"ucd": "meta.note", "description": "For people"}),
            ("content_type", pa.string(), {"ucd": "meta.code.mime", "description": "Media type"}),
            (
                "content_length",
                pa.int64(),
                {"ucd": "phys.size;meta.file", "unit": "byte", "description": "Size"},
            ),
        )
    ]
)


class DataLinkHandler(ArchiveHandler):
    """/datalink: the {links} resource."""

    def get(self) -> None:
        """List the links of each ID; an unknown one gets a row that says so (section 3.4)."""
        parameters = self.parameters()
        asked = parameters.all("ID")
        wanted = asked[:MOST_IDS]
        rows = [row for publisher_did in wanted for row in self._links(publisher_did)]
        sink = BytesIO()
        write_votable(
            sink,
            SCHEMA,
            pa.Table.from_pylist(rows, schema=SCHEMA).to_batches(),
            serialization="TABLEDATA",
            truncated=len(asked) > MOST_IDS,
            infos={"standardID": "ivo://ivoa.net/std/DataLink#links-1.1"},
        )
        self.set_header("Content-Type", DATALINK)
        self.finish(sink.getvalue())

    post = get

    def _links(self, publisher_did: str) -> Iterator[dict[str, Any]]:
        product = self.archive.products.get(publisher_did)
        if product is None:
            message = f"NotFoundFault: {publisher_did} is not in this archive"
            yield {"ID": publisher_did, "error_message": message, "semantics": "#this"}
            return
        yield {
            "ID": publisher_did,
            "access_url": f"{self.base}files/{product.path.name}",
            "semantics": "#this",
            "description": product.title,
            "content_type": product.media_type,
            "content_length": product.path.stat().st_size,
        }
        if product.preview is not None:
            yield {
                "ID": publisher_did,
                "access_url": f"{self.base}previews/{product.path.name}",
                "semantics": "#preview",
                "description": f"Preview: {product.title}",
                "content_type": "image/png",
                "content_length": product.preview.stat().st_size,
            }
        sources = self._sources(product)
        if sources:
            yield {
                "ID": publisher_did,
                "access_url": sources,
                "semantics": "#auxiliary",
                "description": "The catalogue's sources in the field",
                "content_type": "application/x-votable+xml",
            }

    def _sources(self, product: Product) -> str:
        """The cone search for what is in the field, if the archive has a table that can answer it."""
        tables = self.archive.cone_tables()
        ra, dec, fov = (product.observation.get(name) for name in ("s_ra", "s_dec", "s_fov"))
        if not tables or ra is None or dec is None or not fov:
            return ""
        return f"{self.base}scs/{tables[0].name}?{urlencode({'RA': ra, 'DEC': dec, 'SR': fov / 2})}"
