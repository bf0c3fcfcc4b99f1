"""The words of ESAP as pydantic models: query, table, item, job, DID, replica. Imports nothing of ours."""

from esap_jupyter.models.datalake import (
    DID,
    RSE,
    AccountUsage,
    DIDName,
    MountedFile,
    ReplicaOnRSE,
    Rule,
    UploadTarget,
    WritableRSE,
)
from esap_jupyter.models.item import Item, Link, Provenance, Replica, SourceFile
from esap_jupyter.models.item_link import ItemLink
from esap_jupyter.models.job import ENDED_PHASES, FileProgress, Job, Phase, Progress
from esap_jupyter.models.plots import Density, PlotAxis, SkyCircle, SkyDensity
from esap_jupyter.models.query import MOST_TARGETS, Position, Product, Query, Target
from esap_jupyter.models.selection import (
    ColumnKind,
    ColumnStatistics,
    Condition,
    Frequency,
    Histogram,
    Operator,
    Order,
    Selection,
)
from esap_jupyter.models.service import (
    Capability,
    RegisteredService,
    ServiceReport,
    ServiceState,
    ServiceStatus,
)
from esap_jupyter.models.session import ServerLife, ServerSession, StorageRoom
from esap_jupyter.models.signin import DevicePrompt, KnownToken, SignInState, TokenFile
from esap_jupyter.models.table import ColumnDescription, FileTable, TableDescription
from esap_jupyter.models.table_details import Column, TableDetails, TableSummary

__all__ = [
    "DID",
    "ENDED_PHASES",
    "MOST_TARGETS",
    "RSE",
    "AccountUsage",
    "Capability",
    "Column",
    "ColumnDescription",
    "ColumnKind",
    "ColumnStatistics",
    "Condition",
    "DIDName",
    "Density",
    "DevicePrompt",
    "FileProgress",
    "FileTable",
    "Frequency",
    "Histogram",
    "Item",
    "ItemLink",
    "Job",
    "KnownToken",
    "Link",
    "MountedFile",
    "Operator",
    "Order",
    "Phase",
    "PlotAxis",
    "Position",
    "Product",
    "Progress",
    "Provenance",
    "Query",
    "RegisteredService",
    "Replica",
    "ReplicaOnRSE",
    "Rule",
    "Selection",
    "ServerLife",
    "ServerSession",
    "ServiceReport",
    "ServiceState",
    "ServiceStatus",
    "SignInState",
    "SkyCircle",
    "SkyDensity",
    "SourceFile",
    "StorageRoom",
    "TableDescription",
    "TableDetails",
    "TableSummary",
    "Target",
    "TokenFile",
    "UploadTarget",
    "WritableRSE",
]
