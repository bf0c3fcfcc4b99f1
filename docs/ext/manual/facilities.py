"""The kinds of facility in `site.toml`, from the models that read them."""

from __future__ import annotations

from typing import get_args

from esap_jupyter.hub.facilities import Facility
from manual.models import described_fields, field_table, markdown, summary_of


def sections() -> str:
    """Every kind with all its settings."""
    kinds = get_args(get_args(Facility)[0])
    return "\n\n".join(
        f'### `spawner = "{get_args(kind.model_fields["spawner"].annotation)[0]}"`\n\n'
        f"{markdown(summary_of(kind))}\n\n{field_table(kind.model_json_schema(), described_fields(kind))}"
        for kind in kinds
    )
