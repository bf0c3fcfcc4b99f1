"""ESAP in Jupyter: find, stage and analyse data of astronomy and particle physics.

>>> import esap_jupyter as esap
>>> table = esap.search("M 51", product="images")
>>> esap.basket.add(esap.items(table))
>>> files = esap.stage()

Each verb has a form that can be awaited, in `esap_jupyter.aio`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esap_jupyter import aio as aio
    from esap_jupyter.face.blocking import (
        adql,
        basket,
        columns,
        datalake,
        find_services,
        history,
        items,
        jobs,
        links,
        open_table,
        resolve,
        search,
        services,
        sign_in,
        sign_out,
        stage,
        table,
        tables,
        upload,
        whoami,
        write_token_files,
    )
    from esap_jupyter.widgets import (
        AdqlPanel,
        BasketPanel,
        DataLakePanel,
        JobsPanel,
        SearchPanel,
        SignInPanel,
        TableView,
    )

__version__ = "0.1.0"

__all__ = [
    "AdqlPanel",
    "BasketPanel",
    "DataLakePanel",
    "JobsPanel",
    "SearchPanel",
    "SignInPanel",
    "TableView",
    "adql",
    "basket",
    "columns",
    "datalake",
    "find_services",
    "history",
    "items",
    "jobs",
    "links",
    "open_table",
    "resolve",
    "search",
    "services",
    "sign_in",
    "sign_out",
    "stage",
    "table",
    "tables",
    "upload",
    "whoami",
    "write_token_files",
]


def __getattr__(name: str) -> Any:
    # What stands behind a verb or a panel is imported when the first one is used.
    if name in __all__:
        room = "widgets" if name[0].isupper() else "face.blocking"
        return getattr(importlib.import_module(f"esap_jupyter.{room}"), name)
    if name == "aio":
        return importlib.import_module("esap_jupyter.aio")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "aio"]


def load_ipython_extension(shell: Any) -> None:
    """Register the magics: ``%load_ext esap_jupyter``."""
    from esap_jupyter.magics import register

    register(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell Jupyter Server where the extension is."""
    from esap_jupyter.handlers.app import EsapExtension

    return [{"module": "esap_jupyter.handlers.app", "app": EsapExtension}]
