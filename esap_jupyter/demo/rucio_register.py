"""Tell the demo's Rucio of its accounts, storages and files. Runs in the environment of Rucio's server.

Standard input is JSON: ``rses`` {name: port}; on the first run also ``account``, ``password`` and ``files``,
each with name, bytes, adler32, md5, dataset, metadata and the RSEs that have it.
"""

import json
import sys
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from rucio.client import Client
from rucio.core.account_counter import get_updated_account_counters, update_account_counter
from rucio.db.sqla.constants import DatabaseOperationType
from rucio.db.sqla.session import db_session

SCOPE = "demo"
CONTAINER = "messier"
QUOTA = 1_000_000_000  # bytes
_EVERYTHING = {"read": 1, "write": 1, "delete": 1}
_DOMAINS = {
    "lan": _EVERYTHING,
    "wan": _EVERYTHING | {"third_party_copy_read": 1, "third_party_copy_write": 1},
}


def register(rucio: Any, wanted: dict[str, Any]) -> None:
    """Register everything in an empty Rucio."""
    account = wanted["account"]
    rucio.add_account(account, "USER", f"{account}@example.org")
    rucio.add_identity(account, account, "USERPASS", f"{account}@example.org", password=wanted["password"])
    # Rucio's own policy lets only admins register replicas and delete rules; sites have other policies.
    rucio.add_account_attribute(account, "admin", "True")
    rucio.add_scope("root", SCOPE)
    rucio.add_scope(account, f"user.{account}")
    for rse, port in wanted["rses"].items():
        rucio.add_rse(rse)
        rucio.add_protocol(rse, protocol(port))
        rucio.add_rse_attribute(rse, "lfn2pfn_algorithm", "identity")
        rucio.set_local_account_limit("root", rse, -1)
    rucio.set_local_account_limit(account, "DEMO-SITE", QUOTA)
    add_files(rucio, wanted["files"])
    rucio.add_replication_rule(dids([CONTAINER]), 1, "DEMO-ARCHIVE", comment="the archive's own copy")
    at_site = {file["dataset"] for file in wanted["files"] if "DEMO-SITE" in file["rses"]}
    for dataset in sorted(at_site):
        rucio.add_replication_rule(dids([dataset]), 1, "DEMO-SITE", account=account, comment="analysed here")


def protocol(port: int) -> dict[str, Any]:
    """How a storage is reached."""
    return {
        "scheme": "https",
        "hostname": "127.0.0.1",
        "port": port,
        "prefix": "/",
        "impl": "rucio.rse.protocols.webdav.Default",
        "domains": _DOMAINS,
    }


def add_files(rucio: Any, files: list[dict[str, Any]]) -> None:
    """Register files with their replicas, in datasets, in the container, with metadata."""
    for rse in ("DEMO-ARCHIVE", "DEMO-SITE"):
        replicas = [
            {"scope": SCOPE} | {key: file[key] for key in ("name", "bytes", "adler32", "md5")}
            for file in files
            if rse in file["rses"]
        ]
        rucio.add_replicas(rse, replicas)
    by_dataset = {
        dataset: list(members)
        for dataset, members in groupby(
            sorted(files, key=lambda file: str(file["dataset"])), key=lambda file: str(file["dataset"])
        )
    }
    rucio.add_container(SCOPE, CONTAINER)
    for dataset, members in by_dataset.items():
        rucio.add_dataset(SCOPE, dataset)
        rucio.attach_dids(SCOPE, dataset, dids(file["name"] for file in members))
    rucio.attach_dids(SCOPE, CONTAINER, dids(by_dataset))
    described = [(file["name"], file["metadata"]) for file in files]
    described += [(dataset, {"project": dataset}) for dataset in by_dataset]
    rucio.set_dids_metadata_bulk(
        [{"scope": SCOPE, "name": name, "meta": metadata} for name, metadata in described]
    )


def count_usage() -> None:
    """Do the daemon's work that counts what accounts use; the demo runs none."""
    with db_session(DatabaseOperationType.WRITE) as session:
        for changed in get_updated_account_counters(total_workers=1, worker_number=0, session=session):
            update_account_counter(**changed, session=session)


def move(rucio: Any, rses: dict[str, int]) -> None:
    """Correct the ports of storages that are at others than the last time."""
    for rse, port in rses.items():
        if [known["port"] for known in rucio.get_protocols(rse)] != [port]:
            rucio.delete_protocols(rse, "https")
            rucio.add_protocol(rse, protocol(port))


def dids(names: Iterable[str]) -> list[dict[str, str]]:
    """DIDs of the demo's scope, as the client wants them."""
    return [{"scope": SCOPE, "name": name} for name in names]


if __name__ == "__main__":
    given = json.load(sys.stdin)
    if "files" in given:
        register(Client(), given)
        count_usage()
    else:
        move(Client(), given["rses"])
