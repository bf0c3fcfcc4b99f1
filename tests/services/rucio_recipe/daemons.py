"""The daemons that a replication rule needs, one after the other, about once a second, in one process.

Rucio's own commands for them wait for partitions of several instances first, which costs 13 s each.
"""

import logging
import signal
import threading

from rucio.daemons.abacus import account
from rucio.daemons.common import HeartbeatHandler
from rucio.daemons.conveyor.finisher import finisher
from rucio.daemons.conveyor.poller import poller
from rucio.daemons.conveyor.submitter import submitter
from rucio.daemons.judge import cleaner, evaluator, repairer

CYCLE = 1.0  # s
RARELY = 10  # cycles

log = logging.getLogger("daemons")
stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")


def once(daemon, **arguments):
    with HeartbeatHandler(executable=daemon.__name__, renewal_interval=-1) as heartbeat:
        daemon.run_once(heartbeat_handler=heartbeat, **arguments)


def transfers():
    yield lambda: once(evaluator, activity=None, paused_dids={}, did_limit=100)
    yield lambda: submitter(
        once=True, partition_wait_time=0, transfertools=["fts3"], transfertype="single",
        filter_transfertool=None, bulk=1000, group_bulk=200,
    )  # fmt: skip
    yield lambda: poller(once=True, partition_wait_time=0, older_than=0, filter_transfertool=None)
    yield lambda: finisher(once=True, partition_wait_time=0)


def now_and_then():
    yield lambda: once(account, fill_history_table=False)
    yield lambda: once(repairer, activity=None, paused_rules={}, delta=1)
    yield lambda: once(cleaner, activity=None, paused_rules={})


cycle = 0
while not stopped.is_set():
    for pass_ in [*transfers(), *(now_and_then() if cycle % RARELY == 0 else ())]:
        try:
            pass_()
        except Exception:
            # As under a supervisor: one daemon's failure is logged and stops none of the others.
            log.exception("a daemon failed")
    cycle += 1
    stopped.wait(CYCLE)
