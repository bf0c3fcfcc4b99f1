"""`site.toml`: every table and key, from the models that read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from esap_jupyter.hub.site import Site
from manual.models import described_fields, field_table, markdown, summary_of


def sections() -> str:
    """Every table but those of facilities, which have a page of their own."""
    # What a site must say comes first.
    fields = sorted(Site.model_fields.items(), key=lambda field: not field[1].is_required())
    return "\n\n".join(
        f"## `[{table}]`\n\n{markdown(summary_of(kind))}\n\n"
        f"{field_table(kind.model_json_schema(), described_fields(kind))}"
        for name, field in fields
        for table, kind in _tables(name, field.annotation)
    )


def _tables(name: str, annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """The table of a key with those below it: ``[sign_in]``, ``[sign_in.audiences.NAME]``."""
    of_names = getattr(annotation, "__origin__", None) is dict
    table = f"{name}.NAME" if of_names else name
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield table, kind
            for key, field in kind.model_fields.items():
                yield from _tables(f"{table}.{key}", field.annotation)
