"""Do what rules ask for, as a site's daemons do. Runs in the environment of Rucio's server.

    python -I rucio_transfers.py RSE SOURCE TARGET

The RSE whose storage is the directory TARGET gets its replicas from the directory SOURCE. It ends when
standard input does, as `rucio_serve` does.
"""

import logging
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

from rucio.core.account_counter import get_updated_account_counters, update_account_counter
from rucio.core.replica import update_replicas_states
from rucio.core.rse import get_rse_id
from rucio.core.rule import delete_updated_did, get_updated_dids, re_evaluate_did
from rucio.db.sqla import models
from rucio.db.sqla.constants import DatabaseOperationType, ReplicaState
from rucio.db.sqla.session import db_session

CYCLE = 0.5  # s
AT_ONCE = 20
_READ, _WRITE = DatabaseOperationType.READ, DatabaseOperationType.WRITE

log = logging.getLogger("transfers")
ended = threading.Event()


def evaluate() -> None:
    """Give files that were put into datasets the locks that the datasets' rules want."""
    with db_session(_READ) as session:
        changed = get_updated_dids(total_workers=0, worker_number=0, limit=AT_ONCE, session=session)
        changed = [(row.id, row.scope, row.name, row.rule_evaluation_action) for row in changed]
    for row_id, scope, name, action in changed:
        with db_session(_WRITE) as session:
            re_evaluate_did(scope=scope, name=name, rule_evaluation_action=action, session=session)
            delete_updated_did(id_=row_id, session=session)


def transfer(rse: str, source: Path, target: Path) -> None:
    """Bring the files that rules want on an RSE and that its storage does not have."""
    with db_session(_READ) as session:
        rse_id = get_rse_id(rse, session=session)
        wanted = session.query(models.RSEFileAssociation).filter_by(rse_id=rse_id, state=ReplicaState.COPYING)
        files = [(row.scope, row.name) for row in wanted.limit(AT_ONCE)]
    for scope, name in files:
        path = Path(scope.external, name)
        copy(source / path, target / path)
        replica: dict[str, Any] = {"rse_id": rse_id, "scope": scope, "name": name}
        with db_session(_WRITE) as session:
            update_replicas_states([{**replica, "state": ReplicaState.AVAILABLE}], session=session)


def copy(source: Path, target: Path) -> None:
    """Copy under a passing name: nobody sees half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, part)
    part.replace(target)


def count_usage() -> None:
    """Add up what accounts use."""
    with db_session(_READ) as session:
        changed = get_updated_account_counters(total_workers=1, worker_number=0, session=session)
    for counter in changed:
        with db_session(_WRITE) as session:
            update_account_counter(**counter, session=session)


def wait_for_end() -> None:
    """Wait until standard input ends."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    ended.set()


if __name__ == "__main__":
    rse, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    threading.Thread(target=wait_for_end, daemon=True).start()
    while not ended.wait(CYCLE):
        for deed in (evaluate, lambda: transfer(rse, source, target), count_usage):
            try:
                deed()
            except Exception:
                # The next cycle tries again; one deed's failure stops none of the others.
                log.exception("a cycle failed")
