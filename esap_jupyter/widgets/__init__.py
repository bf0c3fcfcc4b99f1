"""Panels for notebooks: forms, progress and tables as widgets, in step with the same things in code.

Each calls the verbs that a person calls. Work runs on the face's background loop, so that the kernel stays
free; what it tells comes back in the kernel's own loop, a few times a second at most.
"""

from esap_jupyter.widgets.adql import AdqlPanel
from esap_jupyter.widgets.basket import BasketPanel
from esap_jupyter.widgets.datalake import DataLakePanel
from esap_jupyter.widgets.jobs import JobsPanel
from esap_jupyter.widgets.search import SearchPanel
from esap_jupyter.widgets.sign_in import SignInPanel
from esap_jupyter.widgets.table_view import TableView

__all__ = [
    "AdqlPanel",
    "BasketPanel",
    "DataLakePanel",
    "JobsPanel",
    "SearchPanel",
    "SignInPanel",
    "TableView",
]
